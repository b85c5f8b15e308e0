"""A response of several classes: macro AUC, multinomial baselines, and who may be compared."""

import dataclasses
import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from pet_mtl.classes import class_columns
from pet_mtl.errors import DatasetError, UsageError
from pet_mtl.evaluation import Known, Request, Settings, evaluate, to_document, write_evaluation
from pet_mtl.evaluation.baselines import BASELINES, baseline_scores
from pet_mtl.evaluation.classes import check_classes
from pet_mtl.evaluation.cohort import Patients
from pet_mtl.evaluation.withheld import doubts_of
from pet_mtl.files import read_csv, write_csv
from pet_mtl.readers.clinical import ClinicalColumns

NAMES = ("CR", "SD", "PD")
FEW = Settings(samples=40)
COLUMNS = ClinicalColumns("patient_id", None, None, "response", response_classes=NAMES)


def classify(rows, seed=0):
    """The same patients with a class of three, which a made-up model half knows."""
    rng = np.random.default_rng(seed)
    found = []
    for row in rows:
        label = int(np.digitize(row["logit"] + rng.logistic(), [-1.0, 1.0]))
        score = np.exp(1.2 * np.eye(3)[label] + rng.normal(size=3))
        found.append({**row, "response": label, "each": score / score.sum()})
    return found


def with_columns(table, rows, key):
    """Rewrites a table of predictions so that it tells three classes."""
    cells = {row[key]: row for row in read_csv(table)}
    for row in rows:
        cell = cells[row["sample_id" if key == "sample_id" else "name"]]
        cell.update(zip(class_columns(3), map(repr, map(float, row["each"])), strict=True))
        cell["response"] = NAMES[int(np.argmax(row["each"]))]
    write_csv(table, [*next(iter(cells.values()))], list(cells.values()))


@pytest.fixture
def several(rows):
    return classify(rows)


@pytest.fixture
def run(several, make_run):
    folder = make_run(several)
    with_columns(folder / "run" / "out_of_fold.csv", several, "sample_id")
    path = folder / "run" / "dataset.json"
    path.write_text(json.dumps({"fingerprint": "0" * 64, "response_classes": list(NAMES)}))
    return folder


@pytest.fixture
def predicted(several, make_predictions):
    folder = make_predictions(several)
    with_columns(folder / "predictions" / "predictions.csv", several, "id")
    clinical = folder / "cohort" / "clinical.csv"
    cells = read_csv(clinical)
    for cell in cells:
        cell["response"] = NAMES[int(cell["response"])]
    write_csv(clinical, list(cells[0]), cells)
    return folder


def test_macro_auc_is_that_of_scikit_learn(run, several):
    evaluation = evaluate(Request(run / "run", Known(truth=run / "truth.csv"), settings=FEW))
    document = to_document(evaluation)
    found = document["metrics"]["response"]["macro_auc"]
    label = [row["response"] for row in several]
    each = np.array([row["each"] for row in several])
    peer = roc_auc_score(label, each, multi_class="ovr", average="macro")
    assert found["value"] == pytest.approx(peer, abs=1e-9)
    assert found["low"] < found["value"] < found["high"] and found["samples"] > 30
    assert found["positives"] == np.bincount(label).min()
    assert [document["counts"][f"class_{k}"] for k in range(3)] == np.bincount(label).tolist()
    assert "responders" not in document["counts"]
    # Survival keeps its truth; of several classes none is known.
    assert document["oracle"].keys() == {"survival"}
    assert document["share_of_oracle"].keys() == {"survival"}


def test_what_needs_two_classes_says_so_and_shuffles_do_not(run):
    document = to_document(evaluate(Request(run / "run", settings=FEW)))
    assert set(document["metrics"]["response"]) == {"macro_auc"}
    reasons = {item["what"]: item["reason"] for item in document["absent"]}
    for what in ("auc_delong", "average_precision", "brier", "ece", "sensitivity", "npv"):
        assert "two classes only" in reasons[f"metrics.response.{what}"]
    for what in ("calibration.response", "decision.response"):
        assert "two classes only" in reasons[what]
    shuffled = document["permutation"]["response"]
    assert shuffled["value"] == document["metrics"]["response"]["macro_auc"]["value"]
    assert shuffled["p_value"] == pytest.approx(1 / 40)
    assert shuffled["chance"] == pytest.approx(0.5, abs=0.05)
    assert document["evidence"]["response"]["verdict"] == "better than chance"


