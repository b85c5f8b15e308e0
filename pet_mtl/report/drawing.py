"""A content as SVG and PNG, and onto a part of a larger figure."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.figure import Figure

from pet_mtl.report.contents import Content
from pet_mtl.report.figures import STYLE, WIDTH_IN, draw, height_in, places_itself

DPI = 300
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Drawn:
    """A drawn content.

    Attributes:
        svg: For the page, and wherever it is printed.
        png: The same at 300 dpi.
    """

    svg: bytes
    png: bytes


def drawn(content: Content) -> Drawn:
    """Draws a content.

    Args:
        content: What to show.

    Returns:
        Both files; the same content gives the same bytes.
    """
    with _figure(content) as figure:
        # Two saves of one figure lay it out once.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        return Drawn(_saved(figure, "svg"), _saved(figure, "png"))


def place(page: Figure, content: Content, box: Box) -> None:
    """Draws a content into a part of a page.

    Args:
        page: The figure of the page, without a layout engine.
        content: What to show.
        box: Left, bottom, width and height of the part, as shares of the page.
    """
    left, bottom, width, height = box
    # A part of a figure is a cell of a grid, whose margins are cells, too.
    grid = page.add_gridspec(
        3, 3,
        width_ratios=(left, width, 1 - left - width),
        height_ratios=(1 - bottom - height, height, bottom),
    )  # fmt: skip
    part = page.add_subfigure(grid[1, 1])
    draw(part, content)
    if places_itself(content):
        return
    # The layout is found on a figure of its own, since a page may hold what has another one.
    with _figure(content) as alone:
        alone.draw_without_rendering()
        for axes, found in zip(part.axes, alone.axes, strict=True):
            # What an aspect or a colour bar makes of its place, it makes there, too.
            axes.set_position(found.get_position(original=True))


@contextmanager
def _figure(content: Content) -> Iterator[Figure]:
    """A content in a figure of its own, without pyplot's global state."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, height_in(content)))
        figure.set_layout_engine("none" if places_itself(content) else "constrained")
        draw(figure, content)
        yield figure


def _saved(figure: Figure, kind: str) -> bytes:
    """The bytes of a file, without a date."""
    buffer = io.BytesIO()
    metadata = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
    figure.savefig(buffer, format=kind, dpi=DPI if kind == "png" else 72, metadata=metadata)
    return buffer.getvalue()
