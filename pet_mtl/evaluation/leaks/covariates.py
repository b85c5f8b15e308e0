"""Covariates that tell the outcome too well to have been known before it.

Of each covariate, and of whether it is known at all: its AUC for the response, for whether the
event was seen, and Harrell's C for the time. Either direction counts.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pet_mtl.errors import MetricError
from pet_mtl.evaluation.cohort import Bools, Floats, Patients
from pet_mtl.evaluation.findings import LeakCheck
from pet_mtl.evaluation.leaks.verdicts import FAILED, PASSED, SUSPICIOUS, UNCHECKED, listed
from pet_mtl.evaluation.wording import counted
from pet_mtl.metrics import (
    Interval,
    auc_interval,
    bootstrap_interval,
    concordance_index,
    roc_auc,
)

LIMIT, DOUBTFUL = 0.95, 0.85
# How likely chance alone may separate the patients perfectly before that proves nothing.
BY_CHANCE = 1e-4

_LEAST = 10
_LEAST_CLASS = 3
_SAMPLES, _SEED = 200, 0
_CHECK = ("derived_covariates", "A covariate that was derived from the outcome")


@dataclass(frozen=True)
class Finding:
    """How well one covariate tells one outcome.

    Attributes:
        covariate: Its name.
        outcome: Which outcome, in words.
        measure: "AUC" or "C".
        value: Of the better direction.
        interval: With its 95 % interval; None where all patients are separated.
        chance: Of perfect separation: its probability if the covariate knew nothing.
    """

    covariate: str
    outcome: str
    measure: str
    value: float
    interval: Interval | None = None
    chance: float = 1.0

    @property
    def is_proof(self) -> bool:
        """Whether chance cannot explain it."""
        if self.interval is None:
            return self.chance < BY_CHANCE
        return self.interval.low > LIMIT

    @property
    def is_doubtful(self) -> bool:
        """Whether it is too good to be passed over."""
        return self.interval is None or self.interval.low > DOUBTFUL

    def sentence(self) -> str:
        """The finding in words."""
        head = f"{self.covariate} tells {self.outcome}"
        if self.interval is None:
            return f"{head} of every patient (perfect separation)"
        low, high = self.interval.low, self.interval.high
        return f"{head} with {self.measure} {self.value:.2f} ({low:.2f} to {high:.2f})"


def check_covariates(patients: Patients) -> LeakCheck:
    """No covariate tells the outcome as only the outcome itself can.

    Args:
        patients: Covariates and outcomes.

    Returns:
        Failed where a covariate separates the patients perfectly, more than chance could, or
        where the lower end of its interval is above LIMIT; suspicious above DOUBTFUL.
    """
    if not patients.covariates:
        return LeakCheck(*_CHECK, UNCHECKED, "there are no covariates")
    found = list(findings_of(patients))
    if not found:
        return LeakCheck(*_CHECK, UNCHECKED, "too few patients with covariates and outcomes")
    for verdict, chosen in (
        (FAILED, [one for one in found if one.is_proof]),
        (SUSPICIOUS, [one for one in found if one.is_doubtful]),
    ):
        if chosen:
            return LeakCheck(*_CHECK, verdict, listed(one.sentence() for one in chosen))
    best = max(found, key=lambda one: one.value)
    said = f"{counted(len(patients.covariates), 'covariate')}; the best, {best.covariate}, has "
    return LeakCheck(*_CHECK, PASSED, f"{said}{best.measure} {best.value:.2f} for {best.outcome}")


def findings_of(patients: Patients) -> Iterator[Finding]:
    """Every covariate beside every outcome that enough patients have."""
    for name, values in _columns(patients):
        known = np.isfinite(values)
        for outcome, label in _labels(patients):
            rows = known & np.isfinite(label)
            found = _by_auc(name, outcome, values[rows], label[rows] > 0)
            if found:
                yield found
        rows = known & patients.has_survival
        found = _by_time(name, values[rows], patients.time_days[rows], patients.event[rows] > 0)
        if found:
            yield found


def _columns(patients: Patients) -> Iterator[tuple[str, Floats]]:
    """The covariates, and whether each is known where that differs between patients."""
    for name, values in patients.covariates.items():
        yield name, values
        known = np.isfinite(values)
        if known.any() and not known.all():
            yield f"whether {name} is known", known.astype(np.float64)


def _labels(patients: Patients) -> Iterator[tuple[str, Floats]]:
    """Outcomes as 0 and 1, NaN where unknown."""
    unknown = ~patients.has_response
    if patients.classes == len(("no", "yes")):
        yield "the response", np.where(unknown, np.nan, patients.response)
    else:
        for k in range(patients.classes):
            yield f"response class {k}", np.where(unknown, np.nan, patients.response == k)
    yield "whether the event was seen", np.where(patients.has_survival, patients.event, np.nan)


def _by_auc(name: str, outcome: str, values: Floats, label: Bools) -> Finding | None:
    """AUC of the better direction; None of too few patients or a constant."""
    positives = int(np.count_nonzero(label))
    if not _enough(values, min(positives, len(label) - positives)):
        return None
    area = roc_auc(label, values)
    score = values if area >= 0.5 else -values
    best = max(area, 1.0 - area)
    try:
        interval = auc_interval(label, score)
    except MetricError:
        if best < 1.0:
            return None  # the covariate does not vary inside one class
        chance = 2.0 / math.comb(len(label), positives)
        return Finding(name, outcome, "AUC", best, chance=chance)
    return Finding(name, outcome, "AUC", best, interval)


def _by_time(name: str, values: Floats, time: Floats, event: Bools) -> Finding | None:
    """Harrell's C of the better direction; its interval only where it might matter."""
    if not _enough(values, int(np.count_nonzero(event))):
        return None
    try:
        index = concordance_index(time, event, values)
        score = values if index >= 0.5 else -values
        best = max(index, 1.0 - index)
        if best == 1.0:
            chance = 2.0 * _chance_of_order(time, event)
            return Finding(name, "the time to the event", "C", best, chance=chance)
        if best <= DOUBTFUL:
            return Finding(name, "the time to the event", "C", best, Interval(best, 0.0, 1.0))
        interval = bootstrap_interval(concordance_index, [time, event, score], _SAMPLES, _SEED)
    except MetricError:
        return None
    return Finding(name, "the time to the event", "C", best, interval)


def _chance_of_order(time: Floats, event: Bools) -> float:
    """How likely it is that every event has the highest score of all still at risk."""
    at_risk = [int(np.count_nonzero(time >= moment)) for moment in time[event]]
    return math.exp(-sum(math.log(number) for number in at_risk))


def _enough(values: Floats, rarer: int) -> bool:
    """Whether there are patients enough, and the covariate varies."""
    return len(values) >= _LEAST and rarer >= _LEAST_CLASS and bool(np.ptp(values) > 0)
