"""The distance is scipy's, survives saving, and the exported model gives the same."""

import keras
import numpy as np
import pytest
from scipy.spatial.distance import mahalanobis

from pet_mtl.layers import Novelty


@pytest.fixture
def fitted():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(40, 6)) @ rng.normal(size=(6, 6)) + rng.normal(size=6)
    layer = Novelty()
    layer.build((None, 6))
    layer.store(features.mean(axis=0), np.cov(features.T))
    return layer, features


def test_it_is_the_mahalanobis_distance(fitted):
    layer, features = fitted
    inverse = np.linalg.inv(np.cov(features.T))
    theirs = [mahalanobis(one, features.mean(axis=0), inverse) for one in features]
    np.testing.assert_allclose(layer(features.astype(np.float32)), theirs, rtol=1e-4)


def test_it_survives_saving(fitted, tmp_path):
    layer, features = fitted
    inputs = keras.Input((6,))
    keras.Model(inputs, layer(inputs)).save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    given = features.astype(np.float32)
    np.testing.assert_array_equal(np.asarray(loaded(given)), np.asarray(layer(given)))
