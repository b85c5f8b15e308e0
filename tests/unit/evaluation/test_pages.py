"""The evaluation as a page: what is shown, what is said of what is missing."""

import dataclasses
import json
import re

import numpy as np
import pytest

from pet_mtl.classes import class_columns
from pet_mtl.errors import UsageError
from pet_mtl.evaluation import Known, Outputs, Request, Settings, evaluate, write_evaluation
from pet_mtl.evaluation.findings import (
    Agreement,
    Calibration,
    Decision,
    Evidence,
    Findings,
    LeakCheck,
    MaskFindings,
    Measure,
    ResponseFindings,
    Subgroup,
    SurvivalFindings,
)
from pet_mtl.evaluation.pages import Material, facts, read_material, to_page
from pet_mtl.evaluation.pages.facts import facts_of
from pet_mtl.files import read_csv, write_csv
from pet_mtl.metrics import (
    DetectionRates,
    Interval,
    Permutation,
    Threshold,
    accuracy_at,
    bland_altman,
    calibration_groups,
    decision_curve,
    survival_calibration_groups,
    survival_decision_curve,
)
from pet_mtl.readers.clinical import ClinicalColumns
from pet_mtl.report import fact_keys, render

FEW = Settings(samples=40)
COLUMNS = ClinicalColumns("patient_id", "time_days", "event", "response")
HOSTILE = "<script>alert(1)</script>"
NUMBER = Interval(0.7, 0.6, 0.8)


def _survival(cohort):
    time, event = cohort.patients.time_days, cohort.patients.event
    lived = 1 / (1 + np.exp(cohort.risk))
    steps = np.linspace(0.05, 0.6, 12)
    return SurvivalFindings(
        horizons_days=(365.0, 730.0),
        horizons_said="asked for",
        measures=(
            Measure("uno_c", "Uno's C", NUMBER, patients=200, method="bootstrap", ideal=1.0),
            Measure("brier_365", "Brier score at 365 days", None, "no curve", reference=0.2),
        ),
        calibration=(
            Calibration(survival_calibration_groups(time, event, lived, 365.0, 4), 365.0),
            Calibration((), 730.0, "too few patients"),
        ),
        decision=(
            Decision(
                {"this model": survival_decision_curve(time, event, 1 - lived, 365.0, steps)},
                365.0,
                200,
            ),
        ),
        permutation=Permutation(0.7, 0.0005, 0, 1999, 0.5),
        evidence=Evidence("better than chance", "Harrell's C beats shuffled outcomes."),
    )


def _response(cohort):
    label, probability = cohort.patients.response, cohort.probability
    return ResponseFindings(
        measures=(Measure("auc_delong", "AUC", NUMBER, patients=200, method="DeLong"),),
        accuracy=accuracy_at(Threshold(0.5, "Youden's J"), label, probability),
        calibration=Calibration(calibration_groups(label, probability, 4)),
        decision=Decision({"this model": decision_curve(label, probability, [0.2, 0.4])}),
        permutation_reason="not shuffled",
        evidence=Evidence("no evidence", "AUC does no better than shuffled outcomes."),
    )


def _mask(cohort):
    true = cohort.patients.mtv_ml[np.isfinite(cohort.patients.mtv_ml)]
    predicted = true * np.exp(np.random.default_rng(0).normal(0, 0.2, len(true)))
    ratio = bland_altman(predicted, true, ratio=True)
    title = "Metabolic tumour volume, ml"
    return MaskFindings(
        measures=(Measure("hd95_mm", "95 % Hausdorff distance, mm", NUMBER, patients=180),),
        detection=DetectionRates(NUMBER, 0.25, 180, 200),
        agreements=(Agreement("mtv", title, true, predicted, ratio, 2, NUMBER),),
        gaps={"tlg": "no uptake is known"},
    )


def _groups():
    one = Measure("harrell_c", "Harrell's C", NUMBER, patients=90)
    none = Measure("harrell_c", "Harrell's C", None, "too few", 3)
    return (
        Subgroup("sex", "0", 90, (one, Measure("dice", "Mean Dice", NUMBER, patients=80))),
        Subgroup("sex", HOSTILE, 3, (none,)),
    )


@pytest.fixture(scope="module")
def filled(judged):
    """The judged run with findings made by hand."""
    leaks = (
        LeakCheck("twins", "Twins", "passed", "none"),
        LeakCheck("ids", "Ids", "failed", HOSTILE),
    )
    findings = Findings(
        _survival(judged.cohort), _response(judged.cohort), _mask(judged.cohort), _groups(), leaks
    )
    return dataclasses.replace(judged, findings=findings)


def _sections(page):
    return {section.key: section for section in page.sections}


