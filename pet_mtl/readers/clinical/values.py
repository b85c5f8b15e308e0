"""The cells of a column as numbers or as yes and no; any other cell is refused by its line."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pet_mtl.errors import ClinicalError
from pet_mtl.readers.clinical.numbers import (
    COMMA,
    POINT,
    canonical,
    is_date,
    is_packed_date,
    parse_number,
    readings,
    without_unit,
)
from pet_mtl.readers.clinical.sheet import Column, Sheet

_YES = {"yes", "y", "true", "t", "ja", "wahr", "oui", "vrai", "si", "sí"}
_NO = {"no", "n", "false", "f", "nein", "falsch", "non", "faux"}
FLAG = dict.fromkeys(_YES, True) | dict.fromkeys(_NO, False)
EVENT = FLAG | {
    "dead": True, "deceased": True, "died": True, "death": True, "event": True,
    "alive": False, "living": False, "censored": False, "no event": False,
}  # fmt: skip
RESPONSE = FLAG | {"responder": True, "non-responder": False, "nonresponder": False}

# cBioPortal's way: 1:DECEASED, 0:LIVING.
_CODED = re.compile(r"([01])\s*[:=]\s*\S.*")


@dataclass(frozen=True)
class Numbers:
    """How a table's numbers are read.

    Attributes:
        sheet: The table, asked for its usual decimal sign where a column does not tell.
        sign: The decimal sign that the user gave, or "".
    """

    sheet: Sheet
    sign: str = ""

    def of(self, column: Column, unit: str = "") -> list[float | None]:
        """The numbers of a column.

        Args:
            column: The column.
            unit: Unit that cells may carry ("70 kg"); a cell with another one is refused.

        Returns:
            One number a cell; None where nothing is known.

        Raises:
            ClinicalError: CLINICAL_VALUE, CLINICAL_DATE, CLINICAL_NUMBER.
        """
        found = _numerals(column, unit)
        sign = self.sign or self._sign(column, found)
        known: dict[str, float | None] = {"": None}
        for line, text in zip(column.lines, found, strict=True):
            if text in known:
                continue
            known[text] = parse_number(text, sign)
            if known[text] is None:
                raise column.bad(line, "a number")
            if not self.sign and _as_thousands(text, sign):
                raise _ambiguous(column, line)
        return [known[text] for text in found]

    def _sign(self, column: Column, found: list[str]) -> str:
        """The decimal sign of a column, refused where two are used or the cells do not tell."""
        first: dict[str, int] = {}
        unclear = 0
        known: dict[str, dict[str, float]] = {}
        for line, text in zip(column.lines, found, strict=True):
            if text not in known:
                known[text] = readings(text) if "." in text or "," in text else {}
            read = known[text]
            if len(read) == 1:
                first.setdefault(next(iter(read)), line)
            elif len(read) == 2 and read[POINT] != read[COMMA]:
                unclear = unclear or line
        if len(first) == 2:
            raise ClinicalError(
                "CLINICAL_NUMBER",
                f"column {column.header!r} has decimal points (line {first[POINT]}) and decimal "
                f"commas (line {first[COMMA]})",
                expected="one decimal sign in a column",
                todo="Write all its numbers alike",
            )
        if first:
            return next(iter(first))
        sign = self.sheet.usual_sign() if unclear else POINT
        if not sign:
            raise _ambiguous(column, unclear)
        return sign


def _as_thousands(text: str, sign: str) -> bool:
    """Whether a cell is a number by taking for thousands what could be the decimal sign."""
    if "." not in text and "," not in text:
        return False
    read = readings(text)
    return len(read) == 2 and read[POINT] != read[COMMA] and sign not in text


def _ambiguous(column: Column, line: int) -> ClinicalError:
    return ClinicalError(
        "CLINICAL_NUMBER",
        f"a number in column {column.header!r}, line {line}, could mean two: its point or comma "
        "may part decimals or thousands",
        expected="numbers without signs between thousands",
        todo="Say `--decimal point` or `--decimal comma`, or write the number without that sign",
    )


def _numerals(column: Column, unit: str) -> list[str]:
    """The cells without units; "" where nothing is known."""
    known: dict[str | None, str] = {None: ""}
    found = []
    for line, cell in zip(column.lines, column.cells, strict=True):
        if cell not in known:
            known[cell] = _numeral(column, (line, cell or ""), unit)
        found.append(known[cell])
    return found


def _numeral(column: Column, place: tuple[int, str], unit: str) -> str:
    """One cell, given by its line and text, without its unit."""
    line, cell = place
    if cell.casefold() == "none":
        return ""
    if readings(cell):
        return cell
    check_no_date(column, line, cell)
    number, own = without_unit(cell)
    if own and canonical(own) != canonical(unit):
        raise column.bad(line, f"a number, in {unit} if it has a unit" if unit else "a number")
    return number


def check_no_date(column: Column, line: int, cell: str) -> None:
    """Refuses a date.

    Raises:
        ClinicalError: CLINICAL_DATE.
    """
    if is_date(cell):
        raise _date(column, line)


def check_no_packed_dates(column: Column) -> None:
    """Refuses a column most of whose cells are dates without signs, such as 19510403.

    Raises:
        ClinicalError: CLINICAL_DATE.
    """
    told = list(column.told())
    dates = [line for line, cell in told if is_packed_date(cell)]
    if 2 * len(dates) > len(told):
        raise _date(column, dates[0])


def _date(column: Column, line: int) -> ClinicalError:
    return ClinicalError(
        "CLINICAL_DATE",
        f"column {column.header!r}, line {line}, holds a date",
        expected="a number, or a category",
        todo="Compute the time or age from the dates (days since the scan, for instance) and "
        "name that column; dates do not enter a dataset",
    )


def flags_of(column: Column, words: Mapping[str, bool]) -> list[bool | None]:
    """The cells as yes and no.

    Args:
        column: The column.
        words: What means yes and no beside 0, 1 and `1:TEXT`, in small letters.

    Returns:
        One answer a cell; None where nothing is known.

    Raises:
        ClinicalError: CLINICAL_VALUE.
    """
    known: dict[str | None, bool | None] = {None: None}
    answers = []
    for line, cell in zip(column.lines, column.cells, strict=True):
        if cell not in known:
            known[cell] = _flag(cell or "", words)
            if known[cell] is None and (cell or "").casefold() != "none":
                raise column.bad(line, "0 or 1, true or false, yes or no")
        answers.append(known[cell])
    return answers


def _flag(cell: str, words: Mapping[str, bool]) -> bool | None:
    """One answer, or None."""
    word = " ".join(cell.split()).casefold()
    if word in words:
        return words[word]
    coded = _CODED.fullmatch(word)
    number = parse_number(coded[1] if coded else word.replace(",", "."))
    return bool(number) if number in (0.0, 1.0) else None
