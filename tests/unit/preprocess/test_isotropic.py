"""Resampling by the IBSI rule, against a reference written with SimpleITK alone."""

import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from pet_mtl.errors import GeometryError, MaskError
from pet_mtl.geometry import Grid, to_sitk
from pet_mtl.preprocess.isotropic import (
    ibsi_grid,
    resample_image,
    resample_mask,
    resample_report,
    resample_study,
)
from pet_mtl.readers import find_one, find_studies, read_study
from pet_mtl.study import Study, StudySource

TILTED = (0.0, 0.6, -0.8, 0.0, 0.8, 0.6, 1.0, 0.0, 0.0)
_SPACING = st.sampled_from([1.0, 1.5, 2.0, 2.5, 3.0, 3.27, 3.90625, 5.46875])
# ITK mirrors once only, which is too little for splines over two voxels.
_SIZE = st.integers(4, 12)


def reference(image: sitk.Image, spacing_mm: float, interpolator: int) -> sitk.Image:
    """The rule in ITK's own terms; what would lie beyond the image becomes NaN."""
    size = [
        math.ceil(n * s / spacing_mm)
        for n, s in zip(image.GetSize(), image.GetSpacing(), strict=True)
    ]
    middle = image.TransformContinuousIndexToPhysicalPoint([(n - 1) / 2 for n in image.GetSize()])
    half = np.asarray([(n - 1) / 2 * spacing_mm for n in size])
    resampler = sitk.ResampleImageFilter()
    resampler.SetSize(size)
    resampler.SetOutputSpacing([spacing_mm] * 3)
    resampler.SetOutputDirection(image.GetDirection())
    axes = np.asarray(image.GetDirection()).reshape(3, 3)
    resampler.SetOutputOrigin((np.asarray(middle) - axes @ half).tolist())
    resampler.SetInterpolator(interpolator)
    resampler.SetDefaultPixelValue(math.nan)
    return resampler.Execute(image)


def assert_as_reference(study: Study, spacing_mm: float) -> None:
    found = resample_study(study, spacing_mm)
    assert study.mask is not None and found.mask is not None
    image = reference(to_sitk(study.suv.astype(float), study.grid), spacing_mm, sitk.sitkBSpline)
    share = reference(to_sitk(study.mask.astype(float), study.grid), spacing_mm, sitk.sitkLinear)
    suv, part = sitk.GetArrayFromImage(image), sitk.GetArrayFromImage(share)
    assert found.grid.shape == suv.shape
    np.testing.assert_allclose(found.grid.origin_mm, image.GetOrigin(), atol=1e-9)
    np.testing.assert_allclose(found.suv, suv, atol=1e-6 * float(suv.max()))
    # ITK gives exactly a half with rounding; away from it there is no doubt.
    clear = np.abs(part - 0.5) > 1e-9
    np.testing.assert_array_equal(found.mask[clear], (part >= 0.5)[clear])
    assert found.mask[~clear].all()
    assert found.suv.max() == pytest.approx(suv.max(), rel=1e-6)
    inside = suv[part >= 0.5 - 1e-9]
    assert found.suv[found.mask].max() == pytest.approx(inside.max(), rel=1e-6)


@pytest.mark.real_data
def test_cohort_equals_simpleitk(shared_data: Path) -> None:
    sources = find_studies(shared_data / "sts_cohort" / "nifti").sources
    assert len(sources) == 34
    for source in sources:
        assert_as_reference(read_study(source), 3.0)


