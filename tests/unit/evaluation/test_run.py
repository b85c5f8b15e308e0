"""Judging a run: its out-of-fold predictions beside baselines and the oracle."""

import dataclasses
import json

import numpy as np
import pytest

from pet_mtl.errors import DatasetError, ModelError, UsageError
from pet_mtl.evaluation import (
    Known,
    Request,
    Settings,
    evaluate,
    summary_lines,
    to_document,
    write_evaluation,
)
from pet_mtl.evaluation.pages import to_page
from pet_mtl.files import read_csv
from pet_mtl.metrics import concordance_index, roc_auc
from pet_mtl.report import render

FEW = Settings(samples=60)


def _request(folder, truth=True):
    known = Known(truth=folder / "truth.csv") if truth else Known()
    return Request(folder / "run", known, settings=FEW)


def test_numbers_are_those_of_the_table(rows, judged):
    document = to_document(judged)
    time, event, risk, label, score, dice = (
        np.array([row[key] for row in rows], float)
        for key in ("time_days", "event", "risk", "response", "probability", "dice")
    )
    metrics = document["metrics"]
    assert metrics["survival"]["harrell_c"]["value"] == concordance_index(time, event, risk)
    assert metrics["response"]["auc"]["value"] == roc_auc(label, score)
    assert metrics["mask"]["dice"]["value"] == pytest.approx(dice.mean())
    assert document["counts"]["events"] == event.sum()
    for part in (metrics["survival"]["harrell_c"], metrics["response"]["auc"]):
        assert part["low"] < part["value"] < part["high"]


def test_oracle_is_found_through_the_ids_and_shares_are_of_its_excess(rows, judged):
    document = to_document(judged)
    time, event, hazard = (
        np.array([row[key] for row in rows], float)
        for key in ("time_days", "event", "log_hazard_image")
    )
    oracle = document["oracle"]["survival"]
    assert oracle["log_hazard_image"]["harrell_c"]["value"] == concordance_index(
        time, event, hazard
    )
    assert oracle["log_hazard"]["harrell_c"]["value"] > 0.5
    model = document["metrics"]["survival"]["harrell_c"]["value"]
    best = oracle["log_hazard_image"]["harrell_c"]["value"]
    share = document["share_of_oracle"]["survival"]["model"]
    assert share["value"] == pytest.approx((model - 0.5) / (best - 0.5))
    assert share["low"] < share["value"] < share["high"]
    assert set(document["share_of_oracle"]["response"]) == {
        "model", "suv_max", "mtv", "mtv_suv_max", "clinical",
    }  # fmt: skip


def test_the_order_of_the_truth_does_not_matter(rows, make_run, judged):
    folder = make_run(rows)
    before = to_document(judged)["oracle"]
    head, *lines = (folder / "truth.csv").read_text().splitlines()
    (folder / "truth.csv").write_text("\n".join([head, *reversed(lines)]) + "\n")
    assert to_document(evaluate(_request(folder)))["oracle"] == before


def test_a_perfect_model_has_a_share_of_one(rows, make_run):
    perfect = [row | {"risk": row["log_hazard_image"], "probability": row["logit"]} for row in rows]
    shares = to_document(evaluate(_request(make_run(perfect))))["share_of_oracle"]
    for endpoint in ("survival", "response"):
        share = shares[endpoint]["model"]
        assert (share["value"], share["low"], share["high"]) == (1.0, 1.0, 1.0)


def test_baselines_stand_beside_the_model(judged):
    baselines = to_document(judged)["baselines"]
    assert baselines["survival"]["mtv"]["harrell_c"]["value"] > 0.55
    assert baselines["survival"]["clinical"]["harrell_c"]["value"] > 0.55
    assert baselines["response"]["suv_max"]["auc"]["value"] > 0.55
    difference = baselines["survival"]["mtv"]["model_minus_baseline"]
    assert difference["low"] < difference["value"] < difference["high"]


def test_a_marker_that_lowers_the_odds_is_still_a_marker(rows, make_run):
    turned = [row | {"suv": 1 / row["suv"]} for row in rows]
    auc = to_document(evaluate(_request(make_run(turned))))["baselines"]["response"]["suv_max"]
    assert auc["auc"]["value"] > 0.55


def test_fewer_masks_mean_the_model_is_also_judged_on_those_alone(rows, make_run):
    some = [row | {"has_mask": i % 3 > 0} for i, row in enumerate(rows)]
    part = to_document(evaluate(_request(make_run(some))))["baselines"]["survival"]["mtv"]
    kept = [row for row in some if row["has_mask"]]
    assert part["harrell_c"]["patients"] == len(kept)
    assert part["model_on_same_patients"]["value"] == concordance_index(
        *([row[key] for row in kept] for key in ("time_days", "event", "risk"))
    )


