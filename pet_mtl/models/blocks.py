"""Building blocks of the convolutional parts."""

from dataclasses import dataclass
from typing import Any

from keras import layers

from pet_mtl.layers import GroupNorm


@dataclass(frozen=True)
class Norm:
    """The normalisation; none looks at other patients, for batches of volumes are too small.

    Attributes:
        kind: "group" (Wu and He 2018, doi:10.1007/978-3-030-01261-8_1), "instance" (every channel
            of a patient by itself) or "layer" (all channels of a voxel).
        groups: Groups of channels; only "group" reads it.
    """

    kind: str
    groups: int

    def layer(self, channels: int, name: str) -> layers.Layer:
        """A new layer of this kind for so many channels."""
        if self.kind == "layer":
            return layers.LayerNormalization(name=name)
        return GroupNorm(self.groups if self.kind == "group" else channels, name=name)


def conv_block(x: Any, filters: int, norm: Norm, stride: int = 1, name: str = "") -> Any:
    """Convolution 3 x 3 x 3, normalisation, swish.

    Args:
        x: (batch, z, y, x, channels).
        filters: Output channels; the groups of a group normalisation must divide them.
        norm: The normalisation.
        stride: Stride along each axis.
        name: Prefix of the layer names.

    Returns:
        (batch, z/stride, y/stride, x/stride, filters).
    """
    x = layers.Conv3D(
        filters, 3, strides=stride, padding="same", use_bias=False, name=f"{name}_conv"
    )(x)
    x = norm.layer(filters, f"{name}_norm")(x)
    return layers.Activation("swish", name=f"{name}_act")(x)