@pytest.mark.real_data
@pytest.mark.parametrize("spacing_mm", [3.0, 1.0, 2.0])
def test_ibsi_phantom_equals_simpleitk(shared_data: Path, spacing_mm: float) -> None:
    folder = shared_data / "ibsi_phantoms" / "ibsi_1_digital_phantom" / "nifti"
    image, mask = folder / "image" / "phantom.nii.gz", folder / "mask" / "mask.nii.gz"
    study = read_study(StudySource("phantom", "image", image, mask))
    assert_as_reference(study, spacing_mm)
    if spacing_mm == 2.0:
        same = resample_study(study, 2.0)
        assert same.grid.matches(study.grid)
        np.testing.assert_allclose(same.suv, study.suv, atol=1e-6)
        np.testing.assert_array_equal(same.mask, study.mask)


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(_SIZE, _SIZE, _SIZE),
    st.tuples(_SPACING, _SPACING, _SPACING),
    _SPACING,
    st.sampled_from([Grid((1, 1, 1), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)).direction, TILTED]),
    st.integers(0, 999),
)
def test_any_volume_equals_simpleitk(
    shape: tuple[int, int, int],
    spacing: tuple[float, float, float],
    new: float,
    direction: tuple[float, ...],
    seed: int,
) -> None:
    random = np.random.default_rng(seed)
    grid = Grid(shape, spacing, (-12.5, 30.0, 400.0), direction)
    suv = random.gamma(2.0, 1.0, shape).astype(np.float32)
    mask = np.zeros(shape, bool)
    mask[tuple(slice(n // 4, n // 4 + max(2, n // 2)) for n in shape)] = True
    study = Study("s", "", suv, grid, mask=mask)
    try:
        assert_as_reference(study, new)
    except MaskError as error:
        assert error.code == "MASK_VANISHED"
        share = reference(to_sitk(mask.astype(float), grid), new, sitk.sitkLinear)
        assert sitk.GetArrayFromImage(share).max() < 0.5


@given(
    st.tuples(st.integers(1, 600), st.integers(1, 600), st.integers(1, 600)),
    st.integers(1, 600),
    st.integers(1, 600),
)
def test_the_size_is_the_exact_ceiling(shape: tuple[int, int, int], old: int, new: int) -> None:
    grid = Grid(shape, (old / 100,) * 3, (1.0, 2.0, 3.0), TILTED)
    wanted = tuple(math.ceil(Fraction(n * old, new)) for n in shape)
    if math.prod(wanted) > 2**27:
        return
    found = ibsi_grid(grid, new / 100)
    assert found.shape == wanted
    np.testing.assert_allclose(found.centre_mm, grid.centre_mm, atol=1e-6)
    ends = grid.world_to_index(found.index_to_world([(0, 0, 0), np.subtract(found.shape, 1)]))
    assert (ends > -0.5 - 1e-9).all() and (ends < np.asarray(shape) - 0.5 + 1e-9).all()


def test_by_hand() -> None:
    """Edges of 2 mm to 1 mm: new centres lie a quarter of a voxel off the old ones."""
    grid = Grid((1, 1, 4), (2.0, 2.0, 2.0), (0.0, 0.0, 0.0))
    assert ibsi_grid(grid, 1.0) == Grid((2, 2, 8), (1.0,) * 3, (-0.5, -0.5, -0.5))
    mask = np.asarray([[[False, True, True, False]]])
    row = [False, False, True, True, True, True, False, False]
    np.testing.assert_array_equal(resample_mask(mask, grid, 1.0), np.broadcast_to(row, (2, 2, 8)))
    np.testing.assert_allclose(resample_image(np.full((1, 1, 4), 2.5, np.float32), grid, 1.0), 2.5)


def test_a_half_counts() -> None:
    grid = Grid((1, 1, 3), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    # Two new voxels of 1.5 mm, centres at 0.25 and 1.75 in the old row.
    mask = resample_mask(np.asarray([[[True, False, False]]]), grid, 1.5)
    np.testing.assert_array_equal(mask, [[[True, False]]])
    # Four voxels of 1 mm to two of 2 mm: each centre lies midway between two old ones.
    four = Grid((1, 1, 4), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    mask = resample_mask(np.asarray([[[True, False, False, False]]]), four, 2.0)
    np.testing.assert_array_equal(mask, [[[True, False]]])


@pytest.mark.parametrize("spacing_mm", [0.0, -1.0, math.nan, math.inf, 1e-3])
def test_spacing_that_makes_no_grid(spacing_mm: float) -> None:
    with pytest.raises(GeometryError) as caught:
        ibsi_grid(Grid((50, 50, 50), (3.0,) * 3, (0.0, 0.0, 0.0)), spacing_mm)
    assert caught.value.code == "GEOMETRY_SPACING"


def test_mask_that_vanishes() -> None:
    grid = Grid((9, 9, 9), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    mask = np.zeros(grid.shape, bool)
    mask[2, 2, 2] = True  # the new centres lie at 0, 4 and 8
    study = Study("s", "", np.ones(grid.shape, np.float32), grid, mask=mask)
    with pytest.raises(MaskError) as caught:
        resample_study(study, 4.0)
    assert caught.value.code == "MASK_VANISHED"
    assert resample_study(study, None) is study


@pytest.mark.real_data
def test_report(shared_data: Path) -> None:
    study = read_study(find_one(shared_data / "sts_cohort" / "dicom" / "STS_002"))
    found = resample_study(study, 3.0)
    report = resample_report(found)
    assert (report["spacing_mm"], report["shape"]) == (3.0, list(found.suv.shape))
    assert report["suv_max"] == float(found.suv.max())
