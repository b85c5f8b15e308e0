"""Plain Python values out of DICOM data sets, whatever odd shape they were stored in."""

import contextlib
import math
import struct
import warnings
import zlib
from collections.abc import Iterator
from datetime import datetime, time, timedelta, timezone
from typing import Any

import pydicom
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.errors import BytesLengthException, InvalidDicomError

# What pydicom raises on damaged files; it documents none of it.
BROKEN = (
    InvalidDicomError,
    BytesLengthException,
    OSError,
    EOFError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    NotImplementedError,
    RuntimeError,
    struct.error,
    zlib.error,
)


_UNDEFINED_LENGTH = 0xFFFFFFFF


@contextlib.contextmanager
def lenient() -> Iterator[None]:
    """Reads values that break the standard (too long, odd characters) without a word."""
    with pydicom.config.disable_value_validation(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def raw(dataset: pydicom.Dataset, key: Any) -> Any:
    """The value of a keyword or tag; None where absent, empty or unreadable."""
    try:
        value = dataset[key].value if key in dataset else None
    except BROKEN:
        return None
    return None if value is None or value == "" else value


def is_cut(dataset: pydicom.Dataset) -> bool:
    """Whether the file ended within a value, which pydicom reads without a word.

    Asked before any value is looked at: one that was parsed has forgotten its length.
    """
    unread: list[Any] = [dataset.get_item(tag) for tag in dataset.keys()]
    return any(
        isinstance(element, RawDataElement)
        and isinstance(element.value, bytes)
        and len(element.value) < element.length != _UNDEFINED_LENGTH
        for element in unread
    )


def text(dataset: pydicom.Dataset, key: Any) -> str:
    """A value as stripped text; "" where absent."""
    value = raw(dataset, key)
    if isinstance(value, bytes):
        value = value.decode("ascii", errors="replace")
    return "" if value is None else str(value).strip(" \0")


def texts(dataset: pydicom.Dataset, key: Any) -> tuple[str, ...]:
    """A multi-valued text, such as CorrectedImage."""
    value = raw(dataset, key)
    if value is None:
        return ()
    items = [value] if isinstance(value, str) else list(value)
    return tuple(str(item).strip().upper() for item in items)


def number(dataset: pydicom.Dataset, key: Any) -> float | None:
    """One finite number; None where absent or not a number."""
    values = numbers(dataset, key)
    return values[0] if len(values) == 1 and math.isfinite(values[0]) else None


def numbers(dataset: pydicom.Dataset, key: Any) -> tuple[float, ...]:
    """A multi-valued number, such as ImagePositionPatient."""
    value: Any = _undecoded(dataset, key)
    value = raw(dataset, key) if value is None else value
    if value is None:
        return ()
    if isinstance(value, bytes):
        # Of a private attribute without its creator nothing but the bytes is known (VR UN).
        value = value.decode("ascii", errors="replace").strip(" \0").split("\\")
    items = value if hasattr(value, "__iter__") and not isinstance(value, str) else [value]
    try:
        return tuple(float(item) for item in items)
    except (TypeError, ValueError):
        return ()


def _undecoded(dataset: pydicom.Dataset, key: Any) -> list[bytes] | None:
    """The parts of a decimal string still in its bytes.

    pydicom makes an object of every number, which takes seconds for the contours of one patient.
    """
    element = dataset.get_item(key) if key in dataset else None
    if not isinstance(element, RawDataElement) or not element.value:
        return None
    kind = element.VR or (dictionary_VR(element.tag) if dictionary_has_tag(element.tag) else "")
    if kind not in ("DS", "IS"):
        return None
    return [part.strip(b" \0") for part in element.value.split(b"\\")]


def clock(value: str) -> time | None:
    """A DICOM TM (HHMMSS.FFFFFF, PS3.5 6.2), also with colons; None where it is none.

    Hours alone are none: half an hour of F-18 changes SUV by a fifth.
    """
    digits, _, fraction = value.replace(":", "").strip().partition(".")
    if not digits.isdecimal() or len(digits) not in (4, 6):
        return None
    hour, minute, second = (int(digits[i : i + 2] or 0) for i in (0, 2, 4))
    if fraction and not fraction.isdecimal():
        return None
    try:
        return time(hour, minute, min(second, 59), int(f"{fraction:0<6.6}") if fraction else 0)
    except ValueError:
        return None


def moment(date: str, clock_: str) -> datetime | None:
    """Date and time of a DICOM DA and TM; None unless both can be read."""
    time_ = clock(clock_)
    day = date.replace(".", "").replace("-", "").strip()
    if time_ is None or len(day) != 8 or not day.isdecimal():
        return None
    try:
        return datetime.combine(datetime(int(day[:4]), int(day[4:6]), int(day[6:])), time_)
    except ValueError:
        return None


def date_time(value: str, zone: str = "") -> datetime | None:
    """A DICOM DT as local clock time.

    Args:
        value: YYYYMMDDHHMMSS.FFFFFF, perhaps with an offset from UTC (+HHMM).
        zone: TimezoneOffsetFromUTC (0008,0201) of the data set, or "".

    Returns:
        Local time without zone. An offset is converted where the data set tells its own zone;
        else the clock reading itself is local. None where day or time is missing.
    """
    body, offset = _split_offset(value.strip())
    found = moment(body[:8], body[8:])
    local = _split_offset(zone.strip())[1]
    if found is None or offset is None or local is None:
        return found
    return found.replace(tzinfo=timezone(offset)).astimezone(timezone(local)).replace(tzinfo=None)


def offset(value: str) -> str:
    """The offset from UTC at the end of a DICOM DT (+HHMM or -HHMM); "" where it has none."""
    body, size = _split_offset(value.strip())
    return "" if size is None else value.strip()[len(body) :]


def _split_offset(value: str) -> tuple[str, timedelta | None]:
    """Splits +HHMM or -HHMM off the end."""
    place = max(value.rfind("+"), value.rfind("-"))
    tail = value[place + 1 :]
    if place < 0 or len(tail) != 4 or not tail.isdecimal():
        return value, None
    size = timedelta(hours=int(tail[:2]), minutes=int(tail[2:]))
    if size >= timedelta(hours=24):
        return value[:place], None
    return value[:place], size if value[place] == "+" else -size
