"""Outcomes are withheld for hard reasons only; masks and statistics never."""

import dataclasses

import numpy as np
import pytest

from pet_mtl.prediction.case import Request, predict_case
from pet_mtl.prediction.files import identity_of, overview_of, record_of
from pet_mtl.trust import Reference, ResponseSets, Span, Trust

CENTRE = (40.0, -50.0, 330.0)
SPANS = {
    "suv_body": Span(0.8, 1.2, 60),
    "suv_max": Span(4.0, 12.0, 60),
    "suv_mean": Span(4.0, 10.0, 60),
    "voxel_z_mm": Span(3.0, 5.0, 60),
    "novelty": Span(2.0, 6.0, 60),
}


@pytest.fixture
def trusted(model):
    """The model beside what it was trained on, and what an ensemble of folds adds."""
    model.trust = Trust(ResponseSets(0.9, (0.5, 0.6), (30, 30), True), Reference(SPANS))
    model.more = {
        "novelty": np.array([4.0], np.float32),
        "risk_sd": np.array([0.5], np.float32),
        "response_sd": np.array([0.125], np.float32),
        "survival_sd": np.array([[0.0, 0.25, 0.5]], np.float32),
    }
    return model


def codes(prediction):
    return [warning.split(":")[0] for warning in prediction.warnings]


def test_a_usual_study_has_all_numbers(trusted, ball, study_of):
    study = study_of([ball(CENTRE, 20.0)])
    found = predict_case(study, trusted, Request())
    assert found.warnings == () and not found.doubt.abstained and found.response == 0.25
    record = record_of(study, found, Request(), identity_of(trusted))
    assert record["response_set"] == {"classes": [0], "coverage": 0.9}
    assert (record["risk_sd"], record["response_sd"], record["novelty"]) == (0.5, 0.125, 4.0)
    assert record["survival_sd"] == [0.0, 0.25, 0.5]
    assert (record["abstained"], record["abstain_reasons"]) == (False, [])


@pytest.mark.parametrize(
    ("change", "code", "hard"),
    [
        (lambda s: dataclasses.replace(s, suv=10 * s.suv), "OOD_SUV", True),
        (lambda s: dataclasses.replace(s, suv=0 * s.suv), "OOD_SUV", True),
        (lambda s: s, "OOD_EMBEDDING", True),
        (
            lambda s: dataclasses.replace(
                s, grid=dataclasses.replace(s.grid, spacing_mm=(16.0, 3.5, 3.0))
            ),
            "OOD_VOXEL_SIZE",
            False,
        ),
    ],
)
def test_an_altered_study_is_flagged(trusted, ball, study_of, change, code, hard):
    if code == "OOD_EMBEDDING":
        trusted.more["novelty"] = np.array([13.0], np.float32)
    study = change(study_of([ball(CENTRE, 20.0)]))
    found = predict_case(study, trusted, Request())
    assert code in codes(found)
    assert (code in found.doubt.reasons) == hard
    assert found.doubt.abstained == bool(found.doubt.reasons)


def test_what_is_withheld_is_null_and_the_mask_stays(trusted, ball, study_of):
    trusted.more["novelty"] = np.array([13.0], np.float32)
    study = study_of([ball(CENTRE, 20.0)])
    found = predict_case(study, trusted, Request())
    record = record_of(study, found, Request(), identity_of(trusted))
    for name in ("risk", "response", "risk_sd", "response_sd", "survival_sd", "response_set"):
        assert record[name] is None
    assert record["survival"]["probability"] is None
    assert record["abstained"] and record["abstain_reasons"] == ["OOD_EMBEDDING"]
    assert found.mask.any() and record["suv_max"] == 8.0 and record["volume_ml"] > 0
    assert overview_of(study, found, identity_of(trusted)).survival == ()
    told = predict_case(study, trusted, Request(abstain=False))
    assert told.risk is not None and len(told.survival) == 3 and told.response == 0.25
    assert told.doubt.reasons == found.doubt.reasons and not told.doubt.abstained
    assert told.warnings == found.warnings


def test_nothing_outlined_withholds_even_beside_the_users_own_outline(model, ball, study_of):
    study = study_of([ball(CENTRE, 20.0)])
    model.cut = 20.0
    found = predict_case(study, model, Request("mask", outline=True))
    assert codes(found) == ["LESION_NOT_OUTLINED"] and "own mask" in found.warnings[0]
    assert found.doubt.reasons == ("LESION_NOT_OUTLINED",) and found.risk is None
    assert np.array_equal(found.mask, study.mask)
    faint = predict_case(study, model, Request())
    assert faint.doubt.reasons == ("LESION_FAINT", "LESION_NOT_OUTLINED")


def test_a_model_without_usual_values_flags_nothing(model, ball, study_of):
    found = predict_case(study_of([ball(CENTRE, 20.0, 500.0)]), model, Request())
    assert found.warnings == () and found.doubt.novelty is None
    assert found.doubt.response_set is None and found.risk is not None
