"""Standardising pooled features with statistics fitted on the training patients."""

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray


@keras.saving.register_keras_serializable("pet_mtl")
class Standardize(keras.layers.Layer):
    """(x - mean) / deviation, cut to +-limit, with fitted, untrained statistics.

    The cut keeps one odd patient from ruling a linear head.

    | | shape |
    |---|---|
    | input | (batch, features) |
    | output | (batch, features), -limit .. limit |

    Args:
        limit: Largest absolute value of a standardised feature.
        floor: Added to the deviation in quadrature. A feature that hardly varies between the
            training patients would otherwise blow the rounding of float32 up (an elongation of
            deviation 1e-3 differed by 3e-4 after it, computed eagerly and in a graph).
    """

    def __init__(self, limit: float = 4.0, floor: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.limit, self.floor = limit, floor

    def build(self, input_shape: Any) -> None:
        """Makes the statistics: 0 and 1 until `fit`."""
        size = (input_shape[-1],)
        self.mean = self.add_weight(name="mean", shape=size, initializer="zeros", trainable=False)
        self.scale = self.add_weight(name="scale", shape=size, initializer="ones", trainable=False)
        super().build(input_shape)

    def fit(self, features: NDArray[np.float32], known: NDArray[np.float32] | None = None) -> None:
        """Takes mean and deviation of the training patients; constant features become 0.

        Values beyond the 2nd and 98th percentile count as those: one lesion that was not
        outlined must not set the scale of all.

        Args:
            features: (patients, features).
            known: (patients, features) 1 where the value is known; all by default.
        """
        share = np.ones_like(features) if known is None else known
        count = np.maximum(share.sum(axis=0), 1.0)
        if known is None:
            features = np.clip(features, *np.percentile(features, (2, 98), axis=0))
        mean = (features * share).sum(axis=0) / count
        deviation = np.sqrt((share * (features - mean) ** 2).sum(axis=0) / count)
        constant = deviation < 1e-6
        spread = np.where(constant, 1.0, np.hypot(deviation, self.floor))
        self.mean.assign(mean)
        self.scale.assign(np.where(constant, 0.0, 1.0 / spread))

    def call(self, features: Any) -> Any:
        """Standardised features."""
        scaled = (features - self.mean) * self.scale
        return ops.clip(scaled, -self.limit, self.limit)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {**super().get_config(), "limit": self.limit, "floor": self.floor}
