"""Uptake far from the lesion: shells and foci in the context cube."""

import itertools
import math
from typing import Any

import keras
from keras import ops

from pet_mtl.layers.distance import distance_mm
from pet_mtl.layers.radiomics.region import SUV_LIMIT, log, within
from pet_mtl.layers.smoothing import smooth
from pet_mtl.layers.statistics import soft_count, strongest, weighted_mean

_FAR_MM = (25.0, 45.0, 70.0, 110.0)
_PEAKS = 4
# The fixed thresholds in use for total metabolic tumour volume, SUV.
_AVID_SUV = (2.5, 4.0)


@keras.saving.register_keras_serializable("pet_mtl")
class SurroundingsRadiomics(keras.layers.Layer):
    """Uptake far from the lesion, in the context cube: shells and the strongest foci.

    | | shape | range |
    |---|---|---|
    | input: SUV | (batch, z, y, x, 1) | SUVbw, any |
    | input: mask probability | (batch, z, y, x, 1) | 0 .. 1 |
    | output | (batch, features) | not standardised, finite |

    Args:
        spacing_mm: Voxel edge.
    """

    def __init__(self, spacing_mm: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.spacing_mm = spacing_mm

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """Family to the names of its columns, in the order of the output."""
        return {"surroundings": self.feature_names}

    @property
    def feature_names(self) -> tuple[str, ...]:
        """What each output column is."""
        shells = [f"{kind}_{a:g}mm" for a in _FAR_MM[:-1] for kind in ("far_mean", "far_blobs")]
        avid = [f"far_{kind}_{suv:g}" for suv in _AVID_SUV for kind in ("volume", "uptake")]
        return (*shells, *(f"far_blob_{i + 1}" for i in range(2 * _PEAKS)), "far_blob_sum", *avid)

    def call(self, inputs: tuple[Any, Any]) -> Any:
        """All statistics, in the order of `feature_names`."""
        suv, probability = inputs
        suv = ops.clip(suv[..., 0], 0.0, SUV_LIMIT)
        away = distance_mm(probability[..., 0] > 0.5, self.spacing_mm, _FAR_MM[-1] + 1.0)
        narrow, wide = 0.6, 1.8  # voxels: foci of one to two context voxels
        blobs = ops.maximum(smooth(suv, narrow) - smooth(suv, wide), 0.0)
        columns = []
        for inner, outer in itertools.pairwise(_FAR_MM):
            # The outermost shell takes all that lies beyond, to the border of the cube.
            last = outer == _FAR_MM[-1]
            weights = within(away, inner, math.inf if last else outer)
            columns.append(log(weighted_mean(suv, weights) + 0.02))
            columns.append(ops.log1p(soft_count(blobs, weights, 0.8, 0.2) / 5.0))
        far = ops.cast(away > _FAR_MM[0], suv.dtype)
        peaks = ops.log1p(3.0 * strongest(blobs * far, 2 * _PEAKS))
        columns += [peaks[:, i] for i in range(2 * _PEAKS)]
        columns.append(ops.log1p(ops.sum(blobs * far, axis=(1, 2, 3)) / 10.0))
        return ops.stack([*columns, *self._avid(suv, far)], axis=-1)

    def _avid(self, suv: Any, far: Any) -> list[Any]:
        """Volume and excess uptake above fixed thresholds, far from the lesion, as log ml."""
        voxel_ml = self.spacing_mm**3 / 1000.0
        columns = []
        for threshold in _AVID_SUV:
            volume_ml = soft_count(suv, far, threshold, 0.15) * voxel_ml
            excess = ops.sum(ops.maximum(suv - threshold, 0.0) * far, axis=(1, 2, 3)) * voxel_ml
            columns += [ops.log1p(volume_ml), ops.log1p(excess)]
        return columns

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, int]:
        """(batch, features)."""
        return (input_shape[0][0], len(self.feature_names))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {**super().get_config(), "spacing_mm": self.spacing_mm}
