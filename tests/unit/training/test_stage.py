"""A killed stage ends as if it had not been; precision, averaging, accumulation, freezing."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from pet_mtl.config import LossConfig, ModelConfig, StageConfig
from pet_mtl.models import ModelSpec, build_model
from pet_mtl.sample import GridPlan
from pet_mtl.training.checkpoint import StageState
from pet_mtl.training.part import StagePlan, as_planned, make_part
from pet_mtl.training.stage import StageData, StageSettings, run_stage

SIZE, PATIENTS = 8, 6
ALL = ("mask", "survival", "response")


class KilledError(Exception):
    """Stands for SIGKILL."""


def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    config = ModelConfig(learned=True, filters=(4,), groups=2, embedding=2, radiomics=False)
    return build_model(config, ModelSpec(GridPlan(SIZE, 3.0, 6.0), (), (100.0, 400.0, 900.0)))


def patients() -> tf.data.Dataset:
    rng = np.random.default_rng(1)
    lesion = np.zeros((PATIENTS, SIZE, SIZE, SIZE, 1), np.float32)
    lesion[:, 2:6, 2:6, 2:6] = 1.0
    cube = lesion * rng.uniform(2, 9, (PATIENTS, 1, 1, 1, 1)).astype(np.float32)
    cube += rng.random(cube.shape, dtype=np.float32)
    time = np.stack([rng.uniform(10, 900, PATIENTS), np.ones(PATIENTS)], 1).astype(np.float32)
    targets = {
        "mask": np.concatenate([lesion, lesion, np.ones((*lesion.shape[:4], 2), np.float32)], -1),
        "survival": time,
        "response": (np.arange(PATIENTS) % 2).astype(np.float32)[:, None],
    }
    weights = {name: np.ones(PATIENTS, np.float32) for name in targets}
    return tf.data.Dataset.from_tensor_slices(({"fine": cube, "context": cube}, targets, weights))


def data(outputs: tuple[str, ...] = ALL) -> StageData:
    def keep(inputs, targets, weights):
        return inputs, {n: targets[n] for n in outputs}, {n: weights[n] for n in outputs}

    rows = patients().map(keep)
    return StageData(rows.repeat().batch(2), rows.batch(4))


def run(model, plan: StagePlan, schedule: StageConfig, folder: Path, die_at: str = ""):
    told: list[str] = []

    def report(message) -> None:
        told.append(message) if isinstance(message, str) else None
        if die_at and isinstance(message, str) and message.startswith(die_at):
            raise KilledError

    settings = StageSettings(LossConfig(), schedule, folder, report)
    return run_stage(model, plan, data(plan.outputs), settings), told


HEAVY = StageConfig(
    validate_every=2, accumulate=2, average=0.8, precision="mixed_float16", joint_steps=4
)


@pytest.mark.slow
def test_a_killed_stage_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    plan = StagePlan("joint", ALL, 4, 1e-2)
    whole = network()
    rows, told = run(whole, plan, HEAVY, tmp_path / "whole")
    with pytest.raises(KilledError):
        run(network(), plan, HEAVY, tmp_path / "killed", die_at="joint 1/2")
    again = network()
    rows_again, _ = run(again, plan, HEAVY, tmp_path / "killed")
    np.testing.assert_allclose(rows_again, rows, rtol=1e-5)
    for one, two in zip(whole.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(two, one, rtol=1e-4, atol=1e-6)
    assert all(np.isfinite(row).all() for row in rows) and len(rows[0]) == 5
    assert ", C " in told[-1] and ", AUC " in told[-1]
    # Two moments, the averaged weights and the accumulated gradients, besides the loss scale.
    state = StageState.load(tmp_path / "whole" / "joint.npz")
    part = keras.Model(whole.input, {name: whole.output[name] for name in ALL})
    assert len(state.optimizer) > 4 * len(part.trainable_variables) and state.random


def test_what_is_kept_is_the_average(tmp_path: Path) -> None:
    plan = StagePlan("mask", ("mask",), 6, 1e-2)
    model = network()
    run(model, plan, StageConfig(validate_every=6, average=0.9), tmp_path)
    state = StageState.load(tmp_path / "mask.npz")
    kept = model.get_layer("encoder").get_weights()[0]
    last = [w for w in state.weights if w.shape == kept.shape]
    assert all(np.abs(w - kept).max() > 1e-4 for w in last)


def test_frozen_parts_keep_their_weights_and_thaw(tmp_path: Path) -> None:
    plan = StagePlan("outcomes", ("survival", "response"), 4, 1e-2, frozen=True)
    model = network()
    model.get_layer("response").slopes.assign(np.ones_like(model.get_layer("response").slopes))
    before = [model.get_layer(n).get_weights() for n in ("encoder", "mask_decoder", "response")]
    run(model, plan, StageConfig(validate_every=4), tmp_path)
    after = [model.get_layer(n).get_weights() for n in ("encoder", "mask_decoder", "response")]
    for one, two in zip(before[:2], after[:2], strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert not np.array_equal(before[2][0], after[2][0])
    assert model.get_layer("encoder").trainable_variables


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_precision_is_of_the_stage_alone_and_outputs_are_float32(precision: str) -> None:
    model = network()
    exact = model(next(iter(data().training))[0])
    plan = StagePlan("joint", ALL, 4, 1e-3)
    with as_planned(model, plan, precision):
        part = make_part(model, plan, LossConfig(), StageConfig(precision=precision))
        rough = part(next(iter(data().training))[0])
        inner = model.get_layer("encoder").layers[1].compute_dtype
    assert inner == precision.removeprefix("mixed_")
    for name in ALL:
        assert rough[name].dtype == exact[name].dtype == "float32"
        np.testing.assert_allclose(rough[name], exact[name], atol=0.1)
    assert not np.array_equal(rough["mask"], exact["mask"])
    assert {layer.compute_dtype for layer in model.get_layer("encoder").layers} == {"float32"}


def test_accumulated_batches_are_one_large_batch() -> None:
    rows = patients().map(lambda x, y, w: (x, {"mask": y["mask"]}, {"mask": w["mask"]}))
    results = []
    for batch, accumulate in ((4, 1), (2, 2)):
        model, plan = network(), StagePlan("mask", ("mask",), 10_000, 1.0)
        part = make_part(model, plan, LossConfig(), StageConfig(accumulate=accumulate))
        part.fit(rows.batch(batch).take(accumulate), verbose=0, shuffle=False)
        assert int(part.optimizer.iterations) == 1
        results.append(model.get_layer("encoder").get_weights())
    start = network().get_layer("encoder").get_weights()
    for one, two, was in zip(*results, start, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-3)
        assert np.abs(one - was).max() > 0.01  # the first rate of a step is a fiftieth of 1


@pytest.mark.parametrize("kind", ["uncertainty", "gradient"])
def test_a_task_without_labels_gets_a_gradient_of_exactly_0(kind: str) -> None:
    model, plan = network(), StagePlan("joint", ALL, 10, 1e-2)
    part = make_part(model, plan, LossConfig(weighting=kind), StageConfig(weight_decay=0.0))
    inputs, targets, weights = next(iter(data().training))
    weights["response"] = tf.zeros_like(weights["response"])
    head = model.get_layer("response")
    before = [w.copy() for w in head.get_weights()]
    part.fit(tf.data.Dataset.from_tensors((inputs, targets, weights)), verbose=0, shuffle=False)
    assert all(np.array_equal(a, b) for a, b in zip(before, head.get_weights(), strict=True))
    changed = part.weighting.get_weights()[0]
    assert np.isfinite(changed).all()
