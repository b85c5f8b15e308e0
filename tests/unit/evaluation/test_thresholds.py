"""Where the threshold of sensitivity and specificity comes from."""

import dataclasses
import json

import numpy as np
import pytest

from pet_mtl.errors import UsageError
from pet_mtl.evaluation import Known, Request, Settings, evaluate, to_document
from pet_mtl.files import read_csv, write_csv
from pet_mtl.metrics import youden_threshold
from pet_mtl.readers.clinical import ClinicalColumns

FEW = Settings(samples=20)
COLUMNS = ClinicalColumns("patient_id", response="response")


def judged(request):
    document = json.loads(json.dumps(to_document(evaluate(request)), allow_nan=False))
    return document, {item["what"]: item["reason"] for item in document["absent"]}


@pytest.fixture
def both(rows, make_run, make_predictions):
    """A run of 120 patients, and predictions of 80 others."""
    folder = make_run(rows[:120])
    make_predictions(rows[120:])
    known = Known(folder / "cohort" / "clinical.csv", COLUMNS)
    return folder, Request(folder / "predictions", known, settings=FEW)


def test_the_models_run_gives_its_own(rows, both):
    folder, request = both
    document, _ = judged(dataclasses.replace(request, threshold_from=folder / "run"))
    label = [row["response"] for row in rows[:120]]
    expected = youden_threshold(label, [row["probability"] for row in rows[:120]]).value
    assert document["threshold"]["value"] == expected
    assert "out-of-fold" in document["threshold"]["rule"]
    called = np.array([row["probability"] >= expected for row in rows[120:]])
    ill = np.array([row["response"] == 1 for row in rows[120:]])
    found = document["metrics"]["response"]
    assert found["sensitivity"]["value"] == pytest.approx(called[ill].mean())
    assert found["specificity"]["value"] == pytest.approx(1 - called[~ill].mean())


def test_a_run_of_one_class_says_why_there_is_none(both):
    folder, request = both
    path = folder / "run" / "out_of_fold.csv"
    table = [row | {"response_true": "1"} for row in read_csv(path)]
    write_csv(path, list(table[0]), table)
    _, reasons = judged(dataclasses.replace(request, threshold_from=folder / "run"))
    assert "only one class" in reasons["metrics.response.sensitivity"]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"threshold": 1.0}, "EVALUATE_THRESHOLD"),
        ({"threshold": 0.0}, "EVALUATE_THRESHOLD"),
        ({"threshold": float("nan")}, "EVALUATE_THRESHOLD"),
        ({"threshold": 0.4, "threshold_from": True}, "EVALUATE_OPTIONS"),
        ({"threshold_from": "cohort"}, "EVALUATE_THRESHOLD"),
    ],
)
def test_what_gives_no_threshold_is_refused(both, more, code):
    folder, request = both
    where = {True: "run"}.get(more.get("threshold_from"), more.get("threshold_from"))
    given = more | ({"threshold_from": folder / where} if where else {})
    with pytest.raises(UsageError, match=code):
        evaluate(dataclasses.replace(request, **given))


def test_a_run_takes_no_other_run(both):
    folder, _ = both
    with pytest.raises(UsageError, match="EVALUATE_OPTIONS"):
        evaluate(Request(folder / "run", threshold_from=folder / "run"))


def test_one_fold_has_no_others(rows, make_run):
    folder = make_run([row | {"fold": 0} for row in rows[:80]])
    _, reasons = judged(Request(folder / "run", settings=FEW))
    assert "one fold only" in reasons["metrics.response.sensitivity"]
    document, _ = judged(Request(folder / "run", settings=FEW, threshold=0.5))
    assert document["threshold"]["rule"] == "given"


def test_a_model_that_is_wrong_in_every_fold_has_no_threshold(rows, make_run):
    wrong = [row | {"probability": 0.9 - 0.8 * row["response"]} for row in rows[:80]]
    _, reasons = judged(Request(make_run(wrong) / "run", settings=FEW))
    assert "better than chance" in reasons["metrics.response.sensitivity"]
