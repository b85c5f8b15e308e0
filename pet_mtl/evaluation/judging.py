"""The numbers: each score's metric, paired with the model and the oracle on the same patients."""

from dataclasses import dataclass, field, replace

import numpy as np

from pet_mtl.errors import MetricError
from pet_mtl.evaluation.baselines import Baseline, baseline_told, baselines_for
from pet_mtl.evaluation.cohort import Bools, Cohort, Floats, known_in
from pet_mtl.evaluation.endpoints import SEVERAL, Endpoint, Settings, endpoints_of
from pet_mtl.evaluation.horizons import Horizons, horizons_of
from pet_mtl.evaluation.measuring import CHANCE, LEAST_CLASS, counts_of, too_few
from pet_mtl.metrics import (
    ConcordancePairs,
    Interval,
    bootstrap_interval,
    concordance_pairs,
    percentile_interval,
)

__all__ = [
    "CHANCE",
    "SEVERAL",
    "Judged",
    "Score",
    "Settings",
    "endpoints_of",
    "judge",
    "judge_dice",
]

_NO_EXCESS = "the oracle's own interval reaches down to 0.5, so it has no sure excess to share"


@dataclass(frozen=True)
class Score:
    """What one score reached.

    Attributes:
        key: Its name in evaluation.json.
        label: Its name for people.
        role: "model", "oracle" or "baseline".
        interval: The metric, or None.
        reason: Why it is None.
        patients: Patients it was judged on.
        positives: Events or responders among them; of more than two classes the patients of the
            rarest one.
        same: The model on exactly these patients, where they are fewer than its own.
        share: Share of the oracle's excess over chance, on these patients.
        difference: Model minus this score, paired, on these patients.
        no_share: Why there is no share, or "" where none is due.
        too_few: Whether so few patients are behind it that its intervals say nothing.
    """

    key: str
    label: str
    role: str
    interval: Interval | None = None
    reason: str = ""
    patients: int = 0
    positives: int = 0
    same: Interval | None = None
    share: Interval | None = None
    difference: Interval | None = None
    no_share: str = ""
    too_few: bool = False


@dataclass(frozen=True)
class Judged:
    """One endpoint, judged.

    Attributes:
        endpoint: Which one.
        scores: The model first, then oracles, then baselines.
        values: Key to (patients,) scores, for the figures; of more than two classes (patients,
            classes).
        rows: (patients,) whom the model is judged on.
        unpredicted: Patients whose outcome is known but who have no prediction, other than those
            withheld, who are told by themselves.
        within_folds: Harrell's C from pairs inside one fold only (runs), or None.
        probabilities: Key of a baseline to (patients,) probability of response 1, or (patients,
            horizons) to live beyond each horizon.
        horizons: Days at which survival is judged.
    """

    endpoint: Endpoint
    scores: tuple[Score, ...]
    values: dict[str, Floats] = field(default_factory=dict)
    rows: Bools = field(default_factory=lambda: np.zeros(0, bool))
    unpredicted: int = 0
    within_folds: float | None = None
    probabilities: dict[str, Floats] = field(default_factory=dict)
    horizons: Horizons = field(default_factory=Horizons)

    def score(self, key: str) -> Score | None:
        """The score of that key."""
        return next((score for score in self.scores if score.key == key), None)

    @property
    def model(self) -> Score:
        """The model's."""
        return self.scores[0]


def judge(endpoint: Endpoint, cohort: Cohort, settings: Settings) -> Judged:
    """Judges the model, the oracles and the baselines on one endpoint.

    Args:
        endpoint: Outcome and metric.
        cohort: Patients and predictions.
        settings: The bootstrap.

    Returns:
        All scores; one that cannot be computed says why.
    """
    predicted = cohort.risk if endpoint.key == "survival" else cohort.probability
    has_outcome = endpoint.outcome(cohort.patients)[1]
    rows = has_outcome & known_in(predicted)
    horizons = _horizons(endpoint, cohort, rows, settings)
    candidates = _candidates(endpoint, cohort, horizons)
    values = {"model": predicted} | {c.key: c.values for c in candidates if c.values is not None}
    bench = _Bench(endpoint, cohort, values, rows, settings)
    scores = [bench.score("model", "This model", "model")]
    for one in candidates:
        scores.append(
            Score(one.key, one.label, one.role, reason=one.reason)
            if one.values is None
            else bench.score(one.key, one.label, one.role)
        )
    return Judged(
        endpoint,
        tuple(scores),
        values,
        rows,
        int(np.count_nonzero(has_outcome & ~rows & cohort.doubts.told(len(rows)))),
        _within_folds(cohort, rows) if endpoint.key == "survival" else None,
        {c.key: c.probability for c in candidates if c.probability is not None},
        horizons,
    )


def judge_dice(cohort: Cohort, settings: Settings) -> Score:
    """Mean Dice over the patients whose predicted mask could be compared."""
    known = cohort.dice[np.isfinite(cohort.dice)]
    if not len(known):
        return Score("model", "Mean Dice", "model", reason="no patient with a true mask")
    interval = bootstrap_interval(np.mean, [known], settings.samples, settings.seed)
    few = too_few(len(known))
    return Score("model", "Mean Dice", "model", interval, patients=len(known), too_few=few)


@dataclass(frozen=True)
class _Candidate:
    """A score to be judged, or why there is none."""

    key: str
    label: str
    role: str
    values: Floats | None
    reason: str = ""
    probability: Floats | None = None


def _horizons(endpoint: Endpoint, cohort: Cohort, rows: Bools, settings: Settings) -> Horizons:
    """The days at which survival is judged; none of a response."""
    if endpoint.key != "survival":
        return Horizons()
    patients = cohort.patients
    return horizons_of(patients.time_days[rows], patients.event[rows], settings.horizons)


