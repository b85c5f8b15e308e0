"""The probability from which on a patient is called positive, fixed on other patients."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from pet_mtl.classes import BINARY
from pet_mtl.errors import MetricError, UsageError
from pet_mtl.evaluation.cohort import Bools, Cohort, Floats, column, probabilities
from pet_mtl.files import read_csv
from pet_mtl.metrics import Accuracy, Threshold, accuracy_at, youden_threshold

NOT_FIXED = (
    "no threshold is fixed on other patients; give --threshold P, or --threshold-from RUN, the run "
    "that made the model"
)

GIVEN = "given"

_BY_FOLD = "Youden's J on the out-of-fold predictions of the other folds"


@dataclass(frozen=True)
class Called:
    """What thresholds do on patients that they were not chosen on.

    Attributes:
        accuracy: Sensitivity, specificity and predictive values.
        by_fold: Fold to the threshold of its patients; empty where all share one.
    """

    accuracy: Accuracy
    by_fold: Mapping[str, float] = field(default_factory=dict)


def accuracy_of(cohort: Cohort, rows: Bools) -> Called:
    """Sensitivity and specificity at a threshold that the judged patients did not choose.

    A given threshold counts as it is. Without one, the patients of each fold of a run are called
    at the threshold of the highest Youden's J among the out-of-fold predictions of the other
    folds; the models behind those have seen this fold's patients, their threshold has not.

    Args:
        cohort: Patients and predictions of a response of two classes.
        rows: (patients,) whom the model is judged on.

    Raises:
        MetricError: No threshold is known, or it cannot be judged on these patients.
    """
    label, predicted = cohort.patients.response[rows], cohort.probability[rows]
    if cohort.threshold is not None:
        return Called(accuracy_at(cohort.threshold, label, predicted))
    if cohort.kind != "run":
        raise MetricError("METRIC_NO_THRESHOLD", cohort.threshold_gap or NOT_FIXED)
    fold = cohort.patients.fold[rows]
    each = _by_fold(label, predicted, fold)
    own = np.array([each[one] for one in fold])
    # A patient's own threshold taken off: everybody is then called at 0.
    accuracy = accuracy_at(Threshold(0.0, _BY_FOLD), label, predicted - own)
    middle = Threshold(float(np.median([*each.values()])), f"{_BY_FOLD}; the median of them")
    told = {f"{one:g}": value for one, value in sorted(each.items())}
    return Called(replace(accuracy, threshold=middle), told)


def threshold_from(run: Path) -> Threshold:
    """The threshold of the highest Youden's J among a run's out-of-fold predictions.

    Args:
        run: Run directory with out_of_fold.csv.

    Raises:
        UsageError: No run of a response of two classes.
        MetricError: Only one class, or no threshold better than chance.
    """
    path = run / "out_of_fold.csv"
    rows = read_csv(path) if path.is_file() else []
    values = probabilities(rows, path.name) if rows else np.empty((0, BINARY))
    if values.ndim > 1:
        raise UsageError(
            "EVALUATE_THRESHOLD",
            "no threshold can be taken from this run",
            expected="a run with out_of_fold.csv, of a response of two classes",
            todo="Give the run that made the model, or --threshold",
            subject=run.name,
        )
    label = column(rows, "response_true", path.name)
    known = np.isfinite(label) & np.isfinite(values)
    found = youden_threshold(label[known], values[known])
    return replace(found, rule="Youden's J on the out-of-fold predictions of the model's own run")


def _by_fold(label: Floats, predicted: Floats, fold: Floats) -> dict[float, float]:
    """Fold to the threshold that the other folds choose."""
    folds = [float(one) for one in np.unique(fold[np.isfinite(fold)])]
    if len(folds) < 2 or not np.isfinite(fold).all():
        raise MetricError(
            "METRIC_NO_THRESHOLD",
            "no threshold can be fixed on other folds: predictions of one fold only",
            todo="Train with --fold all, or give --threshold P",
        )
    return {
        one: youden_threshold(label[fold != one], predicted[fold != one]).value for one in folds
    }
