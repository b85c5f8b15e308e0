"""How the losses fell."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from pet_mtl.report.contents import Curve, Training
from pet_mtl.report.figures.style import GREY, LINES

_MOST_NAMED = 10


def training_height(content: Training) -> float:
    """Inches."""
    return 0.45 + 1.75 * len(content.stages)


def training(figure: FigureBase, content: Training) -> None:
    """A panel a stage, a colour a fold; training solid, inner validation dashed."""
    panels = figure.subplots(len(content.stages), 1, squeeze=False)[:, 0]
    for axes, (stage, curves) in zip(panels, content.stages.items(), strict=True):
        for number, curve in enumerate(curves):
            _losses(axes, curve, LINES[number % len(LINES)][0])
        axes.set_title(f"stage: {stage}", loc="left", fontsize=9)
        axes.set_ylabel("loss")
        axes.set_xlim(0.5, max(float(curve.epoch[-1]) for curve in curves) + 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    panels[-1].set_xlabel("epoch")
    low, high = panels[0].get_ylim()
    panels[0].set_ylim(low, high + 0.35 * (high - low))  # room for the legend
    panels[0].legend(handles=_legend(content), fontsize=7.5, ncols=2, loc="upper right")


def _losses(axes: Axes, curve: Curve, colour: str) -> None:
    """Both losses of one fold."""
    marker = "o" if len(curve.epoch) == 1 else ""
    axes.plot(curve.epoch, curve.training, color=colour, linewidth=1.3, marker=marker)
    known = np.isfinite(curve.validation)
    axes.plot(
        curve.epoch[known], curve.validation[known], color=colour, linewidth=1.3,
        linestyle=(0, (4, 1.5)), marker=marker,
    )  # fmt: skip


def _legend(content: Training) -> list[Line2D]:
    """Folds by colour, losses by dash."""
    folds = sorted({curve.fold for curves in content.stages.values() for curve in curves})
    lines = [Line2D([], [], color=GREY, label="training")]
    judged = any(
        np.isfinite(curve.validation).any()
        for curves in content.stages.values()
        for curve in curves
    )
    if judged:
        lines.append(Line2D([], [], color=GREY, linestyle=(0, (4, 1.5)), label="inner validation"))
    return lines + [
        Line2D([], [], color=LINES[number % len(LINES)][0], label=f"fold {fold}")
        for number, fold in enumerate(folds[:_MOST_NAMED])
    ]
