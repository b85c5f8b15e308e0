"""Which stages a configuration asks for, and when the heads are fitted."""

from collections.abc import Iterable
from dataclasses import dataclass

from pet_mtl.config import StageConfig
from pet_mtl.training.part import StagePlan

# What is learned of the image itself, without an outcome.
_IMAGE = ("mask", "reconstruction", "radiomics")
_OUTCOMES = ("survival", "response")


@dataclass(frozen=True)
class FitHeads:
    """The outcome heads are fitted on the frozen features of all training patients."""


def stages_of(schedule: StageConfig, outputs: Iterable[str]) -> list[StagePlan | FitHeads]:
    """The stages of a schedule, in order.

    | schedule | stages |
    |---|---|
    | staged | mask, reconstruction and radiomics; heads; all together |
    | joint | heads, so that features are scaled; all together; heads |
    | sequential | mask, reconstruction and radiomics; heads; outcomes, the rest frozen |

    Without outcomes no heads are fitted, and without those there is no stage for
    them. "joint" takes as many steps as the two stages of the others together.

    Args:
        schedule: The configuration.
        outputs: What the model has.

    Returns:
        Stages, and when the heads are fitted.
    """
    present = set(outputs)
    image = tuple(name for name in _IMAGE if name in present)
    outcomes = tuple(name for name in _OUTCOMES if name in present)
    every = (*image, *outcomes)
    fit = [FitHeads()] if outcomes else []
    steps, later = schedule.mask_steps, schedule.joint_steps
    if schedule.schedule == "joint":
        joint = StagePlan("joint", every, steps + later, schedule.mask_rate)
        return [*fit, joint, *fit]
    mask = StagePlan("mask", image, steps, schedule.mask_rate, masked="mask" in image)
    first: list[StagePlan | FitHeads] = [mask] if image else []
    if not later or (schedule.schedule == "sequential" and not outcomes):
        return [*first, *fit]
    if schedule.schedule == "sequential":
        last = StagePlan("outcomes", outcomes, later, schedule.joint_rate, frozen=True)
    else:
        last = StagePlan("joint", every, later, schedule.joint_rate, again=False)
    return [*first, *fit, last]
