"""The decoders: the lesion mask, with skips; the reconstruction, without."""

from typing import Any

import keras
from keras import layers

from pet_mtl.config import ModelConfig
from pet_mtl.layers import SpaceToDepth3D
from pet_mtl.models.blocks import Norm, conv_block

# Lesions fill few voxels; starting from "no lesion" keeps the first steps from flooding the cube.
_MASK_BIAS = -2.0


def _level_inputs(config: ModelConfig, size: int) -> list[Any]:
    return [
        keras.Input((size >> k,) * 3 + (filters,), name=f"level{k}")
        for k, filters in enumerate(config.filters, start=1)
    ]


def build_mask_decoder(config: ModelConfig, size: int, channels: int = 1) -> keras.Model:
    """Lesion logits at full resolution from all levels and the image itself.

    | | shape |
    |---|---|
    | inputs | the encoder's levels, and its own input (batch, size, size, size, channels) |
    | output | (batch, size, size, size, 1) logits |
    | also, with deep supervision | for each merged level the same, constant over 2^k voxels |

    With deep supervision the output is a list, the finest first.

    Source:
        Deep supervision: Lee et al. 2015, arXiv 1409.5185.
    """
    levels = _level_inputs(config, size)
    image = keras.Input((size, size, size, channels), name="log_suv")
    norm = Norm(config.norm, config.groups)
    coarse: list[Any] = []
    x = levels[-1]
    for number in range(len(levels) - 2, -1, -1):
        filters = config.filters[number]
        x = layers.UpSampling3D(2, name=f"up{number + 1}")(x)
        x = layers.Concatenate(name=f"skip{number + 1}")([x, levels[number]])
        x = conv_block(x, filters, norm, name=f"merge{number + 1}")
        if config.deep_supervision:
            coarse.insert(0, _coarse_logits(x, number + 1))
    # The border is placed to the voxel, but computed in cells of 2^3, which is much faster.
    x = layers.Concatenate(name="skip_image")([x, SpaceToDepth3D(name="cells")(image)])
    filters = 2 * config.filters[0]
    x = layers.Conv3D(filters, 3, padding="same", activation="swish", name="full")(x)
    bias = keras.initializers.Constant(_MASK_BIAS)
    logits = layers.Conv3DTranspose(
        1, 2, strides=2, bias_initializer=bias, name="logits", dtype="float32"
    )(x)
    outputs = [logits, *coarse] if config.deep_supervision else logits
    return keras.Model([*levels, image], outputs, name="mask_decoder")


def _coarse_logits(x: Any, level: int) -> Any:
    """Logits of a coarser level, each repeated over the voxels that it stands for."""
    bias = keras.initializers.Constant(_MASK_BIAS)
    logits = layers.Conv3D(
        1, 1, bias_initializer=bias, name=f"logits_level{level}", dtype="float32"
    )(x)
    return layers.UpSampling3D(2**level, name=f"whole_level{level}", dtype="float32")(logits)


def build_reconstruction_decoder(config: ModelConfig, size: int) -> keras.Model:
    """Log SUV at full resolution from the deepest level alone.

    Without skips the image has to pass through the bottleneck, which is the point of the task.

    | | shape |
    |---|---|
    | input | the encoder's deepest level |
    | output | (batch, size, size, size, 1) log(1 + SUV) |
    """
    deepest = _level_inputs(config, size)[-1]
    norm = Norm(config.norm, config.groups)
    x = deepest
    for number in range(len(config.filters) - 2, -1, -1):
        x = layers.UpSampling3D(2, name=f"up{number + 1}")(x)
        x = conv_block(x, config.filters[number], norm, name=f"conv{number + 1}")
    x = layers.Conv3DTranspose(1, 2, strides=2, name="image", dtype="float32")(x)
    return keras.Model(deepest, x, name="reconstruction_decoder")
