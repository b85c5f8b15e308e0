"""Columns of covariates as values: the schema fitted to a table, or a table read by a schema."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pet_mtl.covariates import CATEGORICAL, NUMERIC, Covariate
from pet_mtl.errors import ClinicalError
from pet_mtl.readers.clinical.columns import Wanted, check_unit
from pet_mtl.readers.clinical.numbers import is_unit, readings, without_unit
from pet_mtl.readers.clinical.sheet import Column, split_unit
from pet_mtl.readers.clinical.values import Numbers, check_no_date, check_no_packed_dates

MAX_LEVELS = 8

_LONGEST_LEVEL = 80
# As far from the mean as the model follows a value (`Standardize`).
_FAR_SD = 4.0
_WHOLE = re.compile(r"([0-9]+)[.,]0+")

Value = float | str | None


@dataclass(frozen=True)
class Coded:
    """One covariate of all rows.

    Attributes:
        covariate: What it is.
        values: A number or a level a row; None where unknown.
        warnings: What was odd, each starting with a stable code.
    """

    covariate: Covariate
    values: Sequence[Value]
    warnings: tuple[str, ...] = ()


def fit(column: Column, wanted: Wanted, numbers: Numbers) -> Coded:
    """Finds out what a column is, and reads it.

    Numbers are numeric unless asked for as categories; texts are categorical. A unit makes a
    column numeric.

    Args:
        column: The column.
        wanted: How the user asks for it.
        numbers: How numbers are read.

    Returns:
        The covariate and its values.

    Raises:
        ClinicalError: A cell that does not fit, dates, or texts that are no categories.
    """
    if not wanted.levels:
        check_no_packed_dates(column)
    if not (wanted.levels or wanted.category) and _is_numeric(column, wanted.unit):
        values = _numbers(column, numbers, wanted.unit)
        warnings = () if any(v is not None for v in values) else (_empty(column),)
        return Coded(Covariate(wanted.name, NUMERIC, wanted.unit), values, warnings)
    return _categories(column, wanted)


def read_by(column: Column, covariate: Covariate, numbers: Numbers) -> Coded:
    """Reads a column as a covariate that is known already.

    Args:
        column: The column.
        covariate: From the schema.
        numbers: How numbers are read.

    Returns:
        The covariate and its values. A level that the schema does not know is unknown, with a
        warning; so is nothing else.

    Raises:
        ClinicalError: CLINICAL_UNIT, the column is in another unit; CLINICAL_VALUE, a text
            where numbers are expected, or the other way round.
    """
    if covariate.kind == NUMERIC:
        check_unit(column.header, split_unit(column.header)[1], covariate.unit)
        values = _numbers(column, numbers, covariate.unit)
        return Coded(covariate, values, _far(column, covariate, values))
    cells, unseen = _levels(column, covariate)
    warnings: tuple[str, ...] = ()
    if unseen:
        warnings = (
            f"CLINICAL_UNSEEN_LEVEL: column {column.header!r}: {_rows(unseen)} a level that the "
            "training data do not have; it counts as unknown",
        )
    return Coded(covariate, cells, warnings)


def _numbers(column: Column, numbers: Numbers, unit: str) -> list[float | None]:
    """Numbers, with a hint for units and for codes of categories."""
    hint = (
        f"if it has the unit of all, say --covariates '{column.header}[UNIT]'; if the numbers are "
        f"codes, '{column.header}[category]'"
    )
    return numbers.of(column.hinting(hint), unit)


def _is_numeric(column: Column, unit: str) -> bool:
    """Whether the cells are meant as numbers; an empty column counts as such."""
    cells = {cell for _, cell in column.told() if cell.casefold() != "none"}
    if unit or not cells or any(readings(cell) for cell in cells):
        return True
    return all(is_unit(without_unit(cell)[1]) for cell in cells)


def _categories(column: Column, wanted: Wanted) -> Coded:
    """A text column with its levels."""
    cells, merged = spelled(column)
    counts = Counter(cell for cell in cells if cell is not None)
    levels = tuple(sorted(counts))
    if wanted.levels:
        return Coded(_chosen_levels(column, wanted, levels), cells, merged)
    _check_levels(column, counts)
    indicators = levels[1:] if len(levels) == 2 else levels
    covariate = Covariate(wanted.name, CATEGORICAL, "", levels, indicators)
    return Coded(covariate, cells, merged)


def _chosen_levels(column: Column, wanted: Wanted, levels: tuple[str, ...]) -> Covariate:
    """The covariate of some levels against all others, which are not listed: they may be names."""
    by_small = {one.casefold(): one for one in levels}
    found = [by_small.get(_level(level).casefold()) for level in wanted.levels]
    if None in found:
        raise ClinicalError(
            "CLINICAL_LEVEL",
            f"column {column.header!r} never holds the level that is asked for",
            expected=f"one of its {len(levels)} levels",
            todo="Check the spelling of the level after the sign of equality",
        )
    return Covariate(wanted.name, CATEGORICAL, "", (), tuple(filter(None, found)))


def _check_levels(column: Column, counts: Counter[str]) -> None:
    """Refuses texts that are no categories, which might name patients, and dates."""
    first = {cell: line for line, cell in reversed(list(column.told()))}
    for cell, line in reversed(first.items()):
        check_no_date(column, line, cell)
        if len(cell) > _LONGEST_LEVEL:
            raise column.bad(line, f"a category of at most {_LONGEST_LEVEL} letters")
    rows = sum(counts.values())
    if not 2 <= len(counts) <= MAX_LEVELS or len(counts) == rows:
        raise ClinicalError(
            "CLINICAL_COVARIATE",
            f"column {column.header!r} is text and cannot serve as a covariate",
            expected=f"numbers, or 2 to {MAX_LEVELS} different texts that rows share",
            found=f"{len(counts)} different texts in {rows} rows",
            todo="Leave it out of the covariates, group its texts, or ask for one level as "
            f"'{column.header}=LEVEL'",
        )


def spelled(column: Column) -> tuple[list[str | None], tuple[str, ...]]:
    """The cells as levels; spellings that differ in case only become the commonest of them.

    Args:
        column: The column.

    Returns:
        A level a row, None where unknown; and a warning if a spelling was changed.
    """
    cells = [None if cell is None else _level(cell) for cell in column.cells]
    counts = Counter(cell for cell in cells if cell is not None)
    best: dict[str, str] = {}
    for cell in sorted(counts, key=lambda cell: (-counts[cell], cell)):
        best.setdefault(cell.casefold(), cell)
    changed = sum(n for cell, n in counts.items() if best[cell.casefold()] != cell)
    if not changed:
        return cells, ()
    warning = (
        f"CLINICAL_LEVEL_CASE: column {column.header!r}: {_rows(changed)} a level in another case "
        "than most; they count as the same"
    )
    return [None if cell is None else best[cell.casefold()] for cell in cells], (warning,)


def _level(cell: str) -> str:
    """One spelling of blanks, and of whole numbers that a spreadsheet gave decimals."""
    whole = _WHOLE.fullmatch(cell)
    return whole[1] if whole else " ".join(cell.split())


def _levels(column: Column, covariate: Covariate) -> tuple[list[Value], int]:
    """The cells as levels of the schema, and how many are none of them."""
    levels = covariate.levels or covariate.indicators
    by_small = {level.casefold(): level for level in levels}
    coded = any(readings(level) for level in levels)
    values: list[Value] = []
    unseen = 0
    for line, cell in zip(column.lines, column.cells, strict=True):
        if cell is not None and not coded and readings(cell):
            raise column.bad(line, f"a text such as {', '.join(levels)}")
        level = None if cell is None else _level(cell)
        if level is not None and level not in levels:
            level = by_small.get(level.casefold(), level)
        if level is not None and covariate.levels and level not in covariate.levels:
            level, unseen = None, unseen + 1
        values.append(level)
    return values, unseen


def _far(column: Column, covariate: Covariate, values: Sequence[float | None]) -> tuple[str, ...]:
    """A warning of values unlike the training data, as those in another unit are."""
    mean, sd = covariate.mean, covariate.sd
    if mean is None or not sd:
        return ()
    far = sum(value is not None and abs(value - mean) > _FAR_SD * sd for value in values)
    if not far:
        return ()
    unit = f" {covariate.unit}" if covariate.unit else ""
    return (
        f"CLINICAL_FAR: column {column.header!r}: {_rows(far)} a value far from the training data "
        f"(mean {mean:g}{unit}); check its unit",
    )


def _empty(column: Column) -> str:
    return f"CLINICAL_EMPTY: column {column.header!r} holds nothing; the covariate is never known"


def _rows(count: int) -> str:
    """ "1 row holds", "3 rows hold"."""
    return "1 row holds" if count == 1 else f"{count} rows hold"
