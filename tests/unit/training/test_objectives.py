"""From configuration to losses, and what a missing label changes: nothing but its own head."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from pet_mtl.config import LossConfig, ModelConfig, load_train_config
from pet_mtl.errors import ConfigError
from pet_mtl.losses import MaskLoss, ResponseLoss
from pet_mtl.models import ModelSpec, build_model
from pet_mtl.sample import GridPlan
from pet_mtl.training.objectives import response_weights, task_losses

TASKS = ("mask", "reconstruction", "survival", "response")
PATIENTS, CUBE = 3, 3
EDGES = (3.0, 6.0)


@functools.cache
def model(survival: str) -> keras.Model:
    """A network whose head says which loss is its own."""
    config = ModelConfig(
        learned=True, filters=(2,), groups=1, embedding=1, radiomics=False, survival=survival
    )
    return build_model(config, ModelSpec(GridPlan(4, 6.0, 12.0), (), EDGES))


def batch(seed: int, survival: str):
    """Labels and predictions of all tasks."""
    rng = np.random.default_rng(seed)
    space = (PATIENTS, CUBE, CUBE, CUBE)
    # Beyond the last edge or dead: everybody has something to say.
    times = np.stack([rng.integers(1, 5, PATIENTS) + 5, np.ones(PATIENTS)], 1)
    truth = {
        "mask": (rng.random((*space, 4)) < 0.6),
        "reconstruction": rng.random((*space, 4)),
        "survival": times,
        "response": rng.integers(0, 2, (PATIENTS, 1)),
    }
    width = {"mask": (*space, 2), "reconstruction": (*space, 2), "response": (PATIENTS, 1)}
    width["survival"] = (PATIENTS, 1 if survival == "cox" else len(EDGES))
    predicted = {name: rng.normal(size=shape).astype(np.float32) for name, shape in width.items()}
    return {name: value.astype(np.float32) for name, value in truth.items()}, predicted


@settings(max_examples=12, deadline=None)
@given(
    known=st.lists(st.tuples(*[st.booleans()] * 4), min_size=PATIENTS, max_size=PATIENTS),
    seed=st.integers(0, 999),
)
@pytest.mark.parametrize("survival", ["logistic_hazard", "cox"])
@pytest.mark.parametrize("half", [False, True])
def test_any_subset_of_labels(survival: str, half: bool, known: list, seed: int) -> None:
    config = LossConfig(mask_kind="focal", smooth_response=0.1)
    losses = task_losses(model(survival), TASKS, config, (0.8, 1.2))
    truth, predicted = batch(seed, survival)
    if half:
        predicted = {name: value.astype(np.float16) for name, value in predicted.items()}
    weights = {name: np.array(known, np.float32)[:, k] for k, name in enumerate(TASKS)}
    variables = {name: tf.Variable(value) for name, value in predicted.items()}
    with tf.GradientTape(persistent=True) as tape:
        values = {n: losses[n](truth[n], variables[n], weights[n]) for n in TASKS}
        total = sum(values.values())
    for name in TASKS:
        gradient = tape.gradient(total, variables[name]).numpy()
        there = weights[name] > 0
        assert np.isfinite(float(values[name])) and np.isfinite(gradient).all()
        assert np.array_equal(gradient[~there], np.zeros_like(gradient[~there]))
        if there.any():
            # The loss of who has the label, as if nobody else were there.
            alone = losses[name](truth[name][there], predicted[name][there])
            assert float(values[name]) == pytest.approx(float(alone), rel=1e-5, abs=1e-7)
        else:
            assert float(values[name]) == 0.0


def test_the_configuration_chooses() -> None:
    losses = task_losses(model("cox"), TASKS, LossConfig(ties="breslow", mask_kind="focal"))
    assert isinstance(losses["mask"], MaskLoss) and losses["mask"].kind == "focal"
    assert losses["survival"].ties == "breslow"
    assert isinstance(losses["response"], ResponseLoss) and not losses["response"].class_weights
    rows = [{"response": "1", "has_response": "1"}] + [{"response": "0", "has_response": "1"}] * 3
    rows += [{"response": "", "has_response": "0"}]
    assert response_weights(LossConfig(), rows) is None
    assert response_weights(LossConfig(balance_response=True), rows) == pytest.approx((2 / 3, 2.0))


@pytest.mark.parametrize(
    "text",
    [
        "loss.ties=exact",
        "loss.mask_kind=tversky",
        "loss.weighting=random",
        "model.survival=weibull",
    ],
)
def test_unknown_choices_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="CONFIG_CHOICE"):
        load_train_config(None, [text])
    for bad in ("loss.smooth_response=1", "augment.hide_blocks=0.95", "loss.hidden_weight=-1"):
        with pytest.raises(ConfigError, match="CONFIG_RANGE"):
            load_train_config(None, [bad])
