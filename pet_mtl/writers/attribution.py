"""The picture of one attribution: which uptake raises an outcome, and which lowers it.

PET is grey and inverted, as in the overview; the attribution lies over it, from purple (lowers)
to orange (raises), a pair that all kinds of colour-blindness tell apart. Where it is near 0 the
PET shows through.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import ndimage

from pet_mtl.geometry import Grid
from pet_mtl.writers.overview import (
    SUV_WINDOW,
    Plane,
    draw_plane,
    overview_page,
    overview_planes,
    plane_places,
    write_page,
)

SMOOTHING_MM = 3.0
_RAISES, _LOWERS = "#e66101", "#5e3c99"
# Ends of middling lightness: the usual dark ones are lost in the dark of a hot lesion.
_COLOURS = LinearSegmentedColormap.from_list(
    "raises", (_LOWERS, "#b2abd2", "#f7f7f7", "#fdb863", _RAISES)
)
_CONTOUR = "#000000"
_SATURATED = 99.5
_MOST_OPAQUE = 0.85

Floats32 = NDArray[np.float32]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class AttributionPicture:
    """All that the picture shows; small enough to be sent to another process.

    Attributes:
        title: Shown above all.
        planes: Coronal maximum projection, then axial, coronal and sagittal plane.
        values: Attribution per ml of each plane, of the same shape; of the projection the value
            farthest from 0 along the ray.
        unit: Of the values, such as "log odds per ml".
        raises: What orange means, such as "raises risk".
        lowers: What purple means.
        bars: Region, the sum of what raises and the (negative) sum of what lowers in it.
        bar_unit: Of the bars.
        facts: Name and value, a line each.
        notes: Warnings, a line each.
    """

    title: str
    planes: tuple[Plane, ...]
    values: tuple[Floats32, ...]
    unit: str
    raises: str
    lowers: str
    bars: tuple[tuple[str, float, float], ...]
    bar_unit: str
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()


def attribution_planes(
    suv: Floats32, mask: Bools, values: Floats32, grid: Grid, window: tuple[Any, float]
) -> tuple[tuple[Plane, ...], tuple[Floats32, ...]]:
    """Cuts the four images out of a study, PET and attribution alike.

    The attribution is smoothed by a Gaussian of 3 mm, for the picture alone: gradients differ
    from voxel to voxel more than an eye can read.

    Args:
        suv: (z, y, x) SUVbw, axes along (S, P, L).
        mask: (z, y, x) bool, the lesion.
        values: (z, y, x) attribution per ml.
        grid: The grid of all three.
        window: World point (x, y, z), LPS, and width around it that the planes show, mm.

    Returns:
        The planes of the PET, and the values of each.
    """
    sigma = [SMOOTHING_MM / spacing for spacing in grid.spacing_mm]
    soft = ndimage.gaussian_filter(values, sigma, mode="constant", truncate=3.0)
    high = [plane.suv for plane in overview_planes(soft, mask, grid, *window)]
    low = [plane.suv for plane in overview_planes(-soft, mask, grid, *window)]
    # Of a plane both are the same value; of the projection, the greatest on either side of 0.
    signed = tuple(np.where(a >= b, a, -b) for a, b in zip(high, low, strict=True))
    return overview_planes(suv, mask, grid, *window), signed


def write_attribution(picture: AttributionPicture, path: Path) -> None:
    """Draws the picture and writes it as PNG, atomically.

    Args:
        picture: What to show.
        path: The PNG file.
    """
    figure, layout = overview_page(picture.title, right=0.89)
    limit = _limit(picture)
    places = plane_places(layout)
    for plane, values, place in zip(picture.planes, picture.values, places, strict=True):
        axes = figure.add_subplot(place)
        draw_plane(axes, plane, _CONTOUR)
        _draw_values(axes, plane, values, limit)
    _draw_scale(figure, picture, limit)
    _draw_bars(figure.add_subplot(layout[1, 1]), picture)
    _draw_facts(figure.add_subplot(layout[1, 2:]), picture)
    write_page(figure, path)


def _limit(picture: AttributionPicture) -> float:
    """Where the colours end: nearly the largest value that the planes show; never 0."""
    size = np.concatenate([np.abs(values).ravel() for values in picture.values[1:]])
    limit = float(np.percentile(size, _SATURATED))
    return limit if limit > 0 else float(size.max()) or 1.0


def _draw_values(axes: Axes, plane: Plane, values: Floats32, limit: float) -> None:
    """The attribution over one image, below its contour; opaque where it is strong."""
    row_low, row_high, column_low, column_high = plane.edges_mm
    strength = np.minimum(np.abs(values) / limit, 1.0)
    downwards = axes.yaxis_inverted()
    axes.imshow(
        values, cmap=_COLOURS, vmin=-limit, vmax=limit, origin="lower", zorder=0.5,
        extent=(column_low, column_high, row_low, row_high), interpolation="bilinear",
        alpha=_MOST_OPAQUE * np.sqrt(strength),
    )  # fmt: skip
    # Drawing an image turns the axis back.
    if downwards != axes.yaxis_inverted():
        axes.invert_yaxis()


def _draw_scale(figure: Figure, picture: AttributionPicture, limit: float) -> None:
    """The colour bar of the attribution, with unit and meaning, and the window of the PET."""
    colours = ScalarMappable(Normalize(-limit, limit), _COLOURS)
    bar = figure.colorbar(colours, cax=figure.add_axes((0.915, 0.50, 0.012, 0.32)), extend="both")
    bar.set_label(picture.unit, fontsize=8)
    bar.ax.tick_params(labelsize=7)
    bar.ax.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3))
    for y, text, colour in ((0.855, picture.raises, _RAISES), (0.455, picture.lowers, _LOWERS)):
        figure.text(0.985, y, text, fontsize=9, fontweight="bold", color=colour, ha="right")
    low, high = SUV_WINDOW
    figure.text(
        0.985, 0.02, f"grey: SUVbw {low:g} (white) to {high:g} g/ml (black); line: lesion; "
        f"colour smoothed by {SMOOTHING_MM:g} mm", fontsize=7, ha="right",
    )  # fmt: skip


def _draw_bars(axes: Axes, picture: AttributionPicture) -> None:
    """What raises and what lowers in each region."""
    names = [name for name, _, _ in picture.bars]
    places = np.arange(len(names))[::-1]
    axes.barh(places, [raises for _, raises, _ in picture.bars], color=_RAISES, height=0.6)
    axes.barh(places, [lowers for _, _, lowers in picture.bars], color=_LOWERS, height=0.6)
    axes.axvline(0.0, color="black", lw=0.8)
    axes.set_yticks(places, names, fontsize=8)
    axes.tick_params(axis="x", labelsize=7, length=2)
    axes.locator_params(axis="x", nbins=4)
    axes.ticklabel_format(axis="x", style="sci", scilimits=(-2, 3))
    axes.set_xlabel(picture.bar_unit, fontsize=8, labelpad=1)
    axes.set_title("Sum by region", fontsize=9)


def _draw_facts(axes: Axes, picture: AttributionPicture) -> None:
    """Numbers and warnings as text."""
    axes.set_axis_off()
    for line, (name, value) in enumerate(picture.facts):
        y = 0.98 - 0.115 * line
        axes.text(0.0, y, name, transform=axes.transAxes, fontsize=9, va="top")
        axes.text(0.55, y, value, transform=axes.transAxes, fontsize=9, va="top", weight="bold")
    below = 0.98 - 0.115 * len(picture.facts) - 0.03
    text = "\n".join(picture.notes)
    axes.text(0.0, below, text, transform=axes.transAxes, fontsize=7, va="top", color="#b2182b")
