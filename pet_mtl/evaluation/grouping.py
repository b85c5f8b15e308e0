"""Who belongs together: groups of patients by a column of the dataset or of the clinical table."""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from pet_mtl.covariates import CATEGORICAL, Covariate
from pet_mtl.errors import ClinicalError, UsageError
from pet_mtl.evaluation.cohort import Floats, Patients
from pet_mtl.evaluation.predictions import Known, outcomes_of
from pet_mtl.study import StudySource

LESION_VOLUME = "lesion volume"
SCANNER = "scanner"
UNKNOWN = "unknown"

_GROUP = "group_"
_SEX, _AGE = ("sex", "gender"), "age"
# Of up to as many values, each is a group; of more, numbers are cut in half.
_MOST_VALUES = 6
_MOST_GROUPS = 30


@dataclass(frozen=True)
class Grouping:
    """Groups of the judged patients.

    Attributes:
        variable: What they are grouped by.
        labels: (patients,) group of each, "" where unknown.
    """

    variable: str
    labels: tuple[str, ...]

    def groups(self) -> tuple[str, ...]:
        """The groups in their order, those of unknown patients not among them."""
        return tuple(dict.fromkeys(sorted(filter(None, self.labels), key=_order)))


@dataclass(frozen=True)
class Columns:
    """Where the groups of judged patients are told.

    Attributes:
        patients: The patients, with covariates and lesion volumes.
        schema: What the covariates are; empty where nobody says.
        rows: Id to row of the dataset's studies.csv, of a run.
        known: The clinical table, of predictions.
        sources: Prediction id to its study, by which the table's rows are found.
        folds_by: What the folds of the dataset were dealt by, or "".
    """

    patients: Patients
    schema: tuple[Covariate, ...] = ()
    rows: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    known: Known = field(default_factory=Known)
    sources: Mapping[str, StudySource] = field(default_factory=dict)
    folds_by: str = ""

    def usual(self) -> tuple[str, ...]:
        """Names that are grouped by unless more is asked for: those that are there."""
        names = [covariate.name for covariate in self.schema] or list(self.patients.covariates)
        sexes = [name for name in names if name.casefold() in _SEX]
        ages = [name for name in names if name.casefold().split("_")[0] == _AGE]
        told = next(iter(self.rows.values()), {})
        kept = [name.removeprefix(_GROUP) for name in told if name.startswith(_GROUP)]
        scanner = [SCANNER] if len({row.get(SCANNER) for row in self.rows.values()}) > 1 else []
        volume = [LESION_VOLUME] if np.isfinite(self.patients.mtv_ml).any() else []
        return (*sexes[:1], *ages[:1], *kept, *scanner, *volume)

    def grouping(self, asked: str) -> Grouping:
        """The groups of a column.

        Args:
            asked: `NAME`, or `NAME:EDGE:EDGE` for bands of numbers.

        Raises:
            UsageError: EVALUATE_SUBGROUPS; nothing is called so, bands of a text, or hardly any
                two patients share a group.
        """
        name, *edges = asked.split(":")
        values, unit = self._values(name)
        if isinstance(values, tuple):
            if edges:
                raise _refused(f"{name!r} holds texts, which have no bands", "the name alone")
            labels = values
        else:
            labels = _cut(values, unit, _edges(edges, values, asked))
        if len(set(labels)) > _MOST_GROUPS:
            raise _refused(
                f"{name!r} holds {len(set(labels))} different texts", f"at most {_MOST_GROUPS}"
            )
        return Grouping(self._variable(name), labels)

    def _variable(self, name: str) -> str:
        """Its name for people; of what the folds were dealt by, what that means."""
        return f"{name} (left out of its training)" if name == self.folds_by else name

    def _values(self, name: str) -> tuple[tuple[str, ...] | Floats, str]:
        """Texts or numbers of all patients, and the unit of numbers."""
        if name == LESION_VOLUME:
            return self.patients.mtv_ml, "ml"
        for covariate in self.schema:
            if covariate.name == name:
                return _covariate(covariate, self.patients), covariate.unit
        if name in self.patients.covariates:
            return _values_or_texts(self.patients.covariates[name]), ""
        column = next((c for c in (name, f"{_GROUP}{name}") if self._has(c)), "")
        if column:
            cells = [self.rows.get(one, {}).get(column) or "" for one in self.patients.ids]
            return _parsed(cells), ""
        if self.known.clinical and self.known.columns:
            return self._from_table(name)
        raise _refused(
            f"no column is called {name!r}", ", ".join((*self.usual(), *self._others())) or "none"
        )

    def _has(self, column: str) -> bool:
        """Whether studies.csv has a column."""
        return any(column in row for row in self.rows.values())

    def _others(self) -> tuple[str, ...]:
        """What else may be asked for."""
        usual = self.usual()
        return tuple(c.name for c in self.schema if c.name not in usual)

    def _from_table(self, name: str) -> tuple[tuple[str, ...] | Floats, str]:
        """A column of the clinical table that is no covariate of the predictions."""
        columns = self.known.columns
        if columns is None:
            return (), ""
        wanted = dataclasses.replace(columns, covariates=(), groups=(name,))
        try:
            known = dataclasses.replace(self.known, columns=wanted, schema=())
            outcomes, _, _ = outcomes_of(self.patients.ids, dict(self.sources), known)
            return _parsed([o.groups.get(name, "") if o else "" for o in outcomes]), ""
        except ClinicalError as error:
            if error.code != "CLINICAL_GROUP":  # numbers, hardly two of them the same
                raise
        wanted = dataclasses.replace(columns, covariates=(name,), groups=())
        known = dataclasses.replace(self.known, columns=wanted, schema=None)
        outcomes, found, _ = outcomes_of(self.patients.ids, dict(self.sources), known)
        cells = [o.covariates.get(found[0]) if o and found else None for o in outcomes]
        return np.array([np.nan if c is None else c for c in cells], np.float64), ""


