"""How all figures of the report look.

Colours are Okabe and Ito's, which every common kind of colour vision tells apart; whatever
colour says, shape, line style or a label says too.
"""

import textwrap
from typing import Any

from matplotlib.axes import Axes

BLUE, VERMILLION, GREY, BLACK = "#0072B2", "#D55E00", "#6B6B6B", "#1A1A1A"
GREEN, PURPLE, SKY, ORANGE = "#009E73", "#CC79A7", "#56B4E9", "#E69F00"
LIGHT = "#DDDDDD"

WIDTH_IN = 4.4
_NAME_LETTERS = 26

# A few lines that differ in dash as well as in colour.
LINES: tuple[tuple[str, Any], ...] = (
    (BLUE, "-"),
    (VERMILLION, (0, (5, 1.5))),
    (GREEN, (0, (1, 1.2))),
    (PURPLE, (0, (5, 1.5, 1, 1.5))),
    (ORANGE, (0, (8, 1.5))),
    (SKY, (0, (3, 1, 1, 1))),
)

STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.edgecolor": "#888888",
    "axes.labelcolor": BLACK,
    "xtick.color": "#444444",
    "ytick.color": "#444444",
    "legend.frameon": False,
    # Names of patients and groups are free text: a $ in them is no formula.
    "text.parse_math": False,
    # The same numbers give the same bytes.
    "svg.hashsalt": "pet-mtl",
    "svg.fonttype": "path",
    # Text of a PDF can be searched and copied.
    "pdf.fonttype": 42,
}


def rows_of_names(axes: Axes, names: list[str], places: list[float] | None = None) -> None:
    """Rows from the top, each with its name beside it, and a light grid across them."""
    places = [float(place) for place in range(len(names))] if places is None else places
    axes.set_yticks(places, [textwrap.fill(name, _NAME_LETTERS) for name in names])
    axes.set_ylim(max(places, default=0.0) + 0.6, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color="#EEEEEE", linewidth=0.8, zorder=0)
    axes.set_axisbelow(True)


def reference_line(axes: Axes, value: float, label: str) -> None:
    """A dashed line with a name above it."""
    axes.axvline(value, color="#AAAAAA", linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
    if label:
        axes.annotate(
            label, (value, 1.0), xycoords=("data", "axes fraction"), xytext=(0, 3),
            textcoords="offset points", ha="center", color=GREY, fontsize=8,
        )  # fmt: skip


def beside(axes: Axes, text: str, row: float, **look: Any) -> None:
    """A text at the right of a row."""
    axes.annotate(
        text, (1.0, row), xycoords=("axes fraction", "data"), xytext=(6, 0),
        textcoords="offset points", va="center", **look,
    )  # fmt: skip
