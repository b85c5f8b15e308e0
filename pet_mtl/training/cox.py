"""Fitting the Cox head on frozen features, and storing its baseline hazard."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from scipy import optimize

from pet_mtl.models.heads import CoxHead
from pet_mtl.training.heads import FEWEST_LABELS, HeadWeights
from pet_mtl.training.outlines import enough, mask_read, outlined

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CoxTask:
    """What a Cox head is fitted to.

    Attributes:
        features: (patients, features), standardised.
        time: (patients,) days to event or censoring.
        event: (patients,) 1 where the event was seen, else 0.
        edges_days: Days at which the baseline is stored.
        ties: "efron" or "breslow".
    """

    features: Floats
    time: Floats
    event: Floats
    edges_days: tuple[float, ...]
    ties: str = "efron"

    def rows(self, chosen: NDArray[np.bool_]) -> "CoxTask":
        """The task of some of the patients."""
        parts = (self.features[chosen], self.time[chosen], self.event[chosen])
        return CoxTask(*parts, self.edges_days, self.ties)

    @cached_property
    def members(self) -> Floats:
        """(events, patients): the share of each patient in the risk set of each event.

        1 for whoever is at risk; by Efron, less k / d for those dying at the same time.
        """
        dying = np.flatnonzero(self.event > 0)
        at_risk = (self.time[None, :] >= self.time[dying, None]).astype(np.float64)
        if self.ties == "breslow":
            return at_risk
        tied = (self.time[None, :] == self.time[dying, None]) & (self.event[None, :] > 0)
        place = np.array([tied[row, :j].sum() for row, j in enumerate(dying)])
        return at_risk - tied * (place / np.maximum(tied.sum(axis=1), 1))[:, None]


def fit_cox_head(
    task: CoxTask, penalties: Sequence[float], seed: int, folds: int = 5
) -> HeadWeights:
    """Fits slopes and baseline; the penalty has the best cross-validated partial likelihood.

    A partial likelihood of the few patients of an inner fold alone would compare them only with
    each other: theirs is what they add to that of the others.

    Args:
        task: Features, times and events of the training patients.
        penalties: L2 penalties to try, on the mean likelihood per patient.
        seed: Seed of the inner folds.
        folds: Number of inner folds.

    Returns:
        Slopes, the cumulative baseline hazard at `edges_days`, and the penalty. With too few
        patients or events the slopes are 0.

    Source:
        Verweij and van Houwelingen 1993, doi:10.1002/sim.4780122407.
    """
    patients, events = task.features.shape[0], float(task.event.sum())
    if events < FEWEST_LABELS / 2 or patients < FEWEST_LABELS:
        return _with_baseline(task, np.zeros(task.features.shape[1]), float("inf"))
    fold_of = np.random.default_rng(seed).permutation(patients) % folds
    others = [task.rows(fold_of != k) for k in range(folds)]
    scores = [sum(_added(task, rest, penalty) for rest in others) for penalty in penalties]
    best = penalties[int(np.argmin(scores))]
    return _with_baseline(task, _solve(task, best), best)


def cumulative_baseline(task: CoxTask, log_hazard: Floats) -> Floats:
    """Breslow's cumulative baseline hazard at `edges_days`.

    Args:
        task: Times and events; its features are not read.
        log_hazard: (patients,).

    Returns:
        (edges,), not falling; 0 before the first event.

    Source:
        Breslow 1972; Kalbfleisch and Prentice 2002, section 4.3 (eq. 4.13).
    """
    moments, place = np.unique(task.time, return_inverse=True)
    hazard = np.bincount(place, np.exp(log_hazard), len(moments))
    at_risk = np.cumsum(hazard[::-1])[::-1]
    events = np.bincount(place, task.event, len(moments))
    steps = np.concatenate(([0.0], np.cumsum(events / np.maximum(at_risk, 1e-300))))
    baseline: Floats = steps[np.searchsorted(moments, task.edges_days, side="right")]
    return baseline


def store_baseline(model: keras.Model, batches: tf.data.Dataset) -> None:
    """Computes the baseline of a Cox head anew from the training patients.

    Whatever is trained after the head was fitted moves the log hazards, and the curves with
    them. Other heads learn their baseline, and are left alone.

    Args:
        model: The whole network.
        batches: All training patients, unchanged, as (inputs, targets, weights). Those without an
            outline are left out, as by the heads.
    """
    head = model.get_layer("survival") if "survival" in model.output else None
    if not isinstance(head, CoxHead):
        return
    mask = mask_read(model)
    names = ("survival", mask) if mask else ("survival",)
    part = keras.Model(model.input, {name: model.output[name] for name in names})

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def call(inputs: dict[str, Any]) -> tuple[Any, Any]:
        told = part(inputs, training=False)
        risk = told["survival"]
        return risk, outlined(told[mask]) if mask else tf.ones_like(risk[:, 0], tf.bool)

    rows: list[Any] = []
    for inputs, targets, weights in batches:
        risk, read = call(inputs)
        table = [targets["survival"], risk, weights["survival"][:, None], read[:, None]]
        rows.append(np.concatenate([np.asarray(one, np.float64) for one in table], axis=1))
    time, event, log_hazard, known, read = np.concatenate(rows).T
    kept = (known > 0) & enough(read)
    task = CoxTask(np.zeros((kept.sum(), 0)), time[kept], event[kept], head.edges_days)
    head.baseline.assign(cumulative_baseline(task, log_hazard[kept]))


def _with_baseline(task: CoxTask, slopes: Floats, penalty: float) -> HeadWeights:
    """A head and its baseline."""
    return HeadWeights(slopes, cumulative_baseline(task, task.features @ slopes), penalty)


def _added(task: CoxTask, rest: CoxTask, penalty: float) -> float:
    """What the patients left out add to the loss of the others, by the others' slopes."""
    slopes = _solve(rest, penalty)
    return _total_loss(task, slopes) - _total_loss(rest, slopes)


