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

_FEWEST_LABELS = 10
_BASELINE_PENALTY = 1e-3


@dataclass(frozen=True)
class HeadWeights:
    """A fitted head.

    Attributes:
        slopes: (features,) log odds per standard deviation of each feature.
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
        hits: (patients, cells) 1 where the event came in that cell.
        at_risk: (patients, cells) 1 where the cell counts.
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
    events = float(task.hits.sum())
    spared = float((task.at_risk.any(axis=1) & ~task.hits.any(axis=1)).sum())
    if min(events, spared) < _FEWEST_LABELS / 2 or patients < _FEWEST_LABELS:
        return _flat(task)
    fold_of = np.random.default_rng(seed).permutation(patients) % folds
    scores = [
        np.mean(
            [
                _loss(_solve(task.rows(fold_of != k), penalty), task.rows(fold_of == k))
                for k in range(folds)
            ]
        )
        for penalty in penalties
    ]
    best = penalties[int(np.argmin(scores))]
    return _solve(task, best)


def _flat(task: HeadTask) -> HeadWeights:
    """A head without slopes: the smoothed rate of each cell."""
    rate = (task.hits.sum(axis=0) + 0.5) / (task.at_risk.sum(axis=0) + 1.0)
    baseline = special.logit(np.clip(rate, 1e-4, 1 - 1e-4))
    return HeadWeights(np.zeros(task.features.shape[1]), baseline, float("inf"))


def _solve(task: HeadTask, penalty: float) -> HeadWeights:
    """The optimum for one penalty."""
    width, cells = task.features.shape[1], task.hits.shape[1]
    start = np.concatenate([np.zeros(width), _flat(task).baseline])
    found = optimize.minimize(_objective(task, penalty), start, jac=True, method="L-BFGS-B")
    return HeadWeights(found.x[:width], found.x[width : width + cells], penalty)


def _objective(task: HeadTask, penalty: float) -> Callable[[Floats], tuple[float, Floats]]:
    """Mean negative log likelihood + penalty / 2 |slopes|^2, and its gradient."""
    patients, width = task.features.shape

    def value(parameters: Floats) -> tuple[float, Floats]:
        slopes, baseline = parameters[:width], parameters[width:]
        logits = (task.features @ slopes)[:, None] + baseline[None, :]
        loss = np.sum(task.at_risk * np.logaddexp(0.0, logits) - task.hits * logits) / patients
        residual = (task.at_risk * special.expit(logits) - task.hits) / patients
        slope_gradient = task.features.T @ residual.sum(axis=1) + penalty * slopes
        # Next to no penalty on the baseline: only so that an empty cell stays finite.
        base_gradient = residual.sum(axis=0) + _BASELINE_PENALTY * baseline
        loss += 0.5 * penalty * slopes @ slopes + 0.5 * _BASELINE_PENALTY * baseline @ baseline
        return float(loss), np.concatenate([slope_gradient, base_gradient])

    return value


def _loss(head: HeadWeights, task: HeadTask) -> float:
    """Mean negative log likelihood of other patients."""
    logits = (task.features @ head.slopes)[:, None] + head.baseline[None, :]
    cells = task.at_risk * np.logaddexp(0.0, logits) - task.hits * logits
    return float(cells.sum() / max(1, len(task.features)))
