"""Families of features: freed of the base, turned to their axes, none of them ruling."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pet_mtl.layers import GroupReduction

GROUPS = {"size": 1, "mean": 1, "texture": 12, "shape": 3}
BASE = ("size", "mean")


def built(dims: int = 4) -> GroupReduction:
    layer = GroupReduction(GROUPS, dims, BASE)
    layer.build((None, layer.features))
    return layer


def cohort(patients: int = 200, seed: int = 0) -> np.ndarray:
    """Base, a family of one factor in many columns, and a family of own noise; standardised."""
    rng = np.random.default_rng(seed)
    base = rng.normal(size=(patients, 2))
    factor = rng.normal(size=(patients, 1))
    texture = factor + 0.7 * base[:, :1] + 0.3 * rng.normal(size=(patients, 12))
    shape = rng.normal(size=(patients, 3)) - base[:, 1:]
    values = np.concatenate([base, texture, shape], axis=1)
    return (values - values.mean(axis=0)) / values.std(axis=0)


def test_the_base_passes_and_is_taken_out_of_the_rest() -> None:
    features = cohort()
    layer = built()
    layer.fit(features)
    reduced = np.asarray(layer(features.astype(np.float32)), np.float64)
    assert reduced[:, :2] == pytest.approx(features[:, :2], abs=1e-5)
    correlation = np.corrcoef(reduced.T)[:2, 2:]
    assert np.abs(correlation).max() < 0.02


def test_no_family_rules() -> None:
    features = cohort()
    layer = built()
    layer.fit(features)
    reduced = np.asarray(layer(features.astype(np.float32)))
    places = np.cumsum([0, *layer.reduced.values()])
    first_axes = reduced[:, places[2:4]]  # of texture and of shape
    assert first_axes.std(axis=0) == pytest.approx(1.0, abs=0.05)
    # Twelve columns that say the same are one axis, and hardly more.
    assert reduced[:, places[2] + 1 : places[3]].std(axis=0).max() < 0.5


def test_a_column_that_the_base_explains_is_dropped() -> None:
    features = cohort()
    features[:, 3] = features[:, 0] + 1e-3 * features[:, 4]
    layer = built()
    layer.fit(features)
    kernel = np.asarray(layer.kernel)
    assert not kernel[3].any()
    assert kernel[4].any()


@given(seed=st.integers(0, 2**31), patients=st.integers(2, 30))
def test_few_patients_and_new_ones_stay_finite(seed: int, patients: int) -> None:
    layer = built()
    layer.fit(cohort(patients, seed))
    new = np.random.default_rng(seed + 1).normal(0, 4, (5, layer.features)).astype(np.float32)
    reduced = np.asarray(layer(new))
    assert np.isfinite(reduced).all() and np.abs(reduced).max() <= layer.limit


def test_signs_do_not_hang_on_the_order_of_patients() -> None:
    features = cohort()
    one, two = built(), built()
    one.fit(features)
    two.fit(features[::-1])
    assert np.asarray(one.kernel) == pytest.approx(np.asarray(two.kernel), abs=1e-5)


def test_it_comes_back_from_file(tmp_path) -> None:
    inputs = keras.Input((sum(GROUPS.values()),))
    layer = GroupReduction(GROUPS, 2, BASE, name="reduction")
    model = keras.Model(inputs, layer(inputs))
    layer.fit(cohort())
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    features = cohort(5, 3).astype(np.float32)
    assert np.asarray(again(features)) == pytest.approx(np.asarray(model(features)), abs=1e-6)
    assert again.get_layer("reduction").reduced == {"size": 1, "mean": 1, "texture": 2, "shape": 2}
