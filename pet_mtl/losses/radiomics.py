"""Error of the radiomics that the encoder is to predict."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("pet_mtl")
class RadiomicsLoss(keras.losses.Loss):
    """Mean squared error over the columns, linear beyond one standard deviation (Huber 1964).

    | | shape | meaning |
    |---|---|---|
    | y_true | (batch, 1) | 0; the target is computed in the network |
    | y_pred | (batch, columns) | errors, from `pet_mtl.layers.RadiomicsTarget` |
    | loss | (batch,) | 0 .. |
    """

    def __init__(self, name: str = "radiomics_loss", **kwargs: Any) -> None:
        kwargs.setdefault("reduction", "mean_with_sample_weight")
        super().__init__(name=name, **kwargs)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One loss a patient."""
        size = ops.abs(y_pred - y_true)
        return ops.mean(ops.where(size < 1.0, 0.5 * ops.square(size), size - 0.5), axis=-1)
