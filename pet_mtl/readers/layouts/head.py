"""The first elements of a DICOM file, read ten times faster than a whole data set is parsed.

Only what scanners usually write is understood: little endian, elements in order, text in ASCII.
Anything else gives None, and the caller reads it with pydicom.

Source: DICOM PS3.5 7.1 (data elements), PS3.10 7.1 (file meta information).
"""

import struct
from collections.abc import Collection

_PREFIX = b"DICM"
_IMPLICIT = b"1.2.840.10008.1.2"
# Big endian, and deflated: compressed from the data set on.
_OTHER_WAYS = (b"1.2.840.10008.1.2.2", b"1.2.840.10008.1.2.1.99")
_SYNTAX = 0x00020010
_LAST_OF_META = 0x0002FFFF
# VRs whose length takes four bytes after two reserved ones (PS3.5 7.1.2).
_LONG = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD


def read_head(data: bytes, wanted: Collection[int], last: int) -> dict[int, str] | None:
    """The wanted elements of the beginning of a file.

    Args:
        data: The first bytes of the file, preamble included.
        wanted: Tags whose values are text, such as 0x00080060.
        last: No tag beyond this one is looked at.

    Returns:
        Text by tag, stripped; absent elements are missing. None where the bytes end too early or
        are written in another way.
    """
    if data[128:132] != _PREFIX:
        return None
    try:
        meta, place = _elements(data, 132, {_SYNTAX, *wanted}, _LAST_OF_META, explicit=True)
        syntax = meta.pop(_SYNTAX, b"").strip(b" \0")
        if syntax in _OTHER_WAYS:
            return None
        explicit = syntax != _IMPLICIT
        found, _ = _elements(data, place, wanted, last, explicit=explicit)
        return {tag: _text(value) for tag, value in (meta | found).items()}
    except (struct.error, _OtherWayError):
        return None


class _OtherWayError(Exception):
    """The bytes are not written in the way that is understood here."""


def _elements(
    data: bytes, place: int, wanted: Collection[int], last: int, *, explicit: bool
) -> tuple[dict[int, bytes], int]:
    """Wanted values from a place to the last tag, and the place of the first tag beyond it."""
    found: dict[int, bytes] = {}
    before = -1
    while True:
        tag = _tag(data, place)
        if tag > last:
            return found, place
        start, length = _value(data, place, explicit)
        place = start + length if length != _UNDEFINED else _past_items(data, start, explicit)
        if tag <= before or place > len(data):
            raise _OtherWayError
        before = tag
        if tag in wanted:
            found[tag] = data[start:place]


def _tag(data: bytes, place: int) -> int:
    group, element = struct.unpack_from("<HH", data, place)
    return int(group << 16 | element)


def _past_items(data: bytes, place: int, explicit: bool) -> int:
    """The end of a sequence of undefined length (PS3.5 7.5)."""
    while (tag := _tag(data, place)) != _SEQUENCE_END:
        length = struct.unpack_from("<I", data, place + 4)[0]
        if tag != _ITEM:
            raise _OtherWayError
        place += 8
        place = place + length if length != _UNDEFINED else _past_item(data, place, explicit)
    return place + 8


def _past_item(data: bytes, place: int, explicit: bool) -> int:
    """The end of an item of undefined length."""
    while _tag(data, place) != _ITEM_END:
        start, length = _value(data, place, explicit)
        place = start + length if length != _UNDEFINED else _past_items(data, start, explicit)
    return place + 8


def _value(data: bytes, place: int, explicit: bool) -> tuple[int, int]:
    """Where the value of an element begins, and its length."""
    if not explicit:
        return place + 8, struct.unpack_from("<I", data, place + 4)[0]
    kind = data[place + 4 : place + 6]
    if kind in _LONG:
        return place + 12, struct.unpack_from("<I", data, place + 8)[0]
    if not kind.isalpha():
        raise _OtherWayError
    return place + 8, struct.unpack_from("<H", data, place + 6)[0]


def _text(value: bytes) -> str:
    """ASCII text of one value."""
    if b"\\" in value or not value.isascii():
        raise _OtherWayError
    return value.decode("ascii").strip(" \0")
