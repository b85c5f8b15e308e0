"""The picture of one prediction: where the lesion is, how it was outlined, what follows.

Grey is inverted as nuclear medicine reads PET: dark is high uptake. Patients are seen as
radiology shows them: the patient's right is on the viewer's left.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec, SubplotSpec
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from pet_mtl.files import atomic_path
from pet_mtl.geometry import Grid

SUV_WINDOW = (0.0, 10.0)
_CONTOUR = "#e8000b"
_FRAME = "#1f77b4"
_SIZE_INCH = (13.0, 6.6)
_DPI = 100

Floats32 = NDArray[np.float32]
Bools = NDArray[np.bool_]

# Array axes (z, y, x) of an upright volume: name and the letters at their low and high end.
_AXES = (("z", "I", "S"), ("y", "A", "P"), ("x", "R", "L"))


@dataclass(frozen=True)
class Plane:
    """One image of the patient.

    Attributes:
        title: Shown above it.
        suv: (rows, columns) SUVbw.
        mask: (rows, columns) bool, the outlined lesion.
        axes: Array axis (0 z, 1 y, 2 x) that runs along the rows, and along the columns.
        edges_mm: World coordinates of the outer voxel borders: rows low, high; columns low, high.
        frame_mm: A rectangle to draw, in the order of `edges_mm`, or None.
    """

    title: str
    suv: Floats32
    mask: Bools
    axes: tuple[int, int]
    edges_mm: tuple[float, float, float, float]
    frame_mm: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Overview:
    """All that the picture shows; small enough to be sent to another process.

    Attributes:
        title: Shown above all.
        planes: Coronal maximum projection, then axial, coronal and sagittal plane.
        days: Days of the survival curve, ascending.
        survival: Survival probability on each of the days, 0 to 1.
        facts: Name and value, a line each.
        notes: Warnings, a line each.
    """

    title: str
    planes: tuple[Plane, ...]
    days: tuple[float, ...]
    survival: tuple[float, ...]
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()


def overview_planes(
    suv: Floats32, mask: Bools, grid: Grid, centre_mm: tuple[float, float, float], width_mm: float
) -> tuple[Plane, ...]:
    """Cuts the four images out of a study.

    The planes go through the slices where the lesion is largest, through `centre_mm` where
    nothing is outlined, and show `width_mm` around it; the projection shows the whole image.

    Args:
        suv: (z, y, x) SUVbw, axes along (S, P, L).
        mask: (z, y, x) bool, the lesion.
        grid: The grid of both.
        centre_mm: World point (x, y, z), LPS.
        width_mm: Edge of the part shown in the planes, mm.

    Returns:
        Coronal maximum projection, axial, coronal, sagittal plane.
    """
    through = _through(mask, grid, centre_mm)
    window = _window(grid, centre_mm, width_mm)
    planes = []
    for title, axis in (("Axial", 0), ("Coronal", 1), ("Sagittal", 2)):
        rows, columns = (a for a in range(3) if a != axis)
        place = list(window)
        place[axis] = slice(through[axis], through[axis] + 1)
        where = _edge(grid, axis, through[axis])[0] + grid.spacing_mm[axis] / 2
        planes.append(
            Plane(
                f"{title}, {_AXES[axis][0]} = {round(where)} mm",
                suv[tuple(place)].squeeze(axis),
                mask[tuple(place)].squeeze(axis),
                (rows, columns),
                (*_span(grid, rows, window[rows]), *_span(grid, columns, window[columns])),
            )
        )
    whole = (*_span(grid, 0, slice(0, grid.shape[0])), *_span(grid, 2, slice(0, grid.shape[2])))
    frame = (*_span(grid, 0, window[0]), *_span(grid, 2, window[2]))
    title = "Coronal maximum projection"
    shown = None if frame == whole else frame
    mip = Plane(title, suv.max(axis=1), np.asarray(mask.any(axis=1)), (0, 2), whole, shown)
    return (mip, *planes)


def _through(mask: Bools, grid: Grid, centre_mm: tuple[float, float, float]) -> list[int]:
    """Index along each axis of the slice where the lesion is largest."""
    if mask.any():
        areas = [mask.sum(axis=tuple({0, 1, 2} - {axis})) for axis in range(3)]
        return [int(area.argmax()) for area in areas]
    index = np.rint(grid.world_to_index(centre_mm)).astype(int)
    return [int(i) for i in np.clip(index, 0, np.asarray(grid.shape) - 1)]


def _window(grid: Grid, centre_mm: tuple[float, float, float], width_mm: float) -> list[slice]:
    """The part of each axis within half a width of the centre, at least one voxel."""
    middle = np.clip(grid.world_to_index(centre_mm), 0, np.asarray(grid.shape) - 1)
    half = width_mm / 2 / np.asarray(grid.spacing_mm)
    low = np.maximum(np.rint(middle - half), 0).astype(int)
    high = np.minimum(np.rint(middle + half) + 1, grid.shape).astype(int)
    return [slice(int(a), int(b)) for a, b in zip(low, high, strict=True)]


def _edge(grid: Grid, axis: int, index: int) -> tuple[float, float]:
    """World coordinates of both borders of one voxel along an upright axis."""
    low = grid.origin_mm[2 - axis] + (index - 0.5) * grid.spacing_mm[axis]
    return low, low + grid.spacing_mm[axis]


def _span(grid: Grid, axis: int, part: slice) -> tuple[float, float]:
    """World coordinates of the outer borders of a run of voxels."""
    return _edge(grid, axis, part.start)[0], _edge(grid, axis, part.stop - 1)[1]


def write_overview(overview: Overview, path: Path) -> None:
    """Draws the picture and writes it as PNG, atomically.

    Args:
        overview: What to show.
        path: The PNG file.
    """
    figure, layout = overview_page(overview.title, right=0.925)
    places = plane_places(layout)
    for plane, place in zip(overview.planes, places, strict=True):
        image = draw_plane(figure.add_subplot(place), plane)
    _draw_scale(figure, image)
    _draw_survival(figure.add_subplot(layout[1, 1:3]), overview)
    _draw_facts(figure.add_subplot(layout[1, 3]), overview)
    write_page(figure, path)


def overview_page(title: str, right: float) -> tuple[Figure, GridSpec]:
    """An empty page with its title: a tall place for the projection, three above three beside it.

    Args:
        title: Free text.
        right: Where the places end, as a share of the page's width; a scale has the rest.
    """
    figure = Figure(figsize=_SIZE_INCH, dpi=_DPI)
    layout = figure.add_gridspec(
        2, 4, width_ratios=(1.3, 1, 1, 1), height_ratios=(1.25, 1),
        left=0.05, right=right, top=0.87, bottom=0.095, wspace=0.30, hspace=0.38,
    )  # fmt: skip
    # A study's name is free text: a $ in it is no formula.
    figure.text(0.05, 0.95, title, fontsize=13, fontweight="bold", parse_math=False)
    return figure, layout


def plane_places(layout: GridSpec) -> tuple[SubplotSpec, ...]:
    """Where the projection and the three planes go."""
    return (layout[:, 0], layout[0, 1], layout[0, 2], layout[0, 3])


def write_page(figure: Figure, path: Path) -> None:
    """Writes a page as PNG, atomically."""
    canvas = FigureCanvasAgg(figure)
    with atomic_path(path) as temporary:
        canvas.print_png(str(temporary), metadata={"Software": "pet-mtl"})


def draw_plane(axes: Axes, plane: Plane, contour: str = _CONTOUR) -> AxesImage:
    """Draws one image with contour, millimetres and orientation letters.

    Args:
        axes: Where to.
        plane: The image.
        contour: Colour of the lesion's outline.

    Returns:
        The image, for a colour bar.
    """
    row_low, row_high, column_low, column_high = plane.edges_mm
    image = axes.imshow(
        plane.suv, cmap="gray_r", vmin=SUV_WINDOW[0], vmax=SUV_WINDOW[1], origin="lower",
        extent=(column_low, column_high, row_low, row_high), interpolation="bilinear",
    )  # fmt: skip
    if plane.mask.any():
        _draw_contour(axes, plane, contour)
    if plane.frame_mm is not None:
        low, high, left, right = plane.frame_mm
        axes.plot(
            (left, right, right, left, left), (low, low, high, high, low), color=_FRAME, lw=0.8
        )
    if plane.axes[0] == 1:  # y runs to Posterior: down, as radiology shows it
        axes.invert_yaxis()
    axes.set_anchor("N")
    axes.set_title(plane.title, fontsize=9)
    axes.tick_params(labelsize=7, length=2)
    axes.locator_params(nbins=5)
    row, column = (_AXES[axis][0] for axis in plane.axes)
    axes.set_xlabel(f"{column} (mm)", fontsize=7, labelpad=1)
    axes.set_ylabel(f"{row} (mm)", fontsize=7, labelpad=1)
    _draw_letters(axes, plane)
    return image


def _draw_contour(axes: Axes, plane: Plane, colour: str) -> None:
    """The lesion's outline along the voxels' borders, closed where the image ends."""
    row_low, row_high, column_low, column_high = plane.edges_mm
    rows, columns = (n + 2 for n in plane.mask.shape)
    height = (row_high - row_low) / plane.mask.shape[0]
    width = (column_high - column_low) / plane.mask.shape[1]
    y = row_low + (np.arange(rows) - 0.5) * height
    x = column_low + (np.arange(columns) - 0.5) * width
    padded = np.pad(plane.mask, 1).astype(np.float32)
    axes.contour(x, y, padded, levels=(0.5,), colors=colour, linewidths=1.1)


def _draw_letters(axes: Axes, plane: Plane) -> None:
    """R, L, A, P, S, I at the four sides."""
    (_, row_low, row_high), (_, left, right) = (_AXES[axis] for axis in plane.axes)
    bottom, top = (row_high, row_low) if plane.axes[0] == 1 else (row_low, row_high)
    box: dict[str, Any] = {"boxstyle": "round,pad=0.12", "fc": "white", "ec": "none", "alpha": 0.7}
    for x, y, letter in (
        (0.04, 0.5, left), (0.96, 0.5, right), (0.5, 0.04, bottom), (0.5, 0.96, top),
    ):  # fmt: skip
        axes.text(
            x, y, letter, transform=axes.transAxes, ha="center", va="center",
            fontsize=9, color=_FRAME, fontweight="bold", bbox=box,
        )  # fmt: skip


def _draw_scale(figure: Figure, image: AxesImage) -> None:
    """The one colour bar of all images."""
    bar = figure.colorbar(image, cax=figure.add_axes((0.945, 0.50, 0.012, 0.36)), extend="max")
    bar.set_label("SUVbw (g/ml)", fontsize=8)
    bar.ax.tick_params(labelsize=7)


def _draw_survival(axes: Axes, overview: Overview) -> None:
    """The survival curve, from certainty on day 0."""
    days = (0.0, *(day for day in overview.days if day > 0))
    kept = [p for day, p in zip(overview.days, overview.survival, strict=True) if day > 0]
    axes.plot(days, (1.0, *kept), color=_FRAME, lw=1.8, marker="o", ms=3)
    axes.set_ylim(0, 1.03)
    axes.set_xlim(0, max(days) or 1.0)
    axes.grid(alpha=0.3, lw=0.6)
    axes.tick_params(labelsize=7, length=2)
    axes.set_title("Predicted survival", fontsize=9)
    axes.set_xlabel("days", fontsize=8, labelpad=1)
    axes.set_ylabel("probability of no event", fontsize=8)


def _draw_facts(axes: Axes, overview: Overview) -> None:
    """Numbers and warnings as text."""
    axes.set_axis_off()
    for line, (name, value) in enumerate(overview.facts):
        y = 0.98 - 0.115 * line
        axes.text(-0.1, y, name, transform=axes.transAxes, fontsize=9, va="top")
        axes.text(0.62, y, value, transform=axes.transAxes, fontsize=9, va="top", weight="bold")
    below = 0.98 - 0.115 * len(overview.facts) - 0.03
    text = "\n".join(overview.notes)
    axes.text(-0.1, below, text, transform=axes.transAxes, fontsize=7, va="top", color=_CONTOUR)
