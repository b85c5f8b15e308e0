"""Columns that say to which group a patient belongs: a centre, a scanner, an arm of a trial."""

from collections import Counter

from pet_mtl.errors import ClinicalError
from pet_mtl.readers.clinical.coding import spelled
from pet_mtl.readers.clinical.columns import ClinicalColumns
from pet_mtl.readers.clinical.sheet import Column, Sheet
from pet_mtl.readers.clinical.values import check_no_date

MAX_GROUPS = 60

_LONGEST = 80


def read_groups(
    sheet: Sheet, columns: ClinicalColumns
) -> tuple[dict[str, list[str | None]], tuple[str, ...]]:
    """Reads the columns of groups.

    Args:
        sheet: The table.
        columns: Which column holds what.

    Returns:
        Column to a group a row, None where unknown; and what was odd.

    Raises:
        ClinicalError: A column is missing, holds dates, or so many texts that they may name
            patients.
    """
    found: dict[str, list[str | None]] = {}
    odd: tuple[str, ...] = ()
    for name in columns.groups:
        column = sheet.column(sheet.require(name))
        found[name], warnings = spelled(column)
        odd += warnings
        _check(column, found[name])
    return found, odd


def _check(column: Column, groups: list[str | None]) -> None:
    """Refuses texts that are no groups: they are stored as they are written."""
    for line, cell in column.told():
        check_no_date(column, line, cell)
        if len(cell) > _LONGEST:
            raise column.bad(line, f"a group of at most {_LONGEST} letters")
    counts = Counter(group for group in groups if group is not None)
    rows = sum(counts.values())
    if len(counts) > MAX_GROUPS or (rows and len(counts) == rows):
        raise ClinicalError(
            "CLINICAL_GROUP",
            f"column {column.header!r} holds no groups of patients",
            expected=f"at most {MAX_GROUPS} different texts that rows share",
            found=f"{len(counts)} different texts in {rows} rows",
            todo="Leave it out of --groups, or group its texts",
        )
