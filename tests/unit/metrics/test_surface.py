"""Surface distances against boxes and spheres by hand, brute force and SimpleITK."""

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from scipy.spatial.distance import cdist

from pet_mtl.errors import MetricError
from pet_mtl.metrics import hausdorff_95, surface_dice, surface_distances

SPACING = (3.0, 1.5, 2.0)


def box(start, stop, shape=(12, 14, 16)):
    mask = np.zeros(shape, bool)
    mask[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))] = True
    return mask


def blobs(seed, shape=(9, 11, 10)):
    """Two rough masks, some touching the edge of the volume."""
    rng = np.random.default_rng(seed)
    masks = []
    for _ in range(2):
        smooth = ndimage.gaussian_filter(rng.normal(size=shape), 1.2)
        masks.append(smooth > np.quantile(smooth, rng.uniform(0.6, 0.97)))
    return masks


def itk_distances(a, b, spacing):
    """Of the border voxels of a to those of b, by SimpleITK alone."""
    borders = []
    for mask in (a, b):
        padded = sitk.GetImageFromArray(np.pad(mask, 1).astype(np.uint8))
        # A cross in 3-D is the voxel and its six neighbours.
        eroded = sitk.BinaryErode(padded, [1, 1, 1], sitk.sitkCross)
        border = sitk.Subtract(padded, eroded)
        border.SetSpacing([float(edge) for edge in spacing[::-1]])
        borders.append(border)
    distance = sitk.SignedMaurerDistanceMap(borders[1], squaredDistance=False, useImageSpacing=True)
    values = np.abs(sitk.GetArrayFromImage(distance))
    return values[sitk.GetArrayFromImage(borders[0]).astype(bool)]


def test_a_shifted_plane_by_hand():
    # One slice each, two slices apart: every voxel is 2 x 3 mm from the other.
    a, b = box((2, 3, 3), (3, 9, 9)), box((4, 3, 3), (5, 9, 9))
    there, back = surface_distances(a, b, SPACING)
    assert there.tolist() == back.tolist() == [6.0] * 36
    assert hausdorff_95(a, b, SPACING) == 6.0
    assert surface_dice(a, b, SPACING, 6.0) == 1.0
    assert surface_dice(a, b, SPACING, 5.9) == 0.0


def test_two_single_voxels_by_hand():
    a, b = box((1, 1, 1), (2, 2, 2)), box((2, 3, 4), (3, 4, 5))
    expected = np.sqrt((1 * 3.0) ** 2 + (2 * 1.5) ** 2 + (3 * 2.0) ** 2)
    assert hausdorff_95(a, b, SPACING) == pytest.approx(expected)


def test_a_longer_box_by_hand():
    # A row of 10 and a row of 11 voxels along x: one of 21 border voxels is 2 mm away.
    a, b = box((5, 5, 2), (6, 6, 12)), box((5, 5, 2), (6, 6, 13))
    there, back = surface_distances(a, b, SPACING)
    assert there.tolist() == [0.0] * 10 and back.tolist() == [0.0] * 10 + [2.0]
    assert hausdorff_95(a, b, SPACING) == pytest.approx(np.percentile([0.0] * 10 + [2.0], 95))
    assert hausdorff_95(a, b, SPACING) == pytest.approx(1.0)
    assert surface_dice(a, b, SPACING, 1.0) == pytest.approx(20 / 21)


def test_only_the_border_counts():
    solid = box((2, 2, 2), (9, 9, 9))
    hollow = solid & ~box((3, 3, 3), (8, 8, 8))
    there, back = surface_distances(solid, solid, SPACING)
    assert len(there) == len(back) == 7**3 - 5**3
    # A hollow box has an inner surface too, of the same voxels: its wall is one voxel thick.
    assert hausdorff_95(solid, hollow, SPACING) == 0.0


def test_the_edge_of_the_volume_is_surface():
    whole = np.ones((3, 3, 3), bool)
    assert len(surface_distances(whole, whole, (1, 1, 1))[0]) == 26