def _solve(task: CoxTask, penalty: float) -> Floats:
    """The slopes for one penalty, by Newton's method in a trust region."""
    problem = _Problem(task, penalty)
    found = optimize.minimize(
        problem.value,
        np.zeros(task.features.shape[1]),
        jac=problem.gradient,
        hess=problem.hessian,
        method="trust-exact",
        options={"gtol": 1e-7},
    )
    slopes: Floats = found.x
    return slopes


def _total_loss(task: CoxTask, slopes: Floats) -> float:
    """Negative log partial likelihood: a sum over the events."""
    risk = task.features @ slopes
    shift = risk.max(initial=0.0)
    totals = task.members @ np.exp(risk - shift)  # (events,)
    return float((shift + np.log(totals)).sum() - task.event @ risk)


@dataclass(frozen=True)
class _Problem:
    """Mean negative log partial likelihood + penalty / 2 |slopes|^2, with its derivatives."""

    task: CoxTask
    penalty: float

    def _shares(self, slopes: Floats) -> Floats:
        """(events, patients) share of each patient in the hazard of each risk set."""
        risk = self.task.features @ slopes
        hazard = self.task.members * np.exp(risk - risk.max())
        return hazard / hazard.sum(axis=1, keepdims=True)

    def value(self, slopes: Floats) -> float:
        mean = _total_loss(self.task, slopes) / len(self.task.time)
        return mean + 0.5 * self.penalty * float(slopes @ slopes)

    def gradient(self, slopes: Floats) -> Floats:
        residual = self._shares(slopes).sum(axis=0) - self.task.event
        return self.task.features.T @ residual / len(residual) + self.penalty * slopes

    def hessian(self, slopes: Floats) -> Floats:
        shares, features = self._shares(slopes), self.task.features
        means = shares @ features  # (events, features)
        curvature = (features * shares.sum(axis=0)[:, None]).T @ features - means.T @ means
        return curvature / len(features) + self.penalty * np.eye(features.shape[1])
