"""The figures of the report, drawn by matplotlib without a display: one function a content."""

from collections.abc import Callable
from typing import Any

from matplotlib.figure import FigureBase

from pet_mtl.report import contents
from pet_mtl.report.figures import benefit, cohort, curves, dots, masks, patient, training
from pet_mtl.report.figures.style import BLACK, BLUE, GREY, STYLE, VERMILLION, WIDTH_IN

__all__ = [
    "BLACK",
    "BLUE",
    "GREY",
    "STYLE",
    "VERMILLION",
    "WIDTH_IN",
    "draw",
    "height_in",
    "places_itself",
]

Draw = Callable[[FigureBase, Any], None]
Height = Callable[[Any], float]


def _always(inches: float) -> Height:
    """A height that does not depend on what is shown."""
    return lambda _: inches


_FIGURES: dict[type, tuple[Draw, Height]] = {
    contents.Flow: (cohort.flow, cohort.flow_height),
    contents.Known: (cohort.known, cohort.known_height),
    contents.Comparison: (dots.comparison, dots.comparison_height),
    contents.Forest: (dots.forest, dots.forest_height),
    contents.Survival: (curves.kaplan_meier, _always(3.7)),
    contents.Response: (curves.roc, _always(3.9)),
    contents.CalibrationCurve: (benefit.calibration, _always(3.9)),
    contents.NetBenefit: (benefit.net_benefit, _always(3.4)),
    contents.Ratios: (masks.ratios, _always(3.2)),
    contents.Overlap: (masks.dice_histogram, _always(2.7)),
    contents.Training: (training.training, training.training_height),
    contents.PatientPicture: (patient.patient, patient.patient_height),
    contents.Bitmap: (patient.bitmap, patient.bitmap_height),
}


_PLACED = (contents.Flow, contents.Bitmap)


def draw(figure: FigureBase, content: contents.Content) -> None:
    """Draws a content into an empty figure of the report's width and its height."""
    _FIGURES[type(content)][0](figure, content)


def places_itself(content: contents.Content) -> bool:
    """Whether the figure of a content has its places fixed, so that no layout is to be found."""
    return isinstance(content, _PLACED)


def height_in(content: contents.Content) -> float:
    """How high the figure of a content is, inches."""
    return _FIGURES[type(content)][1](content)
