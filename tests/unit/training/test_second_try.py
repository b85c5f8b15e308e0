"""A mask stage that learned to outline nothing is begun anew; any other is left alone."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from pet_mtl.config import LossConfig, ModelConfig, StageConfig
from pet_mtl.models import ModelSpec, build_model
from pet_mtl.sample import GridPlan
from pet_mtl.training.part import StagePlan
from pet_mtl.training.progress import Steps
from pet_mtl.training.second_try import outlines_something, run_stage_safely
from pet_mtl.training.stage import StageData, StageSettings

SIZE = 16
SCHEDULE = StageConfig(validate_every=5, batch_size=2)


def batches(outlined: float = 1.0) -> tf.data.Dataset:
    """Two patients with a bright block, which is the lesion."""
    cube = np.zeros((2, SIZE, SIZE, SIZE, 1), np.float32)
    cube[:, 5:11, 5:11, 5:11] = 1.0
    inputs = {"fine": cube * 8, "context": cube * 8}
    targets = {"mask": np.concatenate([cube, cube, np.ones((*cube.shape[:4], 2))], -1)}
    weights = {"mask": np.full(2, outlined, np.float32)}
    one = tf.data.Dataset.from_tensors((inputs, {"mask": targets["mask"].astype("f4")}, weights))
    return one.repeat()


@pytest.fixture
def model() -> keras.Model:
    keras.utils.set_random_seed(0)
    config = ModelConfig(
        learned=True, filters=(4, 8), groups=2, tasks=("mask", "survival"), radiomics=False
    )
    return build_model(config, ModelSpec(GridPlan(SIZE, 3.0, 6.0), (), (100.0, 200.0)))


def forget(model: keras.Model, bias: float) -> None:
    """Sets the last bias of the mask, so that nothing or everything is outlined."""
    layer = model.get_layer("mask_decoder").get_layer("logits")
    layer.set_weights([np.zeros_like(layer.get_weights()[0]), np.array([bias], np.float32)])


def test_an_empty_mask_is_seen(model: keras.Model) -> None:
    forget(model, -9.0)
    assert not outlines_something(model, batches())
    assert outlines_something(model, batches(outlined=0.0)), "nothing to learn, nothing to miss"
    forget(model, 9.0)
    assert outlines_something(model, batches())


@pytest.mark.parametrize(("rate", "tries"), [(1e-9, 2), (2e-2, 1)])
def test_a_stage_that_learned_nothing_is_begun_anew(
    model: keras.Model, tmp_path: Path, rate: float, tries: int
) -> None:
    told: list[str | Steps] = []
    settings = StageSettings(LossConfig(), SCHEDULE, tmp_path, told.append)
    rows = run_stage_safely(
        model, StagePlan("mask", ("mask",), 60, rate), StageData(batches(), None), settings
    )
    assert len({row[0] for row in rows}) == tries
    lines = [message for message in told if isinstance(message, str)]
    assert any("begun anew" in line for line in lines) == (tries == 2)
    assert any(isinstance(message, Steps) and message.done == 60 for message in told)
