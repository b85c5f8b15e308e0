"""Radiomics as a target of the encoder."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from pet_mtl.config import LossConfig
from pet_mtl.layers import RadiomicsTarget
from pet_mtl.training.objectives import task_losses


def values(seed: int, columns: int, patients: int = 64) -> np.ndarray:
    return np.random.default_rng(seed).normal(3.0, 2.0, (patients, columns)).astype(np.float32)


def error_loss() -> keras.losses.Loss:
    """The loss that trains the task."""
    return task_losses(None, ["radiomics"], LossConfig())["radiomics"]


def test_the_gradient_reaches_the_encoder_and_not_the_outline():
    layer = RadiomicsTarget()
    pooled, radiomics = tf.Variable(values(0, 4)), tf.Variable(values(1, 3))
    layer.build((pooled.shape, radiomics.shape))
    layer.kernel.assign(np.ones((4, 3), np.float32))
    with tf.GradientTape() as tape:
        errors = layer([pooled, radiomics], training=True)
        loss = error_loss()(tf.zeros((64, 1)), errors)
    reached, bent = tape.gradient(loss, [pooled, radiomics])
    assert np.abs(reached).sum() > 0 and bent is None


def test_what_pooled_features_tell_is_learned_whatever_its_scale():
    pooled = values(2, 4)
    radiomics = pooled @ values(3, 4)[:4] * np.array([1e-3, 1.0, 50.0, 1e3], np.float32)
    inputs = [keras.Input((4,)), keras.Input((4,))]
    model = keras.Model(inputs, RadiomicsTarget()(inputs))
    model.compile(keras.optimizers.Adam(0.05), error_loss(), jit_compile=False)
    zeros = np.zeros((64, 1), np.float32)
    before = model.evaluate([pooled, radiomics], zeros, verbose=0)
    model.fit([pooled, radiomics], zeros, batch_size=16, epochs=60, verbose=0)
    assert model.evaluate([pooled, radiomics], zeros, verbose=0) < 0.1 * before


def test_the_loss_is_square_near_and_linear_far():
    errors = np.array([[0.5, -0.5], [3.0, -1.0]], np.float32)
    loss = error_loss()(np.zeros((2, 1), np.float32), errors, sample_weight=np.array([1.0, 0.0]))
    assert float(loss) == pytest.approx(0.125)
    loss = error_loss()(np.zeros((2, 1), np.float32), errors, sample_weight=np.array([0.0, 1.0]))
    assert float(loss) == pytest.approx((2.5 + 0.5) / 2)


def test_it_comes_back_from_its_configuration():
    layer = RadiomicsTarget(momentum=0.5)
    assert RadiomicsTarget.from_config(layer.get_config()).momentum == 0.5
