"""A batch among the patients before it is the partial likelihood of all of them."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from pet_mtl.losses import CoxPartialLikelihood, RiskSetMemory


def batches(seed: int, count: int, size: int) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Labels, log hazards and weights of some batches."""
    rng = np.random.default_rng(seed)
    shape = (count, size)
    labels = np.stack([rng.integers(1, 9, shape), rng.random(shape) < 0.5], -1)
    return list(
        zip(
            labels.astype(np.float32),
            rng.normal(size=(*shape, 1)).astype(np.float32),
            (rng.random(shape) < 0.7).astype(np.float32),
            strict=True,
        )
    )


def step(memory: RiskSetMemory, batch: tuple[np.ndarray, ...], training: bool = True):
    """Loss and gradient of one step."""
    labels, eta, weight = batch
    prediction = tf.Variable(eta)
    with tf.GradientTape() as tape:
        value = memory(labels, prediction, weight, training=training)
    return float(value), tape.gradient(value, prediction).numpy()[:, 0]


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 10_000), size=st.integers(1, 6), ties=st.sampled_from(["efron", "breslow"])
)
def test_equals_the_likelihood_of_batch_and_memory(seed: int, size: int, ties: str) -> None:
    memory, past = RiskSetMemory(5, ties), []
    for labels, eta, weight in batches(seed, 3, size):
        value, gradient = step(memory, (labels, eta, weight))
        kept = weight > 0
        fresh = [(*label, e) for label, e in zip(labels[kept], eta[kept, 0], strict=True)]
        assert np.array_equal(gradient[~kept], np.zeros((~kept).sum()))
        if fresh:
            pool = np.array(past + fresh, np.float32)
            prediction = tf.Variable(pool[:, 2:])
            with tf.GradientTape() as tape:
                mean = CoxPartialLikelihood(ties)(pool[:, :2], prediction)
            whole = tape.gradient(mean, prediction).numpy()[:, 0]
            assert value == pytest.approx(float(mean), rel=1e-5, abs=1e-6)
            expected = whole[len(past) :] * len(pool) / len(fresh)
            np.testing.assert_allclose(gradient[kept], expected, atol=2e-6)
        else:
            assert value == 0.0
        past = (past + fresh)[-5:]


def test_without_training_nothing_is_remembered() -> None:
    memory = RiskSetMemory(4)
    one, two = batches(1, 2, 3)
    step(memory, one)
    before = np.array(memory.rows)
    first, second = step(memory, two, training=False), step(memory, two, training=False)
    assert np.array_equal(before, memory.rows) and before.any()
    assert first[0] == second[0]


def test_a_single_patient_a_step_learns_from_the_memory() -> None:
    memory = RiskSetMemory(8)
    known, eta = np.ones(1, np.float32), np.zeros((1, 1), np.float32)
    value, gradient = step(memory, (np.array([[5.0, 0.0]], np.float32), eta, known))
    assert value == 0.0 and not gradient.any()
    _, dies = step(memory, (np.array([[3.0, 1.0]], np.float32), eta, known))
    _, lives = step(memory, (np.array([[6.0, 0.0]], np.float32), eta, known))
    assert dies[0] < 0 < lives[0]


def test_it_is_saved_with_a_model_and_runs_in_a_graph(tmp_path: Path) -> None:
    memory = RiskSetMemory(4, "breslow")
    again = RiskSetMemory.from_config(memory.get_config())
    assert (again.capacity, again.ties) == (4, "breslow")
    one, two = batches(2, 2, 3)
    graph = tf.function(lambda *batch: memory(*batch, training=True))
    graph(*one)
    model = keras.Sequential([keras.layers.Dense(1)])
    model.build((None, 2))
    model.memory = memory
    again.set_weights(memory.get_weights())
    assert float(graph(*two)) == pytest.approx(float(again(*two)), abs=1e-7)
