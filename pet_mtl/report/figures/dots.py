"""Dots with whiskers: scores beside each other, and one number in groups of patients."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase

from pet_mtl.metrics import Interval
from pet_mtl.report.contents import Comparison, Forest, ForestRow
from pet_mtl.report.figures.style import (
    BLACK,
    BLUE,
    GREY,
    VERMILLION,
    beside,
    reference_line,
    rows_of_names,
)

_ROLE: dict[str, dict[str, Any]] = {
    "model": {"color": BLUE, "marker": "o", "markersize": 7},
    "oracle": {"color": BLACK, "marker": "D", "markersize": 5.5},
    "baseline": {"color": GREY, "marker": "s", "markersize": 5.5},
    "helps": {"color": BLUE, "marker": "o", "markersize": 6},
    "hurts": {"color": VERMILLION, "marker": "X", "markersize": 6.5},
    "not shown": {"color": GREY, "marker": "o", "markersize": 6, "markerfacecolor": "white"},
}
_HEADING_GAP = 0.75


def comparison_height(content: Comparison) -> float:
    """Inches."""
    return 0.95 + 0.32 * len(content.dots)


def comparison(figure: FigureBase, content: Comparison) -> None:
    """Dots with whiskers, one row a score."""
    axes = figure.subplots()
    style = "{:+.2f}" if content.signed else "{:.2f}"
    for row, dot in enumerate(content.dots):
        look = _ROLE[dot.role]
        if not dot.too_few:
            _whisker(axes, dot.interval, row, look["color"])
        axes.plot(dot.interval.value, row, linestyle="none", zorder=3, **look)
        weight = "bold" if dot.role == "model" else "normal"
        text = style.format(dot.interval.value)
        beside(axes, text, row, color=look["color"], fontweight=weight)
    reference_line(axes, content.line, content.line_label)
    rows_of_names(axes, [dot.label for dot in content.dots])
    whole = [dot.interval for dot in content.dots if not dot.too_few]
    alone = [Interval(d.interval.value, *(d.interval.value,) * 2) for d in content.dots]
    ends = _ends([*whole, *alone], content.line)
    axes.set_xlim(*(ends if content.signed else np.clip(ends, 0.0, 1.0)))
    axes.set_xlabel(content.axis)


def forest_height(content: Forest) -> float:
    """Inches."""
    return 0.95 + 0.25 * (len(content.rows) + _HEADING_GAP * len(_variables(content)))


def forest(figure: FigureBase, content: Forest) -> None:
    """One number in groups, all patients at the top as a diamond."""
    axes = figure.subplots()
    places = _places(content.rows)
    for place, row in zip(places, content.rows, strict=True):
        _group(axes, place, row)
    for variable, place in _variables(content).items():
        axes.annotate(
            variable, (0.0, places[place] - _HEADING_GAP), xytext=(-6, 0), ha="right",
            va="center", xycoords=("axes fraction", "data"), textcoords="offset points",
            fontweight="bold", fontsize=8.5, annotation_clip=False,
        )  # fmt: skip
    if content.chance is not None:
        reference_line(axes, content.chance, "chance")
    everyone = content.rows[0].interval
    if everyone is not None:
        axes.axvline(everyone.value, color=BLUE, linewidth=0.7, alpha=0.5, zorder=1)
    rows_of_names(axes, [f"{row.label}, n = {row.patients}" for row in content.rows], places)
    known = [row.interval for row in content.rows if row.interval]
    axes.set_xlim(*np.clip(_ends(known, content.chance), 0.0, 1.0))
    axes.set_xlabel(f"{content.axis}, 95 % interval")


def _group(axes: Axes, place: float, row: ForestRow) -> None:
    """One row of a forest plot; a hollow word where there is no number."""
    if row.interval is None:
        beside(axes, "-", place, color=GREY, fontsize=8)
        return
    whole = not row.variable
    colour = BLUE if whole else BLACK
    _whisker(axes, row.interval, place, colour)
    axes.plot(
        row.interval.value, place, marker="D" if whole else "s", linestyle="none", color=colour,
        markersize=6.5 if whole else 4.5, zorder=3,
    )  # fmt: skip
    weight = "bold" if whole else "normal"
    beside(axes, f"{row.interval.value:.2f}", place, color=colour, fontsize=8, fontweight=weight)


def _places(rows: Sequence[ForestRow]) -> list[float]:
    """Where each row stands: room for a heading before each variable."""
    places, place = [], 0.0
    for number, row in enumerate(rows):
        if row.variable and row.variable != rows[number - 1].variable:
            place += _HEADING_GAP
        places.append(place)
        place += 1.0
    return places


def _variables(content: Forest) -> dict[str, int]:
    """Variable to its first row."""
    first: dict[str, int] = {}
    for number, row in enumerate(content.rows):
        if row.variable:
            first.setdefault(row.variable, number)
    return first


def _whisker(axes: Axes, interval: Interval, row: float, colour: str) -> None:
    """From one end to the other."""
    ends = [interval.low, interval.high]
    axes.plot(ends, [row, row], color=colour, linewidth=1.6, zorder=2, solid_capstyle="butt")


def _ends(intervals: Sequence[Interval], line: float | None) -> tuple[float, float]:
    """Room for every whisker, the line included, in steps of 0.05."""
    values = [end for one in intervals for end in (one.low, one.high)]
    values += [] if line is None else [line]
    low = np.floor((min(values) - 0.02) * 20) / 20
    high = np.ceil((max(values) + 0.01) * 20) / 20
    return float(low), float(high)
