"""The 3-D encoder that both scales and all tasks share."""

import keras

from pet_mtl.config import ModelConfig
from pet_mtl.models.blocks import conv_block, residual_block


def build_encoder(config: ModelConfig, size: int, channels: int = 1) -> keras.Model:
    """A residual encoder; each level halves the resolution.

    | level | shape |
    |---|---|
    | input: log SUV, with CT also its two channels | (batch, size, size, size, channels) |
    | k-th output | (batch, size/2^k, size/2^k, size/2^k, filters[k-1]) |

    Args:
        config: Filters and groups.
        size: Voxels along each axis; 2^levels must divide it.
        channels: Channels of the image.

    Returns:
        Model with one output a level, finest first.
    """
    inputs = keras.Input((size, size, size, channels), name="log_suv")
    x, levels = inputs, []
    for number, filters in enumerate(config.filters, start=1):
        x = conv_block(x, filters, config.groups, stride=2, name=f"level{number}_down")
        x = residual_block(x, filters, config.groups, name=f"level{number}_res")
        levels.append(x)
    return keras.Model(inputs, levels, name="encoder")
