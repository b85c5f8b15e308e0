"""Pooling over soft regions against numpy."""

import numpy as np
import pytest

from pet_mtl.layers import RegionPooling, RegionWeights


def test_mean_and_deviation_over_a_region() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(2, 4, 4, 4, 3)).astype(np.float32)
    weights = (rng.random((2, 8, 8, 8, 2)) > 0.5).astype(np.float32)
    pooled = np.asarray(RegionPooling()((features, weights)))
    assert pooled.shape == (2, 2 * 2 * 3)
    small = weights.reshape(2, 4, 2, 4, 2, 4, 2, 2).mean(axis=(2, 4, 6))
    share = small[0, ..., 0] / small[0, ..., 0].sum()
    mean = (features[0] * share[..., None]).sum(axis=(0, 1, 2))
    square = (features[0] ** 2 * share[..., None]).sum(axis=(0, 1, 2))
    assert pooled[0, :3] == pytest.approx(mean, abs=1e-3)
    assert pooled[0, 3:6] == pytest.approx(np.sqrt(square - mean**2 + 1e-3), abs=2e-3)


def test_ring_surrounds_the_lesion_and_leaves_it_out() -> None:
    probability = np.zeros((1, 16, 16, 16, 1), np.float32)
    probability[0, 6:10, 6:10, 6:10] = 1.0
    weights = np.asarray(RegionWeights(2.5, (0.0, 5.0))(probability))[0]
    lesion, ring, everywhere = weights[..., 0], weights[..., 1], weights[..., 2]
    assert np.all(lesion * ring == 0.0) and np.all(everywhere == 1.0)
    assert ring[8, 8, 10] == 1.0 and ring[8, 8, 11] == 1.0 and ring[8, 8, 12] == 0.0


def test_the_smooth_maximum_lies_between_mean_and_maximum_of_its_region() -> None:
    rng = np.random.default_rng(1)
    features = rng.normal(size=(2, 4, 4, 4, 3)).astype(np.float32)
    weights = np.zeros((2, 4, 4, 4, 2), np.float32)
    weights[:, :2, ..., 0] = weights[:, 2:, ..., 1] = 1.0
    features[:, 2:] += 30.0  # a region far above must not rule the other one
    found = np.asarray(RegionPooling(("max", "mean"))((features, weights))).reshape(2, 2, 2, 3)
    for region, part in enumerate((features[:, :2], features[:, 2:])):
        highest, mean = part.max(axis=(1, 2, 3)), part.mean(axis=(1, 2, 3))
        assert found[:, region, 1] == pytest.approx(mean, abs=0.05)
        assert (found[:, region, 0] <= highest + 1e-3).all()
    assert (found[:, 1, 0] > found[:, 1, 1] + 0.5 * features[:, 2:].std()).all()
    config = RegionPooling(("max",)).get_config()
    assert RegionPooling.from_config(config).statistics == ("max",)


def test_empty_mask_gives_finite_features() -> None:
    features = np.ones((1, 4, 4, 4, 2), np.float32)
    weights = RegionWeights(2.5)(np.zeros((1, 8, 8, 8, 1), np.float32))
    assert np.isfinite(np.asarray(RegionPooling()((features, weights)))).all()
