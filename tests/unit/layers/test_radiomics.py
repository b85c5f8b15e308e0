"""The statistics of lesion and surroundings against what is known of simple bodies."""

import numpy as np
import pytest
from scipy import ndimage

from pet_mtl.layers import LesionRadiomics, SurroundingsRadiomics
from pet_mtl.layers.smoothing import smooth

SIZE, SPACING = 32, 3.0


def ball(radius_mm: float, centre: float = 15.5) -> np.ndarray:
    """A ball in the middle of the cube: (z, y, x) bool."""
    places = (np.indices((SIZE,) * 3) - centre) * SPACING
    return (places**2).sum(axis=0) <= radius_mm**2


def features(suv: np.ndarray, mask: np.ndarray) -> dict[str, float]:
    layer = LesionRadiomics(SPACING)
    cubes = [array.astype(np.float32)[None, ..., None] for array in (suv, mask)]
    values = np.asarray(layer(cubes))[0]
    assert values.shape == (len(layer.feature_names),) and np.isfinite(values).all()
    return dict(zip(layer.feature_names, values.tolist(), strict=True))


def test_uptake_and_volume_of_a_ball() -> None:
    mask = ball(15.0)
    found = features(np.where(mask, 6.0, 1.0), mask)
    volume_ml = mask.sum() * SPACING**3 / 1000
    assert np.exp(found["log_volume"]) == pytest.approx(volume_ml, rel=0.01)
    assert np.exp(found["log_mean"]) == pytest.approx(6.0, rel=0.01)
    assert found["cov"] == pytest.approx(0.0, abs=0.02)
    assert found["log_max"] == pytest.approx(0.0, abs=0.02)
    assert found["ring_mean_5mm"] == pytest.approx(0.0, abs=0.02)


def test_necrosis_shows_in_profile_and_low_fraction() -> None:
    mask, core = ball(18.0), ball(9.0)
    solid = features(np.where(mask, 6.0, 1.0), mask)
    hollow = features(np.where(core, 1.5, np.where(mask, 6.0, 1.0)), mask)
    assert hollow["low_fraction_0.5"] > solid["low_fraction_0.5"] + 0.03
    assert hollow["shell_12mm"] < solid["shell_12mm"] - 0.5


def test_elongation_at_equal_volume() -> None:
    places = (np.indices((SIZE,) * 3) - 15.5) * SPACING
    rod = (places[0] / 2.0) ** 2 + (places[1] * 1.4142) ** 2 + (places[2] * 1.4142) ** 2 <= 225
    round_one = features(np.where(ball(15.0), 6.0, 1.0), ball(15.0))
    long_one = features(np.where(rod, 6.0, 1.0), rod)
    assert long_one["log_volume"] == pytest.approx(round_one["log_volume"], abs=0.15)
    assert long_one["elongation"] > round_one["elongation"] + 0.3
    assert long_one["surface"] > round_one["surface"]


def test_satellites_and_rim_outside_the_mask() -> None:
    mask = ball(12.0)
    plain = np.where(mask, 6.0, 1.0)
    spotted = plain.copy()
    spotted[15:17, 15:17, 22:24] = 6.0
    assert features(spotted, mask)["blob_1"] > features(plain, mask)["blob_1"] + 0.3


def test_far_foci_are_seen_in_the_surroundings_only() -> None:
    mask = ball(9.0)
    plain = np.ones((SIZE,) * 3)
    plain[mask] = 6.0
    nodes = plain.copy()
    nodes[4:6, 4:6, 4:6] = 6.0
    layer = SurroundingsRadiomics(SPACING)
    values = [
        np.asarray(layer([a.astype(np.float32)[None, ..., None] for a in (suv, mask)]))[0]
        for suv in (plain, nodes)
    ]
    first = layer.feature_names.index("far_blob_1")
    assert values[1][first] > values[0][first] + 0.5
    assert np.isfinite(values).all()


def test_empty_mask_and_empty_image_stay_finite() -> None:
    nothing = np.zeros((SIZE,) * 3)
    features(nothing, nothing)


def test_smoothing_equals_scipy_inside() -> None:
    cube = np.random.default_rng(0).random((1, SIZE, SIZE, SIZE)).astype(np.float32)
    expected = ndimage.gaussian_filter(cube[0], 1.5, truncate=8)
    found = np.asarray(smooth(cube, 1.5))[0]
    inner = slice(8, -8)
    assert found[inner, inner, inner] == pytest.approx(expected[inner, inner, inner], abs=1e-4)
