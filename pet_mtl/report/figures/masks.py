"""How predicted masks agree with true ones."""

from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import FigureBase
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from pet_mtl.metrics import Interval
from pet_mtl.report.contents import Overlap, Ratios
from pet_mtl.report.figures.style import BLACK, BLUE, GREY, VERMILLION

_MIDDLE = 0.5
_LEFT: Literal["upper left"] = "upper left"
_RIGHT: Literal["upper right"] = "upper right"


def dice_histogram(figure: FigureBase, content: Overlap) -> None:
    """Distribution of Dice over patients, with mean and median."""
    axes, values = figure.subplots(), content.values
    edges = [i / 20 for i in range(21)]
    axes.hist(values, bins=edges, color=BLUE, edgecolor="white", linewidth=0.8)
    for name, value, dash in (
        ("mean", float(values.mean()), (0, (4, 2))),
        ("median", float(np.median(values)), (0, (1, 1.2))),
    ):
        axes.axvline(value, color=BLACK, linewidth=1.3, linestyle=dash, label=f"{name} {value:.2f}")
    axes.set_xlim(0, 1)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    # Where the bars are not.
    axes.legend(loc=_LEFT if np.median(values) > _MIDDLE else _RIGHT, fontsize=8.5)
    axes.set_xlabel("Dice (1 = the masks are equal)")
    axes.set_ylabel("patients")


def ratios(figure: FigureBase, content: Ratios) -> None:
    """Bland-Altman on the ratio scale: predicted over true against their geometric mean."""
    axes, limits = figure.subplots(), content.limits
    size = np.sqrt(content.true * content.predicted)
    ratio = content.predicted / content.true
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.axhline(1.0, color="#BBBBBB", linewidth=0.9)
    _limit(axes, limits.bias, "bias", BLACK, "-")
    _limit(axes, limits.upper, "upper limit", VERMILLION, (0, (5, 2)))
    _limit(axes, limits.lower, "lower limit", VERMILLION, (0, (5, 2)))
    axes.plot(size, ratio, "o", color=BLUE, markersize=4.5, alpha=0.75, markeredgewidth=0)
    ends = np.array([ratio.min(), ratio.max(), limits.lower.low, limits.upper.high, 0.8, 1.25])
    axes.set_ylim(ends.min() / 1.15, ends.max() * 1.15)
    axes.set_xlim(size.min() / 1.2, size.max() * 1.2)
    for axis in (axes.xaxis, axes.yaxis):
        _plain_numbers(axis)
    axes.set_xlabel(f"{content.name}, geometric mean of both ({content.unit})")
    axes.set_ylabel("predicted / true")


def _limit(axes: Axes, interval: Interval, name: str, colour: str, dash: Any) -> None:
    """A line with its interval as a band, and its value at the right."""
    axes.axhspan(interval.low, interval.high, color=colour, alpha=0.10, linewidth=0)
    axes.axhline(interval.value, color=colour, linewidth=1.3, linestyle=dash)
    axes.annotate(
        f"{name}\n{interval.value:.3g}", (1.0, interval.value), va="center", color=colour,
        xycoords=("axes fraction", "data"), xytext=(5, 0), textcoords="offset points", fontsize=8,
    )  # fmt: skip


def _plain_numbers(axis: Axis) -> None:
    """0.5, 1, 2 and so on in place of powers of ten; fewer over several decades."""
    low, high = axis.get_view_interval()
    decades = np.log10(high / low)
    subs = (1.0,) if decades > 3 else (1.0, 2.0, 5.0) if decades > 0.7 else range(1, 10)
    axis.set_major_locator(LogLocator(10, subs=[float(sub) for sub in subs]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
    axis.set_tick_params(labelcolor=GREY)
