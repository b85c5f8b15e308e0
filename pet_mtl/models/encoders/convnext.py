"""An encoder of wide depthwise and pointwise convolutions, after ConvNeXt, in 3-D."""

from typing import Any

from keras import layers

from pet_mtl.layers import DepthwiseConv3D, LayerScale
from pet_mtl.models.encoders.shape import LevelShape

# 7 voxels, as in 2-D, would cost 343 products a voxel and reach across a third of a small cube.
_KERNEL = 5
_EXPANSION = 4


def convnext_level(x: Any, shape: LevelShape, name: str) -> Any:
    """Patches of 2 x 2 x 2 voxels become one; then inverted bottlenecks with shortcuts.

    A block is depthwise 5 x 5 x 5, normalisation, pointwise to 4 times the channels, GELU,
    pointwise back, layer scale.

    | | shape |
    |---|---|
    | input | (batch, z, y, x, channels) |
    | output | (batch, z/2, y/2, x/2, filters) |

    Source:
        Liu et al. 2022, doi:10.1109/CVPR52688.2022.01167.
    """
    x = layers.Conv3D(shape.filters, 2, strides=2, use_bias=False, name=f"{name}_down_conv")(x)
    x = shape.norm.layer(shape.filters, f"{name}_down_norm")(x)
    for block in shape.names(f"{name}_next"):
        y = DepthwiseConv3D(_KERNEL, name=f"{block}_depthwise")(x)
        y = shape.norm.layer(shape.filters, f"{block}_norm")(y)
        y = layers.Dense(_EXPANSION * shape.filters, activation="gelu", name=f"{block}_expand")(y)
        y = layers.Dense(shape.filters, name=f"{block}_project")(y)
        y = LayerScale(name=f"{block}_scale")(y)
        x = layers.Add(name=f"{block}_sum")([x, y])
    return x