def test_baselines_are_never_fitted_on_the_fold_they_are_judged_on(rows, make_run):
    """Noise that is the outcome in one fold must not help in that fold."""
    folder = make_run(
        [row | {"age": -row["time_days"] if row["fold"] == 0 else 50.0} for row in rows]
    )
    evaluation = evaluate(_request(folder))
    scores = evaluation.endpoints[0].values["clinical"]
    folds = evaluation.cohort.patients.fold
    assert np.ptp(scores[folds == 0]) == 0  # fitted where age is constant: it says nothing


def test_same_seed_same_document(rows, make_run, judged):
    assert to_document(evaluate(_request(make_run(rows)))) == to_document(judged)


def test_shifted_folds_hurt_the_pooled_index_only(rows, make_run):
    shifted = [row | {"risk": row["risk"] + 10 * row["fold"]} for row in rows]
    survival = to_document(evaluate(_request(make_run(shifted))))["metrics"]["survival"]
    assert survival["harrell_c_within_folds"] > survival["harrell_c"]["value"] + 0.05


def test_no_events_and_one_class_are_absent_with_a_reason(rows, make_run):
    dull = [row | {"event": 0, "response": 1, "has_mask": False, "dice": None} for row in rows]
    document = to_document(evaluate(_request(make_run(dull))))
    assert document["metrics"] == {}
    reasons = {item["what"]: item["reason"] for item in document["absent"]}
    assert "no two patients can be compared" in reasons["metrics.survival.harrell_c"]
    assert "only one class" in reasons["metrics.response.auc"]
    assert "true mask" in reasons["metrics.mask.dice"]
    assert "baselines.survival.mtv" in reasons


def test_a_run_without_its_dataset_has_no_baselines_and_says_why(rows, make_run):
    folder = make_run(rows, plan_names_dataset=False)
    document = to_document(evaluate(_request(folder, truth=False)))
    assert document["baselines"] == {}
    reasons = {item["what"]: item["reason"] for item in document["absent"]}
    assert "--dataset" in reasons["baselines.survival.mtv_suv_max"]
    given = dataclasses.replace(_request(folder, truth=False), dataset=folder / "data")
    assert "mtv_suv_max" in to_document(evaluate(given))["baselines"]["survival"]


def test_patients_without_outcome_or_prediction_are_left_out_and_counted(rows, make_run):
    gaps = [dict(row) for row in rows]
    for row in gaps[:10]:
        row["time_days"] = row["event"] = row["response"] = None
    for row in gaps[10:13]:
        row["risk"] = None
    document = to_document(evaluate(_request(make_run(gaps))))
    assert document["counts"]["with_survival"] == 190
    assert document["metrics"]["survival"]["harrell_c"]["patients"] == 187
    assert any("3 patients with a known outcome" in text for text in document["warnings"])


def test_few_patients_are_said_to_say_little(rows, make_run):
    document = to_document(evaluate(_request(make_run(rows[:25]), truth=False)))
    assert any("wide" in text for text in document["warnings"])


def test_too_few_patients_show_no_interval(rows, make_run):
    evaluation = evaluate(_request(make_run(rows[:9]), truth=False))
    document = to_document(evaluation)
    index = document["metrics"]["survival"]["harrell_c"]
    assert index["too_few"] and index["low"] <= index["value"] <= index["high"]
    assert document["metrics"]["mask"]["dice"]["too_few"]
    said = [text for text in document["warnings"] if text.endswith("the interval says nothing.")]
    assert [text.split(":")[0] for text in said] == ["Harrell's C", "AUC", "Mean Dice"]
    lines = [line for line in summary_lines(evaluation) if line.startswith("  This model")]
    assert len(lines) == 3 and all(line.endswith("too few") for line in lines)
    assert "95 % interval: too few patients" in render(to_page(evaluation))


@pytest.mark.parametrize(("few", "column"), [(0, "response"), (1, "response"), (1, "event")])
def test_four_of_a_class_are_too_few(rows, make_run, few, column):
    rare = [row | {column: few if i < 8 and i % 2 else 1 - few} for i, row in enumerate(rows)]
    metrics = to_document(evaluate(_request(make_run(rare))))["metrics"]
    assert metrics["survival"]["harrell_c"]["too_few"] is (column == "event")
    assert metrics["response"]["auc"]["too_few"] is (column == "response")


