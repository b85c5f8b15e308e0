"""Pooling feature maps over soft regions: the lesion, the ring around it, the whole cube."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from pet_mtl.config.model import REGIONS
from pet_mtl.layers.distance import distance_mm

_EPSILON = 1e-3
_SHARPNESS, _DEEPEST = 4.0, 16.0


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
    """Statistics of every channel over every region.

    | | shape |
    |---|---|
    | input: features | (batch, z/k, y/k, x/k, channels) |
    | input: weights | (batch, z, y, x, regions), k a whole number |
    | output | (batch, regions * statistics * channels) |

    The standard deviation is sqrt(variance + epsilon): the square root of an exact 0 has an
    infinite slope, which would turn the gradient into NaN. The maximum is smooth, a mean in which
    each cell weighs exp(4 x) more, so that more than one cell has a gradient.

    Args:
        statistics: Which of "mean", "sd" and "max", in this order.
    """

    def __init__(self, statistics: Sequence[str] = ("mean", "sd"), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.statistics = tuple(statistics)

    def call(self, inputs: tuple[Any, Any]) -> Any:
        """Pooled statistics; a region without voxels gives 0."""
        features, weights = inputs
        factor = weights.shape[1] // features.shape[1]
        if factor > 1:
            weights = ops.average_pool(weights, factor, strides=factor)
        batch, channels = ops.shape(features)[0], features.shape[-1]
        regions = weights.shape[-1]
        cells = features.shape[1] * features.shape[2] * features.shape[3]
        flat = ops.reshape(features, (batch, cells, channels))
        share = ops.reshape(weights, (batch, cells, regions))
        share = share / (ops.sum(share, axis=1, keepdims=True) + _EPSILON)
        share = ops.transpose(share, (0, 2, 1))  # (batch, regions, cells)
        mean = ops.matmul(share, flat)  # (batch, regions, channels)
        known = {"mean": lambda: mean, "sd": lambda: _spread(share, flat, mean)}
        known["max"] = lambda: _smooth_maximum(share, flat)
        pooled = ops.concatenate([known[name]() for name in self.statistics], axis=-1)
        return ops.reshape(pooled, (batch, regions * len(self.statistics) * channels))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, int]:
        """(batch, regions * statistics * channels)."""
        features, weights = input_shape
        return (features[0], weights[-1] * len(self.statistics) * features[-1])

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {**super().get_config(), "statistics": list(self.statistics)}


def _spread(share: Any, flat: Any, mean: Any) -> Any:
    """Standard deviation of each channel over each region."""
    square = ops.matmul(share, ops.square(flat))
    return ops.sqrt(ops.maximum(square - ops.square(mean), 0.0) + _EPSILON)


def _smooth_maximum(share: Any, flat: Any) -> Any:
    """Mean of each channel over each region, weighted by exp(sharpness x)."""
    # Cut, so that a region far below the maximum of the cube still has weights.
    excess = _SHARPNESS * (flat - ops.max(flat, axis=1, keepdims=True))
    heavy = ops.exp(ops.maximum(excess, -_DEEPEST))  # (batch, cells, channels)
    total = ops.matmul(share, heavy)
    return ops.matmul(share, heavy * flat) / (total + 1e-3 * math.exp(-_DEEPEST))
