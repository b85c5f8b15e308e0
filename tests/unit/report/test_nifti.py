"""Volumes inside a page, read back by ITK."""

import gzip

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st

from pet_mtl.errors import GeometryError
from pet_mtl.geometry import Grid, grid_of, isotropic_grid
from pet_mtl.report import masks_bytes, nifti_of, suv_bytes

DIRECTIONS = (
    (0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0),
    (0.0, 0.0, -1.0, 0.0, -1.0, 0.0, 1.0, 0.0, 0.0),
    (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0),
    (0.0, 0.6, 0.8, 0.0, 0.8, -0.6, 1.0, 0.0, 0.0),
)


def _read(content, tmp_path):
    path = tmp_path / "volume.nii.gz"
    path.write_bytes(content)
    return sitk.ReadImage(str(path))


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_itk_finds_the_same_voxels_in_the_same_place(direction, tmp_path):
    grid = Grid((3, 4, 5), (3.0, 2.0, 1.5), (-40.0, 12.5, 300.25), direction)
    array = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
    image = _read(nifti_of(array, grid, 0.5), tmp_path)
    assert np.array_equal(sitk.GetArrayFromImage(image), 0.5 * array)
    assert grid_of(image).matches(grid, tolerance_mm=0.01)


@given(st.integers(1, 6), st.floats(0.0, 1500.0))
def test_suv_is_kept_to_half_a_step(size, top):
    grid = isotropic_grid((1.0, 2.0, 3.0), size, 4.0)
    suv = np.random.default_rng(size).uniform(0, top, (size,) * 3)
    content = gzip.decompress(suv_bytes(suv, grid))
    stored = np.frombuffer(content[352:], "<i2").reshape(suv.shape)
    assert np.abs(stored * 0.05 - suv).max() <= 0.025 + 1e-6


def test_both_masks_are_told_apart(tmp_path):
    grid = isotropic_grid((0.0, 0.0, 0.0), 2, 4.0)
    true = np.zeros((2, 2, 2), bool)
    predicted = true.copy()
    true[0, 0, 0] = true[0, 0, 1] = predicted[0, 0, 1] = predicted[0, 1, 0] = True
    labels = sitk.GetArrayFromImage(_read(masks_bytes(true, predicted, grid), tmp_path))
    assert labels[0].tolist() == [[1, 3], [2, 0]] and not labels[1].any()
    alone = sitk.GetArrayFromImage(_read(masks_bytes(None, predicted, grid), tmp_path))
    assert set(np.unique(alone)) == {0, 2}


def test_same_volume_same_bytes_and_a_wrong_grid_is_refused():
    grid = isotropic_grid((0.0, 0.0, 0.0), 3, 4.0)
    array = np.ones((3, 3, 3), np.uint8)
    assert nifti_of(array, grid) == nifti_of(array, grid)
    with pytest.raises(GeometryError, match="GEOMETRY_SHAPE"):
        nifti_of(array[:2], grid)
