"""The CT on the cubes: against ITK, from any orientation, unknown where it does not reach."""

import dataclasses
import math

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from pet_mtl.geometry import Grid, to_sitk
from pet_mtl.preprocess.crop import cut_patches, upright, with_ct
from pet_mtl.preprocess.ct import CtVolume, crop_ct, cut_ct, upright_ct
from pet_mtl.preprocess.pipeline import Labels, crop_around, examine, study_to_sample
from pet_mtl.preprocess.resample import resample_separable
from pet_mtl.readers import find_one, read_study
from pet_mtl.readers.headers import scan_headers
from pet_mtl.readers.masks import outline_mask, outlines_of
from pet_mtl.sample import GridPlan
from pet_mtl.study import Study

GRID = Grid((40, 60, 64), (3.0, 1.0, 0.9), (-28.0, -31.0, 10.0))
NAN = np.float32(np.nan)


def noise(grid=GRID, seed=0):
    return np.random.default_rng(seed).normal(0, 300, grid.shape).astype(np.float32)


def itk(array, grid, target, how=sitk.sitkLinear):
    reference = to_sitk(np.zeros(target.shape, np.uint8), target)
    moved = sitk.Resample(to_sitk(array, grid), reference, sitk.Transform(), how, -5000.0)
    return sitk.GetArrayFromImage(moved)


def test_a_finer_cube_is_itks_linear_interpolation():
    hu = noise()
    target = Grid((30, 30, 30), (0.8,) * 3, (-13.3, -12.7, 31.1))
    ours, valid = cut_ct(CtVolume(hu, GRID), target)
    assert valid.all()
    # float32 sums of HU up to about 1000: a few units in the last place.
    np.testing.assert_allclose(ours, itk(hu, GRID, target), atol=2e-3)


def test_a_coarser_cube_is_itks_mean_taken_twice():
    """A tent of half-width n voxels is the convolution of two boxes of n voxels.

    With voxel centres that coincide, that makes ITK's mean filter an exact reference.
    """
    hu = noise()
    step = (3, 5, 3)
    spacing = tuple(n * s for n, s in zip(step, GRID.spacing_mm, strict=True))
    x, y, z = (float(c) for c in GRID.index_to_world((6, 10, 6)))
    target = Grid((9, 8, 15), spacing, (x, y, z))
    ours, valid = cut_ct(CtVolume(hu, GRID), target)
    image = to_sitk(hu, GRID)
    for _ in range(2):
        image = sitk.Mean(image, [(n - 1) // 2 for n in step[::-1]])
    smooth = sitk.GetArrayFromImage(image)
    assert valid.all()
    np.testing.assert_allclose(ours, itk(smooth, GRID, target, sitk.sitkNearestNeighbor), atol=2e-3)


def test_beyond_the_ct_is_unknown_and_zero():
    target = Grid((20, 20, 20), (4.0,) * 3, (-50.0, -50.0, 40.0))
    ours, valid = cut_ct(CtVolume(noise() + 900, GRID), target)
    _, inside = resample_separable(np.ones(GRID.shape, np.float32), GRID, target)
    np.testing.assert_array_equal(valid, inside)
    assert 0 < valid.mean() < 1
    assert (ours[~valid] == 0).all() and (ours[valid] != 0).all()


def test_a_ct_that_does_not_reach_the_cube_at_all():
    for origin in ((900.0, 0.0, 0.0), (-900.0, 0.0, 0.0), (0.0, 0.0, 900.0)):
        ours, valid = cut_ct(CtVolume(noise(), GRID), Grid((8, 8, 8), (3.0,) * 3, origin))
        assert not valid.any() and not ours.any()


def test_padding_neither_counts_nor_bleeds():
    hu = np.full(GRID.shape, 40, np.float32)
    hu[:, :, :30] = NAN
    target = Grid((10, 10, 12), (4.0,) * 3, (-24.0, -20.0, 40.0))
    ours, valid = cut_ct(CtVolume(hu, GRID), target)
    index = GRID.world_to_index(target.index_to_world([(0, 0, i) for i in range(12)]))[:, 2]
    np.testing.assert_array_equal(valid[0, 0], index >= 29.5)
    assert ours[valid] == pytest.approx(40, abs=1e-4) and not ours[~valid].any()


@settings(max_examples=40, deadline=None)
@given(st.tuples(*[st.floats(-60, 60)] * 3), st.floats(0.5, 9), st.integers(1, 12), st.booleans())
def test_only_what_is_reached_is_used_and_nothing_is_lost(offset, edge, size, padded):
    """The cropping inside `cut_ct` changes nothing."""
    hu = noise()
    hu[:4] = NAN if padded else hu[:4]
    origin = tuple(float(c + o) for c, o in zip(GRID.centre_mm, offset, strict=True))
    target = Grid((size,) * 3, (edge,) * 3, origin)
    ours, valid = cut_ct(CtVolume(hu, GRID), target)
    known = np.isfinite(hu)
    total, inside = resample_separable(np.where(known, hu, 0).astype(np.float32), GRID, target)
    share, _ = resample_separable(known.astype(np.float32), GRID, target)
    clear = np.abs(share - 0.5) > 1e-4
    np.testing.assert_array_equal(valid[clear], (inside & (share >= 0.5))[clear])
    sure = valid & inside
    np.testing.assert_allclose(ours[sure], total[sure] / share[sure], atol=5e-3)


def smooth(world):
    """A CT without edges, known everywhere."""
    x, y, _ = np.moveaxis(world, -1, 0)
    return (200 * np.sin(x / 25) + 150 * np.cos(y / 30)).astype(np.float32)


def world_of(grid):
    return grid.index_to_world(
        np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), -1)
    )


