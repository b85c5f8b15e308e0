"""Flags fire on altered studies, say why, and hardly on patients like the training ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pet_mtl.trust import NO_TRUST, Reference, Span, Trust, appearance_of, fit_reference
from pet_mtl.trust.reference import NAMES

SPANS = {
    "suv_body": Span(0.6, 0.8, 60),
    "suv_max": Span(8.0, 30.0, 60),
    "volume_ml": Span(5.0, 100.0, 60),
    "voxel_z_mm": Span(3.0, 4.0, 60),
    "extent_z_mm": Span(200.0, 300.0, 60),
    "novelty": Span(3.0, 8.0, 60),
}
USUAL = {name: (span.low + span.high) / 2 for name, span in SPANS.items()}


def raised(**changes):
    flags = Reference(SPANS).flags(USUAL | changes)
    return {flag.warning.split(":")[0]: flag.hard for flag in flags}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {}),
        ({"suv_max": 33.0}, {}),  # a tenth above the usual
        ({"suv_max": 45.0}, {"OOD_SUV": False}),
        ({"suv_max": 61.0}, {"OOD_SUV": True}),
        ({"suv_body": 7.0, "suv_max": 150.0}, {"OOD_SUV": True}),
        ({"suv_body": 0.07}, {"OOD_SUV": True}),
        ({"suv_body": 0.0}, {"OOD_SUV": True}),
        ({"volume_ml": 1e4}, {"OOD_VOLUME": False}),
        ({"voxel_z_mm": 20.0}, {"OOD_VOXEL_SIZE": False}),
        ({"extent_z_mm": 30.0}, {"OOD_FIELD_OF_VIEW": False}),
        ({"extent_z_mm": 1800.0}, {"OOD_FIELD_OF_VIEW": False}),
        ({"novelty": 0.1}, {}),  # nearer to the mean than usual is no fault
        ({"novelty": 10.5}, {"OOD_EMBEDDING": False}),
        ({"novelty": 17.0}, {"OOD_EMBEDDING": True}),
    ],
)
def test_flags(changes, expected):
    assert raised(**changes) == expected


def test_the_warning_tells_the_worst_number_and_what_is_usual():
    (flag,) = Reference(SPANS).flags({"suv_body": 7.0, "suv_max": 100.0})
    assert flag.warning.endswith("(suv_body 7, usual 0.6 to 0.8)")
    assert Reference(SPANS).flags({"unknown": 1.0}) == ()


@given(st.integers(0, 2**32 - 1), st.integers(20, 300))
def test_patients_of_the_same_law_are_hardly_flagged(seed, patients):
    rng = np.random.default_rng(seed)
    values = {name: rng.lognormal(1.0, 0.3, patients + 200).tolist() for name in NAMES}
    reference = fit_reference({name: one[:patients] for name, one in values.items()})
    new = [{name: values[name][patients + i] for name in NAMES} for i in range(200)]
    hard = [any(flag.hard for flag in reference.flags(one)) for one in new]
    assert set(reference.spans) == set(NAMES) and np.mean(hard) < 0.15


def test_no_extreme_of_one_patient_is_kept_and_few_are_left_out():
    values = [float(v) for v in range(1, 61)]
    span = fit_reference({"suv_max": values, "suv_body": values[:19]}).spans
    assert set(span) == {"suv_max"}
    assert 1.0 < span["suv_max"].low < 2.0 and 59.0 < span["suv_max"].high < 60.0


def test_json_keeps_all():
    trust = Trust(None, Reference(SPANS), ("a", "b"))
    assert Trust.from_json(trust.to_json()) == trust
    assert Trust.from_json({}) == NO_TRUST
    with pytest.raises((KeyError, TypeError)):
        Trust.from_json({"response_sets": {"coverage": 0.9}})


@given(st.floats(0.01, 100), st.integers(0, 2**32 - 1))
def test_the_numbers_go_with_the_suv(factor, seed):
    rng = np.random.default_rng(seed)
    fine, context = rng.gamma(2.0, 1.0, (2, 8, 8, 8)).astype(np.float32)
    lesion = fine > 3
    one = appearance_of(fine, context, lesion, 3.0)
    scale = np.float32(factor)
    two = appearance_of(scale * fine, scale * context, lesion, 3.0)
    for name in ("suv_body", "suv_max", "suv_mean"):
        assert two[name] == pytest.approx(float(scale) * one[name], rel=0.02)
    assert two["volume_ml"] == one["volume_ml"] == pytest.approx(lesion.sum() * 0.027)


def test_air_and_an_empty_outline():
    body = np.zeros((8, 8, 8), np.float32)
    empty = np.zeros(body.shape, bool)
    assert appearance_of(body, body, empty, 3.0) == {"suv_body": 0.0, "volume_ml": 0.0}
    body[2:6] = 1.5
    assert appearance_of(body, body, None, 3.0) == {"suv_body": 1.5}


def test_no_number_is_as_far_outside_as_can_be() -> None:
    assert Span(1.0, 2.0, 30).beyond(float("nan")) == float("inf")
