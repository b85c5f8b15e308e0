"""Error of the reconstructed log SUV, inside the image only."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("pet_mtl")
class ReconstructionLoss(keras.losses.Loss):
    """Weighted mean squared error over the voxels, all scales.

    A voxel's weight is 0 beyond the image, 1 within, and more where it was hidden from the network
    (`pet_mtl.augment.HideBlocks`).

    | | shape | meaning |
    |---|---|---|
    | y_true | (batch, z, y, x, 2 * scales) | log(1 + SUV) of all scales, then weights >= 0 |
    | y_pred | (batch, z, y, x, scales) | reconstructed log(1 + SUV) |
    | loss | (batch,) | 0 .. |
    """

    def __init__(self, name: str = "reconstruction_loss", **kwargs: Any) -> None:
        kwargs.setdefault("reduction", "mean_with_sample_weight")
        super().__init__(name=name, **kwargs)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One loss a patient."""
        scales = y_pred.shape[-1]
        truth, weight = y_true[..., :scales], y_true[..., scales:]
        space = (1, 2, 3)
        error = ops.sum(ops.square(y_pred - truth) * weight, space)
        return ops.mean(error / (ops.sum(weight, space) + 1.0), axis=-1)
