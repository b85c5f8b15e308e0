"""Predictions of a response of three classes: record, table, picture, and what is withheld."""

import csv
import dataclasses

import numpy as np
import pytest

from pet_mtl.prediction.case import Request, predict_case
from pet_mtl.prediction.files import (
    _response_fact,
    identity_of,
    record_of,
    write_predictions,
)
from pet_mtl.trust import ResponseSets, Trust

NAMES = ("CR", "SD", "PD")
SETS = ResponseSets(0.8, (0.9, 0.4, 0.6), (20, 20, 20), True)


@pytest.fixture
def three(model):
    """The model of the tests with three classes and a spread between its folds."""
    each = np.array([[0.2, 0.3, 0.5]], np.float32)
    model.more = {"response": each, "response_sd": each / 10}
    model.response_classes = NAMES
    model.trust = Trust(SETS)
    return model


def record(model, study, **request):
    asked = Request(**request)
    prediction = predict_case(study, model, asked)
    return prediction, record_of(study, prediction, asked, identity_of(model))


@pytest.fixture
def study(ball, study_of):
    return study_of([ball((10.0, -20.0, 300.0), 15.0)])


def test_the_record_tells_every_class(three, study):
    prediction, told = record(three, study)
    assert told["response"] == prediction.likeliest == "PD"
    assert told["response_probability"] == pytest.approx({"CR": 0.2, "SD": 0.3, "PD": 0.5})
    assert list(told["response_probability"]) == told["response_classes"] == list(NAMES)
    assert told["response_sd"] == pytest.approx(0.05)
    # 1 - p: 0.8 <= 0.9, 0.7 > 0.4, 0.5 <= 0.6
    assert told["response_set"] == {"classes": [0, 2], "coverage": 0.8}
    assert _response_fact(prediction) == ("Response", "PD (50%)")


def test_the_table_has_a_column_a_class(three, study, tmp_path):
    told = record(three, study)[1]
    withheld = told | {"id": "z", "response": None, "response_probability": None}
    write_predictions([withheld, told], three.edges_days, tmp_path / "p.csv")
    with (tmp_path / "p.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["response"], first["response_set"]) == ("PD", "{0,2}")
    assert [float(first[f"response_{k}"]) for k in range(3)] == pytest.approx([0.2, 0.3, 0.5])
    assert [second[f"response_{k}"] for k in range(3)] == ["", "", ""]


def test_numbers_stand_for_names_that_are_not_there(three, study):
    three.response_classes = ()
    assert record(three, study)[1]["response_probability"].keys() == {"0", "1", "2"}


def test_classes_are_withheld_like_any_outcome(three, study_of):
    prediction, told = record(three, study_of([]))
    assert prediction.doubt.abstained and prediction.responses == ()
    assert (told["response"], told["response_probability"]) == (None, None)
    assert told["response_classes"] == list(NAMES)
    assert (told["response_set"], told["response_sd"]) == (None, None)
    assert _response_fact(prediction) == ("Response", "-")


def test_two_classes_are_told_as_before(model, study, tmp_path):
    prediction, told = record(model, study)
    assert told["response"] == 0.25 and not {"response_probability", "response_classes"} & set(told)
    write_predictions([told], model.edges_days, tmp_path / "p.csv")
    assert "response_0" not in (tmp_path / "p.csv").read_text()
    assert dataclasses.replace(prediction).likeliest is None
