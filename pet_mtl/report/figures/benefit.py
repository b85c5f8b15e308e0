"""Do predicted probabilities mean what they say, and are decisions by them worth anything?"""

import numpy as np
from matplotlib.figure import FigureBase
from matplotlib.ticker import PercentFormatter

from pet_mtl.report.contents import CalibrationCurve, NetBenefit
from pet_mtl.report.figures.style import BLACK, BLUE, LINES

_FLOOR = -0.05


def calibration(figure: FigureBase, content: CalibrationCurve) -> None:
    """Observed share beside mean prediction, one dot a group of patients."""
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="#BBBBBB", linewidth=0.9, label="perfect")
    predicted = np.array([group.predicted for group in content.groups])
    observed = np.array([group.observed.value for group in content.groups])
    for group in content.groups:
        ends = [group.observed.low, group.observed.high]
        axes.plot([group.predicted] * 2, ends, color=BLUE, linewidth=1.4)
    axes.plot(predicted, observed, "o-", color=BLUE, ms=6, lw=0.8, label="groups of patients")
    axes.set_aspect("equal")
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_xlabel(f"predicted probability of {content.event}")
    axes.set_ylabel("observed share")
    axes.legend(loc="upper left", fontsize=8)


def net_benefit(figure: FigureBase, content: NetBenefit) -> None:
    """Net benefit over the threshold, beside treating everybody and nobody."""
    axes = figure.subplots()
    first = next(iter(content.curves.values()))
    axes.axhline(0.0, color=BLACK, linewidth=0.9, label="treat nobody")
    axes.plot(
        first.thresholds, first.treat_all, color=BLACK, linewidth=1.1, linestyle=(0, (1, 1.5)),
        label="treat everybody",
    )  # fmt: skip
    top = max(0.0, float(first.treat_all.max()))
    for number, (label, curve) in enumerate(content.curves.items()):
        colour, dash = LINES[number % len(LINES)]
        width = 1.4 if number else 2.2
        axes.plot(curve.thresholds, curve.model, color=colour, lw=width, ls=dash, label=label)
        top = max(top, float(curve.model.max()))
    axes.set_xlim(float(first.thresholds[0]), float(first.thresholds[-1]))
    # What lies far below 0 is worse than doing nothing, however far.
    axes.set_ylim(_FLOOR, max(0.05, top * 1.08))
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_xlabel(f"threshold: probability of {content.event}\nfrom which one would treat")
    axes.set_ylabel("net benefit (true positives a patient)")
    axes.legend(loc="upper right", fontsize=8)