def test_every_part_has_its_place(filled):
    page = to_page(filled)
    assert [section.key for section in page.sections] == [
        *("cohort", "leaks", "beside", "survival", "response", "mask", "subgroups", "making"),
        "checklists",
    ]
    assert [picture.name for picture in page.pictures()] == [
        *("cohort_flow", "missingness", "survival_beside", "response_beside", "kaplan_meier"),
        *("calibration_survival_365", "decision_survival_365", "roc", "calibration_response"),
        *("decision_response", "dice", "agreement_mtv", "subgroups_harrell_c", "subgroups_dice"),
    ]
    tables = [table.name for table in page.tables()]
    assert tables == [
        *("characteristics", "counts", "leaks", "survival_beside", "response_beside"),
        *("risk_groups", "survival_measures", "response_measures", "accuracy", "mask_measures"),
        *("agreement", "lesions", "subgroups", "provenance", "not_computed"),
        *("tripod_ai", "claim_2024"),
    ]
    assert all(picture.alt and picture.title for picture in page.pictures())


def test_every_section_stands_in_its_place(judged):
    page = to_page(judged)
    assert [section.key for section in page.sections] == [
        *("cohort", "leaks", "beside", "survival", "response", "mask", "subgroups"),
        *("making", "checklists"),
    ]
    names = [picture.name for picture in page.pictures()]
    assert {"kaplan_meier", "roc", "dice", "survival_beside"} <= set(names)


def test_what_is_missing_is_told(filled):
    (table,) = [one for one in to_page(filled).tables() if one.name == "not_computed"]
    told = dict(table.rows)
    assert told["Survival: Brier score at 365 days"] == "no curve"
    assert told["Survival: calibration at 730 days"] == "too few patients"
    assert told["Response: shuffled outcomes"] == "not shuffled"
    assert told["Mask: tlg"] == "no uptake is known"


def test_evidence_is_told_as_it_was_found(filled, judged):
    shown = {one.text: one.shown for one in to_page(filled).statements}
    assert shown["Survival: Harrell's C beats shuffled outcomes."]
    assert not shown["Response: AUC does no better than shuffled outcomes."]
    ours = [one for one in to_page(judged).statements if "chance" in one.text]
    assert len(ours) == 2 and all(one.shown for one in ours)


def test_no_evidence_where_the_interval_includes_chance(rows, make_run):
    blind = [row | {"risk": float(i * 37 % 101)} for i, row in enumerate(rows)]
    evaluation = evaluate(Request(make_run(blind) / "run", settings=FEW))
    first, second, *_ = to_page(evaluation).statements
    assert not first.shown and "no evidence" in first.text and "permutation p = " in first.text
    assert not second.shown and "not shown to add" in second.text


def test_full_numbers_are_in_the_files(filled):
    tables = {table.name: table for table in to_page(filled).tables()}
    measures = tables["survival_measures"]
    rows = [dict(zip(measures.columns, row, strict=True)) for row in measures.data]
    assert rows[0]["value"] == 0.7 and rows[1]["reason"] == "no curve"
    assert rows[1]["value"] == "" and rows[1]["reference"] == 0.2
    beside = tables["survival_beside"]
    model = dict(zip(beside.columns, beside.data[0], strict=True))
    assert model["key"] == "model"
    assert model["value"] == filled.endpoints[0].model.interval.value
    provenance = dict(tables["provenance"].data)
    assert provenance["dataset fingerprint"] == "0123456789abcdef" * 4


def test_hostile_names_stay_text(filled):
    html = render(to_page(filled))
    assert HOSTILE not in html and html.count("&lt;script&gt;alert(1)") >= 2


def test_flow_counts_refused_untrained_and_withheld(judged):
    material = Material(
        dataset={"counts": {"studies": 240, "rejected": 3}}, refused={"SUV_UNITS": 1, "NO_PET": 2}
    )
    flow = _sections(to_page(judged, material))["cohort"].pictures[0].content
    assert [(step.label, step.count) for step in flow.steps] == [
        ("Studies given", 243),
        ("In the dataset", 240),
        ("With a prediction", 200),
    ]
    assert flow.steps[0].leaving == ("3 refused:", "SUV_UNITS 1, NO_PET 2")
    assert flow.steps[1].leaving[0].startswith("40 without a prediction")
    assert [leaf.count for leaf in flow.leaves] == [200, 200, 200]


