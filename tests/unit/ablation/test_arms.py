"""Arms are matched: what is compared differs by one part and by nothing else."""

import dataclasses

import pytest

from pet_mtl.ablation.arms import (
    ARMS,
    BASE,
    COMPARISONS,
    arm_config,
    check_base,
    chosen_arms,
    fits_heads_only,
    segmenter_config,
    shares_first_stage,
    stand_ins,
)
from pet_mtl.config import ModelConfig, TrainConfig, to_dict
from pet_mtl.config.stage import StageConfig
from pet_mtl.errors import ConfigError, UsageError
from pet_mtl.training.part import StagePlan
from pet_mtl.training.schedule import stages_of

LEAN = TrainConfig(model=ModelConfig(learned=False), stage=StageConfig(joint_steps=0))
FULL = TrainConfig(model=ModelConfig(learned=True), stage=StageConfig(joint_steps=120))
BASES = {"lean": LEAN, "full": FULL}
PART_KEYS = {
    "second_outcome": {"model.tasks"},
    "mask_task": {"model.tasks"},
    "reconstruction": {"model.tasks"},
    "pixel_tasks": {"model.tasks"},
    "all_tasks": {"model.tasks"},
    "stages": {"stage.schedule"},
    "radiomics_task": {"model.tasks"},
    "context_scale": {"model.scales"},
    "fine_scale": {"model.scales"},
    "ring": {"model.pool"},
    "radiomics": {"model.radiomics", "model.learned", "model.tasks"},
    "learned": {"model.learned", "model.radiomics", "model.tasks"},
    "mask_pooling": {"model.pool"},
    "coupling": {"loss.couple_heads"},
}


def flat(config: TrainConfig) -> dict[str, object]:
    return {
        f"{section}.{name}": value
        for section, values in to_dict(config).items()
        if isinstance(values, dict)
        for name, value in values.items()
    }


def configs(base: TrainConfig, seed: int = 0) -> dict[str, TrainConfig]:
    return {key: arm_config(arm, base, seed, "s.keras") for key, arm in ARMS.items()}


@pytest.mark.parametrize("base", BASES.values(), ids=BASES)
@pytest.mark.parametrize("comparison", COMPARISONS, ids=lambda one: one.part)
def test_compared_arms_differ_by_their_part_alone(base, comparison):
    arms = {key: flat(config) for key, config in configs(base).items()}
    for without in set(comparison.without.values()):
        one, other = arms[comparison.added], arms[without]
        differ = {key for key in one if one[key] != other[key]}
        assert differ <= PART_KEYS[comparison.part], differ


@pytest.mark.parametrize("base", BASES.values(), ids=BASES)
def test_all_arms_share_segmenter_seed_heads_and_updates(base):
    for config in configs(base, seed=3).values():
        assert config.model.segmenter == "s.keras"
        assert config.seed == base.seed + 3
        assert config.loss.head_penalty == base.loss.head_penalty
        assert config.stage.mask_steps == base.stage.mask_steps
        assert config.stage.joint_steps == base.stage.joint_steps


def test_end_to_end_arms_make_equally_many_updates():
    for key in ("survival", "response", "both", "both_mask", "both_reconstruction", "all"):
        config = configs(FULL)[key]
        stages = stages_of(config.stage, config.model.tasks)
        steps = [stage.steps for stage in stages if isinstance(stage, StagePlan)]
        assert steps == [FULL.stage.mask_steps + FULL.stage.joint_steps]


def test_cheap_arms_are_those_that_nothing_but_the_segmenter_trains():
    cheap = {key for key, config in configs(LEAN).items() if fits_heads_only(config, LEAN)}
    assert set(ARMS) - cheap == {
        "survival", "response", "both", "both_mask", "both_reconstruction", "all",
        "regressed",
    }  # fmt: skip
    costly = {key for key, config in configs(FULL).items() if fits_heads_only(config, FULL)}
    assert not costly  # 120 joint steps change the heads of every arm
    assert shares_first_stage(configs(FULL)[BASE], FULL)


def test_an_encoder_of_other_tasks_is_not_the_segmenters():
    only_mask = dataclasses.replace(LEAN, model=ModelConfig(tasks=("mask", "survival", "response")))
    with_both = arm_config(ARMS["learned"], LEAN, 0, "s.keras")
    assert fits_heads_only(with_both, LEAN)
    assert not fits_heads_only(with_both, only_mask)


def test_the_segmenter_is_the_first_stage_of_the_base():
    config = segmenter_config(FULL, 2)
    assert config.model.tasks == ("mask", "reconstruction")
    (stage,) = stages_of(config.stage, config.model.tasks)
    (first, *_) = stages_of(FULL.stage, FULL.model.tasks)
    assert stage == first
    assert config.seed == 2


def test_an_arm_that_is_the_base_is_not_trained_twice():
    lean = stand_ins(chosen_arms(()), LEAN)
    assert lean["no_learned"] == lean["coupled"] == BASE
    assert lean["radiomics"] == "learned"
    assert lean["staged"] == lean["learned"] == "learned"
    full = stand_ins(chosen_arms(()), FULL)
    assert full["learned"] == full["staged"] == BASE
    assert full["no_learned"] == "no_learned"
    few = stand_ins(chosen_arms(("uncoupled",)), LEAN)
    assert few["coupled"] == BASE and "fine" not in few


def test_the_base_is_always_among_the_arms():
    assert [arm.key for arm in chosen_arms(("fine",))] == [BASE, "fine"]
    with pytest.raises(UsageError, match="ABLATE_ARM"):
        chosen_arms(("fine", "finest"))


def test_bases_that_cannot_be_matched_are_refused():
    with pytest.raises(ConfigError, match="ABLATE_SEGMENTER"):
        check_base(TrainConfig(model=ModelConfig(segmenter="run")))
    with pytest.raises(ConfigError, match="ABLATE_NO_OUTCOME"):
        check_base(TrainConfig(model=ModelConfig(tasks=("mask",))))
