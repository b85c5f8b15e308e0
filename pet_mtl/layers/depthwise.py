"""Depthwise convolution in 3-D, which Keras does not have."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("pet_mtl")
class DepthwiseConv3D(keras.layers.Layer):
    """Every channel convolved with its own kernel; borders are padded with zeros.

    The kernel's planes along z are depthwise convolutions in 2-D, which every backend has, on any
    device; grouped convolutions in 3-D are not to be had everywhere.

    | | shape |
    |---|---|
    | input | (batch, z, y, x, channels) |
    | output | (batch, z, y, x, channels) |

    Args:
        kernel_size: Edge of the kernel in voxels, odd.
    """

    def __init__(self, kernel_size: int = 5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kernel_size = kernel_size

    def build(self, input_shape: Any) -> None:
        """Makes kernel and bias."""
        edge, channels = self.kernel_size, input_shape[-1]
        self.kernel = self.add_weight(
            name="kernel",
            shape=(edge, edge, edge, channels, 1),
            # Keras would count the other channels as inputs of each.
            initializer=keras.initializers.TruncatedNormal(stddev=edge**-1.5),
        )
        self.bias = self.add_weight(name="bias", shape=(channels,), initializer="zeros")
        super().build(input_shape)

    def call(self, volume: Any) -> Any:
        """The convolved volume."""
        depth, rows, columns, channels = volume.shape[1:]
        half = self.kernel_size // 2
        padded = ops.pad(volume, [[0, 0], [half, half], [0, 0], [0, 0], [0, 0]])
        total: Any = self.bias
        for plane in range(self.kernel_size):
            flat = ops.reshape(padded[:, plane : plane + depth], (-1, rows, columns, channels))
            total = total + ops.depthwise_conv(flat, self.kernel[plane], padding="same")
        return ops.reshape(total, (-1, depth, rows, columns, channels))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {**super().get_config(), "kernel_size": self.kernel_size}
