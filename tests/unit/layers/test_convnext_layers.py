"""Depthwise convolution against SciPy, and the layer scale."""

import keras
import numpy as np
import pytest
from scipy import ndimage

from pet_mtl.layers import DepthwiseConv3D, LayerScale


@pytest.mark.parametrize("edge", [1, 3, 5])
def test_depthwise_convolution_is_a_correlation_of_each_channel(edge: int) -> None:
    keras.utils.set_random_seed(edge)
    rng = np.random.default_rng(edge)
    volume = rng.normal(size=(2, 5, 6, 7, 3)).astype(np.float32)
    layer = DepthwiseConv3D(edge)
    found = np.asarray(layer(volume))
    layer.bias.assign([1.0, -2.0, 3.0])
    shifted = np.asarray(layer(volume))
    kernel = np.asarray(layer.kernel)
    for patient, channel in np.ndindex(2, 3):
        expected = ndimage.correlate(
            volume[patient, ..., channel], kernel[..., channel, 0], mode="constant"
        )
        assert found[patient, ..., channel] == pytest.approx(expected, abs=1e-5)
        added = shifted[patient, ..., channel] - found[patient, ..., channel]
        assert added == pytest.approx(np.full(added.shape, [1.0, -2.0, 3.0][channel]), abs=1e-5)
    again = DepthwiseConv3D.from_config(layer.get_config())
    again.build(volume.shape)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(volume), shifted)


def test_layer_scale_multiplies_each_channel() -> None:
    features = np.ones((2, 3, 4), np.float32)
    layer = LayerScale(0.25)
    assert np.all(np.asarray(layer(features)) == 0.25)
    layer.factors.assign([1.0, 2.0, 3.0, 4.0])
    assert np.asarray(layer(features))[1, 2].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert LayerScale.from_config(layer.get_config()).initial == 0.25
