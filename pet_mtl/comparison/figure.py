"""The comparison as one figure: what every model reached, and by how much they differ.

Colours are Okabe and Ito's, which every common kind of colour vision tells apart; the shape of a
mark says the same.
"""

import io
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator

from pet_mtl.comparison.results import Comparison, Row
from pet_mtl.comparison.wording import p_of
from pet_mtl.files import atomic_path
from pet_mtl.metrics import Interval
from pet_mtl.report.figures import BLACK, GREY, STYLE

# Okabe and Ito's, those that stand out on white; with as many shapes.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_MARKERS = ("o", "s", "D", "^", "v", "P")
_WIDTH_IN, _LINE_IN, _EDGE_IN = 10.0, 0.27, 0.78
_DPI = 200
_LONGEST_NAME = 28
_MOST_TICKS = 5


def draw(found: Comparison, path: Path) -> None:
    """Draws the figure.

    Args:
        found: A comparison with numbers.
        path: The file; its suffix, .svg or .png, says the format.
    """
    kind = path.suffix.removeprefix(".")
    with atomic_path(path) as temporary:
        temporary.write_bytes(drawn(found, kind))


def drawn(found: Comparison, kind: str) -> bytes:
    """The figure as "svg" or "png"."""
    rows = [row for row in found.rows if row.differences]
    looks = {
        model.name: {"color": _COLOURS[i % len(_COLOURS)], "marker": _MARKERS[i % len(_MARKERS)]}
        for i, model in enumerate(found.models)
    }
    heights = [max(len(row.reached), len(row.differences)) + _EDGE_IN / _LINE_IN for row in rows]
    with mpl.rc_context(STYLE):
        size = (_WIDTH_IN, _LINE_IN * sum(heights) + 0.2)
        pads = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.06, wspace=0.03)
        figure = Figure(figsize=size, layout=pads)
        grid = figure.subplots(len(rows), 2, squeeze=False, height_ratios=heights)
        for (left, right), row in zip(grid, rows, strict=True):
            _values(left, row, looks)
            _differences(right, row, looks)
        buffer = io.BytesIO()
        # Without a date, the same numbers give the same bytes.
        metadata: dict[str, Any] = {"Date": None, "Creator": None} if kind == "svg" else {}
        figure.savefig(buffer, format=kind, dpi=_DPI, metadata=metadata)
    return buffer.getvalue()


def _values(axes: Axes, row: Row, looks: dict[str, dict[str, Any]]) -> None:
    """What every model reached."""
    if row.reference is not None and row.key not in ("dice", "brier", "ibs"):
        axes.axvline(row.reference, color="#AAAAAA", linewidth=0.9, linestyle=(0, (4, 3)))
        axes.annotate(
            "chance", (row.reference, 1.0), xycoords=("data", "axes fraction"), xytext=(3, -2),
            textcoords="offset points", ha="left", va="top", color=GREY, fontsize=7.5,
        )  # fmt: skip
    for place, one in enumerate(row.reached):
        _dot(axes, place, one.interval, looks[one.name], row.too_few)
        _beside(axes, place, f"{one.interval.value:.3f}", looks[one.name]["color"])
    axes.set_title(f"{row.title}, {row.behind}", loc="left", fontsize=9.5)
    axes.set_xlabel(f"{row.title} ({'higher' if row.higher_is_better else 'lower'} is better)")
    _lines(axes, [_short(one.name) for one in row.reached])


def _differences(axes: Axes, row: Row, looks: dict[str, dict[str, Any]]) -> None:
    """By how much they differ; the better side is shaded."""
    for place, pair in enumerate(row.differences):
        _dot(axes, place, pair.interval, looks[pair.first], row.too_few)
        _beside(axes, place, p_of(pair.p_holm).removeprefix("= "), BLACK)
    axes.axvline(0.0, color=BLACK, linewidth=0.9)
    ends = [0.0, *(end for d in row.differences for end in (d.interval.low, d.interval.high))]
    reach = 1.12 * max(np.max(np.abs(ends)), 1e-3)
    axes.set_xlim(-reach, reach)
    better = (0, reach) if row.higher_is_better else (-reach, 0)
    axes.axvspan(*better, color="#F1F5F8", zorder=0, linewidth=0)
    axes.annotate(
        "first is better", (1.0 if row.higher_is_better else 0.0, 1.0), xycoords="axes fraction",
        xytext=(-3 if row.higher_is_better else 3, -2), textcoords="offset points",
        ha="right" if row.higher_is_better else "left", va="top", color=GREY, fontsize=7.5,
    )  # fmt: skip
    axes.annotate(
        "p, Holm" if len(row.differences) > 1 else "p", (1.0, 1.0), xycoords="axes fraction",
        xytext=(6, 4), textcoords="offset points", color=GREY, fontsize=7.5,
    )  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(_MOST_TICKS))
    axes.set_title("Difference on the same patients", loc="left", fontsize=9.5)
    axes.set_xlabel(f"{row.title}: difference")
    _lines(axes, [f"{_short(d.first)} \u2212 {_short(d.second)}" for d in row.differences])


def _dot(axes: Axes, place: int, interval: Interval, look: dict[str, Any], few: bool) -> None:
    """A mark with its interval; without where that says nothing."""
    if not few:
        ends = [interval.low, interval.high]
        axes.plot(ends, [place, place], color=look["color"], linewidth=1.6, zorder=2)
    axes.plot(interval.value, place, linestyle="none", markersize=6.5, zorder=3, **look)


def _beside(axes: Axes, place: int, text: str, colour: str) -> None:
    """A number at the right border."""
    axes.annotate(
        text, (1.0, place), xycoords=("axes fraction", "data"), xytext=(6, 0),
        textcoords="offset points", va="center", color=colour, fontsize=8.5,
    )  # fmt: skip


def _lines(axes: Axes, labels: list[str]) -> None:
    """The first line at the top, its name beside it."""
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.45, -0.75)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color="#EEEEEE", linewidth=0.8, zorder=0)
    axes.set_axisbelow(True)


def _short(name: str) -> str:
    """A name that leaves room for the figure."""
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}\u2026"
