"""Coarser levels of the mask are trained on the mask, and never judge or leave with the model."""

import keras
import numpy as np
import pytest

from pet_mtl.config import LossConfig, ModelConfig, StageConfig
from pet_mtl.export import readable_outputs
from pet_mtl.losses import MaskLoss
from pet_mtl.models import ModelSpec, build_model
from pet_mtl.sample import GridPlan
from pet_mtl.training.part import StagePlan, make_part

SIZE = 8


@pytest.mark.parametrize("deep", [False, True])
def test_levels_are_averaged_in_training_only(deep: bool) -> None:
    keras.utils.set_random_seed(0)
    config = ModelConfig(
        filters=(4, 4), groups=2, tasks=("mask", "reconstruction"), deep_supervision=deep
    )
    model = build_model(config, ModelSpec(GridPlan(SIZE, 3.0, 6.0), (), ()))
    part = make_part(model, StagePlan("mask", ("mask",), 1, 1e-3), LossConfig(), StageConfig())
    rng = np.random.default_rng(0)
    suv = rng.random((2, SIZE, SIZE, SIZE, 1)).astype(np.float32) * 5
    lesion = (suv > 3).astype(np.float32)
    truth = np.concatenate([lesion, lesion, np.ones_like(lesion), np.ones_like(lesion)], axis=-1)
    weights = np.array([1.0, 0.0], np.float32)
    outputs = part({"fine": suv, "context": suv})
    found = {
        training: float(
            part.compute_loss(None, {"mask": truth}, outputs, {"mask": weights}, training=training)
        )
        for training in (True, False)
    }
    loss = {n: float(MaskLoss()(truth, v, sample_weight=weights)) for n, v in outputs.items()}
    assert set(loss) == ({"mask", "mask_level1"} if deep else {"mask"})
    trained = (2 * loss["mask"] + loss["mask_level1"]) / 3 if deep else loss["mask"]
    assert found == pytest.approx({True: trained, False: loss["mask"]}, abs=1e-5)
    assert set(readable_outputs(model, {"fine": suv, "context": suv})) == {"mask"}
