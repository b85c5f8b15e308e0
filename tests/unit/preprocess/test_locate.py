"""The hot region of the highest total uptake."""

import numpy as np
import pytest

from pet_mtl.errors import StudyError
from pet_mtl.geometry import Grid
from pet_mtl.preprocess.crop import UprightVolume
from pet_mtl.preprocess.locate import uptake_centre

GRID = Grid((40, 40, 40), (4.0, 3.0, 3.0), (10.0, -50.0, 200.0))


def volume(*balls):
    """Background 1; balls of (index, radius in mm, SUV)."""
    z, y, x = np.indices(GRID.shape)
    suv = np.ones(GRID.shape, np.float32)
    for centre, radius, value in balls:
        gaps = [(a - c) * s for a, c, s in zip((z, y, x), centre, GRID.spacing_mm, strict=True)]
        suv[sum(g**2 for g in gaps) <= radius**2] = value
    return UprightVolume(suv, GRID)


def distance(study, index):
    return np.linalg.norm(np.subtract(uptake_centre(study), GRID.index_to_world(index)))


def test_one_lesion():
    assert distance(volume(((12, 25, 18), 15, 8.0)), (12, 25, 18)) < 3


def test_the_larger_wins_over_the_hotter():
    study = volume(((10, 10, 10), 21, 7.0), ((30, 30, 30), 10, 10.0))
    assert distance(study, (10, 10, 10)) < 3


def test_one_hot_voxel_does_not_hide_the_lesion():
    study = volume(((20, 20, 20), 15, 8.0))
    study.suv[3, 3, 3] = 100.0
    assert distance(study, (20, 20, 20)) < 3


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_nothing_to_find(value):
    with pytest.raises(StudyError) as caught:
        uptake_centre(UprightVolume(np.full(GRID.shape, value, np.float32), GRID))
    assert caught.value.code == "STUDY_NO_UPTAKE"
