"""The patients that all models predicted, and what each model said of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pet_mtl.errors import UsageError
from pet_mtl.evaluation.cohort import Cohort, Floats
from pet_mtl.evaluation.curves import Curves, no_curves
from pet_mtl.evaluation.wording import counted

Places = NDArray[np.intp]

_OUTCOMES = ("time_days", "event", "response")


@dataclass(frozen=True)
class Outcomes:
    """What happened to the common patients. NaN where unknown.

    Attributes:
        time_days: (patients,) days to event or censoring.
        event: (patients,) 1 where the event was seen.
        response: (patients,) class.
        classes: Number of classes of the response.
    """

    time_days: Floats
    event: Floats
    response: Floats
    classes: int


@dataclass(frozen=True)
class Said:
    """What one model says of the common patients. NaN where it says nothing.

    Attributes:
        risk: (patients,) higher is worse.
        probability: (patients,) of response 1; of several classes (patients, classes).
        dice: (patients,) overlap of predicted and true mask.
        curves: Predicted survival.
        dice_where: In which geometry the masks were compared.
    """

    risk: Floats
    probability: Floats
    dice: Floats
    curves: Curves
    dice_where: str


@dataclass(frozen=True)
class Together:
    """All models on the same patients.

    Attributes:
        ids: The patients.
        outcomes: What happened to them.
        said: Name of a model to what it says.
        notes: Whom was left out, and what else the reader must know.
    """

    ids: tuple[str, ...]
    outcomes: Outcomes
    said: Mapping[str, Said]
    notes: tuple[str, ...] = ()


def together(cohorts: Mapping[str, Cohort], common_only: bool) -> Together:
    """Brings the models onto the same patients, in the same order.

    Args:
        cohorts: Name to patients and predictions.
        common_only: Whether patients that only some of the models have may be left out.

    Returns:
        The common patients.

    Raises:
        UsageError: COMPARE_COHORTS, the models are of different patients; COMPARE_OUTCOMES, they
            know different outcomes of the same patients, or other classes of the response.
    """
    ids = _common(cohorts, common_only)
    places = {name: _places(cohort, ids) for name, cohort in cohorts.items()}
    _check_outcomes(cohorts, places)
    first = next(iter(cohorts))
    patients, rows = cohorts[first].patients, places[first]
    outcomes = Outcomes(
        patients.time_days[rows], patients.event[rows], patients.response[rows], patients.classes
    )
    said = {name: _said(cohort, places[name]) for name, cohort in cohorts.items()}
    return Together(ids, outcomes, said, tuple(_notes(cohorts, places)))


def _common(cohorts: Mapping[str, Cohort], common_only: bool) -> tuple[str, ...]:
    """The patients of all models, in the order of the first."""
    sets = [set(cohort.patients.ids) for cohort in cohorts.values()]
    shared = set.intersection(*sets)
    if not shared:
        raise UsageError(
            "COMPARE_COHORTS",
            "the models have no patient in common",
            expected="runs of one dataset, or predictions of the same studies",
            found=_sizes(cohorts),
            todo="Compare runs with runs of the same dataset, and predictions with predictions",
        )
    if any(len(one) > len(shared) for one in sets) and not common_only:
        raise UsageError(
            "COMPARE_COHORTS",
            "the models are of different patients",
            expected="the same patients in every run or table",
            found=f"{_sizes(cohorts)}; {len(shared)} in common",
            todo="Give --common to judge those in common, or compare models of the same patients",
        )
    first = next(iter(cohorts.values())).patients.ids
    return tuple(one for one in first if one in shared)


def _sizes(cohorts: Mapping[str, Cohort]) -> str:
    """How many patients each has."""
    return ", ".join(f"{name} {len(cohort.patients)}" for name, cohort in cohorts.items())


def _places(cohort: Cohort, ids: Sequence[str]) -> Places:
    """Where the common patients are in one table."""
    place = {name: index for index, name in enumerate(cohort.patients.ids)}
    return np.array([place[name] for name in ids], dtype=np.intp)


def _check_outcomes(cohorts: Mapping[str, Cohort], places: Mapping[str, Places]) -> None:
    """Refuses models that were told different outcomes of the same patients."""
    first, *others = cohorts
    one = cohorts[first].patients
    for name in others:
        other = cohorts[name].patients
        if one.classes != other.classes:
            raise _differ(first, name, "classes of the response")
        for outcome in _OUTCOMES:
            a = getattr(one, outcome)[places[first]]
            b = getattr(other, outcome)[places[name]]
            if not np.allclose(a, b, rtol=1e-6, atol=1e-6, equal_nan=True):
                raise _differ(first, name, outcome)


def _differ(first: str, second: str, what: str) -> UsageError:
    """The refusal of models that were judged by different truths."""
    return UsageError(
        "COMPARE_OUTCOMES",
        f"{first} and {second} know different outcomes of the same patients",
        found=f"another {what}",
        todo="Compare models that were given the same clinical table",
    )


def _said(cohort: Cohort, rows: Places) -> Said:
    """What a model says of some patients."""
    curves = cohort.curves or no_curves(len(cohort.patients))
    return Said(
        cohort.risk[rows],
        cohort.probability[rows],
        cohort.dice[rows],
        Curves(curves.days, curves.probability[rows]),
        cohort.dice_where,
    )


def _notes(cohorts: Mapping[str, Cohort], places: Mapping[str, Places]) -> list[str]:
    """Whom was left out, and whether the folds are the same."""
    notes = [
        f"{name}: {counted(left, 'patient')} that not all models have left out."
        for name, cohort in cohorts.items()
        if (left := len(cohort.patients) - len(places[name]))
    ]
    folds = [c.patients.fold[places[name]] for name, c in cohorts.items() if c.kind == "run"]
    if any(not np.array_equal(folds[0], other, equal_nan=True) for other in folds[1:]):
        notes.append(
            "The runs deal their folds differently: part of a difference may come from who was "
            "learned from."
        )
    if len({cohort.kind for cohort in cohorts.values()}) > 1:
        notes.append("Out-of-fold predictions of a run stand beside those of a finished model.")
    return notes