def rotated(about_x, about_z):
    a, b = math.radians(about_x), math.radians(about_z)
    x = np.array([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]])
    z = np.array([[math.cos(b), -math.sin(b), 0], [math.sin(b), math.cos(b), 0], [0, 0, 1]])
    return tuple(float(v) for v in (x @ z @ np.asarray(GRID.axes)).ravel())


DIRECTIONS = {
    "upright": GRID.direction,
    "feet first": (0.0, 0.0, -1.0, 0.0, 1.0, 0.0, -1.0, 0.0, 0.0),
    "sagittal": (1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, -1.0, 0.0),
    "oblique": rotated(20, -12),
    "slightly oblique": rotated(0.5, 0.3),
}


@pytest.mark.parametrize("direction", DIRECTIONS.values(), ids=list(DIRECTIONS))
def test_any_orientation_gives_the_same_cube(direction):
    axes = np.asarray(direction).reshape(3, 3)
    half = axes @ ((np.asarray(GRID.shape) - 1) / 2 * np.asarray(GRID.spacing_mm))
    grid = dataclasses.replace(GRID, origin_mm=tuple(-half), direction=tuple(direction))
    ct = upright_ct(smooth(world_of(grid)), grid)
    target = Grid((12, 10, 10), (2.5,) * 3, (-11.0, -12.0, -13.0))
    ours, valid = cut_ct(ct, target)
    assert valid.all()
    # A tent of 2.5 mm flattens this curvature by less than 1 HU, and its weights, normalised over
    # voxels of 1.8 mm, may be 0.15 mm off their middle: at 8 + 5 HU/mm below 2 HU. One voxel of the
    # CT aside would be 5 to 8 HU.
    np.testing.assert_allclose(ours, smooth(world_of(target)), atol=3.0)


def test_beyond_an_oblique_ct_is_unknown():
    grid = dataclasses.replace(GRID, direction=DIRECTIONS["oblique"])
    ct = upright_ct(np.full(GRID.shape, 40, np.float32), grid)
    known = np.isfinite(ct.hu)
    assert ct.hu[known] == pytest.approx(40, abs=1e-3)
    place = grid.world_to_index(world_of(ct.grid))
    size = np.asarray(grid.shape)
    # A coarse voxel or so of the border may be lost, none may be made up.
    voxel = np.maximum(1.0, 2.0 / np.asarray(grid.spacing_mm))
    inner = ((place >= 2 * voxel) & (place <= size - 1 - 2 * voxel)).all(-1)
    outer = ((place < -0.6 * voxel) | (place > size - 1 + 0.6 * voxel)).any(-1)
    assert known[inner].all() and not known[outer].any()