def test_the_run_tells_how_it_was_made(rows, make_run):
    folder = make_run(rows)
    run, data = folder / "run", folder / "data"
    columns = ("stage", "epoch", "loss", "val_loss", "val_c_index", "val_auc")
    for fold in (0, 1):
        history = [
            {"stage": stage, "epoch": epoch, "loss": 1 / epoch, "val_loss": 0.5 if fold else None}
            for stage in ("mask", "joint")
            for epoch in (1, 2)
        ]
        write_csv(run / f"fold_{fold}" / "metrics.csv", columns, history)
    write_csv(data / "rejected.csv", ("study", "code"), [{"study": "x", "code": "SUV_UNITS"}])
    plan = json.loads((run / "plan.json").read_text())
    plan["config"] = {"model": {"encoder": HOSTILE, "tasks": ["mask"]}, "stage": {"steps": 3}}
    (run / "plan.json").write_text(json.dumps(plan))
    material = read_material(run)
    assert material.refused == {"SUV_UNITS": 1} and set(material.histories) == {0, 1}
    page = to_page(evaluate(Request(run, settings=FEW)), material)
    stages = _sections(page)["training"].pictures[0].content.stages
    assert [(stage, len(curves)) for stage, curves in stages.items()] == [("mask", 2), ("joint", 2)]
    assert np.isnan(stages["mask"][0].validation).all()
    assert stages["joint"][1].training.tolist() == [1.0, 0.5]
    tables = {table.name: table for table in page.tables()}
    assert ("model.encoder", HOSTILE) in tables["configuration"].rows
    assert tables["refused"].rows == (("SUV_UNITS", "1"),)


@pytest.mark.parametrize(
    ("column", "section", "picture"),
    [
        ({"time_days": None, "event": None}, "survival", "kaplan_meier"),
        ({"response": None}, "response", "roc"),
        ({"dice": None}, "mask", "dice"),
    ],
)
def test_a_part_without_labels_says_why(rows, make_run, column, section, picture):
    less = [row | column for row in rows]
    page = to_page(evaluate(Request(make_run(less) / "run", settings=FEW)))
    (told,) = _sections(page)[section].lead
    assert told.startswith("Not judged: no patient")
    assert picture not in {one.name for one in page.pictures()}


def test_nothing_judged_is_still_a_report(rows, make_run, tmp_path):
    bare = [
        row | {"time_days": None, "event": None, "response": None, "dice": None} for row in rows
    ]
    evaluation = evaluate(Request(make_run(bare) / "run", settings=FEW))
    page = to_page(evaluation)
    assert [section.key for section in page.sections] == [
        *("cohort", "leaks", "survival", "response", "mask", "subgroups", "making", "checklists")
    ]
    assert page.statements == () and write_evaluation(evaluation, tmp_path / "out").is_file()


def test_several_classes_have_no_roc(rows, make_run):
    rng = np.random.default_rng(0)
    several = [row | {"response": int(rng.integers(3))} for row in rows]
    folder = make_run(several)
    path = folder / "run" / "out_of_fold.csv"
    cells = read_csv(path)
    for cell in cells:
        each = rng.dirichlet((1, 1, 1))
        cell |= dict(zip(class_columns(3), map(repr, map(float, each)), strict=True))
        cell["response"] = "PD"
    write_csv(path, [*cells[0]], cells)
    page = to_page(evaluate(Request(folder / "run", settings=FEW)))
    section = _sections(page)["response"]
    assert "two classes only" in section.lead[0]
    assert not [picture for picture in section.pictures if picture.name == "roc"]
    flow = _sections(page)["cohort"].pictures[0].content
    assert re.match(r"rarest class \d+", flow.leaves[1].detail)
    assert ("Response, class 2",) == next(
        row[:1] for row in _sections(page)["cohort"].tables[0].rows if "class 2" in row[0]
    )


def test_withheld_outcomes_leave_the_flow(rows, make_predictions):
    folder = make_predictions(rows, truth=False)
    table = folder / "predictions" / "predictions.csv"
    cells = [dict(cell, abstained="", response_set="") for cell in read_csv(table)]
    cells[0] |= {"risk": "", "response": "", "abstained": "NOVEL"}
    write_csv(table, [*cells[0]], cells)
    known = Known(folder / "cohort" / "clinical.csv", COLUMNS)
    evaluation = evaluate(Request(table.parent, known, settings=FEW))
    page = to_page(evaluation, read_material(table.parent))
    flow = _sections(page)["cohort"].pictures[0].content
    assert flow.steps[-1].leaving == ("outcomes of 1 withheld:", "NOVEL 1")
    assert flow.leaves[0].count == len(rows) - 1
    assert "training" not in _sections(page)


def test_every_fact_that_a_checklist_asks_for_has_a_teller(filled):
    material = Material(
        plan={"config": {"model": {"tasks": ["mask"]}, "stage": {}, "loss": {}}, "seed": 1},
        dataset={"folds": 5, "seed": 0, "grids": {"size": 8, "fine_mm": 2, "context_mm": 4}},
    )
    assert fact_keys() <= set(facts._TELLERS)
    known = facts_of(filled, material)
    assert {"numbers", "partition", "uncertainty", "flow", "evidence", "threshold"} <= set(known)
    assert all(text.endswith((".", ")")) for text in known.values())


