"""Fitting the head of a response of several classes: penalised multinomial logistic regression."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from pet_mtl.training.heads import BASELINE_PENALTY, FEWEST_LABELS, HeadWeights, best_penalty

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ClassTask:
    """What the head of several classes is fitted to, one row a patient.

    Attributes:
        features: (patients, features), standardised.
        hits: (patients, classes) the patient's weight in the column of their class, else 0.
    """

    features: Floats
    hits: Floats

    def rows(self, chosen: NDArray[np.bool_]) -> "ClassTask":
        """The task of some of the patients."""
        return ClassTask(self.features[chosen], self.hits[chosen])


def fit_classes(
    task: ClassTask, penalties: Sequence[float], seed: int, folds: int = 5
) -> HeadWeights:
    """Fits the head; the penalty has the best likelihood on inner folds.

    Each class has slopes of its own, and the penalty makes them unique: they sum to 0 over the
    classes. A class that no patient of the training has gets next to no probability.

    Args:
        task: Features and classes of the training patients.
        penalties: L2 penalties to try, on the mean likelihood per patient.
        seed: Seed of the inner folds.
        folds: Number of inner folds.

    Returns:
        The head, with slopes (features, classes). With too few patients, or too few outside the
        commonest class, the slopes are 0 and only the baseline is fitted.

    Source:
        Hastie, Tibshirani, Friedman 2009, The Elements of Statistical Learning, equation 18.10.
    """
    patients = len(task.features)
    seen = np.count_nonzero(task.hits, axis=0)  # (classes,)
    if patients < FEWEST_LABELS or patients - seen.max(initial=0) < FEWEST_LABELS / 2:
        return _flat(task)
    fold_of = np.random.default_rng(seed).permutation(patients) % folds

    def loss(penalty: float, fold: int) -> float:
        head = _solve(task.rows(fold_of != fold), penalty)
        return _loss(head, task.rows(fold_of == fold))

    return _solve(task, best_penalty(penalties, folds, loss))


def _flat(task: ClassTask) -> HeadWeights:
    """A head without slopes: the smoothed rate of each class, as logits that sum to 0."""
    rate = task.hits.sum(axis=0) + 0.5
    baseline = np.log(rate) - np.log(rate).mean()
    return HeadWeights(np.zeros((task.features.shape[1], len(rate))), baseline, float("inf"))


def _solve(task: ClassTask, penalty: float) -> HeadWeights:
    """The optimum for one penalty, by Newton's method in a trust region."""
    problem = ClassProblem(task, penalty)
    shape = (task.features.shape[1] + 1, task.hits.shape[1])
    start = np.zeros(shape)
    start[-1] = _flat(task).baseline
    found = optimize.minimize(
        problem.value, start.ravel(), jac=problem.gradient, hess=problem.hessian,
        method="trust-exact",
    )  # fmt: skip
    weights = found.x.reshape(shape)
    return HeadWeights(weights[:-1], weights[-1], penalty)


@dataclass(frozen=True)
class ClassProblem:
    """Mean negative log likelihood + penalty / 2 |slopes|^2, with its derivatives.

    Parameters are (features + 1, classes), row by row; the last row is the baseline.
    """

    task: ClassTask
    penalty: float

    def _inputs(self) -> Floats:
        """(patients, features + 1), the last column being 1."""
        return np.pad(self.task.features, ((0, 0), (0, 1)), constant_values=1.0)

    def _logits(self, parameters: Floats) -> Floats:
        """(patients, classes)."""
        return self._inputs() @ parameters.reshape(-1, self.task.hits.shape[1])

    def _penalties(self) -> Floats:
        """One a parameter; next to none on the baseline, so that empty classes stay finite."""
        each = np.full(self.task.features.shape[1] + 1, self.penalty)
        each[-1] = BASELINE_PENALTY
        return np.repeat(each, self.task.hits.shape[1])

    def value(self, parameters: Floats) -> float:
        """What is minimised."""
        loss = -(self.task.hits * special.log_softmax(self._logits(parameters), axis=1)).sum()
        return float(loss / len(self.task.hits) + 0.5 * self._penalties() @ parameters**2)

    def gradient(self, parameters: Floats) -> Floats:
        """First derivatives."""
        probability = special.softmax(self._logits(parameters), axis=1)
        weight = self.task.hits.sum(axis=1, keepdims=True)
        residual = (weight * probability - self.task.hits) / len(weight)
        return (self._inputs().T @ residual).ravel() + self._penalties() * parameters

    def hessian(self, parameters: Floats) -> Floats:
        """Second derivatives."""
        inputs, classes = self._inputs(), self.task.hits.shape[1]
        probability = special.softmax(self._logits(parameters), axis=1)
        weight = self.task.hits.sum(axis=1) / len(inputs)
        blocks = np.empty((inputs.shape[1], classes, inputs.shape[1], classes))
        for k in range(classes):
            for j in range(classes):
                spread = probability[:, k] * ((k == j) - probability[:, j])  # (patients,)
                blocks[:, k, :, j] = (inputs * (weight * spread)[:, None]).T @ inputs
        size = inputs.shape[1] * classes
        return blocks.reshape(size, size) + np.diag(self._penalties())


def _loss(head: HeadWeights, task: ClassTask) -> float:
    """Mean negative log likelihood of other patients."""
    logits = task.features @ head.slopes + head.baseline[None, :]
    loss = -(task.hits * special.log_softmax(logits, axis=1)).sum()
    return float(loss / max(1, len(task.features)))
