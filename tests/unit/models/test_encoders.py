"""Every encoder with every normalisation: shapes, size, saving, and what depth and width change."""

import itertools
from pathlib import Path

import keras
import numpy as np
import pytest

from pet_mtl.config import ModelConfig
from pet_mtl.models.encoders import build_encoder

ENCODERS = ("residual", "plain", "se_residual", "convnext")
NORMS = ("group", "instance", "layer")
SIZE = 16


def volume() -> np.ndarray:
    return np.random.default_rng(0).random((2, SIZE, SIZE, SIZE, 1)).astype(np.float32)


@pytest.mark.parametrize(("encoder", "norm"), list(itertools.product(ENCODERS, NORMS)))
def test_every_encoder_runs_with_every_norm_and_is_saved(
    encoder: str, norm: str, tmp_path: Path
) -> None:
    keras.utils.set_random_seed(0)
    config = ModelConfig(encoder=encoder, norm=norm, filters=(4, 8, 12), groups=2, blocks=2)
    model = build_encoder(config, SIZE)
    levels = model(volume())
    assert [tuple(x.shape) for x in levels] == [(2, 8, 8, 8, 4), (2, 4, 4, 4, 8), (2, 2, 2, 2, 12)]
    for level in levels:
        spread = np.asarray(level).std(axis=(1, 2, 3))
        assert np.isfinite(level).all() and (spread > 0).all()
    model.save(tmp_path / "encoder.keras")
    again = keras.saving.load_model(tmp_path / "encoder.keras", compile=False)(volume())
    for ours, theirs in zip(levels, again, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("encoder", "thousands"),
    [("residual", 90), ("plain", 54), ("se_residual", 91), ("convnext", 24)],
)
def test_the_encoders_stay_small(encoder: str, thousands: int) -> None:
    """As many parameters as a small cohort bears, and no change unnoticed."""
    counted = build_encoder(ModelConfig(encoder=encoder), SIZE).count_params()
    assert counted == pytest.approx(thousands * 1000, rel=0.1)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_width_and_depth_are_switches(encoder: str) -> None:
    def weights(**switches: int | tuple[int, ...]) -> int:
        config = ModelConfig(encoder=encoder, groups=1, **{"filters": (4, 4), **switches})
        return build_encoder(config, SIZE).count_params()

    one, two, three = (weights(blocks=n) for n in (1, 2, 3))
    assert three - two == two - one > 0
    assert weights(filters=(8, 8)) > weights() > weights(filters=(4,))


@pytest.mark.parametrize("norm", NORMS)
def test_no_norm_looks_at_other_patients(norm: str) -> None:
    model = build_encoder(ModelConfig(norm=norm, filters=(4, 8), groups=2), SIZE)
    both, alone = model(volume()), model(volume()[:1])
    for ours, theirs in zip(both, alone, strict=True):
        assert np.asarray(ours)[:1] == pytest.approx(np.asarray(theirs), abs=1e-5)