def test_the_report_is_written_without_roc_curves(run):
    evaluation = evaluate(Request(run / "run", settings=FEW))
    text = write_evaluation(evaluation, run / "out").read_text()
    assert "Response: Macro AUC" in text and "of the rarest class" in text
    assert "drawn of a response of two classes only" in text


def test_baselines_are_fitted_to_all_classes(run):
    document = to_document(evaluate(Request(run / "run", settings=FEW)))
    found = document["baselines"]["response"]
    assert found["suv_max"]["macro_auc"]["value"] > 0.52  # SUVmax grows with the logit
    assert "model_minus_baseline" in found["suv_max"]


def test_a_class_in_the_middle_can_be_told_by_one_number():
    """No linear score ranks the middle class; its probability does."""
    rng = np.random.default_rng(0)
    label = np.repeat([0.0, 1.0, 2.0], 50)
    value = np.exp(label + rng.normal(0, 0.3, 150))
    nothing = np.full(150, np.nan)
    patients = Patients(
        tuple(map(str, range(150))), nothing, nothing, nothing, label, value, nothing, classes=3
    )
    scores = baseline_scores(BASELINES[0], "response", patients, None)
    assert scores.shape == (150, 3) and scores.sum(axis=1) == pytest.approx(np.ones(150))
    assert roc_auc_score(label == 1, scores[:, 1]) > 0.8


def test_predictions_are_judged_by_the_named_classes(predicted, several):
    known = Known(predicted / "cohort" / "clinical.csv", COLUMNS)
    document = to_document(evaluate(Request(predicted / "predictions", known, settings=FEW)))
    peer = roc_auc_score(
        [r["response"] for r in several], [r["each"] for r in several], multi_class="ovr"
    )
    assert document["metrics"]["response"]["macro_auc"]["value"] == pytest.approx(peer)


@pytest.mark.parametrize(
    "columns",
    [
        dataclasses.replace(COLUMNS, response_classes=("CR", "PD", "SD")),
        dataclasses.replace(COLUMNS, response_classes=()),
        dataclasses.replace(COLUMNS, response_classes=(), response_positive=("CR",)),
        dataclasses.replace(COLUMNS, response_classes=(*NAMES, "NE")),
    ],
)
def test_other_classes_than_the_predicted_ones_are_refused(columns):
    rows = [{"response": "SD"} | dict.fromkeys(class_columns(3), "0.3")]
    record = {"response_classes": list(NAMES)}
    assert check_classes(rows, record, COLUMNS) == 3
    with pytest.raises(UsageError, match="EVALUATE_CLASSES") as caught:
        check_classes(rows, record, columns)
    assert "--response-classes CR,SD,PD" in caught.value.problem.todo


def test_two_classes_are_no_three():
    assert check_classes([{"response": "0.3"}], {}, ClinicalColumns("id", response="r")) == 2
    with pytest.raises(UsageError, match="EVALUATE_CLASSES"):
        check_classes([{"response": "0.3"}], {}, COLUMNS)
    # Predictions without a response, for survival alone, are no reason to refuse.
    assert check_classes([{"response": ""}], {}, COLUMNS) == 3


def test_baselines_of_another_kind_of_dataset_are_refused(predicted, several, make_run):
    make_run(several)
    known = Known(predicted / "cohort" / "clinical.csv", COLUMNS)
    request = Request(
        predicted / "predictions", known, baselines_from=predicted / "data", settings=FEW
    )
    with pytest.raises(UsageError, match="EVALUATE_CLASSES"):
        evaluate(request)


def test_sets_of_several_classes_are_read():
    rows = [{"response_set": cell} for cell in ("{0,2}", "{}", "", "{0, 1, 2}")]
    assert doubts_of(rows, "t").sets == ((0, 2), (), None, (0, 1, 2))
    for wrong in ("{2,0}", "{1,1}", "{8}", "{,}"):
        with pytest.raises(DatasetError, match="TABLE_CELL"):
            doubts_of([{"response_set": wrong}], "t")
