"""The clinical table: one row a patient, outcomes and covariates by the column names given.

A covariate of numbers is taken as it is. One of few different texts becomes indicator columns
`name=level`, levels in alphabetical order, the first one dropped where there are two. A covariate
asked for as `name=level` is that one indicator, so a model's own list of covariates can be read
from a new table.
"""

import csv
import difflib
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pet_mtl.errors import ClinicalError
from pet_mtl.study import Outcome, StudySource

_ABSENT = {"", "na", "n/a", "nan", "none", "null", "."}
_YES, _NO = {"1", "1.0", "true", "yes", "y"}, {"0", "0.0", "false", "no", "n"}
_DELIMITERS = (",", ";", "\t")
_MAX_LEVELS = 8


@dataclass(frozen=True)
class ClinicalColumns:
    """Which column holds what.

    Attributes:
        id: Folder name or PatientID.
        time: Days to event or censoring, or None.
        event: Whether the event was seen, or None.
        response: Class of the response, or None.
        covariates: Names of covariates, or `name=level` of one level of a text column.
    """

    id: str
    time: str | None = None
    event: str | None = None
    response: str | None = None
    covariates: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClinicalTable:
    """The table as read.

    Attributes:
        outcomes: What it says, by identifier.
        covariates: Names of the numeric covariates that came of the columns, in order.
    """

    outcomes: dict[str, Outcome]
    covariates: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """The identifiers, in the order of the rows."""
        return tuple(self.outcomes)

    def outcome_of(self, source: StudySource) -> Outcome | None:
        """The row of one study, by its folder's name or its PatientID, whichever the table holds.

        Args:
            source: The study.

        Returns:
            The row's content, or None if no row belongs to the study.

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
        return self.outcomes[found[0]] if found else None

    def unmatched(self, sources: Iterable[StudySource]) -> tuple[str, ...]:
        """The identifiers of rows that belong to none of the studies."""
        matched = {key for source in sources for key in self._keys(source)}
        return tuple(key for key in self.outcomes if key not in matched)

    def _keys(self, source: StudySource) -> tuple[str, ...]:
        """The rows a study may belong to, each once; one of several studies may have its own."""
        if source.case and source.name.strip() in self.outcomes:
            return (source.name.strip(),)
        names = dict.fromkeys(name.strip() for name in (source.patient, source.patient_id))
        return tuple(name for name in names if name in self.outcomes)


@dataclass(frozen=True)
class _Row:
    """One row: its line in the file and its cells by column, absent ones left out."""

    line: int
    cells: dict[str, str]
    decimal_comma: bool

    def number(self, column: str) -> float | None:
        """A finite number; None where the cell is empty."""
        text = self.cells.get(column)
        if text is None:
            return None
        value = parse_number(text, self.decimal_comma)
        if value is None:
            raise self.bad(column, "a number")
        return value

    def flag(self, column: str) -> bool | None:
        """A yes or no; None where the cell is empty."""
        text = self.cells.get(column)
        if text is None:
            return None
        if text.lower() in _YES | _NO:
            return text.lower() in _YES
        raise self.bad(column, "0 or 1, true or false, yes or no")

    def bad(self, column: str, expected: str) -> ClinicalError:
        """The refusal of one cell."""
        return ClinicalError(
            "CLINICAL_VALUE",
            f"a value in column {column!r}, line {self.line}, cannot be used",
            expected=expected,
            todo="Correct the cell; leave it empty if the value is unknown",
        )


def parse_number(text: str, decimal_comma: bool) -> float | None:
    """A finite number from a cell, or None.

    Args:
        text: The cell.
        decimal_comma: Whether a comma may be the decimal sign.

    Returns:
        The number; None for text, NaN and infinity.
    """
    try:
        value = float(text.replace(",", ".") if decimal_comma else text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def read_clinical(path: Path, columns: ClinicalColumns) -> ClinicalTable:
    """Reads the clinical table.

    Args:
        path: CSV with a header; comma, semicolon or tab; UTF-8 or UTF-16, with or without a mark.
        columns: Which column holds what. Empty cells, NA, N/A and nan are absent.

    Returns:
        The table.

    Raises:
        ClinicalError: The file cannot be read, a column is missing, a value cannot be used, or
            an identifier occurs twice; the message names the column and the line.
    """
    try:
        return _read(path, columns)
    except ClinicalError as error:
        raise error.about(path.name) from error.__cause__


def _read(path: Path, columns: ClinicalColumns) -> ClinicalTable:
    """Reads the rows and turns them into outcomes."""
    header, rows = _rows(_text(path))
    for name in (columns.id, columns.time, columns.event, columns.response):
        if name is not None:
            _require_column(name, header)
    covariates, known = _covariates(rows, columns.covariates, header)
    outcomes: dict[str, Outcome] = {}
    lines: dict[str, int] = {}
    for row, values in zip(rows, known, strict=True):
        key = _identifier(row, columns.id, lines)
        lines[key] = row.line
        outcomes[key] = Outcome(
            _time(row, columns.time),
            row.flag(columns.event) if columns.event else None,
            _response(row, columns.response),
            values,
        )
    return ClinicalTable(outcomes, covariates)


def _text(path: Path) -> str:
    """The file as text."""
    try:
        content = path.read_bytes()
        wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
        return content.decode("utf-16" if wide else "utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ClinicalError(
            "CLINICAL_UNREADABLE",
            "the clinical table cannot be read",
            expected="a CSV file in UTF-8",
            found="no file" if not path.exists() else "a file in another encoding",
            todo="Check the path, or save the table as CSV UTF-8",
        ) from error


def _rows(text: str) -> tuple[list[str], list[_Row]]:
    """Header and rows, the delimiter being the one that parts the header most."""
    first = text.split("\n", 1)[0]
    delimiter = max(
        _DELIMITERS, key=lambda mark: len(next(csv.reader([first], delimiter=mark), []))
    )
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header = [name.strip() for name in next(reader, [])]
    if not any(header) or len(set(header) - {""}) < len([name for name in header if name]):
        raise ClinicalError(
            "CLINICAL_HEADER",
            "the first line of the table does not name its columns",
            expected="column names, each once",
            todo="Give the table a header line",
        )
    rows = []
    for cells in reader:
        if len(cells) > len(header):
            raise _ragged(reader.line_num, len(header), len(cells))
        stripped = {name: cell.strip() for name, cell in zip(header, cells, strict=False) if name}
        told = {name: cell for name, cell in stripped.items() if cell.lower() not in _ABSENT}
        if told:
            rows.append(_Row(reader.line_num, told, delimiter != ","))
    return header, rows


def _ragged(line: int, expected: int, found: int) -> ClinicalError:
    return ClinicalError(
        "CLINICAL_LINE",
        f"line {line} has more cells than the header",
        expected=str(expected),
        found=str(found),
        todo="Quote cells that hold the delimiter",
    )


def _require_column(name: str, header: Sequence[str]) -> None:
    """Refuses a column that is not there, naming the nearest that is."""
    if name in header and name:
        return
    near = difflib.get_close_matches(name, header, n=1)
    raise ClinicalError(
        "CLINICAL_COLUMN",
        f"the table has no column {name!r}",
        expected=f"one of {', '.join(column for column in header if column)}",
        todo=f"Did you mean {near[0]!r}?" if near else "Give one of these names",
    )


def _identifier(row: _Row, column: str, lines: dict[str, int]) -> str:
    """The row's identifier, refused where missing or seen before."""
    key = row.cells.get(column)
    if key is None:
        raise row.bad(column, "an identifier")
    if key in lines:
        raise ClinicalError(
            "CLINICAL_TWICE",
            f"lines {lines[key]} and {row.line} have the same identifier",
            expected="one row a patient",
            todo="Remove or merge one of them",
        )
    return key


