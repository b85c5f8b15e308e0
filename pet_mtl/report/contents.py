"""What each figure of a report shows, free of where the numbers come from and of how it looks."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pet_mtl.metrics import BlandAltman, CalibrationGroup, DecisionCurve, Interval

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Step:
    """One box of the cohort's flow, and who leaves behind it.

    Attributes:
        label: Who is in it.
        count: How many.
        leaving: Lines of the box beside the way to the next one; empty if nobody leaves.
    """

    label: str
    count: int
    leaving: tuple[str, ...] = ()


@dataclass(frozen=True)
class Leaf:
    """One box at the end of the flow.

    Attributes:
        label: What is judged.
        count: On how many patients.
        detail: Such as "12 events", or "".
    """

    label: str
    count: int
    detail: str = ""


@dataclass(frozen=True)
class Flow:
    """Patients from the studies given to the numbers.

    Attributes:
        steps: Boxes, one below the other.
        leaves: Boxes side by side below the last step.
    """

    steps: tuple[Step, ...]
    leaves: tuple[Leaf, ...]


@dataclass(frozen=True)
class Known:
    """How much is known of the patients.

    Attributes:
        rows: Name, patients of whom it is known, patients.
    """

    rows: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Dot:
    """One row of a dot-and-whisker figure.

    Attributes:
        label: Whose number.
        role: "model", "oracle", "baseline", or of a difference "helps", "hurts" or "not shown".
        interval: The number.
        too_few: Whether its ends say nothing and are not shown.
    """

    label: str
    role: str
    interval: Interval
    too_few: bool = False


@dataclass(frozen=True)
class Comparison:
    """One dot-and-whisker figure.

    Attributes:
        axis: Name and unit of its axis.
        dots: Rows, the model first.
        line: Where the dashed line is.
        line_label: What it is.
        signed: Whether the numbers are differences.
    """

    axis: str
    dots: tuple[Dot, ...]
    line: float = 0.5
    line_label: str = "chance"
    signed: bool = False


@dataclass(frozen=True)
class ForestRow:
    """One group of a forest plot.

    Attributes:
        variable: What the patients are grouped by; "" for all of them.
        label: Which group.
        patients: How many are behind the number.
        interval: The number, or None.
    """

    variable: str
    label: str
    patients: int
    interval: Interval | None


@dataclass(frozen=True)
class Forest:
    """One number in groups of patients.

    Attributes:
        axis: Name of the number.
        rows: All patients first, then groups, those of one variable together.
        chance: Where chance is; None where there is no such thing.
    """

    axis: str
    rows: tuple[ForestRow, ...]
    chance: float | None = None


@dataclass(frozen=True)
class Survival:
    """Patients of the Kaplan-Meier curves.

    Attributes:
        time_days: (patients,) days.
        event: (patients,) 0 or 1.
        risk: (patients,) predicted risk; the median splits them.
    """

    time_days: Floats
    event: Floats
    risk: Floats

    @property
    def high(self) -> Bools:
        """(patients,) whose risk is above the median."""
        return np.asarray(self.risk > np.median(self.risk))


@dataclass(frozen=True)
class Response:
    """Patients of the ROC curves.

    Attributes:
        label: (patients,) 0 or 1.
        scores: Label and role to (patients,) scores, NaN where unknown; the model first.
    """

    label: Floats
    scores: Mapping[tuple[str, str], Floats]


@dataclass(frozen=True)
class CalibrationCurve:
    """Predicted beside observed probability.

    Attributes:
        groups: Patients by prediction, the lowest first.
        event: What is predicted, such as "death by day 365".
    """

    groups: tuple[CalibrationGroup, ...]
    event: str


@dataclass(frozen=True)
class NetBenefit:
    """Decision curves.

    Attributes:
        curves: Label to its curve, the model first; all on the same patients.
        event: What is predicted.
    """

    curves: Mapping[str, DecisionCurve]
    event: str


@dataclass(frozen=True)
class Ratios:
    """A measurement under the predicted mask over that under the true one.

    Attributes:
        name: Of the measurement, such as "MTV".
        unit: Its unit.
        true: (patients,) under the true mask, above 0.
        predicted: (patients,) under the predicted mask, above 0.
        limits: Bias and limits of agreement of predicted over true.
    """

    name: str
    unit: str
    true: Floats
    predicted: Floats
    limits: BlandAltman


@dataclass(frozen=True)
class Overlap:
    """Dice of patients.

    Attributes:
        values: (patients,) 0 to 1.
    """

    values: Floats


@dataclass(frozen=True)
class Curve:
    """The losses of one fold in one stage.

    Attributes:
        fold: Which one.
        epoch: (validations,).
        training: (validations,) training loss.
        validation: (validations,) loss on inner validation patients, NaN where there are none.
    """

    fold: int
    epoch: Floats
    training: Floats
    validation: Floats


@dataclass(frozen=True)
class Training:
    """Training curves.

    Attributes:
        stages: Stage to the curves of the folds, in the order of training.
    """

    stages: Mapping[str, tuple[Curve, ...]]


@dataclass(frozen=True)
class View:
    """One image of a patient with outlines.

    Attributes:
        title: Above it.
        suv: (rows, columns) SUVbw in g/ml; row 0 is drawn at the top.
        spacing_mm: Height and width of a pixel, mm.
        letters: At the top, bottom, left and right, such as "S", "I", "R", "L".
        true: (rows, columns) the true mask, or None.
        predicted: (rows, columns) the predicted mask, or None.
    """

    title: str
    suv: NDArray[np.float32]
    spacing_mm: tuple[float, float]
    letters: tuple[str, str, str, str]
    true: Bools | None = None
    predicted: Bools | None = None


@dataclass(frozen=True)
class PatientPicture:
    """What is predicted of one patient, and what was seen.

    Attributes:
        views: Side by side; may be empty.
        days: Days of the survival curve, ascending; may be empty.
        survival: Predicted probability to live beyond each of them.
        seen: Day and whether the event was seen then, or None where it is unknown.
    """

    views: tuple[View, ...] = ()
    days: tuple[float, ...] = ()
    survival: tuple[float, ...] = ()
    seen: tuple[float, bool] | None = None


@dataclass(frozen=True)
class Bitmap:
    """A picture that is there already.

    Attributes:
        pixels: (rows, columns, 3) of 0 to 255.
    """

    pixels: NDArray[np.uint8]


Content = (
    Flow | Known | Comparison | Forest | Survival | Response | CalibrationCurve | NetBenefit
    | Ratios | Overlap | Training | PatientPicture | Bitmap
)  # fmt: skip