def test_one_patient_is_singular(rows, make_run):
    one = [row if i == 0 else row | {"dice": None} for i, row in enumerate(rows)]
    evaluation = evaluate(_request(make_run(one)))
    text = "\n".join(summary_lines(evaluation))
    assert "Mean Dice: 1 patient, in" in text and "Mean Dice: 1 patient: the interval" in text
    assert "1 patients" not in text + render(to_page(evaluation))


def test_a_run_without_truth_says_how_to_give_it(rows, make_run, judged):
    evaluation = evaluate(_request(make_run(rows), truth=False))
    document = to_document(evaluation)
    reasons = {item["what"]: item["reason"] for item in document["absent"]}
    assert "--truth truth.csv" in reasons["oracle"]
    assert not any("truth.csv" in text for text in document["warnings"])
    assert "--truth truth.csv" in render(to_page(evaluation))
    assert "oracle" not in {item["what"] for item in to_document(judged)["absent"]}


def test_an_oracle_at_chance_has_no_share(rows, make_run):
    blind = [row | {"logit": float(i * 37 % 101)} for i, row in enumerate(rows)]
    document = to_document(evaluate(_request(make_run(blind))))
    oracle = document["oracle"]["response"]["logit"]["auc"]
    assert oracle["low"] <= 0.5 <= oracle["high"]
    assert "response" not in document["share_of_oracle"]
    assert "model" in document["share_of_oracle"]["survival"]
    reasons = {item["what"]: item["reason"] for item in document["absent"]}
    assert "the oracle's own interval" in reasons["share_of_oracle.response.model"]


def test_numbers_too_good_to_be_true_ask_for_leakage(rows, make_run, judged):
    leaky = [row | {"risk": -row["time_days"], "probability": row["response"]} for row in rows]
    warnings = to_document(evaluate(_request(make_run(leaky))))["warnings"]
    assert sum(text.count("rare") for text in warnings if "leakage" in text) == 2
    assert not any("leakage" in text for text in to_document(judged)["warnings"])


def test_files_are_written_and_hold_no_names(judged, tmp_path):
    report = write_evaluation(judged, tmp_path / "out")
    document = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert document["provenance"]["training_seed"] == 3
    assert document["provenance"]["dataset_fingerprint"].startswith("0123456789abcdef")
    assert report.read_text().startswith("<!doctype html>")
    for path in (report, tmp_path / "out" / "evaluation.json"):
        assert "PAT_0" not in path.read_text()


def test_a_damaged_plan_is_refused(rows, make_run):
    folder = make_run(rows)
    (folder / "run" / "plan.json").write_text("{")
    with pytest.raises(ModelError, match="RUN_DAMAGED"):
        evaluate(_request(folder))


def test_truth_of_another_cohort_is_refused(rows, make_run):
    folder = make_run(rows)
    (folder / "truth.csv").write_text("patient_id,log_hazard,logit\nNOBODY,0.1,0.2\n")
    with pytest.raises(UsageError, match="TRUTH_NO_MATCH"):
        evaluate(_request(folder))


def test_dataset_of_another_run_is_refused(rows, make_run):
    folder = make_run(rows)
    studies = folder / "data" / "studies.csv"
    studies.write_text("\n".join(studies.read_text().splitlines()[:-3]) + "\n")
    with pytest.raises(DatasetError, match="DATASET_OTHER"):
        evaluate(_request(folder))


@pytest.mark.parametrize(("cell", "code"), [("many", "TABLE_CELL"), (None, "TABLE_DUPLICATE")])
def test_damaged_tables_are_refused(rows, make_run, cell, code):
    folder = make_run(rows)
    path = folder / "run" / "out_of_fold.csv"
    lines = path.read_text().splitlines()
    lines[1] = lines[2] if cell is None else lines[1].replace(str(rows[0]["time_days"]), cell)
    path.write_text("\n".join(lines) + "\n")
    assert read_csv(path)
    with pytest.raises(DatasetError, match=code):
        evaluate(_request(folder))


def test_a_folder_of_something_else_is_refused(tmp_path):
    with pytest.raises(UsageError, match="EVALUATE_TARGET"):
        evaluate(Request(tmp_path))


def test_options_that_would_be_ignored_are_refused(rows, make_run):
    folder = make_run(rows)
    request = Request(folder / "run", Known(clinical=folder / "truth.csv"))
    with pytest.raises(UsageError, match="EVALUATE_OPTIONS"):
        evaluate(request)
