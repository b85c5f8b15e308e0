"""Pooling feature maps over soft regions: the lesion, the ring around it, the whole cube."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from pet_mtl.config.model import REGIONS
from pet_mtl.layers.distance import distance_mm

_EPSILON = 1e-3


@keras.saving.register_keras_serializable("pet_mtl")
class RegionWeights(keras.layers.Layer):
    """The lesion and the ring around it as weights, from a predicted mask.

    | | shape | range |
    |---|---|---|
    | input: mask probability | (batch, z, y, x, 1) | 0 .. 1 |
    | output | (batch, z, y, x, regions) | 0 .. 1 |

    Args:
        spacing_mm: Voxel edge.
        ring_mm: Inner and outer distance of the ring from the lesion's border, mm.
        regions: Which of "lesion", "ring" and "all" (the whole cube) to give, in this order.
            With "all" alone only the shape of the input counts.
    """

    def __init__(
        self,
        spacing_mm: float,
        ring_mm: tuple[float, float] = (0.0, 20.0),
        regions: Sequence[str] = REGIONS,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.spacing_mm = spacing_mm
        self.regions = tuple(regions)
        self.ring_mm = tuple(ring_mm)

    def call(self, probability: Any) -> Any:
        """Weights of the regions."""
        everywhere = ops.ones_like(probability[..., 0])  # (batch, z, y, x)
        weights = {"all": everywhere}
        if self.regions != ("all",):
            lesion = probability[..., 0]
            inner, outer = self.ring_mm
            distance = distance_mm(lesion > 0.5, self.spacing_mm, outer + self.spacing_mm)
            inside = ops.logical_and(distance > inner, distance <= outer)
            ring = ops.cast(inside, lesion.dtype) * (1.0 - lesion)
            weights |= {"lesion": lesion, "ring": ring}
        return ops.stack([weights[name] for name in self.regions], axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        config = super().get_config()
        ours = {
            "spacing_mm": self.spacing_mm,
            "ring_mm": list(self.ring_mm),
            "regions": list(self.regions),
        }
        return {**config, **ours}


@keras.saving.register_keras_serializable("pet_mtl")
class RegionPooling(keras.layers.Layer):
    """Mean and standard deviation of every channel over every region.

    | | shape |
    |---|---|
    | input: features | (batch, z/k, y/k, x/k, channels) |
    | input: weights | (batch, z, y, x, regions), k a whole number |
    | output | (batch, 2 * regions * channels) |

    The standard deviation is sqrt(variance + epsilon): the square root of an exact 0 has an
    infinite slope, which would turn the gradient into NaN.
    """

    def call(self, inputs: tuple[Any, Any]) -> Any:
        """Pooled statistics; a region without voxels gives 0."""
        features, weights = inputs
        factor = weights.shape[1] // features.shape[1]
        if factor > 1:
            weights = ops.average_pool(weights, factor, strides=factor)
        batch, channels = ops.shape(features)[0], features.shape[-1]
        cells = features.shape[1] * features.shape[2] * features.shape[3]
        flat = ops.reshape(features, (batch, cells, channels))
        share = ops.reshape(weights, (batch, cells, weights.shape[-1]))
        share = share / (ops.sum(share, axis=1, keepdims=True) + _EPSILON)
        share = ops.transpose(share, (0, 2, 1))  # (batch, regions, cells)
        mean = ops.matmul(share, flat)  # (batch, regions, channels)
        square = ops.matmul(share, ops.square(flat))
        spread = ops.sqrt(ops.maximum(square - ops.square(mean), 0.0) + _EPSILON)
        pooled = ops.concatenate([mean, spread], axis=-1)
        return ops.reshape(pooled, (batch, 2 * weights.shape[-1] * channels))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, int]:
        """(batch, 2 * regions * channels)."""
        features, weights = input_shape
        return (features[0], 2 * weights[-1] * features[-1])
