"""Text to a header and rows: delimiters, quotes, comments, and lines that do not fit."""

import csv
import difflib
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from pet_mtl.errors import ClinicalError
from pet_mtl.readers.clinical.numbers import COMMA, POINT, is_unit, readings

_DELIMITERS = (",", ";", "\t", "|")
_LONGEST_HEADER = 100_000
_MOST_SHOWN = 30
# Excel's own first line, which names the delimiter.
_SEPARATOR = re.compile(r"\s*\"?sep=(.)\"?\s*", re.IGNORECASE)
_BRACKETS = re.compile(r"(.*\S)\s*(?:\[([^\[\]]+)\]|\(([^()]+)\))")

# What people write where they know nothing, in small letters.
_MISSING = frozenset(
    "|na|n/a|n.a.|n. a.|#n/a|<na>|nan|null|.|..|-|--|---|\u2013|\u2014|?|??|???|unknown|unk|"
    "missing|not available|not known|not reported|not recorded|not applicable|[not available]|"
    "[not applicable]|[unknown]|[not evaluated]|[discrepancy]|n/k|nk|n.d.|nd|no data|"
    "unbekannt|k.a.|k. a.|inconnu|desconocido|sconosciuto".split("|")
)


@dataclass(frozen=True)
class Column:
    """One column of the table.

    Attributes:
        header: Its name as the table has it.
        cells: Its cells, stripped; None where nothing is known.
        lines: The line of each cell in the file, counted from 1.
        hint: What else may help with a cell that cannot be used.
    """

    header: str
    cells: Sequence[str | None]
    lines: Sequence[int]
    hint: str = ""

    def told(self) -> Iterator[tuple[int, str]]:
        """Line and text of the cells that say something."""
        return ((n, cell) for n, cell in zip(self.lines, self.cells, strict=True) if cell)

    def hinting(self, hint: str) -> "Column":
        """The same column with a hint."""
        return replace(self, hint=hint)

    def bad(self, line: int, expected: str) -> ClinicalError:
        """The refusal of one cell."""
        return ClinicalError(
            "CLINICAL_VALUE",
            f"a value in column {self.header!r}, line {line}, cannot be used",
            expected=expected,
            todo="Correct the cell, or leave it empty if the value is unknown"
            + (f"; {self.hint}" if self.hint else ""),
        )


@dataclass(frozen=True)
class Sheet:
    """Header and rows.

    Attributes:
        header: The columns' names, stripped.
        rows: Cells of each row, stripped, as many as the header.
        lines: The line of each row in the file.
        delimiter: What parts the cells.
    """

    header: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    lines: Sequence[int]
    delimiter: str
    _signs: dict[str, str] = field(default_factory=dict)

    def column(self, index: int) -> Column:
        """One column; what means "unknown" is None."""
        cells = [None if row[index].casefold() in _MISSING else row[index] for row in self.rows]
        return Column(self.header[index], cells, self.lines)

    def usual_sign(self) -> str:
        """The decimal sign that all unambiguous numbers of the table use; "" where none does."""
        if "" not in self._signs:
            cells = {cell for row in self.rows for cell in row if "." in cell or "," in cell}
            found = {next(iter(r)) for cell in cells if len(r := readings(cell)) == 1}
            usual = found.pop() if len(found) == 1 else ""
            # A comma-delimited table was not made where the comma is the decimal sign.
            self._signs[""] = usual or (POINT if not found and self.delimiter == COMMA else "")
        return self._signs[""]

    def find(self, name: str) -> int | None:
        """The column of a name: as written, or alone but for a unit in brackets.

        Raises:
            ClinicalError: CLINICAL_HEADER; several columns bear the name.
        """
        exact = [i for i, header in enumerate(self.header) if header == name]
        found = exact or [i for i, h in enumerate(self.header) if split_unit(h)[0] == name]
        return self._one(found, name)

    def find_loosely(self, name: str) -> int | None:
        """As `find`, and else the one column that differs only in case, blanks and underscores."""
        found = self.find(name)
        if found is not None:
            return found
        wanted = _loose(name)
        near = [i for i, h in enumerate(self.header) if wanted in (_loose(h), _unitless(h))]
        return self._one(near, name)

    def require(self, name: str) -> int:
        """As `find`, refusing a name that is not there.

        Raises:
            ClinicalError: CLINICAL_COLUMN, naming the nearest that is there; CLINICAL_HEADER.
        """
        found = self.find(name)
        if found is not None and name:
            return found
        near = self.nearest(name)
        named = [column for column in self.header if column]
        raise ClinicalError(
            "CLINICAL_COLUMN",
            f"the table has no column {name!r}",
            expected=f"one of {', '.join(named[:_MOST_SHOWN])}"
            + (f" and {len(named) - _MOST_SHOWN} more" if len(named) > _MOST_SHOWN else ""),
            todo=f"Did you mean {near!r}?" if near else "Give one of these names",
        )

    def nearest(self, name: str) -> str:
        """The column's name most like the given one; "" where none is."""
        by_loose = {_loose(header): header for header in self.header if header}
        by_loose |= {_unitless(header): header for header in self.header if header}
        near = difflib.get_close_matches(_loose(name), by_loose, n=1)
        return by_loose[near[0]] if near else ""

    def _one(self, found: Sequence[int], name: str) -> int | None:
        if len(found) > 1:
            raise ClinicalError(
                "CLINICAL_HEADER",
                f"{len(found)} columns of the table are called {name!r}",
                expected="column names, each once",
                todo="Rename or remove one of them",
            )
        return found[0] if found else None


