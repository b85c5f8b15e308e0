"""The arms of the ablation, and which two of them differ by what.

Every arm is the base configuration with a few keys changed. What is not changed is matched: every
arm reads its features under the mask of the same frozen segmenter, has the same heads with the
same penalties tried, the same patients, the same seed and the same number of updates.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pet_mtl.config import TrainConfig, from_dict, to_dict
from pet_mtl.config.model import OUTCOMES
from pet_mtl.errors import ConfigError, UsageError

BASE = "base"
_PIXELS = ("mask", "reconstruction")

Changes = Mapping[str, Any]


@dataclass(frozen=True)
class Arm:
    """One arm.

    Attributes:
        key: Its name on the command line and in the files.
        label: Its name for people.
        changes: Configuration keys and their values here. `model.pool` of "-ring" takes one
            region out of the base's, `model.tasks` of "+radiomics" adds one task to them.
    """

    key: str
    label: str
    changes: Changes


@dataclass(frozen=True)
class Comparison:
    """Two arms that differ by one part.

    Attributes:
        part: The part.
        label: The part for people.
        added: The arm with it.
        without: The arm without it; by outcome, where the arms differ by outcome.
    """

    part: str
    label: str
    added: str
    without: Mapping[str, str]


def _end_to_end(*tasks: str) -> Changes:
    """An encoder of its own that learns these tasks at once from the start."""
    return {"model.tasks": tasks, "model.learned": True, "stage.schedule": "joint"}


_NO_RADIOMICS = {"model.radiomics": False, "model.learned": True}

ARMS = {
    arm.key: arm
    for arm in (
        Arm(BASE, "Base configuration", {}),
        Arm("fine", "Fine scale only", {"model.scales": "fine"}),
        Arm("context", "Context scale only", {"model.scales": "context"}),
        Arm("no_ring", "Without the ring", {"model.pool": "-ring"}),
        Arm("learned", "With learned features", {"model.learned": True}),
        Arm("no_learned", "Without learned features",
            {"model.learned": False, "model.radiomics": True}),
        Arm("radiomics", "Radiomics beside learned features",
            {"model.radiomics": True, "model.learned": True}),
        Arm("no_radiomics", "Learned features only", _NO_RADIOMICS),
        Arm("pool_all", "Learned features only, pooled over the whole cube",
            _NO_RADIOMICS | {"model.pool": ("all",)}),
        Arm("coupled", "Heads coupled", {"loss.couple_heads": True}),
        Arm("uncoupled", "Heads not coupled", {"loss.couple_heads": False}),
        Arm("staged", "In stages", {"model.learned": True, "stage.schedule": "staged"}),
        Arm("regressed", "In stages, radiomics as a task",
            {"model.learned": True, "stage.schedule": "staged", "model.tasks": "+radiomics"}),
        Arm("survival", "End to end: survival", _end_to_end("survival")),
        Arm("response", "End to end: response", _end_to_end("response")),
        Arm("both", "End to end: survival, response", _end_to_end(*OUTCOMES)),
        Arm("both_mask", "End to end: both and mask", _end_to_end("mask", *OUTCOMES)),
        Arm("both_reconstruction", "End to end: both and reconstruction",
            _end_to_end("reconstruction", *OUTCOMES)),
        Arm("all", "End to end: all four tasks", _end_to_end(*_PIXELS, *OUTCOMES)),
    )
}  # fmt: skip


def _each(arm: str) -> dict[str, str]:
    return dict.fromkeys(OUTCOMES, arm)


_SINGLE = {"survival": "survival", "response": "response"}

COMPARISONS = (
    Comparison("second_outcome", "A second outcome", "both", _SINGLE),
    Comparison("mask_task", "The mask as a task", "both_mask", _each("both")),
    Comparison("reconstruction", "Reconstruction as a task", "both_reconstruction", _each("both")),
    Comparison("pixel_tasks", "Mask and reconstruction as tasks", "all", _each("both")),
    Comparison("all_tasks", "Four tasks instead of one", "all", _SINGLE),
    Comparison("stages", "Stages instead of all at once", "staged", _each("all")),
    Comparison("radiomics_task", "Radiomics as a task", "regressed", _each("staged")),
    Comparison("context_scale", "The context scale", BASE, _each("fine")),
    Comparison("fine_scale", "The fine scale", BASE, _each("context")),
    Comparison("ring", "The ring around the lesion", BASE, _each("no_ring")),
    Comparison("radiomics", "The radiomics layer", "radiomics", _each("no_radiomics")),
    Comparison("learned", "Learned features", "learned", _each("no_learned")),
    Comparison("mask_pooling", "Pooling under the mask", "no_radiomics", _each("pool_all")),
    Comparison("coupling", "Coupled heads", "coupled", _each("uncoupled")),
)  # fmt: skip


def chosen_arms(keys: tuple[str, ...]) -> tuple[Arm, ...]:
    """The arms of those names, with the base first; all for none.

    Raises:
        UsageError: An arm that there is not.
    """
    wrong = [key for key in keys if key not in ARMS]
    if wrong:
        raise UsageError(
            "ABLATE_ARM",
            "there is no such arm",
            expected=f"some of {', '.join(ARMS)}",
            found=", ".join(wrong),
        )
    wanted = {BASE, *keys} if keys else set(ARMS)
    return tuple(arm for key, arm in ARMS.items() if key in wanted)


def stand_ins(arms: tuple[Arm, ...], base: TrainConfig) -> dict[str, str]:
    """Arm to the first of the given arms that has the same configuration.

    Which arms are the base itself depends on the base: with learned features or without.

    Args:
        arms: Those that are trained.
        base: The base configuration.

    Returns:
        Of every arm that one of the given arms can stand for, also of themselves.
    """
    configs: dict[TrainConfig, str] = {}
    for arm in arms:
        configs.setdefault(arm_config(arm, base, 0, "segmenter"), arm.key)
    every = {key: arm_config(arm, base, 0, "segmenter") for key, arm in ARMS.items()}
    return {key: configs[config] for key, config in every.items() if config in configs}


def check_base(base: TrainConfig) -> None:
    """Refuses base configurations that arms cannot be matched on.

    Raises:
        ConfigError: A segmenter of its own, or a base without an outcome.
    """
    if base.model.segmenter:
        raise ConfigError(
            "ABLATE_SEGMENTER",
            "the base configuration has a model.segmenter",
            todo="Leave it out: each seed trains a segmenter that all of its arms share",
        )
    if not base.model.outcomes:
        raise ConfigError(
            "ABLATE_NO_OUTCOME",
            "the base configuration learns no outcome",
            expected="survival or response in model.tasks",
        )


def segmenter_config(base: TrainConfig, seed: int) -> TrainConfig:
    """What trains the segmenter of a seed: the first stage of the base configuration."""
    changes = {"model.tasks": _pixels(base), "model.learned": False, "stage.joint_steps": 0}
    return _changed(base, changes | {"stage.schedule": "staged", "seed": base.seed + seed})


def arm_config(arm: Arm, base: TrainConfig, seed: int, segmenter: str) -> TrainConfig:
    """The configuration of an arm under one seed.

    Pixel tasks are left out where nothing that they train reaches the outcomes.

    Args:
        arm: The arm.
        base: The base configuration.
        seed: Number of the seed, from 0.
        segmenter: File of that seed's segmenter.
    """
    changes = dict(arm.changes)
    if changes.get("model.pool") == "-ring":
        left = tuple(region for region in base.model.pool if region != "ring")
        changes["model.pool"] = left or ("lesion",)
    if changes.get("model.tasks") == "+radiomics":
        changes["model.tasks"] = tuple(dict.fromkeys((*base.model.tasks, "radiomics")))
    changes |= {"model.segmenter": segmenter, "seed": base.seed + seed}
    config = _changed(base, changes)
    if config.model.learned:
        return config
    return _changed(config, {"model.tasks": config.model.outcomes})


def fits_heads_only(config: TrainConfig, base: TrainConfig) -> bool:
    """Whether an arm needs no training beyond its seed's segmenter.

    Then its features are computed from the segmenter's mask, or pooled from the segmenter's
    encoder, which the arm would train in the same way; and the heads have a closed form.
    """
    stage, model = config.stage, config.model
    if not model.learned:
        # "joint" fits the heads anew at its end, on features that no training changes.
        return stage.schedule == "joint" or not stage.joint_steps
    return stage.schedule != "joint" and not stage.joint_steps and shares_first_stage(config, base)


def shares_first_stage(config: TrainConfig, base: TrainConfig) -> bool:
    """Whether the arm's first stage is what trained the segmenter."""
    staged = config.model.learned and config.stage.schedule != "joint"
    image = set(config.model.tasks) - set(OUTCOMES)
    return staged and image == set(_pixels(base))


def _pixels(base: TrainConfig) -> tuple[str, ...]:
    """The segmenter's tasks: the mask, and what the base learns beside it."""
    return tuple(task for task in _PIXELS if task in ("mask", *base.model.tasks))


def _changed(config: TrainConfig, changes: Changes) -> TrainConfig:
    """The configuration with other values; checked as if it had been given."""
    tree = to_dict(config)
    for key, value in changes.items():
        section, _, name = key.rpartition(".")
        (tree[section] if section else tree)[name] = value
    return from_dict(TrainConfig, tree)