def study(**changes):
    grid = Grid((20, 20, 20), (3.3, 4.0, 4.0), (-30.0, -35.0, 20.0))
    suv = np.random.default_rng(0).gamma(2.0, 0.5, grid.shape).astype(np.float32)
    mask = np.zeros(grid.shape, bool)
    mask[7:12, 6:11, 8:13] = True
    made = Study("A", "", suv, grid, mask=mask, ct=noise(), ct_grid=GRID)
    return dataclasses.replace(made, **changes)


PLAN = GridPlan(16, 2.5, 5.0)


def test_sample_with_and_without_ct():
    sample = study_to_sample(study(), PLAN, Labels("id"))
    bare = study_to_sample(study(ct=None, ct_grid=None), PLAN, Labels("id"))
    assert sample.has_ct and not bare.has_ct
    assert bare.fine.ct is None and bare.fine.ct_valid is None
    for ours, theirs in ((sample.fine, bare.fine), (sample.context, bare.context)):
        np.testing.assert_array_equal(ours.suv, theirs.suv)
        np.testing.assert_array_equal(ours.mask, theirs.mask)
        assert ours.ct.dtype == np.float32 and ours.ct_valid.dtype == bool
        assert np.isfinite(ours.ct).all() and not ours.ct[~ours.ct_valid].any()
    assert examine(study())[1].has_ct and not examine(study(ct=None))[1].has_ct
    assert examine(study())[1].content == examine(study(ct=None))[1].content


@settings(max_examples=25, deadline=None)
@given(st.tuples(*[st.floats(-25, 25)] * 3), st.sampled_from([8, 16]), st.floats(1, 4))
def test_cubes_from_the_kept_part_are_those_from_the_whole(offset, size, fine_mm):
    whole = with_ct(upright(study().suv, study().grid), study())
    centre = tuple(float(c + o) for c, o in zip(study().grid.centre_mm, offset, strict=True))
    plan = GridPlan(size, fine_mm, 2 * fine_mm)
    part = crop_around(whole, centre, size * plan.context_mm)
    for left, right in zip(
        cut_patches(whole, plan, centre), cut_patches(part, plan, centre), strict=True
    ):
        np.testing.assert_array_equal(left.ct_valid, right.ct_valid)
        np.testing.assert_allclose(left.ct, right.ct, atol=5e-3)


def test_the_kept_part_is_smaller():
    whole = with_ct(upright(study().suv, study().grid), study())
    assert crop_around(whole, GRID.centre_mm, 12.0).ct.hu.size < GRID.shape[0] * 60 * 64 / 4
    box = crop_ct(CtVolume(noise(), GRID), np.full(3, -500.0), np.full(3, 500.0))
    assert box.grid == GRID


# --- the real cohort -------------------------------------------------------------------------

NAMES = ["STS_002", "STS_019", "STS_025"]


@pytest.fixture(scope="module")
def real(shared_data, tmp_path_factory):
    """Reads a patient of the cohort with PET, its region, and CT; and the folder of the CT."""
    cohort = shared_data / "sts_cohort"

    def one(name):
        folder = tmp_path_factory.mktemp("real") / name
        folder.mkdir()
        for number, path in enumerate(
            [
                *(cohort / "dicom" / name).rglob("*.dcm"),
                *(cohort / "ct_dicom" / name).rglob("image/*"),
            ]
        ):
            (folder / f"{number}.dcm").symlink_to(path)
        return read_study(find_one(folder), with_ct=True), cohort / "ct_dicom" / name

    return one


def second_difference(hu, axis):
    return float(np.abs(np.diff(hu.astype(np.float64), n=2, axis=axis)).mean())


