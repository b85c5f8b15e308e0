"""Hounsfield units to what the convolutions see."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("pet_mtl")
class CtWindow(keras.layers.Layer):
    """CT within a window, and where it is known; both 0 where it is not.

    The flag is a channel of its own, so that what is unknown differs from what is in the middle of
    the window. A patient without CT is 0 throughout, which adds exactly nothing to a convolution.

    | | shape | range |
    |---|---|---|
    | input | (batch, z, y, x, 2): HU, and 1 where known | any, 0 or 1 |
    | output | (batch, z, y, x, 2): windowed HU, and 1 where known | -1 .. 1, 0 or 1 |

    Args:
        window_hu: Lowest and highest HU told apart.
    """

    def __init__(self, window_hu: tuple[float, float] = (-1000.0, 1000.0), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.window_hu = (float(window_hu[0]), float(window_hu[1]))

    def call(self, ct: Any) -> Any:
        """The windowed CT and the flag."""
        low, high = self.window_hu
        known = ct[..., 1:]
        scaled = (ops.clip(ct[..., :1], low, high) - low) * (2.0 / (high - low)) - 1.0
        return ops.concatenate([ops.where(known > 0, scaled, 0.0), known], axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {**super().get_config(), "window_hu": list(self.window_hu)}
