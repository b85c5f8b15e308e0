"""The headline numbers of groups of patients, with intervals; of too few, why there are none.

Groups are small, many and looked at after the fact: a difference between two of them is a question
for other patients, not an answer.
"""

from dataclasses import replace

import numpy as np

from pet_mtl.errors import UsageError
from pet_mtl.evaluation.cohort import Bools, Cohort, Floats, known_in
from pet_mtl.evaluation.endpoints import SEVERAL, Endpoint, Settings, endpoints_of
from pet_mtl.evaluation.findings import Measure, Subgroup
from pet_mtl.evaluation.grouping import UNKNOWN, Columns, Grouping
from pet_mtl.evaluation.measuring import BOOTSTRAP, computed, counts_of, too_few
from pet_mtl.evaluation.wording import counted
from pet_mtl.metrics import Interval, percentile_interval


def find_subgroups(
    cohort: Cohort, columns: Columns, asked: tuple[str, ...], settings: Settings
) -> tuple[Subgroup, ...]:
    """The numbers of all groups.

    Args:
        cohort: Patients and predictions.
        columns: Where the groups are told.
        asked: Columns to group by beside the usual ones: sex, age, groups, scanner, lesion volume.
        settings: The bootstrap.

    Returns:
        Group after group; a variable of which all patients have the same value is left out
        unless it was asked for.

    Raises:
        UsageError: EVALUATE_SUBGROUPS; a column that was asked for is not there.
    """
    names = [asked_.split(":")[0] for asked_ in asked]
    usual = (_usual(columns, name) for name in columns.usual() if name not in names)
    told = [one for one in usual if one and len(one.groups()) > 1]
    told += [columns.grouping(name) for name in asked]
    return tuple(group for one in told for group in _groups(cohort, one, settings))


def _usual(columns: Columns, name: str) -> Grouping | None:
    """The groups of a column that nobody asked for; none where it makes no groups."""
    try:
        return columns.grouping(name)
    except UsageError:
        return None


def _groups(cohort: Cohort, grouping: Grouping, settings: Settings) -> list[Subgroup]:
    """The groups of one variable, last the patients whose group is unknown."""
    labels = np.array(grouping.labels)
    found = []
    for label in (*grouping.groups(), ""):
        rows = labels == label
        if rows.any():
            measures = measures_of(cohort, rows, settings)
            patients = int(np.count_nonzero(rows))
            found.append(Subgroup(grouping.variable, label or UNKNOWN, patients, measures))
    return found


def measures_of(cohort: Cohort, rows: Bools, settings: Settings) -> tuple[Measure, ...]:
    """Harrell's C, AUC and mean Dice of some patients.

    Args:
        cohort: Patients and predictions.
        rows: (patients,) whom to judge.
        settings: The bootstrap.

    Returns:
        Those that the whole cohort has; one of too few patients says so.
    """
    found = []
    for endpoint in endpoints_of(cohort):
        predicted = cohort.risk if endpoint.key == "survival" else cohort.probability
        judged = endpoint.outcome(cohort.patients)[1] & known_in(predicted)
        if judged.any():
            found.append(_ranking(endpoint, cohort, predicted, rows & judged, settings))
    if np.isfinite(cohort.dice).any():
        found.append(_overlap(cohort.dice[rows & np.isfinite(cohort.dice)], settings))
    return tuple(found)


def _ranking(
    endpoint: Endpoint, cohort: Cohort, predicted: Floats, rows: Bools, settings: Settings
) -> Measure:
    """The endpoint's metric."""
    arrays = [array[rows] for array in (*endpoint.outcome(cohort.patients)[0], predicted)]
    patients = int(np.count_nonzero(rows))
    empty = Measure(endpoint.measure, endpoint.title, patients=patients)
    told, classes = _behind(endpoint, arrays[-2], cohort.patients.classes)
    if too_few(patients, *classes):
        reason = f"too few: {counted(patients, 'patient')}, {told}"
        return replace(empty, reason=reason, too_few=True)

    def interval() -> Interval:
        counts = counts_of(patients, settings.samples, settings.seed)
        value = endpoint.statistic(*arrays)
        return percentile_interval(value, endpoint.resampled(*arrays, counts))

    return computed(replace(empty, method=BOOTSTRAP), interval)


def _behind(endpoint: Endpoint, label: Floats, classes: int) -> tuple[str, list[int]]:
    """Events or responders in words; and how many patients each class has."""
    if endpoint is SEVERAL:
        counts = np.bincount(label.astype(np.int64), minlength=classes)
        return f"{counts.min()} of the rarest class", counts.tolist()
    positives = int(np.count_nonzero(label))
    if endpoint.key == "survival":
        return counted(positives, "event"), [positives]
    return counted(positives, "responder"), [positives, len(label) - positives]


def _overlap(dice: Floats, settings: Settings) -> Measure:
    """Mean Dice."""
    patients = len(dice)
    if too_few(patients):
        reason = f"too few: {counted(patients, 'patient')} with a true mask"
        return Measure("dice", "Mean Dice", reason=reason, patients=patients, too_few=True)
    means = counts_of(patients, settings.samples, settings.seed) @ dice / patients
    interval = percentile_interval(float(dice.mean()), means)
    return Measure("dice", "Mean Dice", interval, patients=patients, method=BOOTSTRAP)
