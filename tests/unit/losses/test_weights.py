"""A missing label has weight 0: it changes neither the loss of the others nor any gradient."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from pet_mtl.losses import LogisticHazard, MaskLoss, ReconstructionLoss, ResponseLoss

SIZE = 4


def cases(rng: np.random.Generator, count: int) -> dict[str, tuple[object, np.ndarray, np.ndarray]]:
    """Loss, labels and predictions of each task."""
    cube = (count, SIZE, SIZE, SIZE)
    masks = rng.integers(0, 2, (*cube, 2)).astype(np.float32)
    valid = np.ones((*cube, 2), np.float32)
    logits = rng.normal(size=(*cube, 2)).astype(np.float32)
    # Beyond the first edge: a patient censored before it says nothing, and has no gradient.
    times = np.stack([rng.uniform(150, 500, count), rng.integers(0, 2, count)], 1)
    return {
        "mask": (MaskLoss(), np.concatenate([masks, valid], -1), logits),
        "reconstruction": (
            ReconstructionLoss(),
            np.concatenate([rng.random((*cube, 2), np.float32), valid], -1),
            logits,
        ),
        "survival": (
            LogisticHazard((100.0, 300.0)),
            times.astype(np.float32),
            rng.normal(size=(count, 2)).astype(np.float32),
        ),
        "response": (
            ResponseLoss(),
            rng.integers(0, 2, (count, 1)).astype(np.float32),
            rng.normal(size=(count, 1)).astype(np.float32),
        ),
    }


@pytest.mark.parametrize("task", ["mask", "reconstruction", "survival", "response"])
@settings(deadline=None, max_examples=15)
@given(present=st.lists(st.booleans(), min_size=1, max_size=5), seed=st.integers(0, 99))
def test_absent_labels_contribute_exactly_nothing(
    task: str, present: list[bool], seed: int
) -> None:
    loss, truth, raw = cases(np.random.default_rng(seed), len(present))[task]
    weight = np.array(present, np.float32)
    prediction = tf.Variable(raw)
    with tf.GradientTape() as tape:
        value = loss(truth, prediction, sample_weight=weight)
    gradient = tape.gradient(value, prediction).numpy()
    assert np.all(gradient[~np.array(present)] == 0.0)
    if any(present):
        alone = loss(truth[weight > 0], raw[weight > 0])
        assert float(value) == pytest.approx(float(alone), rel=1e-5)
        assert np.any(gradient != 0.0)
    else:
        assert float(value) == 0.0


def test_voxels_beyond_the_image_do_not_count() -> None:
    rng = np.random.default_rng(0)
    loss, truth, raw = cases(rng, 1)["mask"]
    truth[:, 0, :, :, 2:] = 0.0
    changed = raw.copy()
    changed[:, 0] += 3.0
    assert float(loss(truth, raw)) == float(loss(truth, changed))


def test_perfect_mask_has_next_to_no_loss() -> None:
    loss, truth, _ = cases(np.random.default_rng(1), 2)["mask"]
    assert float(loss(truth, (truth[..., :2] * 2 - 1) * 20)) < 1e-3
