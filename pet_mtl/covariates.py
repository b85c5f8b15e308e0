"""The schema of the clinical covariates: what each one is and how it becomes numbers.

`convert` fits it to the clinical table and writes it into `dataset.json`; the run and the exported
model carry it, so that a new table is read by what the model learned from and never guessed anew.
Nothing in it is of one patient: no extremes, and no mean of fewer than five.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

NUMERIC, CATEGORICAL = "numeric", "categorical"

# Fewer known values than this would make mean and deviation say something of single patients.
_LEAST_DESCRIBED = 5


@dataclass(frozen=True)
class Covariate:
    """One covariate.

    Attributes:
        name: Its column, without the unit.
        kind: "numeric" or "categorical".
        unit: Unit of a numeric one; "" where nobody said.
        levels: The texts of a categorical one that were seen; empty means any text is known.
        indicators: Those of the levels that have an indicator, in order.
        known: Patients of whom it is known.
        mean: Mean of a numeric one over those; None where fewer than five know it.
        sd: Its standard deviation (of the population) over those; None likewise.
    """

    name: str
    kind: str = NUMERIC
    unit: str = ""
    levels: tuple[str, ...] = ()
    indicators: tuple[str, ...] = ()
    known: int = 0
    mean: float | None = None
    sd: float | None = None

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the numbers it becomes, in the order of the feature `clinical`."""
        if self.kind == NUMERIC:
            return (self.name,)
        return tuple(f"{self.name}={level}" for level in self.indicators)

    def encode(self, value: float | str | None) -> dict[str, float]:
        """Feature to number of one patient.

        Args:
            value: A number, or one of the levels; None where unknown.

        Returns:
            All features of a known value, none of an unknown one: an unknown level never
            becomes a row of zeros, which would be another level.
        """
        if value is None:
            return {}
        if self.kind == NUMERIC:
            return {self.name: float(value)}
        if self.levels and value not in self.levels:
            return {}
        marks = zip(self.features, self.indicators, strict=True)
        return {feature: float(value == level) for feature, level in marks}

    def described(self, rows: Sequence[Mapping[str, float]]) -> "Covariate":
        """The same covariate with what these patients say of it.

        Args:
            rows: Feature to number of each patient.

        Returns:
            `known`, `mean` and `sd` of these patients; and without levels that none of them has,
            for a model does not learn those.
        """
        values = [row[self.features[0]] for row in rows if self.features[0] in row]
        if self.kind == CATEGORICAL:
            seen = tuple(level for level in self.levels if self._seen(level, rows))
            return replace(self, levels=seen or self.levels, known=len(values))
        if len(values) < _LEAST_DESCRIBED:
            return replace(self, known=len(values), mean=None, sd=None)
        mean = math.fsum(values) / len(values)
        deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))
        return replace(self, known=len(values), mean=_rounded(mean), sd=_rounded(deviation))

    def _seen(self, level: str, rows: Sequence[Mapping[str, float]]) -> bool:
        """Whether a patient has the level; one without an indicator is where all are 0."""
        if level in self.indicators:
            feature = f"{self.name}={level}"
            return any(row.get(feature) == 1 for row in rows)
        known = (row for row in rows if self.features[0] in row)
        return any(not any(row[feature] for feature in self.features) for row in known)

    def to_json(self) -> dict[str, Any]:
        """Plain data; what does not apply is left out."""
        content: dict[str, Any] = {"name": self.name, "kind": self.kind, "known": self.known}
        if self.unit:
            content["unit"] = self.unit
        if self.kind == CATEGORICAL:
            content["levels"] = list(self.levels)
        if self.mean is not None and self.sd is not None:
            content |= {"mean": self.mean, "sd": self.sd}
        return content | {"features": list(self.features)}


def features_of(schema: Sequence[Covariate]) -> tuple[str, ...]:
    """Names of all numbers, in the order of the feature `clinical`."""
    return tuple(feature for covariate in schema for feature in covariate.features)


def encode(schema: Sequence[Covariate], values: Sequence[float | str | None]) -> dict[str, float]:
    """Feature to number of one patient, of whom `values` holds one value a covariate."""
    known: dict[str, float] = {}
    for covariate, value in zip(schema, values, strict=True):
        known |= covariate.encode(value)
    return known


def schema_from(content: Mapping[str, Any]) -> tuple[Covariate, ...]:
    """The schema that `dataset.json`, `plan.json` or `bundle.json` holds.

    Args:
        content: The document: `covariates`, the names of the features, and `covariate_schema`.
            Without the latter, the former tells as much as it can.

    Returns:
        The covariates in order.

    Raises:
        ValueError: The two contradict each other.
        KeyError: A part is missing.
    """
    names = tuple(content["covariates"])
    if "covariate_schema" not in content:
        return _from_features(names)
    schema = tuple(_from_json(part) for part in content["covariate_schema"])
    if features_of(schema) != names:
        raise ValueError("covariate_schema and covariates differ")
    return schema


def _from_json(part: Mapping[str, Any]) -> Covariate:
    """One covariate out of `to_json`."""
    name = str(part["name"])
    marks = tuple(str(feature).removeprefix(f"{name}=") for feature in part["features"])
    return Covariate(
        name,
        str(part["kind"]),
        str(part.get("unit", "")),
        tuple(part.get("levels", ())),
        marks if part["kind"] == CATEGORICAL else (),
        int(part.get("known", 0)),
        part.get("mean"),
        part.get("sd"),
    )


def _from_features(names: Sequence[str]) -> tuple[Covariate, ...]:
    """Covariates out of `name` and `name=level`, as older datasets and models list them."""
    levels: dict[str, list[str]] = {}
    for name in names:
        base, sign, level = name.partition("=")
        levels.setdefault(base, []).extend([level] if sign else [])
    return tuple(
        Covariate(
            base,
            CATEGORICAL if marks else NUMERIC,
            # One indicator alone says that some text is not the level, whatever it is.
            levels=tuple(marks) if len(marks) > 1 else (),
            indicators=tuple(marks),
        )
        for base, marks in levels.items()
    )


def _rounded(value: float) -> float:
    """Six digits, the same on every machine."""
    return float(f"{value:.6g}")
