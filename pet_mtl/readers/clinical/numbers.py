"""Numbers as people write them in tables: decimal signs, groups of thousands, units, dates."""

import math
import re

POINT, COMMA = ".", ","

_SIGNS = str.maketrans({"\u2212": "-", "\u2013": "-"})
_BLANKS = "[ \u00a0\u2009\u202f'\u2019]"
# Python's float() would also take 1_000, infinity and the digits of all scripts.
_PLAIN = {
    sign: re.compile(
        rf"[+-]?(?:[0-9]+(?:{re.escape(sign)}[0-9]*)?|{re.escape(sign)}[0-9]+)(?:[eE][+-]?[0-9]+)?"
    )
    for sign in (POINT, COMMA)
}
_GROUPED = {
    sign: re.compile(
        rf"[+-]?[1-9][0-9]{{0,2}}(?:(?:{re.escape(other)}[0-9]{{3}})+|(?:{_BLANKS}[0-9]{{3}})+)"
        rf"(?:{re.escape(sign)}[0-9]*)?"
    )
    for sign, other in ((POINT, COMMA), (COMMA, POINT))
}
_DATE = re.compile(
    r"""(?: [0-9]{4} ([-/.]) [0-9]{1,2} \1 [0-9]{1,2}      # 2020-01-31
      | [0-9]{1,2} ([-/.]) [0-9]{1,2} \2 [0-9]{2,4}        # 31.01.2020, 1/31/20
      | [0-9]{1,2} [ .-]* [A-Za-z]{3,9} [ .-]* [0-9]{2,4}  # 31-Jan-2020
      | [A-Za-z]{3,9} [ .-]* [0-9]{1,2} ,? [ ]+ [0-9]{4}   # Jan 31, 2020
    ) (?: [T ,]+ [0-9]{1,2} :.* )?""",
    re.VERBOSE,
)
# 19510403, 03041951, 04031951, as spreadsheets give them with decimals.
_YEAR, _MONTH, _DAY = "(?:19|20)[0-9]{2}", "(?:0[1-9]|1[0-2])", "(?:0[1-9]|[12][0-9]|3[01])"
_PACKED_DATE = re.compile(
    rf"(?:{_YEAR}{_MONTH}{_DAY}|{_DAY}{_MONTH}{_YEAR}|{_MONTH}{_DAY}{_YEAR})(?:[.,]0*)?"
)
_WITH_UNIT = re.compile(r"([+-]?[0-9.,](?:[0-9.,'\u2019\s]*[0-9.,])?)\s*([^0-9\s.,:+'\u2019-].*)")

# Days: a month is a twelfth of a Julian year, a year 365.25 days.
DAYS_PER = {"days": 1.0, "weeks": 7.0, "months": 30.4375, "years": 365.25}

_UNITS = {
    "days": ("day", "d"),
    "weeks": ("week", "wk", "wks", "w"),
    "months": ("month", "mo", "mos", "mth", "mths"),
    "years": ("year", "yr", "yrs", "y"),
    "hours": ("hour", "hr", "hrs", "h"),
    "minutes": ("minute", "min", "mins"),
    "kg": ("kilogram", "kilograms", "kgs"),
    "g": ("gram", "grams", "gr"),
    "mg": ("milligram", "milligrams"),
    "lb": ("lbs", "pound", "pounds"),
    "m": ("meter", "meters", "metre", "metres"),
    "cm": ("centimeter", "centimeters", "centimetre", "centimetres"),
    "mm": ("millimeter", "millimeters", "millimetre", "millimetres"),
    "in": ("inch", "inches"),
    "ml": ("milliliter", "milliliters", "millilitre", "millilitres", "cc", "cm3", "cm³"),
    "l": ("liter", "liters", "litre", "litres"),
    "%": ("percent", "per cent", "pct"),
    "kg/m2": ("kg/m²", "kg/m^2"),
    "mbq": (), "bq": (), "mci": (), "mmol/l": (), "µmol/l": ("umol/l", "μmol/l"),
    "mg/dl": (), "g/dl": (), "g/l": (), "ng/ml": (), "u/l": ("iu/l",),
    "pack-years": ("pack years",),
}  # fmt: skip
_CANONICAL = {word: unit for unit, words in _UNITS.items() for word in (unit, *words)}


def parse_number(text: str, decimal: str = POINT) -> float | None:
    """A finite number from a cell, or None.

    Args:
        text: The cell.
        decimal: The decimal sign, "." or ","; the other one may part thousands, as may blanks
            and apostrophes.

    Returns:
        The number; None for text, NaN and infinity.
    """
    if not text.isascii():
        text = text.translate(_SIGNS)
    if not _PLAIN[decimal].fullmatch(text):
        if not _GROUPED[decimal].fullmatch(text):
            return None
        text = "".join(sign for sign in text if sign in f"+-0123456789{decimal}")
    value = float(text.replace(decimal, "."))
    return value if math.isfinite(value) else None


def readings(text: str) -> dict[str, float]:
    """Decimal sign to number, for each sign under which the cell is one.

    Two different numbers mean that the cell alone does not tell: 1,234 or 1.234.
    """
    point = parse_number(text, POINT)
    comma = parse_number(text, COMMA) if "." in text or "," in text else point
    found = {POINT: point, COMMA: comma}
    return {sign: value for sign, value in found.items() if value is not None}


def is_date(text: str) -> bool:
    """Whether a cell looks like a date."""
    return _DATE.fullmatch(text) is not None


def is_packed_date(text: str) -> bool:
    """Whether a number of eight digits can be read as a date of 1900 to 2099, as 19510403 can.

    One alone may be a number all the same; a column of them is not.
    """
    return _PACKED_DATE.fullmatch(text) is not None


def without_unit(text: str) -> tuple[str, str]:
    """A cell such as `70 kg` as number and unit, both texts; the unit is "" where there is none."""
    match = _WITH_UNIT.fullmatch(text.translate(_SIGNS))
    return (match[1].strip(), match[2].strip()) if match else (text, "")


def canonical(unit: str) -> str:
    """One spelling of a unit, to compare by; an unknown unit in small letters."""
    word = " ".join(unit.split()).casefold()
    return _CANONICAL.get(word, word)


def is_unit(text: str) -> bool:
    """Whether a text is a unit that is known here."""
    return " ".join(text.split()).casefold() in _CANONICAL
