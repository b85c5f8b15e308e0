"""Raw SUV to what the convolutions see."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("pet_mtl")
class LogSuv(keras.layers.Layer):
    """Clipped, logarithmic SUV: log(1 + min(max(SUV, 0), clip)).

    A z-score per image would throw away the uptake, which is prognostic; the logarithm keeps it
    and tames hot spots.

    | | shape | range |
    |---|---|---|
    | input | (batch, z, y, x, 1) SUVbw | any |
    | output | (batch, z, y, x, 1) | 0 .. log(1 + clip) |

    Args:
        suv_clip: SUV above this is cut.
    """

    def __init__(self, suv_clip: float = 30.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.suv_clip = suv_clip

    def call(self, suv: Any) -> Any:
        """The logarithm of the clipped SUV."""
        return ops.log1p(ops.clip(suv, 0.0, self.suv_clip))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {**super().get_config(), "suv_clip": self.suv_clip}