def supersampled(study, target, factor=5):
    """ITK's linear interpolation, averaged by a tent along the axes where voxels get coarser."""
    image = to_sitk(study.ct, study.ct_grid)
    total, weight = np.zeros(target.shape), 0.0
    offsets = [
        np.linspace(-1, 1, 2 * factor + 1)[1:-1] * t if t > s else np.zeros(1)
        for t, s in zip(target.spacing_mm, study.ct_grid.spacing_mm, strict=True)
    ]
    edge = target.spacing_mm
    for dz in offsets[0]:
        for dy in offsets[1]:
            for dx in offsets[2]:
                w = np.prod([1 - abs(d) / t for d, t in zip((dz, dy, dx), edge, strict=True)])
                x, y, z = target.origin_mm
                moved = dataclasses.replace(target, origin_mm=(x + dx, y + dy, z + dz))
                reference = to_sitk(np.zeros(target.shape, np.uint8), moved)
                total += w * sitk.GetArrayFromImage(
                    sitk.Resample(image, reference, sitk.Transform(), sitk.sitkLinear, 1e6)
                )
                weight += w
    return total / weight


@pytest.mark.real_data
@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scale", ["fine", "context"])
def test_real_cubes_are_itks(real, name, scale):
    """Both cubes equal tent averages of ITK's linear interpolation, at their place to the pixel.

    Interpolating before averaging smooths by a further hat of one CT voxel, variance h^2/6: on
    average that moves a voxel by at most a twelfth of the mean absolute second difference along
    each averaged axis. That, with nothing added, is the tolerance.
    """
    study_, _ = real(name)
    plan = GridPlan(24, 2.9, 5.8)
    volume, facts = examine(study_)
    target = plan.grid(scale, facts.centre_mm)
    fine, context = cut_patches(volume, plan, facts.centre_mm)
    patch = fine if scale == "fine" else context
    expected = supersampled(study_, target)
    sure = expected < 1e4
    assert patch.ct_valid[sure].all() and sure.sum() > 500
    off = float(np.abs(patch.ct - expected)[sure].mean())
    axes = [a for a in range(3) if target.spacing_mm[a] > study_.ct_grid.spacing_mm[a]]
    assert off <= sum(second_difference(study_.ct, axis) for axis in axes) / 12
    # One CT pixel aside fits worse, in every direction: the CT is where the world says.
    for axis in range(3):
        for sign in (-1, 1):
            origin = list(target.origin_mm)
            origin[2 - axis] += sign * study_.ct_grid.spacing_mm[axis]
            aside = supersampled(study_, dataclasses.replace(target, origin_mm=tuple(origin)), 3)
            both = sure & (aside < 1e4)
            assert np.abs(patch.ct - aside)[both].mean() > 1.5 * off


# In STS_019 the contours of the source differ: that on the CT lies 6.4 mm above that on the PET.
@pytest.mark.real_data
@pytest.mark.parametrize("name", ["STS_002", "STS_025"])
def test_the_lesion_drawn_on_the_ct_lies_on_the_one_drawn_on_the_pet(real, name):
    """The CT brings a structure set of its own, in CT pixels: the same lesion, cut the same way."""
    study_, folder = real(name)
    headers = scan_headers(folder)
    series = next(h for h in headers if h.modality == "CT").series
    drawn, _ = outline_mask(outlines_of(headers, series).all[:1], study_.ct_grid, series[2])
    plan = GridPlan(48, 2.9, 5.8)
    _, facts = examine(study_)
    sample = study_to_sample(study_, plan, Labels("id"))
    on_ct = dataclasses.replace(study_, suv=study_.ct, grid=study_.ct_grid, mask=drawn, ct=None)
    volume = upright(on_ct.suv, on_ct.grid, on_ct.mask)
    fine, _ = cut_patches(volume, plan, facts.centre_mm)
    dice = 2 * (fine.mask & sample.fine.mask).sum() / (fine.mask.sum() + sample.fine.mask.sum())
    assert dice > 0.9
    # Sarcoma is soft tissue: within the lesion of the PET, CT numbers are those of it.
    inside = sample.fine.ct[sample.fine.mask & sample.fine.ct_valid]
    assert -50 < np.median(inside) < 120
