"""One patient's masks: by hand, and against SimpleITK."""

import dataclasses

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from pet_mtl.errors import MetricError
from pet_mtl.metrics import compare_masks, detect_lesions, hausdorff_95, surface_dice

SPACING = (3.0, 2.0, 1.5)
VOXEL_ML = 9.0 / 1000.0


def box(start, stop, shape=(8, 9, 10)):
    mask = np.zeros(shape, bool)
    mask[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))] = True
    return mask


def test_a_box_one_voxel_longer_by_hand():
    truth, mask = box((2, 2, 2), (4, 4, 4)), box((2, 2, 2), (4, 4, 5))
    suv = np.where(truth, 5.0, 1.0)
    found = compare_masks(mask, truth, suv, SPACING)
    assert (found.true_ml, found.predicted_ml) == pytest.approx((8 * VOXEL_ML, 12 * VOXEL_ML))
    assert found.true_tlg == pytest.approx(5 * 8 * VOXEL_ML)
    assert found.predicted_tlg == pytest.approx((5 * 8 + 4) * VOXEL_ML)
    assert (found.lesions_found, found.lesions_missed, found.lesions_false) == (1, 0, 0)
    # All voxels are border voxels; the four added ones are 1.5 mm from the true surface.
    assert found.hd95_mm == pytest.approx(1.5) and found.surface_dice == 1.0
    assert found.centre_found == 1.0
    assert compare_masks(mask, truth, suv, SPACING, 1.0).surface_dice == pytest.approx(16 / 20)


def test_nothing_predicted():
    truth = box((2, 2, 2), (4, 4, 4))
    found = compare_masks(np.zeros_like(truth), truth, np.ones(truth.shape), SPACING)
    assert np.isnan(found.hd95_mm) and np.isnan(found.surface_dice)
    assert (found.predicted_ml, found.predicted_tlg, found.centre_found) == (0, 0, 0)
    assert (found.lesions_found, found.lesions_missed, found.lesions_false) == (0, 1, 0)


def test_nothing_there():
    mask = box((2, 2, 2), (4, 4, 4))
    found = compare_masks(mask, np.zeros_like(mask), np.ones(mask.shape), SPACING)
    assert np.isnan(found.centre_found) and found.true_ml == 0 and found.lesions_false == 1
    nothing = compare_masks(np.zeros_like(mask), np.zeros_like(mask), np.ones(mask.shape), SPACING)
    assert nothing.predicted_ml == nothing.true_ml == 0 and np.isnan(nothing.hd95_mm)


def test_a_centre_between_two_lesions_is_in_neither():
    both = box((1, 1, 1), (3, 3, 3)) | box((5, 5, 5), (7, 7, 7))
    found = compare_masks(both, both, np.ones(both.shape), SPACING)
    assert found.lesions_found == 2 and found.centre_found == 0.0


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_numbers_are_those_of_the_whole_volume_and_of_simpleitk(seed):
    """Cut to the masks inside; volume and uptake as SimpleITK has them."""
    rng = np.random.default_rng(seed)
    rough = ndimage.gaussian_filter(rng.normal(size=(2, 10, 11, 12)), (0, 1, 1, 1))
    mask, truth = rough > np.quantile(rough, 0.93, axis=(1, 2, 3), keepdims=True)
    suv = rng.uniform(0.0, 9.0, mask.shape)
    found = compare_masks(mask, truth, suv, SPACING)
    assert found.hd95_mm == hausdorff_95(mask, truth, SPACING)
    assert found.surface_dice == surface_dice(mask, truth, SPACING, 2.0)
    lesions = detect_lesions(mask, truth)
    assert (found.lesions_found, found.lesions_missed) == (lesions.found, lesions.missed)
    assert found.lesions_false == lesions.false_positives
    for which, ml, tlg in (
        (mask, found.predicted_ml, found.predicted_tlg),
        (truth, found.true_ml, found.true_tlg),
    ):
        label = sitk.GetImageFromArray(which.astype(np.uint8))
        image = sitk.GetImageFromArray(suv)
        for one in (label, image):
            one.SetSpacing(SPACING[::-1])
        peer = sitk.LabelIntensityStatisticsImageFilter()
        peer.Execute(label, image)
        assert ml == pytest.approx(peer.GetPhysicalSize(1) / 1000.0)
        assert tlg == pytest.approx(peer.GetMean(1) * peer.GetPhysicalSize(1) / 1000.0)
    flipped = compare_masks(mask[::-1], truth[::-1], suv[::-1], SPACING)
    assert dataclasses.astuple(flipped) == pytest.approx(dataclasses.astuple(found), nan_ok=True)


def test_an_image_of_another_shape_is_refused():
    mask = box((2, 2, 2), (4, 4, 4))
    with pytest.raises(MetricError, match="METRIC_SHAPE"):
        compare_masks(mask, mask, np.ones((2, 2, 2)), SPACING)
