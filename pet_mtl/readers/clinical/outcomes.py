"""The columns of time, event and response."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pet_mtl.errors import ClinicalError
from pet_mtl.readers.clinical.columns import ClinicalColumns
from pet_mtl.readers.clinical.numbers import DAYS_PER, canonical
from pet_mtl.readers.clinical.responses import responses_of
from pet_mtl.readers.clinical.sheet import Column, Sheet, split_unit
from pet_mtl.readers.clinical.values import EVENT, Numbers, flags_of

# Beyond it, "days" are a date without signs or a typing error.
_LONGEST_YEARS = 150
# Follow-up of a whole cohort that ends sooner was hardly told in days.
_SHORTEST_DAYS = 30.0
_ENOUGH_ROWS = 10


@dataclass(frozen=True)
class Outcomes:
    """What the rows say of outcomes.

    Attributes:
        time_days: A time a row, in days; None where unknown.
        event: Whether the event was seen.
        response: Class, from 0.
        columns: Header and values of the columns that were read.
        warnings: What was odd, each starting with a stable code.
    """

    time_days: Sequence[float | None]
    event: Sequence[bool | None]
    response: Sequence[int | None]
    columns: tuple[tuple[str, Sequence[object]], ...] = ()
    warnings: tuple[str, ...] = ()


def read_outcomes(sheet: Sheet, columns: ClinicalColumns, numbers: Numbers) -> Outcomes:
    """Reads time, event and response.

    Args:
        sheet: The table.
        columns: Which column holds what.
        numbers: How numbers are read.

    Returns:
        One entry a row.

    Raises:
        ClinicalError: A column is missing, or a cell cannot be used.
    """
    nothing = [None] * len(sheet.rows)
    time: Sequence[float | None] = nothing
    event: Sequence[bool | None] = nothing
    response: Sequence[int | None] = nothing
    used: list[tuple[str, Sequence[object]]] = []
    odd: tuple[str, ...] = ()
    if columns.time:
        column = sheet.column(sheet.require(columns.time))
        time, odd = _times(column, columns.time_unit, numbers)
        used.append((column.header, time))
    if columns.event:
        column = sheet.column(sheet.require(columns.event))
        event = flags_of(column.hinting("1 is an event that was seen, 0 is censored"), EVENT)
        used.append((column.header, event))
    if columns.response:
        column = sheet.column(sheet.require(columns.response))
        response, said = responses_of(column, columns)
        used.append((column.header, response))
        odd += said
    return Outcomes(time, event, response, tuple(used), odd + _incomplete(columns, time, event))


def _times(
    column: Column, unit: str, numbers: Numbers
) -> tuple[list[float | None], tuple[str, ...]]:
    """Times in days."""
    named = canonical(split_unit(column.header)[1])
    if named in DAYS_PER and named != unit:
        raise ClinicalError(
            "CLINICAL_TIME_UNIT",
            f"column {column.header!r} is not in {unit}",
            expected=f"--time-unit {named}",
            found=unit,
            todo=f"Give `--time-unit {named}`",
        )
    column = column.hinting("--time-unit names the unit")
    times = numbers.of(column, unit)
    factor = DAYS_PER[unit]
    for line, time in zip(column.lines, times, strict=True):
        if time is not None and time < 0:
            raise column.bad(line, f"{unit}, 0 or more")
        if time is not None and time * factor > _LONGEST_YEARS * DAYS_PER["years"]:
            raise column.bad(line, f"{unit}, at most {_LONGEST_YEARS} years")
    days = [None if time is None else time * factor for time in times]
    return days, _odd_unit(column, unit, days)


def _odd_unit(column: Column, unit: str, days: Sequence[float | None]) -> tuple[str, ...]:
    """A warning where the header's words or the longest time speak for another unit."""
    words = {canonical(word) for word in re.split(r"[^A-Za-z]+", column.header) if len(word) > 1}
    other = sorted((words & set(DAYS_PER)) - {unit})
    if other and unit not in words:
        return (
            f"CLINICAL_TIME_ODD: column {column.header!r} is read as {unit}, but its name says "
            f"{other[0]}; see --time-unit",
        )
    known = [time for time in days if time is not None]
    if len(known) >= _ENOUGH_ROWS and max(known) < _SHORTEST_DAYS:
        return (
            f"CLINICAL_TIME_ODD: the longest time in column {column.header!r} is {max(known):g} "
            "days; see --time-unit if it is in another unit",
        )
    return ()


def _incomplete(
    columns: ClinicalColumns, time: Sequence[float | None], event: Sequence[bool | None]
) -> tuple[str, ...]:
    """A warning of rows that have a time without an event, or the other way round."""
    if not (columns.time and columns.event):
        return ()
    alone = sum((t is None) != (e is None) for t, e in zip(time, event, strict=True))
    if not alone:
        return ()
    return (
        f"CLINICAL_HALF_SURVIVAL: {alone} rows have only one of time and event, and say nothing of "
        "survival",
    )
