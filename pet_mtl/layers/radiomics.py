"""Statistics of lesion and surroundings, computed in the graph from SUV and the soft mask.

Handcrafted radiomics needs an outline drawn by a person; these layers take the predicted one,
so that they work wherever the network does. Each group of statistics is one method, and
`feature_names` says what each column is.
"""

import itertools
from typing import Any

import keras
from keras import ops

from pet_mtl.layers.distance import distance_mm
from pet_mtl.layers.smoothing import smooth
from pet_mtl.layers.statistics import (
    EPSILON,
    lag_difference,
    power_mean,
    second_moments,
    soft_count,
    strongest,
    surface_voxels,
    weighted_deviation,
    weighted_mean,
)

_SUV_LIMIT = 60.0
_SHELLS_MM = (0.0, 4.0, 8.0, 12.0, 20.0)
_RING_MM = (0.0, 5.0, 10.0, 15.0, 20.0)
_BANDS_MM = ((1.5, 3.0), (3.0, 6.0), (6.0, 12.0))
_FAR_MM = (25.0, 45.0, 70.0, 110.0)
_PEAKS = 4
_LAGS = (1, 2, 3, 5)
# The fixed thresholds in use for total metabolic tumour volume, SUV.
_AVID_SUV = (2.5, 4.0)


def _log(value: Any) -> Any:
    return ops.log(ops.maximum(value, EPSILON))


