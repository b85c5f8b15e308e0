"""What the mask loss says of cubes without a lesion."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from pet_mtl.losses import MaskLoss

SIZE = 10


def loss(truth, logits):
    """Loss of one cube of one scale, and its gradient."""
    valid = np.ones_like(truth)
    y_true = tf.constant(np.stack([truth, valid], -1)[None], tf.float32)
    y_pred = tf.Variable(logits[None, ..., None].astype(np.float32))
    with tf.GradientTape() as tape:
        value = MaskLoss()(y_true, y_pred)
    return float(value), tape.gradient(value, y_pred).numpy()[0, ..., 0]


def outlined(voxels):
    """Logits that outline the first voxels, firmly."""
    logits = np.full(SIZE**3, -12.0)
    logits[:voxels] = 2.0
    return logits.reshape((SIZE,) * 3)


def test_an_organ_once_outlined_is_pulled_down_however_large():
    """Soft Dice alone gives a large one a gradient of one over its size squared."""
    empty = np.zeros((SIZE,) * 3)
    pulls = [loss(empty, outlined(n))[1].sum() for n in (20, 200, 900)]
    assert min(pulls) > 0.04
    entropy_alone = [n / SIZE**3 * 0.88 for n in (20, 200, 900)]
    assert all(pull > part + 0.03 for pull, part in zip(pulls, entropy_alone, strict=True))


def test_nothing_outlined_costs_nothing_and_more_costs_more():
    empty = np.zeros((SIZE,) * 3)
    values = [loss(empty, outlined(n))[0] for n in (0, 1, 10, 100, 1000)]
    assert values[0] == pytest.approx(0, abs=0.01)
    assert values == sorted(values) and values[1] > 0.15


def test_a_cube_with_a_lesion_is_judged_by_dice_and_entropy():
    truth = np.zeros((SIZE,) * 3)
    truth.flat[:50] = 1
    logits = np.random.default_rng(0).normal(0, 2, truth.shape)
    probability = 1 / (1 + np.exp(-logits))
    dice = (2 * (probability * truth).sum() + 1) / (probability.sum() + truth.sum() + 1)
    entropy = keras.ops.convert_to_numpy(keras.ops.softplus(logits)) - truth * logits
    expected = 1 - dice + entropy.sum() / (SIZE**3 + 1)
    assert loss(truth, logits)[0] == pytest.approx(expected, rel=1e-4)
