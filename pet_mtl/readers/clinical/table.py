"""The clinical table as read, and which of its rows belongs to which study."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pet_mtl.covariates import Covariate, features_of
from pet_mtl.errors import ClinicalError
from pet_mtl.study import Outcome, StudySource

_WHOLE = re.compile(r"(\d+)\.0+")
_LEADING_ZEROS = re.compile(r"(?<![\d.])0+(?=\d)")


@dataclass(frozen=True)
class ClinicalTable:
    """The table as read.

    Attributes:
        outcomes: What it says, by identifier.
        schema: The covariates that it holds.
        warnings: What was odd, each starting with a stable code.
        aliases: Names and PatientIDs of studies that no row has as written, to the row's
            identifier that differs in case, blanks or leading zeros only.
    """

    outcomes: dict[str, Outcome]
    schema: tuple[Covariate, ...] = ()
    warnings: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)

    @property
    def ids(self) -> tuple[str, ...]:
        """The identifiers, in the order of the rows."""
        return tuple(self.outcomes)

    @property
    def covariates(self) -> tuple[str, ...]:
        """Names of the numbers that came of the covariates, in order."""
        return features_of(self.schema)

    def bound_to(
        self, sources: Sequence[StudySource], refused: Iterable[str] = ()
    ) -> "ClinicalTable":
        """The same table, whose rows are also found by identifiers that differ a little.

        What is written alike belongs together. Else case, blanks, leading zeros and the ".0" of
        spreadsheets are ignored, if then one row and the identifier of one study are alike and
        no other study has the row: between two, nothing is guessed.

        Args:
            sources: All studies.
            refused: Names of studies that cannot be used; their rows are theirs all the same.

        Returns:
            The table with aliases, and a warning if there are any.
        """
        pairs = [(name, source.patient) for source in sources for name in _names(source)]
        pairs += [(name.strip(), name) for name in refused]
        exact = {name for name, _ in pairs if name in self.outcomes}
        rows = _grouped((key, key) for key in self.outcomes)
        studies = _grouped(pairs)
        aliases: dict[str, str] = {}
        for loose, members in studies.items():
            keys = list(rows.get(loose, {}))
            one_study = len({name for names in members.values() for name in names}) == 1
            if len(keys) == 1 and keys[0] not in exact and (len(members) == 1 or one_study):
                aliases |= dict.fromkeys(members, keys[0])
        if not aliases:
            return self
        warning = (
            f"CLINICAL_ID_NEAR: {len(set(aliases.values()))} rows belong to studies by identifiers "
            "that differ in case, blanks or leading zeros"
        )
        return replace(self, aliases=aliases, warnings=(*self.warnings, warning))

    def row_of(self, source: StudySource) -> str | None:
        """The identifier of a study's row: by its name or its PatientID, whichever it holds.

        Raises:
            ClinicalError: CLINICAL_AMBIGUOUS; name and PatientID belong to different rows.
        """
        found = self._keys(source)
        if len(found) > 1:
            raise ClinicalError(
                "CLINICAL_AMBIGUOUS",
                "folder name and PatientID of a study belong to different rows of the table",
                todo="Rename the folder, or correct the identifiers in the table",
            )
        return found[0] if found else None

    def row_of_patient(self, source: StudySource) -> str | None:
        """The identifier of the patient's row, which all their studies share; None without."""
        return next(iter(self._rows_of(_names(source))), None)

    def outcome_of(self, source: StudySource) -> Outcome | None:
        """The row of one study.

        Args:
            source: The study.

        Returns:
            The row's content, or None if no row belongs to the study.

        Raises:
            ClinicalError: CLINICAL_AMBIGUOUS; name and PatientID belong to different rows.
        """
        key = self.row_of(source)
        return None if key is None else self.outcomes[key]

    def unmatched(self, sources: Iterable[StudySource]) -> tuple[str, ...]:
        """The identifiers of rows that belong to none of the studies."""
        matched = {key for source in sources for key in self._keys(source)}
        return tuple(key for key in self.outcomes if key not in matched)

    def _keys(self, source: StudySource) -> tuple[str, ...]:
        """The rows a study may belong to, each once; as written goes before nearly.

        One of several studies of a patient may have a row of its own.
        """
        if source.case and source.name.strip() in self.outcomes:
            return (source.name.strip(),)
        return self._rows_of(_names(source))

    def _rows_of(self, names: Sequence[str]) -> tuple[str, ...]:
        """The rows that some names belong to."""
        exact = dict.fromkeys(name for name in names if name in self.outcomes)
        return tuple(exact or dict.fromkeys(self.aliases[n] for n in names if n in self.aliases))


def no_study(table: ClinicalTable, studies: int, id_column: str, without: str) -> ClinicalError:
    """The refusal of a table of other patients.

    Args:
        table: The clinical table.
        studies: How many studies there are.
        id_column: The column of identifiers.
        without: What happens without a table.

    Returns:
        The error to raise.
    """
    return ClinicalError(
        "CLINICAL_NO_STUDY",
        "no row of the table belongs to a study, by folder name or PatientID",
        expected=f"folder names or PatientIDs in column {id_column!r}",
        found=f"{len(table.ids)} rows and {studies} studies, all different",
        todo="Name the right column with --id-column, or write the folder names into it; "
        f"without --clinical {without}",
    )


def _names(source: StudySource) -> tuple[str, ...]:
    """What a row may call the study."""
    return tuple(name for n in (source.patient, source.patient_id) if (name := n.strip()))


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, dict[str, set[str]]]:
    """Loose spelling to identifiers to who has them."""
    groups: dict[str, dict[str, set[str]]] = {}
    for name, owner in pairs:
        groups.setdefault(loosely(name), {}).setdefault(name, set()).add(owner)
    return groups


def loosely(identifier: str) -> str:
    """An identifier without case, repeated blanks, leading zeros and a spreadsheet's ".0".

    >>> loosely("Pat 007"), loosely("7.0"), loosely("10.05")
    ('pat 7', '7', '10.05')
    """
    text = " ".join(unicodedata.normalize("NFKC", identifier).casefold().split())
    whole = _WHOLE.fullmatch(text)
    return _LEADING_ZEROS.sub("", whole[1] if whole else text)
