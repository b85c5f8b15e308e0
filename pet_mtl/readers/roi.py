"""What `--roi` says: names with `*` and `?`, or numbers, separated by commas."""

import fnmatch
from collections.abc import Sequence
from typing import Protocol, TypeVar


class Named(Protocol):
    """What can be chosen: a region, a segment, a label."""

    @property
    def name(self) -> str:
        """Its name, or "" where it has none."""

    @property
    def number(self) -> int | None:
        """Its number, if it has one."""


Item = TypeVar("Item", bound=Named)


def parts_of(roi: str) -> tuple[str, ...]:
    """The parts between the commas, stripped, without empty ones.

    >>> parts_of(" GTV*, 2 ,")
    ('GTV*', '2')
    """
    return tuple(part.strip() for part in roi.split(",") if part.strip())


def select(roi: str, items: Sequence[Item]) -> tuple[Item, ...]:
    """The items that any part of `--roi` means, in their own order.

    A part of digits is a number; only if no item has that number, a name. Any other part is a
    pattern of the whole name, any case, in which `*` stands for anything and `?` for one
    character; nothing else is special, brackets least of all, since names hold them. A text that
    is one item's whole name, commas included, means that item.

    Args:
        roi: What the user or the layout gave.
        items: All there is.

    Returns:
        What matches, perhaps nothing.
    """
    whole = tuple(item for item in items if item.name.casefold() == roi.strip().casefold())
    if whole and "," in roi:
        return whole
    chosen = [hit for part in parts_of(roi) for hit in _matches(part, items)]
    return tuple(item for item in items if any(item is hit for hit in chosen))


def _matches(part: str, items: Sequence[Item]) -> list[Item]:
    """The items that one part means."""
    if part.isdecimal():
        numbered = [item for item in items if item.number == int(part)]
        if numbered:
            return numbered
    pattern = part.casefold().replace("[", "[[]")
    return [item for item in items if fnmatch.fnmatchcase(item.name.casefold(), pattern)]


def has_number(roi: str) -> bool:
    """Whether any part is a number."""
    return any(part.isdecimal() for part in parts_of(roi))
