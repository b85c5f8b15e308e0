"""Radiomics as a target: what the encoder's pooled features should tell on their own."""

from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("pet_mtl")
class RadiomicsTarget(keras.layers.Layer):
    """A linear prediction of the radiomics from pooled features, less the radiomics themselves.

    The target is standardised by its running mean and deviation and gets no gradient: the encoder
    is to learn what describes the lesion, the outline is not to be bent until that is easy.

    | | shape |
    |---|---|
    | input: pooled features | (batch, features) |
    | input: radiomics | (batch, columns) |
    | output | (batch, columns) errors in standard deviations |

    Args:
        momentum: Share of the running mean and variance that is kept at each step.
    """

    def __init__(self, momentum: float = 0.9, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.momentum = momentum
        self.standard = layers.BatchNormalization(
            momentum=momentum, center=False, scale=False, name="standard"
        )

    def build(self, input_shape: Any) -> None:
        """Makes the linear map; it starts at 0, the mean of every column."""
        pooled, radiomics = input_shape
        columns = radiomics[-1]
        self.kernel = self.add_weight(
            name="kernel", shape=(pooled[-1], columns), initializer="zeros"
        )
        self.bias = self.add_weight(name="bias", shape=(columns,), initializer="zeros")
        self.standard.build(radiomics)
        super().build(input_shape)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Errors of every column."""
        pooled, radiomics = inputs
        target = self.standard(ops.stop_gradient(radiomics), training=training)
        return ops.matmul(pooled, self.kernel) + self.bias[None, :] - ops.clip(target, -4.0, 4.0)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the radiomics."""
        return input_shape[1]

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {**super().get_config(), "momentum": self.momentum}
