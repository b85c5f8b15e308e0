"""Configurations: strict, typed, overridable, and the same after a round trip."""

from pathlib import Path

import pytest

from pet_mtl.config import TrainConfig, from_dict, load_train_config, to_dict
from pet_mtl.errors import ConfigError


def test_file_and_overrides(tmp_path: Path) -> None:
    path = tmp_path / "train.toml"
    path.write_text(
        "seed = 3\n[model]\nfilters = [4, 8]\nring_mm = [0, 15]\n[augment]\nflip = false\n"
    )
    config = load_train_config(path, ["stage.mask_steps=10", "model.scales=fine", "seed=5"])
    assert config.model.filters == (4, 8) and config.model.ring_mm == (0.0, 15.0)
    assert config.stage.mask_steps == 10 and config.model.outcome_scales == ("fine",)
    assert config.seed == 5 and config.augment.flip is False


def test_round_trip_through_plain_data() -> None:
    config = load_train_config(None, ["model.filters=[4, 8, 12]", "loss.mask=2"])
    assert from_dict(TrainConfig, to_dict(config)) == config


@pytest.mark.parametrize(
    ("override", "code", "hint"),
    [
        ("stage.mask_step=3", "CONFIG_UNKNOWN_KEY", "Did you mean 'stage.mask_steps'"),
        ("sead=3", "CONFIG_UNKNOWN_KEY", "Did you mean 'seed'"),
        ("stage.batch_size=2.5", "CONFIG_TYPE", "stage.batch_size"),
        ("stage.batch_size=true", "CONFIG_TYPE", "stage.batch_size"),
        ("model.ring_mm=[1]", "CONFIG_LENGTH", "model.ring_mm"),
        ("model.filters=8", "CONFIG_TYPE", "model.filters"),
        ("model=8", "CONFIG_TYPE", "model"),
        ("seed.a=8", "CONFIG_TYPE", "seed"),
        ("nothing", "CONFIG_OVERRIDE", "key=value"),
        ("stage.mask_steps=-4", "CONFIG_RANGE", "mask_steps"),
        ("stage.mask_rate=0", "CONFIG_RANGE", "mask_rate"),
        ("model.dropout=1.5", "CONFIG_RANGE", "dropout"),
        ("model.filters=[]", "CONFIG_RANGE", "filters"),
        ("model.ring_mm=[20, 5]", "CONFIG_RANGE", "ring_mm"),
        ("model.tasks=[]", "CONFIG_CHOICE", "one or more, each once, of mask"),
        ("model.tasks=['mask', 'mask']", "CONFIG_CHOICE", "mask, mask"),
        ("model.pool=['tumour']", "CONFIG_CHOICE", "lesion, ring, all"),
        ("model.scales=fines", "CONFIG_CHOICE", "both, fine, context"),
        ("loss.head_penalty=[0.0]", "CONFIG_RANGE", "head_penalty"),
    ],
)
def test_what_is_wrong_is_named(override: str, code: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_train_config(None, [override])
    assert caught.value.code == code and hint in str(caught.value)
    assert caught.value.exit_code == 2 and "?." not in str(caught.value)


def test_a_file_that_is_no_toml(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text("= 3")
    with pytest.raises(ConfigError, match="CONFIG_UNREADABLE"):
        load_train_config(path)
