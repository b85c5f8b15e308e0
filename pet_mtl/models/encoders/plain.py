"""The plain encoder: convolutions one after the other."""

from typing import Any

from pet_mtl.models.blocks import conv_block
from pet_mtl.models.encoders.shape import LevelShape


def plain_level(x: Any, shape: LevelShape, name: str) -> Any:
    """One convolution of stride 2, then one a block.

    | | shape |
    |---|---|
    | input | (batch, z, y, x, channels) |
    | output | (batch, z/2, y/2, x/2, filters) |
    """
    x = conv_block(x, shape.filters, shape.norm, stride=2, name=f"{name}_down")
    for block in shape.names(f"{name}_conv"):
        x = conv_block(x, shape.filters, shape.norm, name=block)
    return x