def _candidates(endpoint: Endpoint, cohort: Cohort, horizons: Horizons) -> list[_Candidate]:
    """Oracles (where the truth is known), then baselines."""
    found = [
        _Candidate(key, label, "oracle", cohort.oracle[key])
        for key, label in endpoint.oracles.items()
        if key in cohort.oracle
    ]
    rivals = baselines_for(cohort.patients)
    return found + [_rival(endpoint, cohort, horizons, baseline) for baseline in rivals]


def _rival(
    endpoint: Endpoint, cohort: Cohort, horizons: Horizons, baseline: Baseline
) -> _Candidate:
    """One baseline, fitted, or why it could not be."""
    reason = cohort.baseline_gap if baseline.image else ""
    reason = cohort.radiomics_gap if baseline.radiomics else reason
    one = _Candidate(baseline.key, baseline.label, "baseline", None, reason)
    if reason:
        return one
    data = (cohort.patients, cohort.training, horizons.days)
    try:
        told = baseline_told(baseline, endpoint.key, *data)
    except MetricError as error:
        return replace(one, reason=error.problem.sentence())
    return replace(one, values=told.scores, probability=told.probability)


class _Bench:
    """Judges scores of one endpoint; bootstrap replicates are computed once and paired."""

    def __init__(
        self,
        endpoint: Endpoint,
        cohort: Cohort,
        values: dict[str, Floats],
        rows: Bools,
        settings: Settings,
    ) -> None:
        self._endpoint = endpoint
        self._outcome = endpoint.outcome(cohort.patients)[0]
        self._classes = cohort.patients.classes
        self._values = values
        self._rows = rows
        self._settings = settings
        self._memory: dict[tuple[str, bytes], tuple[float, Floats]] = {}

    def score(self, key: str, label: str, role: str) -> Score:
        """One score with everything that is paired to it."""
        rows = self._rows & known_in(self._values[key])
        count, positives = int(rows.sum()), self._positives(rows)
        if not count:
            return Score(key, label, role, reason=self._nobody())
        try:
            interval = percentile_interval(*self._measured(key, rows))
        except MetricError as error:
            reason = error.problem.sentence()
            return Score(key, label, role, None, reason, count, positives)
        fewer = role != "model" and count < int(self._rows.sum())
        share, no_share = self._share(key, rows)
        return Score(
            key=key,
            label=label,
            role=role,
            interval=interval,
            patients=count,
            positives=positives,
            same=percentile_interval(*self._measured("model", rows)) if fewer else None,
            share=share,
            difference=self._difference(key, rows) if role != "model" else None,
            no_share=no_share,
            too_few=self._too_few(count, positives),
        )

    def _positives(self, rows: Bools) -> int:
        """Events or responders; of more than two classes the patients of the rarest one."""
        label = self._outcome[-1][rows]
        if self._endpoint is not SEVERAL:
            return int(np.nansum(label))
        return int(np.bincount(label.astype(np.int64), minlength=self._classes).min())

    def _too_few(self, count: int, positives: int) -> bool:
        """Whether resampling so few patients says nothing; degenerate intervals look precise."""
        two = self._endpoint.key == "response" and self._endpoint is not SEVERAL
        negatives = count - positives if two else LEAST_CLASS
        return too_few(count, positives, negatives)

    def _nobody(self) -> str:
        """Why nobody is left."""
        return f"no patient has both the {self._endpoint.key} outcome and this score"

    def _measured(self, key: str, rows: Bools) -> tuple[float, Floats]:
        """The statistic and its replicates on some patients."""
        place = (key, rows.tobytes())
        if place not in self._memory:
            arrays = [array[rows] for array in (*self._outcome, self._values[key])]
            value = self._endpoint.statistic(*arrays)
            plan = (len(arrays[0]), self._settings.samples, self._settings.seed)
            self._memory[place] = value, self._endpoint.resampled(*arrays, counts_of(*plan))
        return self._memory[place]

    def _difference(self, key: str, rows: Bools) -> Interval:
        """Model minus score, resample by resample."""
        (model, models), (other, others) = (self._measured(k, rows) for k in ("model", key))
        return percentile_interval(model - other, models - others)

    def _share(self, key: str, rows: Bools) -> tuple[Interval | None, str]:
        """(score - chance) / (oracle - chance), resample by resample; or why there is none."""
        oracle = next(iter(self._endpoint.oracles), "")
        if oracle not in self._values or key in self._endpoint.oracles:
            return None, ""
        rows = rows & np.isfinite(self._values[oracle])
        try:
            (value, values), (best, bests) = (self._measured(k, rows) for k in (key, oracle))
            if percentile_interval(best, bests).low <= CHANCE:
                return None, _NO_EXCESS
            # An oracle at or below chance in a resample has no excess to share there.
            excess = np.where(bests > CHANCE, bests - CHANCE, np.nan)
            whole = (value - CHANCE) / (best - CHANCE) if best > CHANCE else np.nan
            return percentile_interval(whole, (values - CHANCE) / excess), ""
        except MetricError as error:
            return None, error.problem.sentence()


def _within_folds(cohort: Cohort, rows: Bools) -> float | None:
    """Harrell's C of pairs inside one fold: blind to folds whose risks are shifted."""
    fold = cohort.patients.fold
    folds = np.unique(fold[rows & np.isfinite(fold)])
    if len(folds) < 2:
        return None
    pairs = ConcordancePairs(0, 0, 0)
    for one in folds:
        inside = rows & (fold == one)
        pairs += concordance_pairs(
            cohort.patients.time_days[inside], cohort.patients.event[inside], cohort.risk[inside]
        )
    return pairs.index if pairs.comparable else None