def split_unit(header: str) -> tuple[str, str]:
    """A header such as `weight [kg]` as name and unit; round brackets count for known units."""
    match = _BRACKETS.fullmatch(header)
    if match is None or not (match[2] or is_unit(match[3])):
        return header, ""
    return match[1], (match[2] or match[3]).strip()


def read_sheet(text: str, wanted: Sequence[str]) -> Sheet:
    """Reads header and rows.

    Args:
        text: The table.
        wanted: Names of columns that will be asked for: they tell the delimiter where the
            header alone would not.

    Returns:
        The sheet, without blank lines and comments (lines that begin with #: all before the
        header, and later those of a single cell).

    Raises:
        ClinicalError: No header, or a line that does not fit it; the message names the line.
    """
    lines = list(io.StringIO(text, newline=""))
    skipped, delimiter = _before_header(lines)
    if skipped == len(lines):
        raise _no_header()
    first = lines[skipped]
    delimiter = delimiter or _delimiter(first, wanted)
    records = _records(lines[skipped:], skipped, delimiter)
    header = tuple(" ".join(name.split()) for name in next(records)[1])
    if not any(header):
        raise _no_header()
    fits = _Fit(header, text[-1] not in "\r\n")
    rows, numbers = [], []
    for line, cells in records:
        row = [cell.strip() for cell in cells]
        comment = row and row[0].startswith("#") and not any(row[1:]) and len(header) > 1
        if any(row) and not comment:
            numbers.append(line)
            rows.append(row if len(row) == len(header) else fits.padded(row, line, len(lines)))
    return Sheet(header, rows, numbers, delimiter)


@dataclass(frozen=True)
class _Fit:
    """How long rows may be."""

    header: tuple[str, ...]
    cut_off: bool

    def padded(self, row: list[str], line: int, last: int) -> list[str]:
        """A row of another length than the header, made as long as that, or refused.

        Spreadsheets leave out or add empty cells at the end of rows. The last line, where it is
        short and has no end, is what an interrupted copy leaves: its last cell may be half.
        """
        width = len(self.header)
        if any(row[width:]) or (len(row) < width and self.cut_off and line == last):
            raise ClinicalError(
                "CLINICAL_LINE",
                f"line {line} has more or fewer cells than the header",
                expected=str(width),
                found=str(len(row)),
                todo="Quote cells that hold the delimiter, and check that the file is whole",
            )
        return [*row[:width], *[""] * (width - len(row))]


def _before_header(lines: Sequence[str]) -> tuple[int, str]:
    """How many lines come before the header, and the delimiter if one of them names it."""
    delimiter = ""
    for number, line in enumerate(lines):
        named = _SEPARATOR.fullmatch(line.rstrip("\r\n"))
        if named and named[1] in _DELIMITERS:
            delimiter = named[1]
        elif line.strip() and not line.startswith("#"):
            return number, delimiter
    return len(lines), delimiter


def _delimiter(first: str, wanted: Sequence[str]) -> str:
    """The delimiter under which the header has most of the wanted columns, then most columns."""

    def worth(mark: str) -> tuple[int, int]:
        names = [
            name.strip() for name in next(csv.reader([first[:_LONGEST_HEADER]], delimiter=mark), [])
        ]
        bare = {part for name in names for part in (name, split_unit(name)[0])}
        return len(bare.intersection(wanted)), len(names)

    return max(_DELIMITERS, key=worth)


def _records(lines: Sequence[str], skipped: int, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of each record; a quoted cell may hold line breaks."""
    reader = csv.reader(iter(lines), delimiter=delimiter, strict=True)
    line = skipped
    try:
        for cells in reader:
            yield line + 1, cells
            line = skipped + reader.line_num
    except csv.Error as error:
        raise ClinicalError(
            "CLINICAL_LINE",
            f"line {line + 1} cannot be read: its quotes do not pair, or a cell is endless",
            expected="cells in a pair of quotes, or in none; quotes within doubled",
            todo="Correct the line; the cell that begins there may run on to later lines",
        ) from error


def _no_header() -> ClinicalError:
    return ClinicalError(
        "CLINICAL_HEADER",
        "the first line of the table does not name its columns",
        expected="column names, each once",
        todo="Give the table a header line",
    )


def _loose(name: str) -> str:
    """A name without case, blanks and underscores."""
    return re.sub(r"[\s_.-]+", " ", name).strip().casefold()


def _unitless(name: str) -> str:
    return _loose(split_unit(name)[0])
