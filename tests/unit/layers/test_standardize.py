"""Standardising with fitted statistics."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pet_mtl.layers import Standardize


def fitted(features: np.ndarray, **settings: float) -> Standardize:
    layer = Standardize(**settings)
    layer.build((None, features.shape[1]))
    layer.fit(features.astype(np.float32))
    return layer


@given(st.integers(0, 1000), st.floats(0.1, 100), st.floats(-50, 50))
def test_mean_and_deviation_of_the_middle_are_taken_out(seed: int, spread: float, mean: float):
    rng = np.random.default_rng(seed)
    features = mean + spread * rng.normal(size=(200, 3))
    cut = np.clip(features, *np.percentile(features, (2, 98), axis=0))
    expected = np.clip((features - cut.mean(0)) / cut.std(0), -4, 4)
    found = np.asarray(fitted(features)(features.astype(np.float32)))
    assert found == pytest.approx(expected, abs=2e-3)


def test_a_constant_feature_becomes_zero():
    features = np.tile([[3.0, 0.0]], (10, 1))
    layer = fitted(features, floor=3e-3)
    assert np.all(np.asarray(layer(np.array([[7.0, 1.0]], np.float32))) == 0.0)


def test_the_floor_keeps_rounding_small_and_real_spread_as_it_is():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(500, 2)) * [2e-5, 1.0]
    layer = fitted(features, floor=3e-3)
    rounding = np.float32(3e-7)
    moved = np.asarray(layer(np.full((1, 2), rounding))) - np.asarray(layer(np.zeros((1, 2))))
    assert np.abs(moved).max() < 2e-4
    plain = fitted(features)
    assert np.asarray(layer.scale)[1] == pytest.approx(np.asarray(plain.scale)[1], rel=1e-4)
    assert np.asarray(plain.scale)[0] > 100 * np.asarray(layer.scale)[0]


def test_values_are_cut_and_the_config_returns():
    layer = fitted(np.arange(40.0).reshape(20, 2), limit=1.5, floor=0.1)
    assert np.abs(np.asarray(layer(np.array([[1e6, -1e6]], np.float32)))).max() == 1.5
    assert Standardize.from_config(layer.get_config()).get_config() == layer.get_config()
