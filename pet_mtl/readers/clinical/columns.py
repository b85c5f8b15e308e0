"""Which column of the clinical table holds what, as the user says it."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pet_mtl.classes import BINARY, MOST_CLASSES
from pet_mtl.covariates import Covariate
from pet_mtl.errors import ClinicalError, ConfigError
from pet_mtl.readers.clinical.numbers import COMMA, DAYS_PER, POINT, canonical
from pet_mtl.readers.clinical.sheet import Sheet, split_unit

CATEGORY = "category"
DECIMALS = {"point": POINT, "comma": COMMA}

_WHOLE = re.compile(r"(\d+)[.,]0+")
_BRACKETED = re.compile(r"(.*\S)\s*\[([^\[\]]*)\]")


@dataclass(frozen=True)
class ClinicalColumns:
    """Which column holds what.

    Attributes:
        id: Folder name or PatientID.
        time: Time to event or censoring, or None.
        event: Whether the event was seen, or None.
        response: Class of the response, or None.
        covariates: Columns of covariates: `name`; `name[unit]`, numbers in that unit;
            `name[category]`, numbers that are codes; `name=level`, that one level of a text.
        time_unit: "days", "weeks", "months" (30.4375 days) or "years" (365.25 days).
        response_positive: Texts of the response that are class 1, every other one being class 0;
            none where the column holds 0 and 1, yes and no, or the like.
        response_classes: The values of the response in the order of their classes: the first is
            class 0; 2 to 8 of them.
        groups: Columns that say to which group a patient belongs; never a covariate.
        decimal: "point" or "comma"; "" lets each column's numbers tell.

    Raises:
        ConfigError: An unknown time unit or decimal sign, positive values or classes of no
            response, both of them, or classes that are no list of different values.
    """

    id: str
    time: str | None = None
    event: str | None = None
    response: str | None = None
    covariates: tuple[str, ...] = ()
    time_unit: str = "days"
    response_positive: tuple[str, ...] = ()
    decimal: str = ""
    response_classes: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, value, known in (
            ("time unit", self.time_unit, DAYS_PER),
            ("decimal sign", self.decimal, ["", *DECIMALS]),
        ):
            if value not in known:
                raise ConfigError(
                    "CLINICAL_OPTION",
                    f"the {name} is not known",
                    expected=f"one of {', '.join(filter(None, known))}",
                    found=repr(value),
                )
        if self.response_positive and not self.response:
            raise ConfigError(
                "CLINICAL_OPTION",
                "positive values are given, but no column of the response",
                todo="Name the column with --response",
            )
        if self.response_classes:
            self._check_classes()

    def _check_classes(self) -> None:
        """Refuses classes that do not fit each other, or the other options."""
        names = self.response_classes
        if not self.response or self.response_positive:
            raise ConfigError(
                "CLINICAL_OPTION",
                "classes of the response need its column, and no positive values beside them",
                todo="Name the column with --response, and give either --response-classes or "
                "--response-positive",
            )
        if not BINARY <= len({class_word(name) for name in names}) == len(names) <= MOST_CLASSES:
            raise ConfigError(
                "CLINICAL_OPTION",
                "the classes of the response are no list that can be used",
                expected=f"{BINARY} to {MOST_CLASSES} different values, in order",
                found=", ".join(names),
                todo="Correct --response-classes",
            )

    @property
    def sign(self) -> str:
        """The decimal sign that the user gave, or ""."""
        return DECIMALS.get(self.decimal, "")

    def named(self) -> tuple[str, ...]:
        """All names given, as they are written."""
        names = (self.id, self.time, self.event, self.response, *self.covariates, *self.groups)
        return tuple(name for name in names if name)


@dataclass(frozen=True)
class Wanted:
    """One covariate that the user asks for, found in the table.

    Attributes:
        name: Its name, without unit.
        index: Its column.
        unit: Unit given by the user or by the header, or "".
        category: Whether its numbers are codes.
        levels: The levels asked for one by one; none for all of them.
    """

    name: str
    index: int
    unit: str = ""
    category: bool = False
    levels: tuple[str, ...] = ()


def class_word(cell: str) -> str:
    """What is compared of a class: without case and needless blanks, or a number's ".0".

    >>> class_word("Partial  response"), class_word("2.0")
    ('partial response', '2')
    """
    word = " ".join(cell.split()).casefold()
    whole = _WHOLE.fullmatch(word)
    return whole[1] if whole else word


def split_names(text: str) -> tuple[str, ...]:
    """Names separated by commas, as options give them; a name with a comma stands in quotes.

    Args:
        text: Such as `age[years],"stage, clinical",sex`.

    Returns:
        The names; empty ones left out.
    """
    cells = next(csv.reader([" ".join(text.splitlines())], skipinitialspace=True), [])
    return tuple(cell.strip() for cell in cells if cell.strip())


def all_wanted(asked: Sequence[str], sheet: Sheet) -> list[Wanted]:
    """Finds the covariates that the user asks for.

    A column that is called exactly as the user says is always that column.

    Args:
        asked: `name`, `name[unit]`, `name[category]` or `name=level` each.
        sheet: The table.

    Returns:
        The covariates; several levels of one column are one covariate.

    Raises:
        ClinicalError: CLINICAL_COLUMN, no such column; CLINICAL_UNIT, the header says another
            unit than the user.
    """
    found: list[Wanted] = []
    for one in (_wanted(text, sheet) for text in asked):
        same = [i for i, other in enumerate(found) if one.levels and other.levels
                and other.index == one.index]  # fmt: skip
        if same:
            found[same[0]] = replace(one, levels=found[same[0]].levels + one.levels)
        else:
            found.append(one)
    return found


def _wanted(asked: str, sheet: Sheet) -> Wanted:
    """Finds one covariate."""
    if asked in sheet.header:
        index = sheet.require(asked)
        return Wanted(*_named(sheet, index, asked))
    name, bracket, level = parse_asked(asked)
    if level and sheet.find(asked) is not None:
        name = asked
    elif level:
        return Wanted(name, sheet.require(name), levels=(level,))
    name, index, unit = _named(sheet, sheet.require(name), name)
    if bracket == CATEGORY:
        return Wanted(name, index, category=True)
    check_unit(sheet.header[index], unit, bracket)
    return Wanted(name, index, bracket or unit)


def parse_asked(asked: str) -> tuple[str, str, str]:
    """What `name`, `name[unit]`, `name[category]` or `name=level` says.

    Args:
        asked: One covariate as the user asks for it.

    Returns:
        Name, unit or "category", and level; "" for what is not said.
    """
    match = _BRACKETED.fullmatch(asked)
    if match:
        bracket = match[2].strip()
        return match[1], CATEGORY if bracket.casefold() == CATEGORY else bracket, ""
    name, _, level = asked.partition("=")
    return name.strip(), "", level.strip()


def _named(sheet: Sheet, index: int, asked: str) -> tuple[str, int, str]:
    """Name without unit, column and unit of a header; the whole header where names would clash."""
    name, unit = split_unit(sheet.header[index])
    if unit and sum(split_unit(header)[0] == name for header in sheet.header) > 1:
        return asked, index, unit
    return name, index, unit


def check_unit(header: str, found: str, expected: str) -> None:
    """Refuses a column whose header says another unit than is expected; silence fits any.

    Raises:
        ClinicalError: CLINICAL_UNIT.
    """
    if found and expected and canonical(found) != canonical(expected):
        raise ClinicalError(
            "CLINICAL_UNIT",
            f"column {header!r} is in another unit",
            expected=repr(expected),
            found=repr(found),
            todo="Convert the column, and name the unit that it then has",
        )


def check_twice(schema: tuple[Covariate, ...]) -> None:
    """Refuses covariates of which two would have the same name.

    Raises:
        ClinicalError: CLINICAL_COVARIATE.
    """
    names = [covariate.name for covariate in schema]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ClinicalError(
            "CLINICAL_COVARIATE",
            f"covariate {twice[0]!r} is asked for twice",
            expected="each covariate once",
            todo="Name it once",
        )
