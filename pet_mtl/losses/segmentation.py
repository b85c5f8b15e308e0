"""Dice + cross-entropy of the lesion mask, both scales, inside the image only."""

from typing import Any

import keras
from keras import ops

_SMOOTH = 1.0


@keras.saving.register_keras_serializable("pet_mtl")
class MaskLoss(keras.losses.Loss):
    """Mean over scales of soft Dice loss + mean binary cross-entropy, voxels inside the image.

    | | shape | meaning |
    |---|---|---|
    | y_true | (batch, z, y, x, 2 * scales) | masks of all scales, then their valid voxels |
    | y_pred | (batch, z, y, x, scales) | logits |
    | loss | (batch,) | 0 .. |
    """

    def __init__(self, name: str = "mask_loss", **kwargs: Any) -> None:
        kwargs.setdefault("reduction", "mean_with_sample_weight")
        super().__init__(name=name, **kwargs)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One loss a patient."""
        scales = y_pred.shape[-1]
        truth, valid = y_true[..., :scales], y_true[..., scales:]
        space = (1, 2, 3)
        entropy = ops.softplus(y_pred) - truth * y_pred  # -log likelihood from logits
        entropy = ops.sum(entropy * valid, space) / (ops.sum(valid, space) + _SMOOTH)
        probability = ops.sigmoid(y_pred) * valid
        overlap = 2.0 * ops.sum(probability * truth, space) + _SMOOTH
        total = ops.sum(probability, space) + ops.sum(truth * valid, space) + _SMOOTH
        return ops.mean(entropy + 1.0 - overlap / total, axis=-1)  # (batch,)
