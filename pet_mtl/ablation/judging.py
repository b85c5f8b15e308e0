"""Every score beside every other: indices, shares of the oracle's excess, paired differences."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pet_mtl.ablation.resampling import (
    TIES,
    Truth,
    copies,
    indices,
    response_truth,
    survival_truth,
)
from pet_mtl.errors import MetricError
from pet_mtl.evaluation.cohort import Patients
from pet_mtl.metrics import Interval, percentile_interval

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CHANCE = 0.5
HELPS, HURTS, NOT_SHOWN = "helps", "hurts", "not shown"
ORACLE = "oracle"
_SEED = 0
_FEWEST, _FEWEST_OF_A_KIND = 10, 5


@dataclass(frozen=True)
class Judged:
    """One score under one outcome.

    Attributes:
        value: Its index, the mean over the seeds, with a 95 % interval over patients.
        by_seed: Its index under each seed.
        patients: Patients judged, the mean over the seeds.
        share: Share of the oracle's excess over 0.5 on these patients, or None.
        to_base: The base arm less this score, paired, on the patients that both score; or None.
    """

    value: Interval
    by_seed: tuple[float, ...]
    patients: float
    share: Interval | None = None
    to_base: Interval | None = None


@dataclass(frozen=True)
class Bench:
    """All scores of the judged patients under one outcome.

    Attributes:
        outcome: "survival" or "response".
        truths: The outcome under each seed.
        scores: Key to (seeds, patients), NaN where there is none.
        weights: From `copies`.
        oracle: (patients,) what the image can tell at best, NaN where unknown; or None.
    """

    outcome: str
    truths: list[Truth]
    scores: Mapping[str, Floats]
    weights: Floats
    oracle: Floats | None = None
    _memory: dict[tuple[str, bytes], Floats] = field(default_factory=dict, repr=False)

    def judge(self, key: str, base: str) -> Judged:
        """One score.

        Raises:
            MetricError: Too few patients have it, or its index is undefined.
        """
        rows = self._rows(key)
        self._enough(rows)
        found = self._indices(key, rows)
        by_seed = tuple(
            float(indices([t], s[None], r[None], self.weights[:1], TIES[self.outcome])[0])
            for t, s, r in zip(self.truths, self._of(key), rows, strict=True)
        )
        return Judged(
            _interval(found),
            by_seed,
            float(rows.sum(axis=1).mean()),
            self._share(key, rows),
            None if key in (base, ORACLE) else self.difference(base, key),
        )

    def difference(self, first: str, second: str) -> Interval | None:
        """Index of the first score less that of the second, on the patients that both score."""
        if first not in self.scores or second not in self.scores:
            return None
        rows = self._rows(first) & self._rows(second)
        try:
            self._enough(rows)
            return _interval(self._indices(first, rows) - self._indices(second, rows))
        except MetricError:
            return None

    def _of(self, key: str) -> Floats:
        """(seeds, patients) of a score; the oracle is the same under all seeds."""
        if key == ORACLE and self.oracle is not None:
            return np.broadcast_to(self.oracle, (len(self.truths), len(self.oracle)))
        return self.scores[key]

    def _rows(self, key: str) -> Bools:
        """(seeds, patients) who have outcome and score."""
        known: Bools = np.isfinite(self._of(key)) & np.array([t.known for t in self.truths])
        return known

    def _enough(self, rows: Bools) -> None:
        """Refuses what resampling says nothing about."""
        for truth, chosen in zip(self.truths, rows, strict=True):
            first = int((truth.comparable.any(axis=1) & chosen).sum())
            last = int((truth.comparable.any(axis=0) & chosen).sum())
            if chosen.sum() < _FEWEST or min(first, last) < _FEWEST_OF_A_KIND:
                raise MetricError(
                    "ABLATE_FEW",
                    "too few patients to judge",
                    expected=f"{_FEWEST} patients, {_FEWEST_OF_A_KIND} of each outcome",
                    found=f"{int(chosen.sum())} patients",
                )

    def _indices(self, key: str, rows: Bools) -> Floats:
        """(resamples,) computed once for the same patients."""
        place = (key, np.packbits(rows).tobytes())
        if place not in self._memory:
            found = indices(self.truths, self._of(key), rows, self.weights, TIES[self.outcome])
            self._memory[place] = found
        return self._memory[place]

    def _share(self, key: str, rows: Bools) -> Interval | None:
        """(score - 0.5) / (oracle - 0.5), resample by resample; None without a sure excess."""
        if self.oracle is None or key == ORACLE:
            return None
        rows = rows & np.isfinite(self.oracle)
        try:
            self._enough(rows)
            score, best = self._indices(key, rows), self._indices(ORACLE, rows)
            if _interval(best).low <= CHANCE:
                return None
            # An oracle at or below chance in a resample has no excess to share there.
            return _interval((score - CHANCE) / np.where(best > CHANCE, best - CHANCE, np.nan))
        except MetricError:
            return None


def make_bench(
    outcome: str,
    patients: list[Patients],
    scores: Mapping[str, Floats],
    oracle: Floats | None,
    samples: int,
) -> Bench:
    """Everything that is judged under one outcome.

    Args:
        outcome: "survival" or "response".
        patients: The judged patients under each seed, in one order.
        scores: Key to (seeds, patients).
        oracle: (patients,), or None.
        samples: Resamples of the bootstrap.
    """
    truths = [
        survival_truth(one.time_days, one.event)
        if outcome == "survival"
        else response_truth(one.response)
        for one in patients
    ]
    return Bench(outcome, truths, scores, copies(len(patients[0]), samples, _SEED), oracle)


def verdict(difference: Interval | None) -> str:
    """Whether a part helps, by whether the paired 95 % interval of its gain excludes 0."""
    if difference is None or difference.low <= 0 <= difference.high:
        return NOT_SHOWN
    return HELPS if difference.low > 0 else HURTS


def _interval(found: Floats) -> Interval:
    """The first number is of the patients as they are, the others of resamples."""
    return percentile_interval(float(found[0]), found[1:])
