"""One patient: images with both outlines, and the predicted survival beside what was seen.

Grey is inverted as nuclear medicine reads PET: dark is high uptake. Patients are seen as
radiology shows them: the patient's right is on the viewer's left.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D

from pet_mtl.report.contents import Bitmap, Bools, PatientPicture, View
from pet_mtl.report.figures.curves import day_ticks
from pet_mtl.report.figures.style import BLACK, BLUE, GREY, VERMILLION, WIDTH_IN

SUV_TOP = 10.0
_VIEWS_IN, _CURVE_IN = 2.35, 1.75
_SCALE_MM = 50.0
_TRUE: dict[str, Any] = {"colors": BLUE, "linestyles": "solid", "linewidths": 1.5}
_PREDICTED: dict[str, Any] = {"colors": VERMILLION, "linestyles": "dashed", "linewidths": 1.5}


def patient_height(content: PatientPicture) -> float:
    """Inches."""
    return (_VIEWS_IN if content.views else 0.0) + (_CURVE_IN if content.days else 0.0) or 1.0


def patient(figure: FigureBase, content: PatientPicture) -> None:
    """Images above, the survival curve below."""
    parts = [("views", _VIEWS_IN)] if content.views else []
    parts += [("curve", _CURVE_IN)] if content.days else []
    if not parts:
        figure.text(0.5, 0.5, "nothing to show", ha="center", color=GREY)
        return
    grid = figure.add_gridspec(len(parts), 1, height_ratios=[height for _, height in parts])
    for row, (part, _) in enumerate(parts):
        if part == "views":
            _views(figure, grid[row], content.views)
        else:
            _survival(figure.add_subplot(grid[row]), content)


def _views(figure: FigureBase, place: Any, views: tuple[View, ...]) -> None:
    """The images side by side, as wide as they are, with one grey scale."""
    shapes = [view.suv.shape[1] * view.spacing_mm[1] / _tall(view) for view in views]
    inner = place.subgridspec(1, len(views) + 1, width_ratios=[*shapes, 0.05])
    places = [figure.add_subplot(inner[column]) for column in range(len(views) + 1)]
    images = [_view(axes, view) for axes, view in zip(places, views, strict=False)]
    bar = figure.colorbar(images[0], cax=places[-1], extend="max")
    bar.set_label("SUVbw (g/ml)", fontsize=7.5)
    bar.ax.tick_params(labelsize=7)
    handles = []
    if any(view.true is not None for view in views):
        handles.append(Line2D([], [], color=BLUE, label="true"))
    if any(view.predicted is not None for view in views):
        handles.append(Line2D([], [], color=VERMILLION, linestyle="--", label="predicted"))
    if handles:
        places[0].legend(
            handles=handles, loc="lower left", bbox_to_anchor=(0, -0.16), ncols=2, fontsize=7.5,
            borderaxespad=0, handlelength=1.6, columnspacing=1.0,
        )  # fmt: skip


def _tall(view: View) -> float:
    """Height of an image, mm."""
    return view.suv.shape[0] * view.spacing_mm[0]


def _view(axes: Axes, view: View) -> AxesImage:
    """One image, its outlines, a scale bar and letters of orientation."""
    height, width = _tall(view), view.suv.shape[1] * view.spacing_mm[1]
    extent = (0.0, width, height, 0.0)
    image = axes.imshow(
        view.suv, cmap="gray_r", vmin=0.0, vmax=SUV_TOP, extent=extent, interpolation="none"
    )
    for mask, look in ((view.true, _TRUE), (view.predicted, _PREDICTED)):
        if mask is not None and mask.any():
            _outline(axes, mask, view, look)
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(view.title, fontsize=8, pad=3)
    _letters(axes, view.letters)
    bar = next(mm for mm in (_SCALE_MM, 20.0, 10.0, 5.0, 1.0) if mm < width / 1.5 or mm == 1.0)
    axes.plot([width * 0.05, width * 0.05 + bar], [height * 0.93] * 2, color=BLACK, lw=2)
    axes.text(width * 0.05, height * 0.91, f"{bar:g} mm", fontsize=6.5, va="bottom")
    return image


def _outline(axes: Axes, mask: Bools, view: View, look: dict[str, Any]) -> None:
    """Along the voxels' borders, closed where the image ends."""
    height, width = view.spacing_mm
    rows, columns = (n + 2 for n in mask.shape)
    y = (np.arange(rows) - 0.5) * height
    x = (np.arange(columns) - 0.5) * width
    axes.contour(x, y, np.pad(mask, 1).astype(np.float32), levels=(0.5,), **look)


def _letters(axes: Axes, letters: tuple[str, str, str, str]) -> None:
    """Where the patient's sides are."""
    places = ((0.5, 0.97, "center", "top"), (0.5, 0.03, "center", "bottom"),
              (0.03, 0.5, "left", "center"), (0.97, 0.5, "right", "center"))  # fmt: skip
    for letter, (x, y, across, along) in zip(letters, places, strict=True):
        axes.text(
            x, y, letter, transform=axes.transAxes, ha=across, va=along, fontsize=7, color=GREY
        )


def _survival(axes: Axes, content: PatientPicture) -> None:
    """The predicted curve, from certainty on day 0, and what became of the patient."""
    days = (0.0, *(day for day in content.days if day > 0))
    kept = [p for day, p in zip(content.days, content.survival, strict=True) if day > 0]
    axes.plot(days, (1.0, *kept), color=BLUE, linewidth=1.7, marker="o", markersize=2.5)
    last = days[-1]
    if content.seen is not None:
        day, event = content.seen
        last = max(last, day)
        axes.axvline(day, color=BLACK, linewidth=1.0, linestyle="-" if event else (0, (4, 2)))
        right = day < 0.6 * last
        axes.annotate(
            f"{'event' if event else 'censored'}, day {day:.0f}", (day, 0.06),
            xytext=(4 if right else -4, 0), textcoords="offset points",
            ha="left" if right else "right", fontsize=7.5,
        )  # fmt: skip
    ticks = day_ticks(last)
    axes.set_xticks(ticks)
    axes.set_xlim(0, ticks[-1])
    axes.set_ylim(0, 1.03)
    axes.tick_params(labelsize=7.5)
    axes.set_xlabel("time (days)", fontsize=8)
    axes.set_ylabel("predicted survival", fontsize=8)


def bitmap_height(content: Bitmap) -> float:
    """Inches."""
    rows, columns, _ = content.pixels.shape
    return float(WIDTH_IN * rows / columns)


def bitmap(figure: FigureBase, content: Bitmap) -> None:
    """The picture as it is."""
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.imshow(content.pixels, interpolation="none", aspect="auto")
    axes.set_axis_off()
