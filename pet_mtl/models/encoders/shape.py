"""What a level of an encoder is told."""

from collections.abc import Iterator
from dataclasses import dataclass

from pet_mtl.models.blocks import Norm


@dataclass(frozen=True)
class LevelShape:
    """Width, depth and normalisation of one level.

    Attributes:
        filters: Output channels.
        blocks: Blocks after the halving.
        norm: The normalisation.
    """

    filters: int
    blocks: int
    norm: Norm

    def names(self, prefix: str) -> Iterator[str]:
        """A name for each block: prefix, prefix2, ..."""
        for number in range(1, self.blocks + 1):
            yield prefix if number == 1 else f"{prefix}{number}"
