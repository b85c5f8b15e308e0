"""Fitting the outcome heads on frozen features: penalised, convex, exact, in a second.

With few patients the heads decide more than the network. They are linear, so their penalised
likelihood has one optimum, and inner folds choose the penalty.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

Floats = NDArray[np.float64]

FEWEST_LABELS = 10
BASELINE_PENALTY = 1e-3


@dataclass(frozen=True)
class HeadWeights:
    """A fitted head.

    Attributes:
        slopes: (features,) log odds per standard deviation of each feature; (features, classes)
            of a response of several classes, whose rows sum to 0.
        baseline: (outputs,) intercepts.
        penalty: The L2 penalty chosen; infinite if there were too few labels to fit slopes.
    """

    slopes: Floats
    baseline: Floats
    penalty: float


@dataclass(frozen=True)
class HeadTask:
    """What a head is fitted to: weighted Bernoulli cells, one row a patient.

    The response is one cell a patient; the logistic hazard is one cell an interval.

    Attributes:
        features: (patients, features), standardised.
        hits: (patients, cells) 1 where the event came in that cell, times the patient's weight.
        at_risk: (patients, cells) 1 where the cell counts, times the patient's weight.
    """

    features: Floats
    hits: Floats
    at_risk: Floats

    def rows(self, chosen: NDArray[np.bool_]) -> "HeadTask":
        """The task of some of the patients."""
        return HeadTask(self.features[chosen], self.hits[chosen], self.at_risk[chosen])


def fit_head(task: HeadTask, penalties: Sequence[float], seed: int, folds: int = 5) -> HeadWeights:
    """Fits one head; the penalty has the best likelihood on inner folds.

    Args:
        task: Features and labels of the training patients.
        penalties: L2 penalties to try, on the mean likelihood per patient.
        seed: Seed of the inner folds.
        folds: Number of inner folds.

    Returns:
        The head. With too few labels the slopes are 0 and only the baseline is fitted.
    """
    patients = len(task.features)
    events = float(task.hits.any(axis=1).sum())
    spared = float((task.at_risk.any(axis=1) & ~task.hits.any(axis=1)).sum())
    if min(events, spared) < FEWEST_LABELS / 2 or patients < FEWEST_LABELS:
        return _flat(task)
    fold_of = np.random.default_rng(seed).permutation(patients) % folds

    def loss(penalty: float, fold: int) -> float:
        head = _solve(task.rows(fold_of != fold), penalty)
        return _loss(head, task.rows(fold_of == fold))

    return _solve(task, best_penalty(penalties, folds, loss))


def best_penalty(
    penalties: Sequence[float], folds: int, loss: Callable[[float, int], float]
) -> float:
    """The penalty of the lowest mean loss over inner folds.

    Args:
        penalties: Those tried.
        folds: Number of inner folds.
        loss: Of a penalty and the number of a fold: fitted on the others, judged on that one.
    """
    scores = [np.mean([loss(penalty, fold) for fold in range(folds)]) for penalty in penalties]
    return penalties[int(np.argmin(scores))]


def _flat(task: HeadTask) -> HeadWeights:
    """A head without slopes: the smoothed rate of each cell."""
    rate = (task.hits.sum(axis=0) + 0.5) / (task.at_risk.sum(axis=0) + 1.0)
    baseline = special.logit(np.clip(rate, 1e-4, 1 - 1e-4))
    return HeadWeights(np.zeros(task.features.shape[1]), baseline, float("inf"))


def _solve(task: HeadTask, penalty: float) -> HeadWeights:
    """The optimum for one penalty, by Newton's method in a trust region."""
    width = task.features.shape[1]
    problem = HeadProblem(task, penalty)
    start = np.concatenate([np.zeros(width), _flat(task).baseline])
    found = optimize.minimize(
        problem.value, start, jac=problem.gradient, hess=problem.hessian, method="trust-exact"
    )
    return HeadWeights(found.x[:width], found.x[width:], penalty)


@dataclass(frozen=True)
class HeadProblem:
    """Mean negative log likelihood + penalty / 2 |slopes|^2, with its derivatives.

    Parameters are the slopes followed by the baseline. First derivatives alone would take
    thousands of steps where there are more features than patients.
    """

    task: HeadTask
    penalty: float

    def _logits(self, parameters: Floats) -> Floats:
        width = self.task.features.shape[1]
        risk = self.task.features @ parameters[:width]
        return risk[:, None] + parameters[None, width:]  # (patients, cells)

    def _penalties(self) -> Floats:
        """One a parameter; next to none on the baseline, so that empty cells stay finite."""
        width, cells = self.task.features.shape[1], self.task.hits.shape[1]
        return np.concatenate([np.full(width, self.penalty), np.full(cells, BASELINE_PENALTY)])

    def value(self, parameters: Floats) -> float:
        """What is minimised."""
        logits = self._logits(parameters)
        cells = self.task.at_risk * np.logaddexp(0.0, logits) - self.task.hits * logits
        return float(cells.sum() / len(logits) + 0.5 * self._penalties() @ parameters**2)

    def gradient(self, parameters: Floats) -> Floats:
        """First derivatives."""
        probability = special.expit(self._logits(parameters))
        residual = (self.task.at_risk * probability - self.task.hits) / len(probability)
        slopes = self.task.features.T @ residual.sum(axis=1)
        return np.concatenate([slopes, residual.sum(axis=0)]) + self._penalties() * parameters

    def hessian(self, parameters: Floats) -> Floats:
        """Second derivatives."""
        probability = special.expit(self._logits(parameters))
        weight = self.task.at_risk * probability * (1 - probability) / len(probability)
        features = self.task.features
        cross = features.T @ weight  # (features, cells)
        slopes = (features * weight.sum(axis=1, keepdims=True)).T @ features
        blocks = np.block([[slopes, cross], [cross.T, np.diag(weight.sum(axis=0))]])
        return blocks + np.diag(self._penalties())


def _loss(head: HeadWeights, task: HeadTask) -> float:
    """Mean negative log likelihood of other patients."""
    logits = (task.features @ head.slopes)[:, None] + head.baseline[None, :]
    cells = task.at_risk * np.logaddexp(0.0, logits) - task.hits * logits
    return float(cells.sum() / max(1, len(task.features)))
