"""The 3-D encoders behind one interface: levels of features, each of half the resolution.

An encoder is a function that makes one level out of the one before; `build_encoder` chains them.
All scales and all tasks share the model that it returns.
"""

from collections.abc import Callable
from typing import Any

import keras

from pet_mtl.config import ModelConfig
from pet_mtl.models.blocks import Norm
from pet_mtl.models.encoders.convnext import convnext_level
from pet_mtl.models.encoders.plain import plain_level
from pet_mtl.models.encoders.residual import residual_level, se_residual_level
from pet_mtl.models.encoders.shape import LevelShape

__all__ = ["LevelShape", "build_encoder"]

_LEVELS: dict[str, Callable[[Any, LevelShape, str], Any]] = {
    "residual": residual_level,
    "plain": plain_level,
    "se_residual": se_residual_level,
    "convnext": convnext_level,
}


def build_encoder(config: ModelConfig, size: int, channels: int = 1) -> keras.Model:
    """The encoder that the configuration names; each level halves the resolution.

    | level | shape |
    |---|---|
    | input: log SUV, with CT also its two channels | (batch, size, size, size, channels) |
    | k-th output | (batch, size/2^k, size/2^k, size/2^k, filters[k-1]) |

    Args:
        config: Encoder, filters, blocks and normalisation.
        size: Voxels along each axis; 2^levels must divide it.
        channels: Channels of the image.

    Returns:
        Model with one output a level, finest first.
    """
    inputs = keras.Input((size, size, size, channels), name="log_suv")
    norm = Norm(config.norm, config.groups)
    x, levels = inputs, []
    for number, filters in enumerate(config.filters, start=1):
        shape = LevelShape(filters, config.blocks, norm)
        x = _LEVELS[config.encoder](x, shape, f"level{number}")
        levels.append(x)
    return keras.Model(inputs, levels, name="encoder")
