"""Private attributes of vendors, found by their creator (DICOM PS3.5 7.8.1)."""

from dataclasses import dataclass

import pydicom
from pydicom.tag import BaseTag, Tag

from pet_mtl.readers import values

_FIRST_BLOCK, _LAST_BLOCK = 0x10, 0xFF


@dataclass(frozen=True)
class PrivateBlock:
    """A block of private attributes.

    Attributes:
        group: Its group.
        creator: What its Private Creator element holds.
        elements: The elements of interest, from the block's start.
    """

    group: int
    creator: str
    elements: tuple[int, ...]


# PET scan_datetime; SUV and Activity Concentration Scale Factor.
GE_PET = PrivateBlock(0x0009, "GEMS_PETD_01", (0x0D,))
PHILIPS_PET = PrivateBlock(0x7053, "Philips PET Private Group", (0x00, 0x09))


def private_tag(dataset: pydicom.Dataset, block: PrivateBlock, element: int) -> BaseTag:
    """Where a private attribute lies in a data set.

    Exports and anonymisers drop the creators; then the attribute is taken where vendors put it,
    in the first block, provided that no one else claims that.

    Args:
        dataset: A header with the group's elements.
        block: The block of the attribute.
        element: The attribute, from the block's start.

    Returns:
        Its tag; of the reserved block 0, in which nothing lies, where it is not there.
    """
    creators = {
        tag.element: values.text(dataset, tag).casefold()
        for tag in dataset.keys()
        if tag.group == block.group and _FIRST_BLOCK <= tag.element <= _LAST_BLOCK
    }
    wanted = [place for place, name in creators.items() if name == block.creator.casefold()]
    if not wanted and not creators.get(_FIRST_BLOCK):
        wanted = [_FIRST_BLOCK]
    tags = [Tag(block.group, place << 8 | element) for place in wanted]
    return next((tag for tag in tags if tag in dataset), Tag(block.group, element))


def _all_tags(block: PrivateBlock) -> list[BaseTag]:
    """Every creator of the group, and the wanted elements of every block."""
    places = range(_FIRST_BLOCK, _LAST_BLOCK + 1)
    tags = [Tag(block.group, place) for place in places]
    return tags + [Tag(block.group, p << 8 | e) for p in places for e in block.elements]


PRIVATE_TAGS = (*_all_tags(GE_PET), *_all_tags(PHILIPS_PET))
