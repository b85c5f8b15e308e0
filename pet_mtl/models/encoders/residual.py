"""The residual encoder, and the same with squeeze and excitation."""

from typing import Any

from keras import layers

from pet_mtl.models.blocks import Norm, conv_block
from pet_mtl.models.encoders.shape import LevelShape

_REDUCTION = 4


def residual_level(x: Any, shape: LevelShape, name: str) -> Any:
    """One convolution of stride 2, then residual blocks of two convolutions.

    | | shape |
    |---|---|
    | input | (batch, z, y, x, channels) |
    | output | (batch, z/2, y/2, x/2, filters) |

    Source:
        He et al. 2016, doi:10.1109/CVPR.2016.90.
    """
    return _level(x, shape, name, squeezed=False)


def se_residual_level(x: Any, shape: LevelShape, name: str) -> Any:
    """The same; each block weighs its channels by their means over the volume.

    | | shape |
    |---|---|
    | input | (batch, z, y, x, channels) |
    | output | (batch, z/2, y/2, x/2, filters) |

    Source:
        Hu et al. 2018, doi:10.1109/CVPR.2018.00745.
    """
    return _level(x, shape, name, squeezed=True)


def _level(x: Any, shape: LevelShape, name: str, squeezed: bool) -> Any:
    """The halving and the blocks of one level."""
    x = conv_block(x, shape.filters, shape.norm, stride=2, name=f"{name}_down")
    for block in shape.names(f"{name}_res"):
        y = _two_convolutions(x, shape.filters, shape.norm, block)
        if squeezed:
            y = _excited(y, shape.filters, block)
        x = layers.Add(name=f"{block}_sum")([x, y])
        x = layers.Activation("swish", name=f"{block}_out")(x)
    return x


def _two_convolutions(x: Any, filters: int, norm: Norm, name: str) -> Any:
    """What is added to the shortcut; channels unchanged."""
    y = conv_block(x, filters, norm, name=f"{name}_a")
    y = layers.Conv3D(filters, 3, padding="same", use_bias=False, name=f"{name}_b_conv")(y)
    return norm.layer(filters, f"{name}_b_norm")(y)


def _excited(y: Any, filters: int, name: str) -> Any:
    """Channels times a gate of 0 to 1, made of all channels' means."""
    narrow = max(1, filters // _REDUCTION)
    gate = layers.GlobalAveragePooling3D(keepdims=True, name=f"{name}_squeeze")(y)
    gate = layers.Dense(narrow, activation="swish", name=f"{name}_narrow")(gate)
    gate = layers.Dense(filters, activation="sigmoid", name=f"{name}_gate")(gate)
    return layers.Multiply(name=f"{name}_excite")([y, gate])
