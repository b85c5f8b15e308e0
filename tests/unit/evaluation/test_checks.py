"""Leak checks in a whole evaluation: what is clean passes, what was planted is caught."""

import json

import numpy as np

from pet_mtl.evaluation import (
    Known,
    Request,
    Settings,
    evaluate,
    failed,
    to_document,
    write_evaluation,
)
from pet_mtl.files import read_csv, write_csv
from pet_mtl.readers.clinical import ClinicalColumns

FEW = Settings(samples=40)


def _verdicts(evaluation):
    return {check.key: check.verdict for check in evaluation.findings.leaks}


def _evaluated(folder, **options):
    return evaluate(Request(folder / "run", settings=FEW, **options))


def test_clean_patients_pass(judged):
    verdicts = _verdicts(judged)
    assert set(verdicts.values()) <= {"passed", "not checked"}
    for key in ("held_out_folds", "threshold", "derived_covariates", "credible_results"):
        assert verdicts[key] == "passed"
    assert failed(judged.findings.leaks) == ()


def test_shuffled_outcomes_are_no_leak(rows, make_run):
    rng = np.random.default_rng(8)
    order = rng.permutation(len(rows))
    outcomes = ("time_days", "event", "response")
    shuffled = [
        row | {name: rows[order[i]][name] for name in outcomes} for i, row in enumerate(rows)
    ]
    found = _evaluated(make_run(shuffled))
    assert set(_verdicts(found).values()) <= {"passed", "not checked"}


def test_a_planted_leak_of_each_kind_is_caught(rows, make_run):
    made = [row | {"age": row["time_days"] / 365} for row in rows]
    folder = make_run(made)
    table = folder / "data" / "studies.csv"
    studies = read_csv(table)
    for row in studies:
        row["patient"] = row["sample_id"]
    studies[1]["patient"] = studies[0]["patient"]  # folds 1 and 0
    studies[2]["fold"] = "4"
    write_csv(table, list(studies[0]), studies)
    plan = json.loads((folder / "run" / "plan.json").read_text())
    (folder / "run" / "plan.json").write_text(json.dumps(plan | {"dataset_fingerprint": "a" * 64}))
    found = _evaluated(folder)
    verdicts = _verdicts(found)
    for key in ("patient_in_two_folds", "held_out_folds", "same_dataset", "derived_covariates"):
        assert verdicts[key] == "failed"
    assert to_document(found)["leaks"]["failed"] == 4


def test_allowed_leaks_are_told_in_both_files(rows, make_run, tmp_path):
    made = [row | {"age": row["response"]} for row in rows]
    found = _evaluated(make_run(made), allow_leaks=True)
    report = write_evaluation(found, tmp_path / "out")
    document = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert document["leaks"]["allowed"] is True and document["leaks"]["failed"] == 1
    for text in (document["warnings"][0], report.read_text()):
        assert "--allow-leaks let these numbers pass all the same" in text


def test_the_harmonised_baseline_stands_behind_radiomics(rows, make_run):
    folder = make_run(rows)
    table = folder / "data" / "studies.csv"
    studies = [row | {"scanner": f"GE-{i % 2}"} for i, row in enumerate(read_csv(table))]
    write_csv(table, list(studies[0]), studies)
    found = _evaluated(folder, combat="scanner")
    keys = [score.key for score in found.endpoints[0].scores]
    assert keys.index("radiomics_combat") == keys.index("radiomics") + 1
    assert found.cohort.patients.batch == ("GE-0", "GE-1") * 100
    assert "radiomics_combat" not in [s.key for s in _evaluated(folder).endpoints[0].scores]


def test_predictions_of_the_patients_of_the_own_run_are_caught(rows, make_run, make_predictions):
    """The run that chose the threshold says what the model learned from."""
    folder = make_run(rows)
    make_predictions(rows)
    columns = ClinicalColumns("patient_id", "time_days", "event", "response")
    known = Known(folder / "cohort" / "clinical.csv", columns)
    target = folder / "predictions"
    found = evaluate(Request(target, known, settings=FEW, threshold_from=folder / "run"))
    assert _verdicts(found)["trained_on_judged"] == "failed"
    assert _verdicts(evaluate(Request(target, known, settings=FEW)))["trained_on_judged"] == (
        "not checked"
    )
