"""Lesions counted by hand, against SimpleITK's components, and their rates."""

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from pet_mtl.errors import MetricError
from pet_mtl.metrics import (
    Detection,
    centre_inside,
    detect_lesions,
    detection_rates,
    wilson_interval,
)


def mask(*voxels, shape=(6, 6, 6)):
    volume = np.zeros(shape, np.uint8)
    for voxel in voxels:
        volume[voxel] = 1
    return volume


def test_by_hand():
    truth = mask((0, 0, 0), (3, 3, 3), (3, 3, 4), (5, 0, 5))
    predicted = mask((3, 3, 4), (3, 3, 5), (5, 5, 0), (0, 0, 0))
    assert detect_lesions(predicted, truth) == Detection(2, 1, 1)
    assert detect_lesions(truth, truth) == Detection(3, 0, 0)
    assert detect_lesions(mask(), truth) == Detection(0, 3, 0)
    assert detect_lesions(predicted, mask()) == Detection(0, 0, 3)
    assert detect_lesions(mask(), mask()) == Detection(0, 0, 0)


def test_a_corner_connects():
    assert detect_lesions(mask(), mask((1, 1, 1), (2, 2, 2))).missed == 1
    assert detect_lesions(mask(), mask((1, 1, 1), (3, 1, 1))).missed == 2


def test_one_part_over_two_lesions_and_two_in_one():
    row = mask(*[(2, 2, x) for x in range(6)])
    ends = mask((2, 2, 0), (2, 2, 5))
    assert detect_lesions(row, ends) == Detection(2, 0, 0)
    assert detect_lesions(ends, row) == Detection(1, 0, 0)


def test_touching_is_not_overlapping():
    assert detect_lesions(mask((1, 1, 1)), mask((1, 1, 2))) == Detection(0, 1, 1)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), share=st.floats(0.01, 0.15))
def test_equals_simpleitks_components(seed, share):
    rng = np.random.default_rng(seed)
    ours, theirs = (rng.random((2, 8, 9, 7)) < share).astype(np.uint8)
    labels = []
    for volume in (ours, theirs):
        parts = sitk.ConnectedComponent(sitk.GetImageFromArray(volume), True)
        labels.append(sitk.GetArrayFromImage(parts))
    predicted, truth = labels
    found = sum(bool(ours[truth == k].any()) for k in range(1, truth.max() + 1))
    false = sum(not theirs[predicted == k].any() for k in range(1, predicted.max() + 1))
    assert detect_lesions(ours, theirs) == Detection(found, truth.max() - found, false)


def test_rates_by_hand():
    patients = [Detection(1, 0, 2), Detection(1, 0, 0), Detection(0, 1, 1), Detection(0, 0, 3)]
    rates = detection_rates(patients)
    assert (rates.lesions, rates.patients, rates.false_positives) == (3, 4, 1.5)
    # One lesion a patient: Wilson's interval of the lesions.
    wilson = wilson_interval(2, 3)
    assert rates.sensitivity.value == pytest.approx(2 / 3)
    assert (rates.sensitivity.low, rates.sensitivity.high) == pytest.approx(
        (wilson.low, wilson.high)
    )


def test_lesions_of_one_patient_are_worth_less_than_those_of_many():
    together = detection_rates([Detection(5, 0, 0), Detection(0, 5, 0)] * 10)
    apart = detection_rates([Detection(1, 0, 0), Detection(0, 1, 0)] * 50)
    assert together.sensitivity.value == apart.sensitivity.value == 0.5
    # All five found or all missed: worth about one lesion a patient.
    twenty = wilson_interval(10, 20)
    assert together.sensitivity.width == pytest.approx(twenty.width, rel=0.05)
    assert together.sensitivity.width > 2 * apart.sensitivity.width
    perfect = detection_rates([Detection(5, 0, 0)] * 10)
    assert perfect.sensitivity == wilson_interval(10, 10)


def test_the_interval_covers_with_clusters():
    rng = np.random.default_rng(7)
    hits = 0
    for _ in range(500):
        chance = rng.beta(3, 1.5, 60)  # every patient has a chance of his own; mean 2/3
        lesions = rng.integers(1, 7, 60)
        found = rng.binomial(lesions, chance)
        rates = detection_rates(
            [Detection(int(f), int(n - f), 0) for f, n in zip(found, lesions, strict=True)]
        )
        hits += rates.sensitivity.low <= 2 / 3 <= rates.sensitivity.high
    assert 0.92 <= hits / 500 <= 0.98


def test_centre():
    truth = mask((2, 3, 4))
    assert centre_inside((2, 3, 4), truth)
    assert centre_inside((2.4, 2.6, 4.4), truth)
    assert not centre_inside((2.6, 3, 4), truth)
    assert not centre_inside((-1, 3, 4), truth)  # not the last voxel from behind
    assert not centre_inside((2, 3, 99), truth)
    assert not centre_inside((-1, -1, -1), mask((5, 5, 5)))


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: detection_rates([Detection(0, 0, 2)]), "METRIC_NO_LESION"),
        (lambda: detection_rates([]), "METRIC_NO_LESION"),
        (lambda: centre_inside((1, 1, 1), mask()), "METRIC_NO_LESION"),
        (lambda: centre_inside((1, 1), mask((1, 1, 1))), "METRIC_SHAPE"),
        (lambda: centre_inside((1, 1, np.nan), mask((1, 1, 1))), "METRIC_NOT_FINITE"),
        (lambda: detect_lesions(mask()[0], mask()[0]), "METRIC_SHAPE"),
        (lambda: detect_lesions(mask(), mask()[:3]), "METRIC_SHAPE"),
        (lambda: detect_lesions(mask() * np.nan, mask()), "METRIC_NOT_FINITE"),
    ],
)
def test_undefined_inputs_are_refused(call, code):
    with pytest.raises(MetricError) as caught:
        call()
    assert caught.value.code == code
