"""The ablation as one figure: what each part adds, and every arm beside simple rules.

Colours are Okabe and Ito's, which every common kind of colour vision tells apart; the shape and
the filling of a mark say the same.
"""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pet_mtl.ablation.judging import HELPS, HURTS, NOT_SHOWN, ORACLE, Judged
from pet_mtl.ablation.results import TITLES, Ablation, Part, Row
from pet_mtl.files import atomic_path
from pet_mtl.metrics import Interval
from pet_mtl.report.figures import BLACK, BLUE, GREY, STYLE, VERMILLION

_SKY = "#56B4E9"
_VERDICT_MARK: dict[str, dict[str, Any]] = {
    HELPS: {"color": BLUE, "marker": "o"},
    HURTS: {"color": VERMILLION, "marker": "X"},
    NOT_SHOWN: {"color": GREY, "marker": "o", "markerfacecolor": "white"},
}
_ROLE_MARK: dict[str, dict[str, Any]] = {
    "arm": {"color": BLUE, "marker": "o"},
    "opponent": {"color": VERMILLION, "marker": "s"},
}
_WIDTH_IN, _ROW_IN, _EDGE_IN = 11.0, 0.29, 1.15
_DPI = 200


def draw(found: Ablation, path: Path) -> None:
    """Draws the figure.

    Args:
        found: What was found.
        path: The file; its suffix, .svg or .png, says the format.
    """
    rows = [row for row in found.rows if row.key != ORACLE and _has_number(row)]
    heights = [max(1, len(found.parts)), max(1, len(rows))]
    with mpl.rc_context(STYLE):
        height_in = _ROW_IN * sum(heights) + 2 * _EDGE_IN
        figure = Figure(figsize=(_WIDTH_IN, height_in), layout="constrained")
        grid = figure.subplots(
            2, len(found.outcomes), squeeze=False, height_ratios=heights, sharey="row"
        )
        for column, outcome in enumerate(found.outcomes):
            _gains(grid[0][column], found.parts, outcome)
            _scores(grid[1][column], found, rows, outcome)
        figure.legend(
            handles=_legend(), loc="outside lower center", ncols=6, fontsize=8, handletextpad=0.4
        )
        buffer = io.BytesIO()
        kind = path.suffix.removeprefix(".")
        # Without a date, the same numbers give the same bytes.
        figure.savefig(
            buffer, format=kind, dpi=_DPI, metadata={"Date": None} if kind == "svg" else {}
        )
    with atomic_path(path) as temporary:
        temporary.write_bytes(buffer.getvalue())


def _has_number(row: Row) -> bool:
    return any(isinstance(judged, Judged) for judged in row.judged.values())


def _gains(axes: Axes, parts: Sequence[Part], outcome: str) -> None:
    """What each part adds under one outcome."""
    axes.axvline(0.0, color=BLACK, linewidth=0.9)
    for place, part in enumerate(parts):
        gain = part.gains[outcome]
        if gain:
            _dot(axes, place, gain, _VERDICT_MARK[part.verdicts[outcome]])
    axes.set_title(f"{TITLES[outcome]}: gained by the part", loc="left", fontsize=10)
    _rows(axes, [part.comparison.label for part in parts])


def _scores(axes: Axes, found: Ablation, rows: Sequence[Row], outcome: str) -> None:
    """What each arm and each simple rule reaches under one outcome."""
    axes.axvline(0.5, color="#AAAAAA", linewidth=0.9, linestyle=(0, (4, 3)))
    oracle = [row.judged[outcome] for row in found.rows if row.key == ORACLE]
    for best in oracle:
        if isinstance(best, Judged):
            axes.axvspan(best.value.low, best.value.high, color="#EDEDED", zorder=0)
            axes.axvline(best.value.value, color=BLACK, linewidth=1.2, zorder=1)
    for place, row in enumerate(rows):
        judged = row.judged[outcome]
        if isinstance(judged, Judged):
            _dot(axes, place, judged.value, _ROLE_MARK[row.role])
            seeds = [place] * len(judged.by_seed)
            axes.plot(judged.by_seed, seeds, "|", color=_SKY, markersize=5, zorder=2)
    axes.set_title(f"{TITLES[outcome]} reached", loc="left", fontsize=10)
    _rows(axes, [row.label for row in rows])


def _dot(axes: Axes, place: int, interval: Interval, mark: dict[str, Any]) -> None:
    """A dot with its interval."""
    ends = [interval.low, interval.high]
    axes.plot(ends, [place, place], color=mark["color"], linewidth=1.5, zorder=2)
    axes.plot(interval.value, place, linestyle="none", markersize=6, zorder=3, **mark)


def _rows(axes: Axes, labels: Sequence[str]) -> None:
    """The first row at the top, its name beside it."""
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(max(len(labels), 1) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color="#EEEEEE", linewidth=0.8, zorder=0)
    axes.set_axisbelow(True)


def _legend() -> list[Line2D]:
    """What the marks mean."""
    marks = [
        ("helps", _VERDICT_MARK[HELPS]),
        ("hurts", _VERDICT_MARK[HURTS]),
        ("not shown", _VERDICT_MARK[NOT_SHOWN]),
        ("simple rule", _ROLE_MARK["opponent"]),
        ("one seed", {"color": _SKY, "marker": "|"}),
    ]
    lines = [Line2D([], [], linestyle="none", label=text, **mark) for text, mark in marks]
    return [*lines, Line2D([], [], color=BLACK, linewidth=1.2, label="oracle, with its interval")]