def _covariate(covariate: Covariate, patients: Patients) -> tuple[str, ...] | Floats:
    """A covariate as it was before it became indicators."""
    features = [patients.covariates.get(name) for name in covariate.features]
    if any(values is None for values in features):
        return ("",) * len(patients)
    table = np.stack([values for values in features if values is not None], axis=1)
    if covariate.kind != CATEGORICAL:
        return _values_or_texts(table[:, 0])
    rest = [level for level in covariate.levels if level not in covariate.indicators]
    other = rest[0] if rest else "another"
    return tuple(
        "" if not np.isfinite(row).all()
        else covariate.indicators[int(row.argmax())] if row.max() > 0 else other
        for row in table
    )  # fmt: skip


def _parsed(cells: Sequence[str]) -> tuple[str, ...] | Floats:
    """Numbers where all cells are numbers of many values, else the texts."""
    try:
        return _values_or_texts(np.array([float(cell) if cell else np.nan for cell in cells]))
    except ValueError:
        return tuple(cell.strip() for cell in cells)


def _values_or_texts(values: Floats) -> tuple[str, ...] | Floats:
    """Numbers of few different values are names of groups."""
    if len(np.unique(values[np.isfinite(values)])) > _MOST_VALUES:
        return values
    return tuple("" if not np.isfinite(value) else f"{value:g}" for value in values)


def _edges(asked: Sequence[str], values: Floats, subject: str) -> tuple[float, ...]:
    """Where bands begin: as asked for, else at the median."""
    if not asked:
        return (float(f"{np.nanmedian(values):.3g}"),)
    try:
        edges = tuple(float(text) for text in asked)
    except ValueError:
        edges = ()
    if not edges or list(edges) != sorted(set(edges)):
        raise _refused(f"{subject!r} has no bands", "increasing numbers, such as age:50:70")
    return edges


def _cut(values: Floats, unit: str, edges: tuple[float, ...]) -> tuple[str, ...]:
    """The band of each value; the lower edge belongs to it."""
    after = f" {unit}" if unit else ""
    names = [f"below {edges[0]:g}{after}"]
    names += [f"{a:g} to below {b:g}{after}" for a, b in itertools.pairwise(edges)]
    names.append(f"{edges[-1]:g}{after} or above")
    places = np.searchsorted(edges, values, side="right")
    return tuple(
        names[place] if np.isfinite(value) else ""
        for place, value in zip(places, values, strict=True)
    )


def _order(label: str) -> tuple[int, float, str]:
    """Bands by their numbers, texts by themselves."""
    words = label.split()
    if words[0] == "below":
        return 0, -np.inf, label
    try:
        return 0, float(words[0]), label
    except ValueError:
        return 1, 0.0, label


def _refused(what: str, expected: str) -> UsageError:
    """The refusal of a column to group by."""
    return UsageError(
        "EVALUATE_SUBGROUPS",
        f"patients cannot be grouped as asked: {what}",
        expected=expected,
        todo="Name covariates, groups of `convert --groups`, or columns of the clinical table",
    )
