"""What a comparison holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pet_mtl.evaluation import Settings
from pet_mtl.metrics import Interval


@dataclass(frozen=True)
class Reached:
    """What one model reached.

    Attributes:
        name: The model.
        interval: The number with its 95 % interval.
    """

    name: str
    interval: Interval


@dataclass(frozen=True)
class Difference:
    """One model less another, on the same patients.

    Attributes:
        first: The model.
        second: The one that is taken off.
        interval: The difference with its 95 % interval, of paired resamples.
        p_value: Two-sided, of the hypothesis that both are equal.
        p_holm: The same, adjusted for all comparisons of this metric.
        test: Where p comes from.
    """

    first: str
    second: str
    interval: Interval
    p_value: float
    p_holm: float
    test: str


@dataclass(frozen=True)
class Row:
    """One metric of all models.

    Attributes:
        key: Its name in comparison.json.
        title: Its name for people.
        higher_is_better: Whether more is better.
        reference: What chance, or a perfect model, reaches; None where there is no such number.
        patients: Patients that all of these models predict, and whose outcome is known.
        behind: The same in words, with events or responders.
        reached: The models that have the metric.
        differences: Pairs of them.
        too_few: Whether so few patients are behind it that the intervals say nothing.
        reason: Why there is no number.
    """

    key: str
    title: str
    higher_is_better: bool = True
    reference: float | None = None
    patients: int = 0
    behind: str = ""
    reached: tuple[Reached, ...] = ()
    differences: tuple[Difference, ...] = ()
    too_few: bool = False
    reason: str = ""


@dataclass(frozen=True)
class Model:
    """One model that is compared.

    Attributes:
        name: As the user calls it.
        kind: "run" or "predictions".
        patients: Patients in its table.
        provenance: What made its predictions.
    """

    name: str
    kind: str
    patients: int
    provenance: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """All that was found.

    Attributes:
        models: In the order given.
        common: Patients that all of them have, who are judged.
        rows: One a metric; one without a number says why.
        reference: The model that the others are compared with; "" where all pairs are.
        settings: The bootstrap.
        notes: What the reader must know.
    """

    models: tuple[Model, ...]
    common: int
    rows: tuple[Row, ...]
    reference: str
    settings: Settings
    notes: tuple[str, ...] = ()

    @property
    def has_numbers(self) -> bool:
        """Whether any difference could be computed."""
        return any(row.differences for row in self.rows)
