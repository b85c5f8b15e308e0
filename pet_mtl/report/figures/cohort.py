"""Who is judged, and what is known of them."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from matplotlib.patches import Rectangle

from pet_mtl.report.contents import Flow, Known
from pet_mtl.report.figures.style import BLACK, BLUE, GREY, LIGHT, WIDTH_IN, beside, rows_of_names

_LINE_IN, _PAD_IN, _GAP_IN, _EDGE_IN = 0.165, 0.16, 0.24, 0.06
_STEP_IN = 0.165 * 2 + 0.16
_LEAF_LINES = 3
_TINT = "#F1F5F8"
_LINE: dict[str, Any] = {"color": "#777777", "linewidth": 0.9}


def flow_height(content: Flow) -> float:
    """Inches."""
    steps = sum(_room(step.leaving) for step in content.steps)
    leaves = _GAP_IN + _box(_LEAF_LINES) if content.leaves else 0.0
    return steps + leaves + 2 * _EDGE_IN


def flow(figure: FigureBase, content: Flow) -> None:
    """Boxes from the studies given to the numbers, and at their side who leaves."""
    height = flow_height(content)
    axes = _canvas(figure, height)
    y = height - _EDGE_IN
    left, width = _EDGE_IN, 1.85
    for number, step in enumerate(content.steps):
        _text_box(axes, (left, y - _STEP_IN, width, _STEP_IN), (step.label, f"n = {step.count}"))
        last = number == len(content.steps) - 1
        below = y - _room(step.leaving)
        if not last:
            _arrow(axes, (left + width / 2, y - _STEP_IN), (left + width / 2, below))
        if step.leaving:
            _aside(axes, step.leaving, (left + width / 2, y - _STEP_IN))
        if last and content.leaves:
            axes.plot([left + width / 2] * 2, [y - _STEP_IN, below], **_LINE)
        y = below
    _leaves(axes, content, y)


def _leaves(axes: Axes, content: Flow, top: float) -> None:
    """Boxes side by side at the end."""
    if not content.leaves:
        return
    count, gap = len(content.leaves), 0.12
    width = (WIDTH_IN - 2 * _EDGE_IN - gap * (count - 1)) / count
    middles = [_EDGE_IN + number * (width + gap) + width / 2 for number in range(count)]
    axes.plot([middles[0], middles[-1]], [top, top], **_LINE)
    for middle, leaf in zip(middles, content.leaves, strict=True):
        lines = (leaf.label, f"n = {leaf.count}", leaf.detail)
        _arrow(axes, (middle, top), (middle, top - _GAP_IN))
        box = (middle - width / 2, top - _GAP_IN - _box(_LEAF_LINES), width, _box(_LEAF_LINES))
        _text_box(axes, box, lines, BLUE)


def _room(leaving: Sequence[str]) -> float:
    """From the top of one box to the top of the next."""
    return _STEP_IN + (_box(len(leaving)) + 0.16 if leaving else _GAP_IN)


def _box(lines: int) -> float:
    """Height of a box of so many lines."""
    return _LINE_IN * lines + _PAD_IN


def _canvas(figure: FigureBase, height: float) -> Axes:
    """Axes over the whole figure, in inches."""
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(0, WIDTH_IN)
    axes.set_ylim(0, height)
    axes.set_axis_off()
    return axes


def _text_box(
    axes: Axes, box: tuple[float, float, float, float], lines: Sequence[str], edge: str = "#888888"
) -> None:
    """A box with centred lines, the second in bold."""
    left, bottom, width, height = box
    axes.add_patch(
        Rectangle((left, bottom), width, height, facecolor=_TINT, edgecolor=edge, linewidth=0.9)
    )
    shown = [line for line in lines if line]
    top = bottom + height / 2 + _LINE_IN * len(shown) / 2
    for number, line in enumerate(shown):
        axes.text(
            left + width / 2, top - _LINE_IN * (number + 0.5), line, ha="center", va="center",
            fontsize=8.2, fontweight="bold" if number == 1 else "normal",
        )  # fmt: skip


def _aside(axes: Axes, lines: Sequence[str], start: tuple[float, float]) -> None:
    """Who leaves, in a box at the right of the way down."""
    height, left = _box(len(lines)), 2.05
    bottom = start[1] - 0.08 - height
    middle = bottom + height / 2
    _arrow(axes, (start[0], middle), (left, middle))
    width = WIDTH_IN - _EDGE_IN - left
    axes.add_patch(
        Rectangle(
            (left, bottom), width, height, facecolor="white", edgecolor="#BBBBBB", linewidth=0.8
        )
    )
    for number, line in enumerate(lines):
        y = bottom + height - _PAD_IN / 2 - _LINE_IN * (number + 0.5)
        axes.text(left + 0.08, y, line, va="center", fontsize=7.6, color="#333333")


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    """From one place to another."""
    look = {"arrowstyle": "-|>", "color": "#777777", "linewidth": 0.9, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, start, arrowprops=look)


def known_height(content: Known) -> float:
    """Inches."""
    return 0.75 + 0.27 * len(content.rows)


def known(figure: FigureBase, content: Known) -> None:
    """Share of the patients of whom something is known, one bar each."""
    axes = figure.subplots()
    for row, (_, count, patients) in enumerate(content.rows):
        share = 100 * count / patients if patients else 0.0
        axes.barh(row, 100, height=0.62, color=LIGHT, zorder=1)
        axes.barh(row, share, height=0.62, color=BLUE, zorder=2)
        colour = BLACK if count == patients else GREY
        beside(axes, f"{count} of {patients}", row, color=colour, fontsize=8)
    rows_of_names(axes, [name for name, _, _ in content.rows])
    axes.grid(visible=False)
    axes.set_xlim(0, 100)
    axes.set_xlabel("known (% of patients)")
