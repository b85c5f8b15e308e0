"""A learned scale of every channel, small at first."""

from typing import Any

import keras


@keras.saving.register_keras_serializable("pet_mtl")
class LayerScale(keras.layers.Layer):
    """Channels times one learned factor each, so that a block starts near its shortcut.

    | | shape |
    |---|---|
    | input | (batch, ..., channels) |
    | output | (batch, ..., channels) |

    Args:
        initial: What the factors start at.

    Source:
        Touvron et al. 2021, doi:10.1109/ICCV48922.2021.00010 (0.1 for networks of few blocks).
    """

    def __init__(self, initial: float = 0.1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.initial = initial

    def build(self, input_shape: Any) -> None:
        """Makes the factors."""
        start = keras.initializers.Constant(self.initial)
        self.factors = self.add_weight(name="factors", shape=(input_shape[-1],), initializer=start)
        super().build(input_shape)

    def call(self, features: Any) -> Any:
        """The scaled features."""
        return features * self.factors

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {**super().get_config(), "initial": self.initial}
