"""The voxels of a cell as the channels of one coarser voxel."""

import itertools
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("pet_mtl")
class SpaceToDepth3D(keras.layers.Layer):
    """Cells of block^3 voxels become voxels of block^3 times as many channels; nothing is lost.

    A convolution over few channels at full resolution costs several times one over the same
    numbers in cells, since vector units work on 8 or 16 channels at once.

    | | shape |
    |---|---|
    | input | (batch, z, y, x, channels); z, y, x divisible by block |
    | output | (batch, z/block, y/block, x/block, block^3 * channels) |

    Args:
        block: Edge of a cell, voxels.

    Source:
        Shi et al. 2016, doi:10.1109/CVPR.2016.207 (the inverse, in 2-D).
    """

    def __init__(self, block: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.block = block

    def call(self, volume: Any) -> Any:
        """The cells."""
        b = self.block
        places = itertools.product(range(b), repeat=3)
        return ops.concatenate([volume[:, i::b, j::b, k::b] for i, j, k in places], axis=-1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Edges divided, channels multiplied."""
        batch, *edges, channels = input_shape
        return (batch, *(edge // self.block for edge in edges), self.block**3 * channels)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {**super().get_config(), "block": self.block}