def test_studies_of_predictions_are_told_by_their_row(rows, make_predictions, judged):
    folder = make_predictions(rows, truth=False)
    known = Known(folder / "cohort" / "clinical.csv", COLUMNS)
    evaluation = evaluate(Request(folder / "predictions", known, settings=FEW))
    said = "PAT_001 and PAT_0010; PAT_002, 200 patients (PAT_199)."
    leak = LeakCheck("twins", "Twins", "failed", said)
    page = to_page(dataclasses.replace(evaluation, findings=Findings(leaks=(leak,))))
    (check,) = _sections(page)["leaks"].checks
    assert check.said == "row 2 and PAT_0010; row 3, 200 patients (row 200)."
    ours = dataclasses.replace(judged, findings=Findings(leaks=(leak,)))
    assert _sections(to_page(ours))["leaks"].checks[0].said == said


def test_nothing_is_claimed_of_a_model_that_is_not_ours(rows, make_predictions, judged):
    folder = make_predictions(rows, truth=False)
    known = Known(folder / "cohort" / "clinical.csv", COLUMNS)
    evaluation = evaluate(Request(folder / "predictions", known, settings=FEW))
    ours = {"technology", "model", "calculation", "output", "ensembling", "input_handling"}
    told = facts_of(evaluation, Material())
    assert not ours & set(told) and "training" not in told["missing"]
    assert {"technology", "output", "calculation"} <= set(facts_of(judged, Material()))
    provenance = evaluation.cohort.provenance | {"model_fingerprint": "0f"}
    cohort = dataclasses.replace(evaluation.cohort, provenance=provenance)
    known_model = dataclasses.replace(evaluation, cohort=cohort)
    assert {"technology", "calculation"} <= set(facts_of(known_model, Material()))


def test_an_ablation_of_the_same_shape_is_shown(judged, tmp_path, ablation):
    (tmp_path / "ablation.json").write_text(json.dumps(ablation))
    material = read_material(_nowhere(tmp_path), ablation=tmp_path)
    section = _sections(to_page(judged, material))["ablation"]
    assert [picture.name for picture in section.pictures] == [
        *("ablation_survival_parts", "ablation_survival_arms")
    ]
    (dot,) = section.pictures[0].content.dots
    assert dot.role == "helps" and dot.interval == Interval(0.05, 0.01, 0.09)
    parts, arms = section.tables
    assert parts.rows == (("Decoder", "+0.050 (+0.010 to +0.090)", "helps"),)
    assert [row[1] for row in arms.rows] == ["0.700 (0.600 to 0.800)", "-"]


@pytest.mark.parametrize("damage", ["absent", "no json", "other json", "lacking"])
def test_what_is_no_ablation_is_refused(judged, tmp_path, ablation, damage):
    path = tmp_path / "ablation.json"
    if damage == "lacking":
        del ablation["facts"]["seeds"]
    content = {"no json": "{", "other json": "{}", "lacking": json.dumps(ablation)}
    if damage in content:
        path.write_text(content[damage])
    code = "ABLATION_DAMAGED" if damage == "lacking" else "ABLATION_MISSING"
    with pytest.raises(UsageError, match=code):
        to_page(judged, read_material(_nowhere(tmp_path), ablation=tmp_path))


def _nowhere(folder):
    """A table of one prediction."""
    write_csv(folder / "p" / "predictions.csv", ("id", "risk"), [{"id": "a", "risk": 0}])
    return folder / "p"


@pytest.fixture
def ablation():
    """ablation.json as `pet-mtl ablate` writes it, shortened."""
    number = {"value": 0.7, "low": 0.6, "high": 0.8}
    gain = {"value": 0.05, "low": 0.01, "high": 0.09}
    return {
        "facts": {
            "seeds": 3, "training_patients": 90, "judged_patients": 40, "judged_on": "a test set",
            "resamples": 100,
        },
        "scores": {
            "base": {"label": "Base", "role": "arm", "survival": number | {"base_less_this": None}},
            "mtv": {"label": "MTV", "role": "opponent", "survival": {"reason": "not learned"}},
        },
        "parts": {
            "decoder": {"label": "Decoder", "survival": gain | {"verdict": "helps"}},
        },
    }  # fmt: skip


def test_outputs_choose_what_is_written(judged, rows, make_run, tmp_path):
    folder = make_run(rows)
    request = Request(folder / "run", Known(truth=folder / "truth.csv"), settings=FEW)
    write_evaluation(judged, tmp_path / "out", request, Outputs(gallery=0, pdf=True))
    assert (tmp_path / "out" / "report.pdf").read_bytes().startswith(b"%PDF")
    assert not (tmp_path / "out" / "tables" / "patients.csv").exists()
