"""All statistics of the lesion and of the ring around it."""

from typing import Any

import keras
from keras import ops

from pet_mtl.layers.radiomics.profile import PROFILE_NAMES, profile
from pet_mtl.layers.radiomics.region import region_of
from pet_mtl.layers.radiomics.ring import FOCI_NAMES, RING_NAMES, ring
from pet_mtl.layers.radiomics.shape import SHAPE_NAMES, shape
from pet_mtl.layers.radiomics.texture import TEXTURE_NAMES, texture
from pet_mtl.layers.radiomics.uptake import (
    MEAN_NAMES,
    SIZE_NAMES,
    UPTAKE_NAMES,
    mean,
    size,
    uptake,
)


@keras.saving.register_keras_serializable("pet_mtl")
class LesionRadiomics(keras.layers.Layer):
    """Volume, uptake, texture, depth profile and shape of the lesion; its ring and foci in it.

    | | shape | range |
    |---|---|---|
    | input: SUV | (batch, z, y, x, 1) | SUVbw, any |
    | input: mask probability | (batch, z, y, x, 1) | 0 .. 1 |
    | output | (batch, features) | not standardised, finite |

    Args:
        spacing_mm: Voxel edge.
        ring: Whether the ring and its foci are among the statistics.
    """

    def __init__(self, spacing_mm: float, ring: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.spacing_mm, self.ring = spacing_mm, ring

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """Family to the names of its columns, in the order of the output."""
        families = {
            "size": SIZE_NAMES,
            "mean": MEAN_NAMES,
            "uptake": UPTAKE_NAMES,
            "texture": TEXTURE_NAMES,
            "profile": PROFILE_NAMES,
            "shape": SHAPE_NAMES,
        }
        return families | ({"ring": RING_NAMES, "foci": FOCI_NAMES} if self.ring else {})

    @property
    def feature_names(self) -> tuple[str, ...]:
        """What each output column is."""
        return tuple(name for names in self.groups.values() for name in names)

    def call(self, inputs: tuple[Any, Any]) -> Any:
        """All statistics, in the order of `feature_names`."""
        region = region_of(*inputs, self.spacing_mm)
        families = (size, mean, uptake, texture, profile, shape)
        columns = [column for family in families for column in family(region)]
        if self.ring:
            halo, foci = ring(region)
            columns += [*halo, *foci]
        return ops.stack(columns, axis=-1)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, int]:
        """(batch, features)."""
        return (input_shape[0][0], len(self.feature_names))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {**super().get_config(), "spacing_mm": self.spacing_mm, "ring": self.ring}
