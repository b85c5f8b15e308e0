"""Dice + cross-entropy of the lesion mask, both scales, inside the image only."""

from typing import Any

import keras
from keras import ops

from pet_mtl.config.losses import MASK_KINDS
from pet_mtl.errors import ConfigError

_SMOOTH = 1.0
# Weight and scale (share of the valid voxels) of what is outlined where there is no lesion.
_SPILL_WEIGHT, _SPILL_SHARE = 0.5, 1e-3


@keras.saving.register_keras_serializable("pet_mtl")
class MaskLoss(keras.losses.Loss):
    """Mean over scales of soft Dice loss + mean cross-entropy, voxels inside the image.

    Where a cube holds no lesion, soft Dice is all but 1 however much is outlined, and an organ once
    outlined would stay so: there the logarithm of the outlined share takes its place,
    0.5 log(1 + share / 0.001), whose pull does not fade with size.

    | | shape | meaning |
    |---|---|---|
    | y_true | (batch, z, y, x, 2 * scales) | masks of all scales, then their valid voxels |
    | y_pred | (batch, z, y, x, scales) | logits |
    | loss | (batch,) | 0 .. |

    Args:
        kind: "bce", the binary cross-entropy; or "focal", which weighs each voxel's by
            (1 - probability of its truth)^gamma, so that the many easy ones count for less.
        gamma: Exponent of the focal weight, 0 or more.

    Raises:
        ConfigError: An unknown kind.

    Source:
        Milletari et al. 2016, doi:10.1109/3DV.2016.79 (Dice, with the sums unsquared);
        Lin et al. 2017, doi:10.1109/ICCV.2017.324 (focal, eq. 4).
    """

    def __init__(
        self, kind: str = "bce", gamma: float = 2.0, name: str = "mask_loss", **kwargs: Any
    ) -> None:
        kwargs.setdefault("reduction", "mean_with_sample_weight")
        super().__init__(name=name, **kwargs)
        if kind not in MASK_KINDS:
            raise ConfigError(
                "LOSS_MASK_KIND",
                "unknown kind of mask loss",
                expected=" or ".join(MASK_KINDS),
                found=kind,
            )
        self.kind, self.gamma = kind, gamma

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One loss a patient."""
        scales = y_pred.shape[-1]
        truth, valid = y_true[..., :scales], y_true[..., scales:]
        space = (1, 2, 3)
        entropy = ops.softplus(y_pred) - truth * y_pred  # -log likelihood from logits
        if self.kind == "focal":
            # log(1 - probability of the truth) is the log likelihood of the opposite.
            opposite = ops.softplus(y_pred) - (1.0 - truth) * y_pred
            entropy = entropy * ops.exp(-self.gamma * opposite)
        entropy = ops.sum(entropy * valid, space) / (ops.sum(valid, space) + _SMOOTH)
        probability = ops.sigmoid(y_pred) * valid
        overlap = 2.0 * ops.sum(probability * truth, space) + _SMOOTH
        total = ops.sum(probability, space) + ops.sum(truth * valid, space) + _SMOOTH
        share = ops.sum(probability, space) / (ops.sum(valid, space) + _SMOOTH)
        spilled = _SPILL_WEIGHT * ops.log1p(share / _SPILL_SHARE)
        empty = ops.sum(truth * valid, space) < 0.5  # (batch, scales)
        outlined = ops.where(empty, spilled, 1.0 - overlap / total)
        return ops.mean(entropy + outlined, axis=-1)  # (batch,)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {**super().get_config(), "kind": self.kind, "gamma": self.gamma}