def test_spheres_apart_by_the_difference_of_their_radii():
    spacing = np.array([1.0, 0.5, 0.8])
    place = np.indices((41, 81, 51)).reshape(3, -1).T * spacing - [20, 20, 20]
    radius = np.linalg.norm(place, axis=1).reshape(41, 81, 51)
    inner, outer = radius <= 12, radius <= 16
    there, back = surface_distances(inner, outer, spacing)
    diagonal = np.linalg.norm(spacing)
    for distances in (there, back):
        assert abs(np.median(distances) - 4) < diagonal / 2
        assert np.all(np.abs(distances - 4) <= diagonal)
    assert hausdorff_95(inner, outer, spacing) == pytest.approx(4, abs=diagonal)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    spacing=st.tuples(*[st.floats(0.5, 6.0)] * 3),
    tolerance=st.floats(0, 8),
)
def test_equals_simpleitk(seed, spacing, tolerance):
    a, b = blobs(seed)
    there, back = surface_distances(a, b, spacing)
    peer = itk_distances(a, b, spacing), itk_distances(b, a, spacing)
    np.testing.assert_allclose(np.sort(there), np.sort(peer[0]), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(np.sort(back), np.sort(peer[1]), rtol=1e-5, atol=1e-5)
    worst = max(np.percentile(distances, 95) for distances in peer)
    assert hausdorff_95(a, b, spacing) == pytest.approx(worst, rel=1e-5, abs=1e-5)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), tolerance=st.floats(0, 8))
def test_equals_all_pairs_of_border_voxels(seed, tolerance):
    a, b = blobs(seed)
    borders = []
    for mask in (a, b):
        padded = np.pad(mask, 1)
        faces = [np.roll(padded, step, axis) for axis in range(3) for step in (-1, 1)]
        inside = np.logical_and.reduce(faces)[1:-1, 1:-1, 1:-1]
        borders.append(np.argwhere(mask & ~inside) * SPACING)
    pairs = cdist(*borders)
    there, back = surface_distances(a, b, SPACING)
    np.testing.assert_allclose(there, pairs.min(axis=1))
    np.testing.assert_allclose(back, pairs.min(axis=0))
    near = (pairs.min(axis=1) <= tolerance).sum() + (pairs.min(axis=0) <= tolerance).sum()
    assert surface_dice(a, b, SPACING, tolerance) == near / sum(pairs.shape)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), factor=st.floats(0.2, 5))
def test_symmetric_scales_with_the_spacing_and_forgets_the_surroundings(seed, factor):
    a, b = blobs(seed)
    a[[0, -1]] = b[[0, -1]] = a[:, [0, -1]] = b[:, [0, -1]] = False
    a[:, :, [0, -1]] = b[:, :, [0, -1]] = False
    a[4, 4, 4] = b[4, 4, 5] = True
    value = hausdorff_95(a, b, SPACING)
    assert value == hausdorff_95(b, a, SPACING)
    assert hausdorff_95(a, b, np.multiply(SPACING, factor)) == pytest.approx(factor * value)
    assert hausdorff_95(np.pad(a, 7), np.pad(b, 7), SPACING) == pytest.approx(value)
    assert surface_dice(a, b, SPACING, 2.0) == surface_dice(b, a, SPACING, 2.0)
    assert hausdorff_95(a, a, SPACING) == 0.0 and surface_dice(a, a, SPACING, 0.0) == 1.0


def test_rounding_does_not_put_a_distance_over_the_tolerance():
    a, b = box((1, 1, 1), (2, 2, 2)), box((1, 1, 4), (2, 2, 5))
    assert surface_dice(a, b, (1.0, 1.0, 0.1), 0.3) == 1.0  # 3 x 0.1 > 0.3 in binary


NONE, ONE = np.zeros((3, 3, 3), bool), np.ones((3, 3, 3), bool)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: hausdorff_95(NONE, ONE, SPACING), "METRIC_EMPTY_MASKS"),
        (lambda: hausdorff_95(ONE, NONE, SPACING), "METRIC_EMPTY_MASKS"),
        (lambda: surface_dice(NONE, NONE, SPACING, 1.0), "METRIC_EMPTY_MASKS"),
        (lambda: hausdorff_95(ONE, ONE[:2], SPACING), "METRIC_SHAPE"),
        (lambda: hausdorff_95(ONE[0], ONE[0], SPACING), "METRIC_SHAPE"),
        (lambda: hausdorff_95(ONE * np.nan, ONE, SPACING), "METRIC_NOT_FINITE"),
        (lambda: hausdorff_95(ONE, ONE, (1.0, 1.0)), "METRIC_SPACING"),
        (lambda: hausdorff_95(ONE, ONE, (1.0, 0.0, 1.0)), "METRIC_SPACING"),
        (lambda: hausdorff_95(ONE, ONE, (1.0, np.nan, 1.0)), "METRIC_NOT_FINITE"),
        (lambda: surface_dice(ONE, ONE, SPACING, -1.0), "METRIC_TOLERANCE"),
        (lambda: surface_dice(ONE, ONE, SPACING, np.nan), "METRIC_TOLERANCE"),
    ],
)
def test_undefined_inputs_are_refused(call, code):
    with pytest.raises(MetricError) as caught:
        call()
    assert caught.value.code == code
