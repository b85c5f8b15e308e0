"""From cubes to the study: the transpose, and nothing lost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pet_mtl.explanation.placing import maps_on_voxels, on_study
from pet_mtl.explanation.shares import regions_of, shares_of
from pet_mtl.geometry import Grid, isotropic_grid
from pet_mtl.preprocess.crop import upright
from pet_mtl.preprocess.resample import resample_separable, spread_separable
from pet_mtl.sample import GridPlan


@settings(max_examples=25)
@given(
    spacing=st.tuples(*[st.floats(1.0, 6.0)] * 3),
    edge=st.floats(1.0, 9.0),
    shift=st.tuples(*[st.floats(-15.0, 15.0)] * 3),
    seed=st.integers(0, 99),
)
def test_spreading_is_the_transpose_of_resampling(spacing, edge, shift, seed):
    rng = np.random.default_rng(seed)
    source = Grid((9, 8, 10), spacing, (0.0, 0.0, 0.0))
    centre = tuple(np.add(source.centre_mm, shift))
    target = isotropic_grid(centre, 6, edge)
    volume = rng.normal(size=source.shape).astype(np.float32)
    values = rng.normal(size=target.shape).astype(np.float32)
    forth = (resample_separable(volume, source, target)[0] * values).sum(dtype=np.float64)
    back = (spread_separable(values, source, target) * volume).sum(dtype=np.float64)
    assert back == pytest.approx(forth, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("direction", ["upright", "flipped", "sagittal", "oblique"])
def test_turned_back_it_is_the_study_and_its_sum(toy, direction):
    study = toy.study(((toy.middle, 15.0, 7.0),), direction)
    volume = upright(study.suv, study.grid)
    back = on_study(volume.suv, volume.grid, study.grid)
    assert back.sum(dtype=np.float64) == pytest.approx(volume.suv.sum(dtype=np.float64), rel=1e-5)
    if direction != "oblique":
        np.testing.assert_array_equal(back, study.suv)


def test_maps_keep_their_sum():
    plan, centre = GridPlan(24, 3.0, 6.0), (10.0, -20.0, 300.0)
    grid = isotropic_grid(centre, 60, 4.0)
    cells = np.zeros((6, 6, 6))
    cells[2, 3, 1], cells[4, 4, 4] = 2.0, -0.5
    whole = maps_on_voxels({"fine": cells, "context": cells}, plan, centre, grid)
    assert whole.sum() == pytest.approx(3.0, rel=0.02)


def test_regions_by_distance():
    grid = Grid((30, 20, 20), (2.0, 4.0, 4.0), (0.0, 0.0, 0.0))
    lesion = np.zeros(grid.shape, bool)
    lesion[10, 10, 10] = True
    regions = regions_of(lesion, grid, (4.0, 9.0))
    assert sum(region.astype(int) for region in regions.values()).min() == 1
    index = np.stack(np.indices(grid.shape), -1)
    away = np.linalg.norm((index - 10) * np.asarray(grid.spacing_mm), axis=-1)
    np.testing.assert_array_equal(regions["ring"], (away > 4.0) & (away <= 9.0))
    touching = regions_of(lesion, grid, (0.0, 9.0))
    np.testing.assert_array_equal(touching["ring"] | lesion, away <= 9.0)


def test_shares_count_both_signs():
    grid = Grid((6, 6, 6), (5.0, 5.0, 5.0), (0.0, 0.0, 0.0))
    lesion = np.zeros(grid.shape, bool)
    lesion[3, 3, 3] = True
    values = np.zeros(grid.shape, np.float32)
    values[3, 3, 3], values[3, 3, 4], values[0, 0, 0], values[0, 0, 1] = 2.0, -1.0, -0.5, 0.5
    found = shares_of(values, regions_of(lesion, grid, (0.0, 6.0)))
    assert found.share == {"lesion": 0.5, "ring": 0.25, "elsewhere": 0.25}
    assert found.net == {"lesion": 2.0, "ring": -1.0, "elsewhere": 0.0}
    assert found.raises["elsewhere"] == 0.5 and found.lowers["elsewhere"] == -0.5
