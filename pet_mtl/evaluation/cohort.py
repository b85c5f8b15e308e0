"""The patients that are judged: what is known of them, and what was predicted."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pet_mtl.classes import BINARY, columns_in
from pet_mtl.errors import DatasetError
from pet_mtl.evaluation.curves import Curves
from pet_mtl.evaluation.masks import MaskNumbers
from pet_mtl.evaluation.withheld import NO_DOUBTS, Doubts
from pet_mtl.metrics import Threshold

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Rows = Sequence[Mapping[str, str]]

_WORDS = {"true": 1.0, "false": 0.0}


@dataclass(frozen=True)
class Patients:
    """What is known of patients beside any prediction. NaN where a cell is empty.

    Attributes:
        ids: Pseudonyms or study names, unique.
        fold: (patients,) fold, NaN where none.
        time_days: (patients,) days to event or censoring.
        event: (patients,) 1 where the event was seen, 0 where censored.
        response: (patients,) response class, from 0.
        suv_max: (patients,) SUVmax under the true mask, SUVbw in g/ml.
        mtv_ml: (patients,) volume of the true mask, millilitres.
        covariates: Clinical covariate to (patients,) values.
        radiomics: Handcrafted statistic under the true mask to (patients,) values.
        batch: (patients,) scanner or centre that ComBat takes off the statistics, "" where
            unknown; empty where nothing is harmonised.
        classes: Number of classes of the response.
    """

    ids: tuple[str, ...]
    fold: Floats
    time_days: Floats
    event: Floats
    response: Floats
    suv_max: Floats
    mtv_ml: Floats
    covariates: dict[str, Floats] = field(default_factory=dict)
    classes: int = BINARY
    radiomics: dict[str, Floats] = field(default_factory=dict)
    batch: tuple[str, ...] = ()

    @property
    def has_survival(self) -> Bools:
        """(patients,) whether time and event are both known."""
        return np.isfinite(self.time_days) & np.isfinite(self.event)

    @property
    def has_response(self) -> Bools:
        """(patients,) whether the response is known."""
        return np.isfinite(self.response)

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Training:
    """The patients that baselines are fitted on.

    Attributes:
        patients: Those patients.
        other_folds: Whether each evaluated patient's fold is left out of the fit.
        said: The same in words, for the report.
    """

    patients: Patients
    other_folds: bool
    said: str


@dataclass(frozen=True)
class Cohort:
    """Predictions of one model for patients whose outcome may be known.

    Attributes:
        patients: What is known of them.
        risk: (patients,) predicted risk, higher is worse; NaN where not predicted.
        probability: (patients,) predicted probability of response 1, or of more than two classes
            (patients, classes); NaN where not predicted.
        dice: (patients,) overlap of predicted and true mask; NaN where there is none.
        dice_where: In which geometry the masks were compared.
        oracle: "log_hazard", "log_hazard_image" and "logit", each (patients,), where known.
        training: What baselines are fitted on, or None: cross-fitted among the evaluated.
        baseline_gap: Why baselines that need the true mask are missing, or "".
        kind: "run" (out-of-fold) or "predictions".
        name: Name of the run or of the table, as the user knows it.
        provenance: What made these predictions: versions, seeds, fingerprints.
        notes: What the reader of the numbers must know.
        refused: Studies that could not be read.
        doubts: Whose outcomes the model withheld, and the response sets it gave.
        curves: Predicted survival; None where nothing of it is told.
        masks: What the predicted masks are beside the true ones; None where none is compared.
        mask_gap: Why it is None.
        radiomics_gap: Why the baseline of handcrafted statistics is missing, or "".
        threshold: From which probability a patient is called positive, fixed on other patients;
            None chooses it fold by fold on the other folds, of a run.
        threshold_gap: Why there is none, of predictions.
    """

    patients: Patients
    risk: Floats
    probability: Floats
    dice: Floats
    dice_where: str
    oracle: dict[str, Floats] = field(default_factory=dict)
    training: Training | None = None
    baseline_gap: str = ""
    kind: str = "predictions"
    name: str = ""
    provenance: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    refused: int = 0
    doubts: Doubts = NO_DOUBTS
    curves: Curves | None = None
    masks: MaskNumbers | None = None
    mask_gap: str = ""
    radiomics_gap: str = ""
    threshold: Threshold | None = None
    threshold_gap: str = ""

    def with_oracle(self, oracle: dict[str, Floats], notes: tuple[str, ...]) -> "Cohort":
        """The same cohort beside the truth."""
        return dataclasses.replace(self, oracle=oracle, notes=self.notes + notes)

    def with_training(self, training: Training) -> "Cohort":
        """The same cohort, its baselines fitted on other patients."""
        return dataclasses.replace(self, training=training)


def column(rows: Rows, name: str, subject: str) -> Floats:
    """One column of a table as numbers.

    Args:
        rows: The table.
        name: Its column; a missing column is an empty one.
        subject: The file, for messages.

    Returns:
        (rows,) values, NaN where the cell is empty.

    Raises:
        DatasetError: A cell that is no number.
    """
    return np.array([_number(row.get(name) or "", name, subject) for row in rows], dtype=np.float64)


def probabilities(rows: Rows, subject: str) -> Floats:
    """The predicted response.

    Args:
        rows: The table.
        subject: The file, for messages.

    Returns:
        (rows,) probability of class 1, or of more than two classes (rows, classes); NaN where the
        cells are empty.

    Raises:
        DatasetError: A cell that is no number.
    """
    names = columns_in(rows[0])
    if not names:
        return column(rows, "response", subject)
    return np.stack([column(rows, name, subject) for name in names], axis=1)


def known_in(values: Floats) -> Bools:
    """(patients,) who has a score, of values (patients,) or (patients, classes)."""
    known = np.isfinite(values)
    return known if known.ndim == 1 else np.all(known, axis=1)


def patients_of(rows: Rows, subject: str) -> Patients:
    """The patients of a dataset's studies.csv.

    Args:
        rows: The table.
        subject: The file, for messages.

    Raises:
        DatasetError: A missing column, a cell that is no number, or an id that occurs twice.
    """
    names = sorted({key for row in rows for key in row if key and key.startswith("cov_")})
    return Patients(
        ids=unique_ids(rows, "sample_id", subject),
        fold=column(rows, "fold", subject),
        time_days=column(rows, "time_days", subject),
        event=column(rows, "event", subject),
        response=column(rows, "response", subject),
        suv_max=column(rows, "suv_max", subject),
        mtv_ml=column(rows, "mtv_ml", subject),
        covariates={name.removeprefix("cov_"): column(rows, name, subject) for name in names},
    )


def unique_ids(rows: Rows, name: str, subject: str) -> tuple[str, ...]:
    """The column of ids.

    Raises:
        DatasetError: The column is missing, or an id occurs twice.
    """
    if any(not row.get(name) for row in rows):
        raise DatasetError(
            "TABLE_COLUMN", "a column is missing or has empty cells", expected=name, subject=subject
        )
    ids = tuple(row[name] for row in rows)
    if len(set(ids)) < len(ids):
        raise DatasetError(
            "TABLE_DUPLICATE",
            "an id occurs twice",
            found=f"{len(ids)} rows, {len(set(ids))} ids",
            todo="Keep one row a patient",
            subject=subject,
        )
    return ids


def _number(text: str, name: str, subject: str) -> float:
    """The number in a cell; NaN for an empty one."""
    word = text.strip().lower()
    if not word:
        return math.nan
    if word in _WORDS:
        return _WORDS[word]
    try:
        value = float(word)
    except ValueError as error:
        raise DatasetError(
            "TABLE_CELL",
            f"a cell of column {name} is no number",
            expected="a number or nothing",
            todo="Leave cells empty where a value is unknown",
            subject=subject,
        ) from error
    return value if math.isfinite(value) else math.nan
