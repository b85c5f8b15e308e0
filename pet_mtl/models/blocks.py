"""Building blocks of the convolutional parts."""

from typing import Any

from keras import layers

from pet_mtl.layers import GroupNorm


def conv_block(x: Any, filters: int, groups: int, stride: int = 1, name: str = "") -> Any:
    """Convolution 3 x 3 x 3, group normalisation, swish.

    Group normalisation, because batches of volumes are too small for BatchNorm.

    Args:
        x: (batch, z, y, x, channels).
        filters: Output channels; `groups` must divide them.
        groups: Groups of the normalisation.
        stride: Stride along each axis.
        name: Prefix of the layer names.

    Returns:
        (batch, z/stride, y/stride, x/stride, filters).
    """
    x = layers.Conv3D(
        filters, 3, strides=stride, padding="same", use_bias=False, name=f"{name}_conv"
    )(x)
    x = GroupNorm(groups, name=f"{name}_norm")(x)
    return layers.Activation("swish", name=f"{name}_act")(x)


def residual_block(x: Any, filters: int, groups: int, name: str) -> Any:
    """Two convolutions with a shortcut; channels unchanged."""
    y = conv_block(x, filters, groups, name=f"{name}_a")
    y = layers.Conv3D(filters, 3, padding="same", use_bias=False, name=f"{name}_b_conv")(y)
    y = GroupNorm(groups, name=f"{name}_b_norm")(y)
    return layers.Activation("swish", name=f"{name}_out")(layers.Add(name=f"{name}_sum")([x, y]))
