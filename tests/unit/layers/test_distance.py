"""The truncated distance transform against SciPy's exact one."""

import numpy as np
import pytest
from scipy import ndimage

from pet_mtl.layers.distance import distance_mm


@pytest.mark.parametrize("seed", range(4))
def test_equals_scipy_up_to_its_reach(seed: int) -> None:
    inside = np.random.default_rng(seed).random((2, 14, 14, 14)) > 0.995
    exact = np.stack([ndimage.distance_transform_edt(~cube, sampling=2.5) for cube in inside])
    if not inside[0].any() or not inside[1].any():
        pytest.fail("the seed made an empty mask")
    found = np.asarray(distance_mm(inside, 2.5, 12.0))
    assert found == pytest.approx(np.minimum(exact, 12.0), abs=1e-4)


def test_nothing_inside_is_out_of_reach_everywhere() -> None:
    found = np.asarray(distance_mm(np.zeros((1, 6, 6, 6), bool), 3.0, 10.0))
    assert np.all(found == 10.0)
