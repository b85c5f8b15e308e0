"""Would scores that know nothing do as well? A test by shuffling them among the patients."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pet_mtl.errors import MetricError
from pet_mtl.metrics._checks import Floats, finite_vector, same_length

_BLOCK_ELEMENTS = 2_000_000
# Two values closer than this are equal: the sums behind them differ in order only.
_TOLERANCE = 1e-12


@dataclass(frozen=True)
class Shuffles:
    """How often and with which seed scores are shuffled.

    Attributes:
        count: Shuffles, 1 or more; p cannot be below 1 / (1 + count).
        seed: The same seed and number of patients give the same shuffles.
    """

    count: int = 1999
    seed: int = 0


@dataclass(frozen=True)
class Permutation:
    """A statistic and how often shuffled scores do as well.

    Attributes:
        value: The statistic of the scores as they are.
        p_value: One-sided: (1 + as good or better) / (1 + shuffles).
        as_good: Shuffles at least as good.
        shuffles: How many there were.
        chance: Mean of the statistic over the shuffles.
    """

    value: float
    p_value: float
    as_good: int
    shuffles: int
    chance: float


def permutation_test(
    statistic: Callable[..., Any],
    shared: Sequence[Any],
    score: Any,
    shuffles: Shuffles | None = None,
    rows: bool = False,
) -> Permutation:
    """Tests that the scores have nothing to do with what happened to the patients.

    Args:
        statistic: Takes the shared arrays and a score, gives one number, higher being better:
            give the negative of an error.
        shared: Each (patients, ...), such as the label, or time and event: what happened.
        score: (patients,) the score that is shuffled.
        shuffles: How many, and the seed; None is `Shuffles()`.
        rows: The statistic takes (rows, patients) scores at once and gives (rows,) numbers, as
            `roc_auc_rows`: the same result sooner.

    Returns:
        The value and its p.

    Raises:
        MetricError: NaN or infinity in the score, different lengths, no shuffle, or a statistic
            that is undefined on the patients or on any shuffle of them.

    Source:
        Phipson and Smyth, Stat Appl Genet Mol Biol 9 (2010) 39, doi:10.2202/1544-6115.1585:
        why 1 is added.
    """
    plan = shuffles or Shuffles()
    number = finite_vector(score, "score")
    arrays: list[NDArray[Any]] = [np.asarray(array) for array in shared]
    same_length(score=number, **{f"shared {k}": array for k, array in enumerate(arrays)})
    if plan.count < 1:
        raise MetricError("METRIC_SHUFFLES", "there is no shuffle", expected="1 or more")
    value = float(_values(statistic, arrays, number[None, :], rows)[0])
    chance = np.concatenate(
        [_values(statistic, arrays, block, rows) for block in _blocks(number, plan)]
    )
    as_good = int(np.count_nonzero(chance >= value - _TOLERANCE * max(1.0, abs(value))))
    p_value = (1 + as_good) / (1 + plan.count)
    return Permutation(value, p_value, as_good, plan.count, float(chance.mean()))


def _blocks(score: Floats, plan: Shuffles) -> Iterator[Floats]:
    """Shuffled scores, (rows, patients) at a time, so that memory stays bounded."""
    generator = np.random.default_rng(plan.seed)
    rows = max(1, _BLOCK_ELEMENTS // max(1, len(score)))
    sizes = [min(rows, plan.count - start) for start in range(0, plan.count, rows)]
    return (generator.permuted(np.tile(score, (size, 1)), axis=1) for size in sizes)


def _values(
    statistic: Callable[..., Any], arrays: Sequence[Any], scores: Floats, rows: bool
) -> Floats:
    """(rows,) the statistic of each row of scores."""
    if rows:
        values = np.asarray(statistic(*arrays, scores), np.float64)
    else:
        values = np.array([float(statistic(*arrays, row)) for row in scores])
    if values.shape != (len(scores),) or not np.isfinite(values).all():
        raise MetricError(
            "METRIC_UNDEFINED",
            "the statistic is undefined on these patients or on a shuffle of them",
            expected=f"{len(scores)} finite numbers",
        )
    return values
