"""Group normalisation is Keras's own, gradients included."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from pet_mtl.layers import GroupNorm


def gradients(layer, features, upstream):
    with tf.GradientTape() as tape:
        tape.watch(features)
        out = layer(features)
    sources = [features, layer.gamma.value, layer.beta.value]
    return out, tape.gradient(out, sources, output_gradients=upstream)


@pytest.mark.parametrize(("groups", "offset"), [(1, 0.0), (2, 5.0), (6, -30.0)])
def test_equals_the_layer_of_keras(groups: int, offset: float) -> None:
    rng = np.random.default_rng(groups)
    shape = (3, 4, 5, 6, 6)
    features = tf.constant(rng.normal(offset, 2.0, shape), tf.float32)
    upstream = tf.constant(rng.normal(size=shape), tf.float32)
    ours, theirs = GroupNorm(groups), keras.layers.GroupNormalization(groups)
    for layer in (ours, theirs):
        layer.build(shape)
    scale, shift = rng.normal(size=6), rng.normal(size=6)
    for layer in (ours, theirs):
        layer.gamma.assign(scale)
        layer.beta.assign(shift)
    (one, slopes), (two, peers) = (gradients(x, features, upstream) for x in (ours, theirs))
    np.testing.assert_allclose(one, two, atol=2e-4)
    for slope, peer in zip(slopes, peers, strict=True):
        np.testing.assert_allclose(slope, peer, atol=2e-3)


def test_constant_features_are_the_shift_and_no_nan() -> None:
    layer = GroupNorm(2)
    out, slopes = gradients_of_constant(layer)
    assert not np.any(out) and np.isfinite(slopes).all()


def gradients_of_constant(layer):
    features = tf.fill((1, 2, 2, 2, 4), 7.0)
    layer.build(features.shape)
    out, slopes = gradients(layer, features, tf.ones_like(features))
    return np.asarray(out), np.asarray(slopes[0])


def test_half_precision_keeps_float32_statistics() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(300.0, 20.0, (1, 8, 8, 8, 4)).astype(np.float16)
    out = GroupNorm(2, dtype="mixed_float16")(values)
    assert out.dtype == "float16"
    # Squares of 300 do not fit into float16.
    np.testing.assert_allclose(np.asarray(out, np.float32).std(), 1.0, atol=0.02)


def test_it_comes_back_from_its_configuration() -> None:
    layer = GroupNorm(3, epsilon=1e-4, name="norm")
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    assert again.get_config() == layer.get_config()
