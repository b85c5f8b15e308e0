"""ComBat on the columns of a baseline, and what speaks against it in these patients."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from pet_mtl.evaluation.cohort import Bools, Cohort, Floats, Patients
from pet_mtl.evaluation.combat import ADVISED_PATIENTS, LEAST_PATIENTS, fit_combat
from pet_mtl.evaluation.wording import are, counted

Texts = NDArray[np.str_]

_SIGNIFICANT = 0.05


def harmonised(columns: tuple[Floats, Floats], batch: tuple[Texts, Texts]) -> tuple[Floats, Floats]:
    """Takes the batches off, as they are among the first patients.

    Args:
        columns: (patients, columns) of those fitted on and of those asked, finite.
        batch: (patients,) of both, "" where unknown.

    Returns:
        Both, harmonised by what was estimated on the first; unchanged where a patient's batch
        is not among those of the first, or too small there.

    Raises:
        MetricError: Fewer than two batches, or columns, are enough to fit on.
    """
    (fitted, asked), (own, others) = columns, batch
    known = own != ""
    combat = fit_combat(fitted[known], own[known].tolist())
    return combat.apply(fitted, own.tolist()), combat.apply(asked, others.tolist())


def doubts_of(cohort: Cohort, by: str) -> tuple[str, ...]:
    """What speaks against harmonising these patients.

    Args:
        cohort: Patients with batches.
        by: What the batches are, such as "scanner".

    Returns:
        Sentences; none where the assumptions of the method hold as far as can be seen.
    """
    head = f"ComBat by {by}: "
    return tuple(head + text for text in _doubts(cohort))


def _doubts(cohort: Cohort) -> Iterator[str]:
    """The sentences without their head."""
    patients = cohort.patients
    source = cohort.training.patients if cohort.training else patients
    judged, fitted_on = np.array(patients.batch), np.array(source.batch)
    unknown = int(np.count_nonzero(judged == ""))
    if unknown:
        yield f"the batch of {counted(unknown, 'patient')} is unknown; they stay as they are."
    left = int(np.count_nonzero(_unseen(cohort, judged, fitted_on) & (judged != "")))
    if left:
        yield (
            f"{counted(left, 'patient')} {are(left)} of a batch with fewer than {LEAST_PATIENTS} "
            "patients to fit on, and stay as they are."
        )
    names, counts = np.unique(fitted_on[fitted_on != ""], return_counts=True)
    small = [f"{n} ({c})" for n, c in zip(names, counts, strict=True) if c < ADVISED_PATIENTS]
    if small:
        yield (
            f"fewer than {ADVISED_PATIENTS} patients in {', '.join(small)}: what is taken off "
            "them is uncertain."
        )
    yield from _confounded(source)


def _unseen(cohort: Cohort, judged: Texts, fitted_on: Texts) -> Bools:
    """(patients,) whose batch is not fitted where they are judged."""
    training, patients = cohort.training, cohort.patients
    if training is None or not training.other_folds:
        return _rare(judged, fitted_on)
    found = np.zeros(len(patients), bool)
    for fold in np.unique(patients.fold[np.isfinite(patients.fold)]):
        own = patients.fold == fold
        found[own] = _rare(judged[own], fitted_on[training.patients.fold != fold])
    return found


def _rare(judged: Texts, fitted_on: Texts) -> Bools:
    """Whose batch has too few patients to fit on."""
    counts = [int(np.count_nonzero(fitted_on == batch)) for batch in judged]
    return np.array(counts, dtype=np.int64) < LEAST_PATIENTS


def _confounded(patients: Patients) -> Iterator[str]:
    """Outcomes that differ between batches, by a chi-squared test."""
    batch = np.array(patients.batch)
    for what, label, known in (
        ("the response", patients.response, patients.has_response),
        ("the share of events", patients.event, patients.has_survival),
    ):
        rows = known & (batch != "")
        table = _counts(batch[rows], label[rows])
        if min(table.shape, default=0) > 1:
            p_value = float(stats.chi2_contingency(table).pvalue)
            if p_value < _SIGNIFICANT:
                yield (
                    f"{what} differs between the batches (chi-squared test, p = {p_value:.2g}); "
                    "part of it is taken off with them."
                )


def _counts(batch: Texts, label: Floats) -> NDArray[np.int64]:
    """(batches, classes) patients of each."""
    rows: Sequence[str] = np.unique(batch).tolist()
    classes: Sequence[float] = np.unique(label).tolist()
    table = [[np.count_nonzero((batch == b) & (label == c)) for c in classes] for b in rows]
    return np.array(table, dtype=np.int64).reshape(len(rows), len(classes))