@keras.saving.register_keras_serializable("pet_mtl")
class LesionRadiomics(keras.layers.Layer):
    """Volume, uptake, texture, shape and depth profile of the lesion, and its ring.

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
    def feature_names(self) -> tuple[str, ...]:
        """What each output column is."""
        bands = [f"band_{a:g}_{b:g}mm" for a, b in _BANDS_MM]
        shells = [f"shell_{a:g}mm" for a in _SHELLS_MM[:-1]]
        ring = [f"ring_{kind}_{a:g}mm" for a in _RING_MM[:-1] for kind in ("mean", "high", "sd")]
        return (
            *("log_volume", "log_mean", "log_high", "log_low", "log_peak", "cov", "log_tlg"),
            *("core_cov", *bands, *(f"{b}_share" for b in bands), *(f"lag_{lag}" for lag in _LAGS)),
            *(*shells, "low_fraction", "core_low_fraction"),
            *("surface", "elongation", "spread", "depth"),
            *ring,
            *(f"ring_blob_{i + 1}" for i in range(_PEAKS)),
            "ring_blob_sum",
        )

    def call(self, inputs: tuple[Any, Any]) -> Any:
        """All statistics, in the order of `feature_names`."""
        suv, probability = inputs
        suv = ops.clip(suv[..., 0], 0.0, _SUV_LIMIT)  # (batch, z, y, x)
        mask = probability[..., 0]
        depth = distance_mm(mask <= 0.5, self.spacing_mm, _SHELLS_MM[-1])
        away = distance_mm(mask > 0.5, self.spacing_mm, _RING_MM[-1] + self.spacing_mm)
        mean = weighted_mean(suv, mask) + EPSILON  # (batch,)
        columns = [
            *self._uptake(suv, mask, mean),
            *self._texture(suv, mask, depth),
            *self._profile(suv, mask, depth, mean),
            *self._shape(mask, depth),
            *self._ring(suv, away, mean),
        ]
        return ops.stack(columns, axis=-1)

    def _uptake(self, suv: Any, mask: Any, mean: Any) -> list[Any]:
        """First-order statistics."""
        voxel_ml = self.spacing_mm**3 / 1000.0
        volume_ml = ops.sum(mask, axis=(1, 2, 3)) * voxel_ml + 0.01
        peak = smooth(suv, 4.0 / self.spacing_mm) * mask
        return [
            _log(volume_ml),
            _log(mean),
            _log(power_mean(suv, mask, 8.0) / mean),
            _log(power_mean(suv, mask, -2.0) / mean),
            _log(ops.max(peak, axis=(1, 2, 3)) / mean),
            weighted_deviation(suv, mask) / mean,
            _log(volume_ml * mean),
        ]

    def _texture(self, suv: Any, mask: Any, depth: Any) -> list[Any]:
        """Spread of log SUV in the core: in all, by spatial band, and over small lags."""
        core = mask * ops.cast(depth > 1.6 * self.spacing_mm, mask.dtype)
        tone = ops.log(suv + 0.5)
        total = weighted_deviation(tone, core) + 0.01
        bands = []
        for narrow, wide in _BANDS_MM:
            band = smooth(tone, narrow / self.spacing_mm) - smooth(tone, wide / self.spacing_mm)
            bands.append(weighted_deviation(band, core))
        shares = [band / total for band in bands]
        lags = [lag_difference(tone, core, lag) / total for lag in _LAGS]
        return [total, *(_log(b) for b in bands), *shares, *lags]

    def _profile(self, suv: Any, mask: Any, depth: Any, mean: Any) -> list[Any]:
        """Uptake by depth below the surface, and the share of low uptake (necrosis)."""
        shells = []
        for inner, outer in itertools.pairwise(_SHELLS_MM):
            last = outer == _SHELLS_MM[-1]
            within = (depth > inner) if last else ops.logical_and(depth > inner, depth <= outer)
            weights = mask * ops.cast(within, mask.dtype)
            # A lesion too thin for this shell counts as flat: log ratio 0.
            empty = ops.cast(ops.sum(weights, axis=(1, 2, 3)) < 1.0, mask.dtype)
            ratio = _log(weighted_mean(suv, weights) / mean)
            shells.append(ratio * (1.0 - empty))
        relative = suv / power_mean(suv, mask, 4.0)[:, None, None, None]
        core = mask * ops.cast(depth > 2.2 * self.spacing_mm, mask.dtype)
        low = soft_count(-relative, mask, -0.5, 0.08) / (ops.sum(mask, axis=(1, 2, 3)) + 1.0)
        deep = soft_count(-relative, core, -0.6, 0.08) / (ops.sum(core, axis=(1, 2, 3)) + 1.0)
        return [*shells, low, deep]

    def _shape(self, mask: Any, depth: Any) -> list[Any]:
        """Size-free shape: surface, elongation, spread and depth against the volume."""
        voxels = ops.sum(mask, axis=(1, 2, 3)) + 1.0
        trace, log_det = second_moments(mask)
        mean_depth = weighted_mean(depth, mask) / self.spacing_mm
        return [
            _log(surface_voxels(mask) / ops.power(voxels, 2.0 / 3.0)),
            _log(trace / 3.0) - log_det / 3.0,
            _log(trace / ops.power(voxels, 2.0 / 3.0)),
            _log(mean_depth / ops.power(voxels, 1.0 / 3.0)),
        ]

    def _ring(self, suv: Any, away: Any, mean: Any) -> list[Any]:
        """Shells around the lesion, and blobs in them (satellites)."""
        columns = []
        for inner, outer in itertools.pairwise(_RING_MM):
            within = ops.cast(ops.logical_and(away > inner, away <= outer), suv.dtype)
            level = weighted_mean(suv, within)
            high = power_mean(suv, within, 8.0)
            columns += [_log(level), _log(high / mean), weighted_deviation(suv, within) / mean]
        narrow, wide = 2.5 / self.spacing_mm, 6.0 / self.spacing_mm
        blobs = ops.maximum(smooth(suv, narrow) - smooth(suv, wide), 0.0)
        ring = ops.cast(ops.logical_and(away > 3.0, away <= _RING_MM[-1]), suv.dtype)
        # log1p keeps the many lesions without satellites at a plain 0.
        peaks = ops.log1p(10.0 * strongest(blobs * ring, _PEAKS) / mean[:, None])
        total = ops.log1p(10.0 * ops.sum(blobs * ring, axis=(1, 2, 3)) / mean / 100.0)
        return [*columns, *(peaks[:, i] for i in range(_PEAKS)), total]

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, int]:
        """(batch, features)."""
        return (input_shape[0][0], len(self.feature_names))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {**super().get_config(), "spacing_mm": self.spacing_mm}


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
    def feature_names(self) -> tuple[str, ...]:
        """What each output column is."""
        shells = [f"{kind}_{a:g}mm" for a in _FAR_MM[:-1] for kind in ("far_mean", "far_blobs")]
        avid = [f"far_{kind}_{suv:g}" for suv in _AVID_SUV for kind in ("volume", "uptake")]
        return (*shells, *(f"far_blob_{i + 1}" for i in range(2 * _PEAKS)), "far_blob_sum", *avid)

    def call(self, inputs: tuple[Any, Any]) -> Any:
        """All statistics, in the order of `feature_names`."""
        suv, probability = inputs
        suv = ops.clip(suv[..., 0], 0.0, _SUV_LIMIT)
        away = distance_mm(probability[..., 0] > 0.5, self.spacing_mm, _FAR_MM[-1] + 1.0)
        narrow, wide = 0.6, 1.8  # voxels: foci of one to two context voxels
        blobs = ops.maximum(smooth(suv, narrow) - smooth(suv, wide), 0.0)
        columns = []
        for inner, outer in itertools.pairwise(_FAR_MM):
            # The outermost shell takes all that lies beyond, to the border of the cube.
            last = outer == _FAR_MM[-1]
            within = (away > inner) if last else ops.logical_and(away > inner, away <= outer)
            weights = ops.cast(within, suv.dtype)
            columns.append(_log(weighted_mean(suv, weights) + 0.02))
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
