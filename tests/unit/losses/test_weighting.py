"""Task weighting: the optimum of each rule, and that an absent task has no say."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from pet_mtl.errors import ConfigError
from pet_mtl.losses import TaskWeighting

NAMES = ("mask", "reconstruction", "survival", "response")
PRIORS = (1.0, 0.2, 0.3, 0.3)
LOSSES = {"mask": 0.8, "reconstruction": 0.05, "survival": 1.7, "response": 0.6}


@pytest.mark.parametrize("kind", ["fixed", "uncertainty", "gradient"])
def test_all_rules_start_at_the_fixed_weights(kind: str) -> None:
    weighting = TaskWeighting(NAMES, PRIORS, kind)
    assert np.asarray(weighting.weights_now()) == pytest.approx(PRIORS)
    expected = sum(prior * LOSSES[name] for name, prior in zip(NAMES, PRIORS, strict=True))
    offset = 0.5 * -np.log(PRIORS).sum() if kind == "uncertainty" else 0.0
    assert float(weighting.combine(LOSSES)) == pytest.approx(expected + offset, rel=1e-5)
    tensors = {name: tf.constant(loss) for name, loss in LOSSES.items()}
    assert float(weighting(tensors)) == float(weighting.combine(LOSSES))


def test_uncertainty_learns_the_inverse_of_twice_the_loss() -> None:
    weighting = TaskWeighting(NAMES, PRIORS, "uncertainty")
    best = np.log([2 * LOSSES[name] for name in NAMES]).astype(np.float32)
    (learned,) = weighting.trainable_variables
    for shift, sign in ((-0.3, -1.0), (0.0, 0.0), (0.3, 1.0)):
        learned.assign(best + shift)
        with tf.GradientTape() as tape:
            value = weighting.combine(LOSSES)
        gradient = tape.gradient(value, learned.value).numpy()
        assert np.array_equal(np.sign(np.round(gradient, 5)), [sign] * 4)
    learned.assign(best)
    expected = [1 / (2 * LOSSES[name]) for name in NAMES]
    assert np.asarray(weighting.weights_now()) == pytest.approx(expected, rel=1e-5)


@settings(max_examples=25, deadline=None)
@given(present=st.lists(st.booleans(), min_size=4, max_size=4), seed=st.integers(0, 999))
@pytest.mark.parametrize("kind", ["fixed", "uncertainty", "gradient"])
def test_an_absent_task_has_no_say(kind: str, present: list[bool], seed: int) -> None:
    rng = np.random.default_rng(seed)
    weighting = TaskWeighting(NAMES, PRIORS, kind)
    weighting.observe(dict(zip(NAMES, rng.random(4) + 0.1, strict=True)))
    known = dict(zip(NAMES, map(float, present), strict=True))
    before = weighting.get_weights()
    weighting.observe(dict(zip(NAMES, rng.random(4) + 0.1, strict=True)), known)
    for old, new in zip(before, weighting.get_weights(), strict=True):
        columns = ~np.array(present)
        assert np.array_equal(old[..., columns], new[..., columns])
    values = [tf.Variable(LOSSES[name]) for name in NAMES]
    with tf.GradientTape() as tape:
        total = weighting.combine(dict(zip(NAMES, values, strict=True)), known)
    learned = weighting.trainable_variables
    gradients = tape.gradient(total, [*values, *(v.value for v in learned)])
    for k, there in enumerate(present):
        weight = float(np.asarray(weighting.weights_now())[k])
        assert float(gradients[k]) == pytest.approx(weight if there else 0.0, rel=1e-6)
        for gradient in gradients[4:]:
            assert bool(gradient.numpy()[k] != 0.0) <= there


def test_balanced_gradients_are_equal_up_to_the_priors() -> None:
    weighting = TaskWeighting(NAMES, PRIORS, "gradient")
    norms = {"mask": 2.0, "reconstruction": 40.0, "survival": 0.1, "response": 0.5}
    for _ in range(3):
        weighting.observe(norms)
    weights = np.asarray(weighting.weights_now())
    pulls = weights * [norms[name] for name in NAMES] / PRIORS
    assert pulls == pytest.approx([np.mean(list(norms.values()))] * 4, rel=1e-5)
    # A head whose slopes are still 0 sends no gradient: its weight stays what it was.
    weighting.observe({**norms, "survival": 0.0})
    assert np.asarray(weighting.weights_now()) == pytest.approx(weights, rel=1e-5)


def test_norms_change_slowly_and_only_where_they_are_used() -> None:
    weighting = TaskWeighting(("a", "b"), (1.0, 1.0), "gradient")
    weighting.observe({"a": 1.0, "b": 1.0})
    weighting.observe({"a": 3.0, "b": 1.0})
    share = 0.1 / (0.09 + 0.1)  # of the second in the running mean
    ratio = np.divide(*np.asarray(weighting.weights_now())[::-1])
    assert ratio == pytest.approx(1 + 2 * share, rel=1e-5)
    fixed = TaskWeighting(("a", "b"), (1.0, 1.0))
    fixed.observe({"a": 1.0, "b": 5.0})
    assert not fixed.weights and np.array_equal(fixed.weights_now(), [1.0, 1.0])


@pytest.mark.parametrize("kind", ["uncertainty", "gradient"])
def test_state_is_saved(kind: str) -> None:
    weighting = TaskWeighting(NAMES, PRIORS, kind)
    weighting.set_weights([np.full(w.shape, 0.7, np.float32) for w in weighting.get_weights()])
    again = TaskWeighting.from_config(weighting.get_config())
    again.set_weights(weighting.get_weights())
    assert float(again.combine(LOSSES)) == float(weighting.combine(LOSSES))


def test_impossible_weightings_are_refused() -> None:
    with pytest.raises(ConfigError, match="LOSS_WEIGHTING"):
        TaskWeighting(NAMES, PRIORS, "none")
    for priors in ((1.0, 0.0, 1.0, 1.0), (1.0,)):
        with pytest.raises(ConfigError, match="LOSS_PRIORS"):
            TaskWeighting(NAMES, priors, "uncertainty")
    assert float(TaskWeighting(("a", "b"), (0.0, 2.0)).combine({"a": 5.0, "b": 1.0})) == 2.0