def _time(row: _Row, column: str | None) -> float | None:
    value = row.number(column) if column else None
    if column and value is not None and value < 0:
        raise row.bad(column, "days, 0 or more")
    return value


def _response(row: _Row, column: str | None) -> int | None:
    value = row.flag(column) if column else None
    return None if value is None else int(value)


def _covariates(
    rows: Sequence[_Row], names: Sequence[str], header: Sequence[str]
) -> tuple[tuple[str, ...], list[dict[str, float]]]:
    """Numeric covariates of all rows: their names, and each row's known values."""
    columns: dict[str, list[float | None]] = {}
    for name in names:
        base, sign, level = name.partition("=")
        if sign and name not in header:
            _require_column(base, header)
            columns[name] = _indicator(rows, base, level)
        else:
            _require_column(name, header)
            columns |= _numeric(rows, name)
    known = [
        {name: value for name, values in columns.items() if (value := values[i]) is not None}
        for i in range(len(rows))
    ]
    return tuple(columns), known


def _numeric(rows: Sequence[_Row], name: str) -> dict[str, list[float | None]]:
    """One column as numbers, or as indicators of its levels."""
    told = [row for row in rows if name in row.cells]
    as_number = [parse_number(row.cells[name], row.decimal_comma) is not None for row in told]
    if any(as_number) or not told:
        return {name: [row.number(name) for row in rows]}
    levels = sorted({row.cells[name] for row in told})
    if not 2 <= len(levels) <= _MAX_LEVELS:
        raise ClinicalError(
            "CLINICAL_COVARIATE",
            f"column {name!r} is text and cannot serve as a covariate",
            expected=f"numbers, or 2 to {_MAX_LEVELS} different texts",
            found=f"{len(levels)} different texts",
            todo="Leave it out of the covariates, or give it as numbers",
        )
    used = levels[1:] if len(levels) == 2 else levels
    return {f"{name}={level}": _indicator(rows, name, level) for level in used}


def _indicator(rows: Sequence[_Row], name: str, level: str) -> list[float | None]:
    """1 where a column holds one level, 0 where another, None where nothing."""
    cells = [row.cells.get(name) for row in rows]
    return [None if cell is None else float(cell == level) for cell in cells]
