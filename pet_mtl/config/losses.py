"""What the losses can be told."""

from dataclasses import dataclass

from pet_mtl.config.checks import check_choice, check_range
from pet_mtl.errors import ConfigError

TIES = ("efron", "breslow")
MASK_KINDS = ("bce", "focal")
WEIGHTINGS = ("fixed", "uncertainty", "gradient")


@dataclass(frozen=True)
class LossConfig:
    """The losses, their weights, and the penalties.

    Attributes:
        mask: Weight of the loss of the mask.
        reconstruction: Weight of the reconstruction error of log(1 + SUV).
        radiomics: Weight of the error of the radiomics that the encoder predicts (`model.tasks`).
        survival: Weight of the likelihood of the survival times.
        response: Weight of the cross-entropy of the response.
        weighting: How they become one: "fixed", by the weights above; "uncertainty", by learned
            log variances that start at them (Kendall et al. 2018); or "gradient", so that every
            task pulls equally hard at the shared encoder, times its weight.
        mask_kind: The mask's loss: Dice + "bce" (cross-entropy) or Dice + "focal".
        focal_gamma: Exponent of the focal loss: how much less easy voxels count.
        ties: Tied events of `model.survival = "cox"`: "efron" or "breslow".
        balance_response: Whether all classes of the response count alike, however rare one is.
            The probabilities then are those of a cohort with equally many of each.
        smooth_response: Share of the response's label that is spread over all classes, in the
            steps of the network; the heads' own fit is penalised instead.
        hidden_weight: Weight of a voxel hidden by `augment.hide_blocks` in the reconstruction
            error; other voxels count 1.
        head_penalty: L2 penalties tried for the outcome heads; inner folds choose. Coupled heads
            start from the chosen ones and stay between the least and the greatest.
        couple_heads: Whether survival and response heads are fitted together, so that each learns
            from the other which columns of a family of features matter. Not with "cox",
            and not with a response of more than two classes.
    """

    mask: float = 1.0
    reconstruction: float = 0.2
    radiomics: float = 0.1
    survival: float = 0.3
    response: float = 0.3
    weighting: str = "fixed"
    mask_kind: str = "bce"
    focal_gamma: float = 2.0
    ties: str = "efron"
    balance_response: bool = False
    smooth_response: float = 0.0
    hidden_weight: float = 5.0
    head_penalty: tuple[float, ...] = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
    couple_heads: bool = True

    def __post_init__(self) -> None:
        check_range(self, 0, 1e6, "mask", "reconstruction", "radiomics", "survival", "response")
        check_choice(self, "weighting", WEIGHTINGS)
        check_choice(self, "mask_kind", MASK_KINDS)
        check_choice(self, "ties", TIES)
        check_range(self, 0, 10, "focal_gamma")
        check_range(self, 0, 0.9, "smooth_response")
        check_range(self, 0, 1e4, "hidden_weight")
        check_range(self, 1e-9, 1e9, "head_penalty")
        if not self.head_penalty:
            raise ConfigError("CONFIG_RANGE", "loss.head_penalty needs at least one penalty")
