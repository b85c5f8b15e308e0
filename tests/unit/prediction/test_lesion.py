import numpy as np
import pytest

from pet_mtl.geometry import Grid
from pet_mtl.prediction.lesion import lesion_statistics, one_lesion, paste_near
from pet_mtl.preprocess.crop import paste_mask
from pet_mtl.sample import GridPlan

GRID = Grid((3, 4, 5), (2.0, 5.0, 10.0), (0.0, 0.0, 0.0))


def test_statistics_by_hand():
    suv = np.zeros(GRID.shape, np.float32)
    mask = np.zeros(GRID.shape, bool)
    suv[1, 1, 1], suv[1, 1, 2], suv[2, 3, 4] = 4, 6, 50
    mask[1, 1, 1] = mask[1, 1, 2] = True
    found = lesion_statistics(suv, mask, GRID)
    assert found.volume_ml == pytest.approx(0.2)  # two voxels of 2 x 5 x 10 mm
    assert (found.suv_max, found.suv_mean) == (6.0, 5.0)
    assert found.tlg == pytest.approx(1.0)


def test_statistics_of_nothing():
    found = lesion_statistics(np.ones(GRID.shape, np.float32), np.zeros(GRID.shape, bool), GRID)
    assert (found.volume_ml, found.suv_max, found.suv_mean, found.tlg) == (0, None, None, 0)


@pytest.mark.parametrize(
    "centre_mm",
    [(10.0, -20.0, 300.0), (110.0, 80.0, 410.0), (-90.0, -20.0, 420.0), (400.0, 0.0, 300.0)],
)
def test_pasting_near_equals_pasting_everywhere(study_of, direction, centre_mm):
    grid = study_of([], direction).grid
    plan = GridPlan(12, 3.0, 6.0)
    cubes = np.random.default_rng(3).random((12, 12, 12, 2), dtype=np.float32)
    expected = paste_mask(cubes[..., 0], cubes[..., 1], plan, centre_mm, grid)
    mask = paste_near(cubes, plan, centre_mm, grid)
    clear = np.abs(expected - 0.5) > 1e-4  # rounding may turn a voxel at one half
    np.testing.assert_array_equal(mask[clear], (expected >= 0.5)[clear])
    assert mask.any() == (centre_mm[0] < 400)


def two_regions():
    mask = np.zeros((6, 6, 6), bool)
    mask[0, 0, :4] = True
    mask[4:, 4:, 4:] = True
    suv = np.where(mask, 1.0, 9.0).astype(np.float32)
    suv[0, 0, :4] = 10
    return mask, suv, Grid((6, 6, 6), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))


def test_region_of_highest_uptake_is_kept():
    mask, suv, grid = two_regions()
    kept = one_lesion(mask, suv, grid)
    assert kept[0, 0, :4].all() and kept.sum() == 4


def test_region_nearest_to_the_anchor_is_kept():
    mask, suv, grid = two_regions()
    kept = one_lesion(mask, suv, grid, anchor_mm=(5.0, 5.0, 5.0))
    assert kept[4:, 4:, 4:].all() and kept.sum() == 8


def test_voxels_that_touch_by_a_corner_are_one_lesion():
    mask = np.zeros((4, 4, 4), bool)
    mask[0, 0, 0] = mask[1, 1, 1] = True
    grid = Grid((4, 4, 4), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    assert one_lesion(mask, np.ones((4, 4, 4), np.float32), grid).sum() == 2


def test_empty_mask_stays_empty():
    mask = np.zeros(GRID.shape, bool)
    assert not one_lesion(mask, np.ones(GRID.shape, np.float32), GRID, (0.0, 0.0, 0.0)).any()
