"""All that an ablation found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pet_mtl.ablation.arms import ARMS, BASE, COMPARISONS, Comparison
from pet_mtl.ablation.judging import ORACLE, Bench, Judged, verdict
from pet_mtl.ablation.work import STATISTICS
from pet_mtl.errors import MetricError
from pet_mtl.metrics import Interval

OPPONENT_LABELS = {
    STATISTICS: "Three SUV statistics, predicted mask",
    "clinical": "Clinical covariates",
    "mtv_suv_max": "MTV + SUVmax, true mask",
    "hand_cox": "Handcrafted radiomics, true mask: Cox",
    "hand_logistic": "Handcrafted radiomics, true mask: logistic regression",
    "hand_forest": "Handcrafted radiomics, true mask: random forest",
}
ORACLE_LABEL = "Oracle"
TITLES = {"survival": "C-index", "response": "AUC"}


@dataclass(frozen=True)
class Row:
    """One score in the table.

    Attributes:
        key: Its name in the files.
        label: Its name for people.
        role: "arm", "opponent" or "oracle".
        judged: Outcome to what it reached, or to why there is no number.
    """

    key: str
    label: str
    role: str
    judged: dict[str, Judged | str]


@dataclass(frozen=True)
class Part:
    """What one part of the network adds.

    Attributes:
        comparison: The two arms.
        gains: Outcome to the index with the part less that without; None where not both are there.
    """

    comparison: Comparison
    gains: dict[str, Interval | None]

    @property
    def verdicts(self) -> dict[str, str]:
        """Outcome to "helps", "hurts" or "not shown"."""
        return {outcome: verdict(gain) for outcome, gain in self.gains.items()}


@dataclass(frozen=True)
class Ablation:
    """All numbers of an ablation.

    Attributes:
        rows: Arms, opponents and the oracle.
        parts: What each part adds, of those whose arms are there.
        outcomes: The outcomes judged.
        facts: Seeds, patients, resamples, overlap of the masks, fingerprints.
    """

    rows: tuple[Row, ...]
    parts: tuple[Part, ...]
    outcomes: tuple[str, ...]
    facts: dict[str, Any] = field(default_factory=dict)

    def row(self, key: str) -> Row:
        """The row of that key."""
        return next(row for row in self.rows if row.key == key)


def judge_all(
    benches: Mapping[str, Bench], stand_in: Mapping[str, str], facts: dict[str, Any]
) -> Ablation:
    """Judges every score and every part.

    Args:
        benches: Outcome to its bench.
        stand_in: Arm to the trained arm of the same configuration.
        facts: Told with the numbers.
    """
    trained = [key for key in ARMS if stand_in.get(key) == key]
    labels = {key: (ARMS[key].label, "arm") for key in trained}
    labels |= {key: (label, "opponent") for key, label in OPPONENT_LABELS.items()}
    if any(bench.oracle is not None for bench in benches.values()):
        labels[ORACLE] = (ORACLE_LABEL, "oracle")
    rows = tuple(
        Row(key, label, role, {name: _judged(bench, key) for name, bench in benches.items()})
        for key, (label, role) in labels.items()
    )
    parts = (_part(one, benches, stand_in) for one in COMPARISONS)
    told = tuple(part for part in parts if any(part.gains.values()))
    return Ablation(rows, told, tuple(benches), facts)


def _judged(bench: Bench, key: str) -> Judged | str:
    """What a score reached, or why there is no number."""
    if key == ORACLE and bench.oracle is None:
        return "the truth is not known"
    if key != ORACLE and key not in bench.scores:
        return "not learned"
    try:
        return bench.judge(key, BASE)
    except MetricError as error:
        return error.problem.sentence()


def _part(
    comparison: Comparison, benches: Mapping[str, Bench], stand_in: Mapping[str, str]
) -> Part:
    """The gain of one part under each outcome."""
    added = stand_in.get(comparison.added)
    without = {outcome: stand_in.get(key) for outcome, key in comparison.without.items()}
    gains = {
        outcome: bench.difference(added, other)
        if added and (other := without[outcome]) and added != other
        else None
        for outcome, bench in benches.items()
    }
    return Part(comparison, gains)
