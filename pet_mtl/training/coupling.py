"""Fitting the survival and the response head together, so that each learns from the other.

What makes a tumour's texture or its surroundings dangerous often also decides whether it responds:
the two outcomes weigh the columns of one family of features alike, up to a factor of either sign.
Two ridge fits cannot know that. Here their slopes have a common normal prior, correlated within
each family; the correlations, and how large the slopes of either head are, are estimated from both
outcomes (empirical Bayes), which is less of a lottery than five inner folds of few patients.

Only a response of two classes has one slope a feature that can go with the hazard's; of more
classes the heads stay as each was fitted alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize

from pet_mtl.training.heads import HeadProblem, HeadTask, HeadWeights

Floats = NDArray[np.float64]

_ROUNDS = 60
_SETTLED = 0.01
_STRONGEST = 0.8
# Pseudo-columns without any correlation: families of one column hardly speak for themselves.
_CAUTION = 0.1


@dataclass(frozen=True)
class CoupledHeads:
    """Two heads fitted together.

    Attributes:
        heads: The two heads, in the order they were given.
        correlations: Family of features to the correlation of the two heads' slopes, -1 to 1.
    """

    heads: tuple[HeadWeights, HeadWeights]
    correlations: dict[str, float]


def couple_heads(
    tasks: tuple[HeadTask, HeadTask],
    heads: tuple[HeadWeights, HeadWeights],
    families: Mapping[str, int],
    tried: Sequence[float],
) -> CoupledHeads:
    """Fits two heads with a prior that correlates their slopes within each family.

    Args:
        tasks: What the heads are fitted to; other patients may be known to each.
        heads: The heads fitted one by one; their penalties are where the estimation begins.
        families: Family to its number of features, in their order.
        tried: The L2 penalties that inner folds chose from: the estimated ones stay among them.
            Of two classes that a plane divides, the approximation would let go of the slopes.

    Returns:
        The heads, and the correlations found. A head without slopes (too few labels) leaves both
        as they were, with correlations of 0.

    Source:
        Zhang and Yeung 2010, arXiv:1203.3536 (task relationships as a covariance of slopes);
        correlations and penalties by expectation maximisation over Laplace's approximation.
    """
    nothing = dict.fromkeys(families, 0.0)
    if not all(np.isfinite(head.penalty) for head in heads):
        return CoupledHeads(heads, nothing)
    problem = _Joint(tasks, heads, np.zeros(tasks[0].features.shape[1]))
    place = np.repeat(np.arange(len(families)), list(families.values()))
    prior = _Prior(np.zeros(len(families)), (heads[0].penalty, heads[1].penalty))
    parameters = problem.solve(np.concatenate([np.r_[h.slopes, h.baseline] for h in heads]))
    for _ in range(_ROUNDS):
        before, found = prior, _prior(problem, parameters, place, len(families))
        prior = found.within(min(tried), max(tried))
        problem = problem.under(prior, place)
        parameters = problem.solve(parameters)
        if prior.like(before):
            break
    names = dict(zip(families, prior.correlations.tolist(), strict=True))
    return CoupledHeads(problem.heads_of(parameters), names)


@dataclass(frozen=True)
class _Prior:
    """What is estimated of the common prior.

    Attributes:
        correlations: (families,) of the two heads' slopes.
        penalties: Of either head, on its mean likelihood.
    """

    correlations: Floats
    penalties: tuple[float, float]

    def within(self, least: float, most: float) -> "_Prior":
        """The same with penalties that are neither weaker nor stronger than that."""
        first, second = (min(max(penalty, least), most) for penalty in self.penalties)
        return replace(self, penalties=(first, second))

    def like(self, other: "_Prior") -> bool:
        """Whether a further round would hardly change it."""
        moved = np.abs(self.correlations - other.correlations).max(initial=0.0)
        scaled = np.abs(np.log(np.divide(self.penalties, other.penalties))).max()
        return bool(max(moved, scaled) < _SETTLED)


@dataclass(frozen=True)
class _Joint:
    """Sum of both negative log likelihoods and of the common prior.

    Parameters are slopes and baseline of the first head, then those of the second.
    """

    tasks: tuple[HeadTask, HeadTask]
    heads: tuple[HeadWeights, HeadWeights]
    correlation: Floats  # (features,)

    @property
    def width(self) -> int:
        """Features."""
        return len(self.correlation)

    @property
    def split(self) -> int:
        """Where the second head's parameters begin."""
        return self.width + len(self.heads[0].baseline)

    def under(self, prior: _Prior, place: NDArray[np.intp]) -> "_Joint":
        """The same under another prior; `place` tells each feature's family."""
        first, second = (
            replace(head, penalty=penalty)
            for head, penalty in zip(self.heads, prior.penalties, strict=True)
        )
        return replace(self, heads=(first, second), correlation=prior.correlations[place])

    @property
    def precision(self) -> tuple[float, float]:
        """Prior precision of a slope of either head: the penalty is on the mean likelihood."""
        first, second = zip(self.heads, self.tasks, strict=True)
        return (first[0].penalty * len(first[1].features)), (
            second[0].penalty * len(second[1].features)
        )

    def prior(self) -> Floats:
        """Precision matrix of all parameters; 0 for the baselines, which the tasks penalise."""
        first, second = self.precision
        free = 1.0 - self.correlation**2
        cross = -self.correlation * np.sqrt(first * second) / free
        size = self.split + self.width + len(self.heads[1].baseline)
        matrix = np.zeros((size, size))
        i = np.arange(self.width)
        j = i + self.split
        matrix[i, i], matrix[j, j] = first / free, second / free
        matrix[i, j] = matrix[j, i] = cross
        return matrix

    def hessian(self, parameters: Floats) -> Floats:
        """Second derivatives: the posterior's precision."""
        blocks = [n * problem.hessian(part) for problem, part, n in self._parts(parameters)]
        curvature: Floats = linalg.block_diag(*blocks) + self.prior()
        return curvature

    def solve(self, start: Floats) -> Floats:
        """The one optimum."""
        prior = self.prior()

        def value(parameters: Floats) -> float:
            parts = self._parts(parameters)
            likelihoods = sum(n * problem.value(part) for problem, part, n in parts)
            return float(likelihoods + 0.5 * parameters @ prior @ parameters)

        def gradient(parameters: Floats) -> Floats:
            parts = self._parts(parameters)
            slopes = [n * problem.gradient(part) for problem, part, n in parts]
            return np.concatenate(slopes) + prior @ parameters

        found = optimize.minimize(
            value, start, jac=gradient, hess=self.hessian, method="trust-exact"
        )
        optimum: Floats = found.x
        return optimum

    def heads_of(self, parameters: Floats) -> tuple[HeadWeights, HeadWeights]:
        """The heads that parameters mean."""
        first, second = (
            HeadWeights(part[: self.width], part[self.width :], head.penalty)
            for part, head in zip(np.split(parameters, [self.split]), self.heads, strict=True)
        )
        return first, second

    def _parts(self, parameters: Floats) -> list[tuple[HeadProblem, Floats, int]]:
        """Each head's likelihood, its parameters, and its number of patients."""
        pieces = np.split(parameters, [self.split])
        return [
            (HeadProblem(task, 0.0), piece, len(task.features))
            for task, piece in zip(self.tasks, pieces, strict=True)
        ]


def _prior(problem: _Joint, parameters: Floats, place: NDArray[np.intp], count: int) -> _Prior:
    """The prior that the posterior's second moments speak for: one step of the estimation."""
    covariance = np.linalg.inv(problem.hessian(parameters))
    i = np.arange(problem.width)
    j = i + problem.split
    moments = [
        parameters[a] * parameters[b] + covariance[a, b] for a, b in ((i, i), (j, j), (i, j))
    ]
    first, second, both = (np.bincount(place, moment, count) for moment in moments)
    caution = [_CAUTION / precision for precision in problem.precision]
    found = both / np.sqrt((first + caution[0]) * (second + caution[1]))
    lengths = [len(task.features) for task in problem.tasks]
    penalties = [1.0 / float(m.mean() * n) for m, n in zip(moments[:2], lengths, strict=True)]
    return _Prior(np.clip(found, -_STRONGEST, _STRONGEST), (penalties[0], penalties[1]))
