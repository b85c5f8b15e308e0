"""What the gallery says of a patient beside the pictures."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from pet_mtl.evaluation.results import Evaluation
from pet_mtl.report import PatientPicture

_SURVIVAL = "survival_"

Row = Mapping[str, str]


def curve_of(row: Row) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Days and probabilities of the predicted survival curve, those that are told."""
    told = {
        day: value
        for name, cell in row.items()
        if name.startswith(_SURVIVAL)
        and math.isfinite(day := _number(name.removeprefix(_SURVIVAL)))
        and math.isfinite(value := _number(cell))
    }
    days = tuple(sorted(told))
    return days, tuple(told[day] for day in days)


def seen_of(evaluation: Evaluation, place: int) -> tuple[float, bool] | None:
    """When the patient had the event or was censored; None where it is unknown."""
    patients = evaluation.cohort.patients
    if not patients.has_survival[place]:
        return None
    return float(patients.time_days[place]), bool(patients.event[place])


def facts_of(evaluation: Evaluation, place: int, row: Row) -> tuple[tuple[str, str], ...]:
    """Numbers of one patient, those that are known."""
    return tuple(_facts(evaluation, place, row))


def _facts(evaluation: Evaluation, place: int, row: Row) -> Iterator[tuple[str, str]]:
    cohort, patients = evaluation.cohort, evaluation.cohort.patients
    if np.isfinite(cohort.dice[place]):
        yield "Dice", f"{cohort.dice[place]:.2f}"
    if np.isfinite(cohort.risk[place]):
        known = cohort.risk[np.isfinite(cohort.risk)]
        rank = int(np.count_nonzero(known > cohort.risk[place])) + 1
        yield "Risk (0: average)", f"{cohort.risk[place]:+.2f}, rank {rank} of {len(known)}"
    yield from _response(evaluation, place, row)
    seen = seen_of(evaluation, place)
    if seen is not None:
        yield "Seen", f"{'event' if seen[1] else 'censored'} on day {seen[0]:.0f}"
    predicted = _number(row.get("volume_ml"))
    if np.isfinite(predicted):
        yield "Predicted volume", f"{predicted:.1f} ml"
    if np.isfinite(patients.mtv_ml[place]):
        yield "True volume", f"{patients.mtv_ml[place]:.1f} ml"
    if np.isfinite(patients.suv_max[place]):
        yield "SUVmax, true mask", f"{patients.suv_max[place]:.1f} g/ml"


def _response(evaluation: Evaluation, place: int, row: Row) -> Iterator[tuple[str, str]]:
    """The predicted response beside the true one."""
    probability = evaluation.cohort.probability[place]
    if probability.ndim:
        if np.isfinite(probability).all():
            best = int(np.argmax(probability))
            yield "Predicted class", f"{row.get('response') or best} ({probability[best]:.0%})"
    elif np.isfinite(probability):
        yield "Probability of response", f"{probability:.0%}"
    true = evaluation.cohort.patients.response[place]
    if np.isfinite(true):
        yield "True response", f"{true:.0f}"


def said_of(picture: PatientPicture, facts: tuple[tuple[str, str], ...], why: str) -> str:
    """A patient's picture in words."""
    shown = [view.title.lower() for view in picture.views]
    shown += ["predicted survival curve"] if picture.days else []
    told = "; ".join(f"{name} {value}" for name, value in facts)
    return f"Patient of {why}: {', '.join(shown)}. {told}".strip()


def _number(cell: Any) -> float:
    """The number in a cell; NaN where there is none."""
    try:
        return float(cell or "nan")
    except ValueError:
        return math.nan
