"""Patients in two folds, and predictions by a model that learned from the patient."""

import pytest

from pet_mtl.evaluation.leaks.evidence import Evidence, gather
from pet_mtl.evaluation.leaks.folds import check_held_out, check_patients
from pet_mtl.files import read_csv, write_csv


@pytest.fixture
def gathered(make_run, make_cohort, cubes):
    """The evidence of a run with these patients."""

    def evidence(rows, folds=None):
        cohort = make_cohort(fold=folds or [row["fold"] for row in rows])
        ids = tuple(row["sample_id"] for row in rows)
        object.__setattr__(cohort.patients, "ids", ids)
        return gather(cohort, make_run(rows, cubes), None)

    return evidence


def test_a_clean_run_passes(gathered, rows):
    evidence = gathered(rows)
    assert check_patients(evidence).verdict == "passed"
    found = check_held_out(evidence)
    assert found.verdict == "passed"
    assert "12 records" in found.said and "3 models" in found.said


def test_studies_of_one_patient_in_one_fold_pass(gathered, rows):
    rows[3]["patient"] = rows[0]["patient"]  # both in fold 0
    found = check_patients(gathered(rows))
    assert found.verdict == "passed" and "11 patients, 1 of them" in found.said


def test_a_patient_in_two_folds_fails(gathered, rows):
    rows[1]["patient"] = rows[0]["patient"]
    found = check_patients(gathered(rows))
    assert found.verdict == "failed"
    assert f"{rows[0]['patient']} in folds 0, 1" in found.said


def test_without_patients_nothing_is_checked(gathered, rows, make_cohort):
    for row in rows:
        row["patient"] = ""
    assert check_patients(gathered(rows)).verdict == "not checked"
    assert check_held_out(Evidence(make_cohort())).verdict == "not checked"


def test_a_prediction_of_another_fold_fails(gathered, rows):
    folds = [row["fold"] for row in rows]
    folds[4] = 2
    found = check_held_out(gathered(rows, folds))
    assert found.verdict == "failed" and "1 patient in another fold" in found.said
    assert "fold 2 did not predict 1 patient" in found.said


def test_a_record_in_the_shard_of_another_fold_fails(gathered, rows):
    rows[4]["shard"] = rows[0]["shard"]
    found = check_held_out(gathered(rows))
    assert found.verdict == "failed" and "shard of another fold" in found.said


@pytest.mark.parametrize(("left", "said"), [(1, "left out fold 1"), (-1, "left out nobody")])
def test_a_model_that_left_out_another_fold_fails(gathered, rows, change, left, said):
    evidence = gathered(rows)
    change(evidence.run / "fold_0/saved_model/assets.extra/bundle.json", fold=left)
    found = check_held_out(evidence)
    assert found.verdict == "failed" and said in found.said


def test_a_fold_that_did_not_predict_its_patients_fails(gathered, rows):
    evidence = gathered(rows)
    table = evidence.run / "fold_1" / "predictions.csv"
    kept = read_csv(table)[1:]
    write_csv(table, list(kept[0]), kept)
    found = check_held_out(evidence)
    assert found.verdict == "failed" and "fold 1 did not predict 1 patient" in found.said
