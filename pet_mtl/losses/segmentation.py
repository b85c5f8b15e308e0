"""Dice + cross-entropy of the lesion mask, both scales, inside the image only."""

from typing import Any

import keras
from keras import ops

_SMOOTH = 1.0
# Weight and scale (share of the valid voxels) of what is outlined where there is no lesion.
_SPILL_WEIGHT, _SPILL_SHARE = 0.5, 1e-3


@keras.saving.register_keras_serializable("pet_mtl")
class MaskLoss(keras.losses.Loss):
    """Mean over scales of soft Dice loss + mean binary cross-entropy, voxels inside the image.

    Where a cube holds no lesion, soft Dice is all but 1 however much is outlined, and an organ once
    outlined would stay so: there the logarithm of the outlined share takes its place,
    0.5 log(1 + share / 0.001), whose pull does not fade with size.

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
        share = ops.sum(probability, space) / (ops.sum(valid, space) + _SMOOTH)
        spilled = _SPILL_WEIGHT * ops.log1p(share / _SPILL_SHARE)
        empty = ops.sum(truth * valid, space) < 0.5  # (batch, scales)
        outlined = ops.where(empty, spilled, 1.0 - overlap / total)
        return ops.mean(entropy + outlined, axis=-1)  # (batch,)
