"""Differences of models on the same patients."""

import dataclasses
import json

import numpy as np
import pytest

from pet_mtl.comparison import CompareRequest, compare, named_targets, summary_lines
from pet_mtl.comparison.tables import to_document, write_comparison
from pet_mtl.errors import UsageError
from pet_mtl.evaluation import Known, Settings
from pet_mtl.files import read_csv
from pet_mtl.metrics import (
    binary_brier_score,
    compare_aucs,
    concordance_index,
    integrated_brier_score,
    paired_difference,
    roc_auc,
)
from pet_mtl.readers.clinical import ClinicalColumns

FEW = Settings(samples=80, seed=5)


def _row(found, key):
    return next(row for row in found.rows if row.key == key)


def _column(rows, name):
    return np.array([float(row[name]) for row in rows])


@pytest.fixture
def found(three):
    """The three models beside the poor one."""
    return compare(CompareRequest(three, settings=FEW))


def test_values_and_differences_are_those_of_the_metrics(found, model):
    poor, good = model(1.6, 0), model(0.5, 2)
    time, event, label = (_column(poor, n) for n in ("time_days", "event", "response_true"))
    dice = [i for i in range(120) if i % 3]
    cases = {
        "harrell_c": (concordance_index, [time, event], "risk", slice(None)),
        "auc": (roc_auc, [label], "response", slice(None)),
        "brier": (binary_brier_score, [label], "response", slice(None)),
        "dice": (np.mean, [], "dice", dice),
    }
    for key, (statistic, shared, name, chosen) in cases.items():
        scores = tuple(
            _column(np.array(rows, object)[chosen].tolist(), name) for rows in (good, poor)
        )
        row = _row(found, key)
        values = {one.name: one.interval.value for one in row.reached}
        assert values["poor"] == pytest.approx(statistic(*shared, scores[1]))
        assert values["good"] == pytest.approx(statistic(*shared, scores[0]))
        expected = paired_difference(statistic, shared, scores, FEW.samples, FEW.seed)
        pair = next(d for d in row.differences if d.first == "good")
        assert dataclasses.astuple(pair.interval) == pytest.approx(dataclasses.astuple(expected))
        assert row.patients == len(scores[0])


def test_the_test_of_aucs_is_delongs(found, model):
    poor, good = model(1.6, 0), model(0.5, 2)
    expected = compare_aucs(
        _column(poor, "response_true"), _column(good, "response"), _column(poor, "response")
    )
    pair = next(d for d in _row(found, "auc").differences if d.first == "good")
    assert (pair.test, pair.p_value) == ("DeLong", pytest.approx(expected.p_value))
    assert pair.p_holm >= pair.p_value


def test_the_integrated_brier_score_is_that_of_the_curves(three, model):
    settings = dataclasses.replace(FEW, horizons=(500.0,))
    row = _row(compare(CompareRequest(three, settings=settings)), "ibs")
    rows = model(0.5, 2)
    time, event = _column(rows, "time_days"), _column(rows, "event")
    grid = np.linspace(0.0, 500.0, 51)
    hazard = np.exp(_column(rows, "risk")) / 1000
    curves = np.exp(-hazard[:, None] * grid[None, :])
    expected = integrated_brier_score(time, event, time, event, curves, grid)
    value = next(one.interval.value for one in row.reached if one.name == "good")
    assert value == pytest.approx(expected, abs=1e-5)
    assert "500 days" in row.title and not row.higher_is_better


def test_a_model_equals_itself(model, write_run):
    rows = model(1.0, 1)
    again = [row | {"risk": 2 * row["risk"] + 1} for row in rows]  # ranks alike
    targets = {"one": write_run("one", rows), "same": write_run("same", again)}
    found = compare(CompareRequest(targets, settings=FEW))
    for key in ("harrell_c", "auc", "brier", "dice"):
        (pair,) = _row(found, key).differences
        assert (pair.interval.value, pair.interval.low, pair.interval.high) == (0.0, 0.0, 0.0)
        assert pair.p_value == pair.p_holm == 1.0


def test_a_clear_difference_is_shown(model, write_run):
    rows = model(0.3, 1)
    blind = [row | {"risk": float(i % 7), "response": 0.1 * (i % 7)} for i, row in enumerate(rows)]
    targets = {"blind": write_run("blind", blind), "seeing": write_run("seeing", rows)}
    found = compare(CompareRequest(targets, settings=Settings(samples=400)))
    for key in ("harrell_c", "auc", "brier"):
        (pair,) = _row(found, key).differences
        assert pair.p_holm < 0.01
        assert (pair.interval.low > 0) == _row(found, key).higher_is_better


def test_the_order_of_a_table_does_not_matter(three, found, model, write_run):
    rows = model(0.5, 2)
    mixed = [rows[i] for i in np.random.default_rng(1).permutation(120)]
    write_run("good", mixed)
    assert compare(CompareRequest(three, settings=FEW)).rows == found.rows


def test_reference_and_all_pairs(three, found):
    assert [(d.first, d.second) for d in _row(found, "auc").differences] == [
        ("middling", "poor"), ("good", "poor"),
    ]  # fmt: skip
    other = compare(CompareRequest(three, reference="good", settings=FEW))
    pairs = [(d.first, d.second) for d in _row(other, "auc").differences]
    assert pairs == [("poor", "good"), ("middling", "good")]
    every = compare(CompareRequest(three, all_pairs=True, settings=FEW))
    assert len(_row(every, "auc").differences) == 3 and every.reference == ""
    with pytest.raises(UsageError, match="COMPARE_REFERENCE"):
        compare(CompareRequest(three, reference="best", settings=FEW))


def test_different_patients_are_refused_or_told(three, model, write_run):
    write_run("good", model(0.5, 2)[10:])
    with pytest.raises(UsageError, match="COMPARE_COHORTS") as caught:
        compare(CompareRequest(three, settings=FEW))
    assert "poor 120, middling 120, good 110; 110 in common" in str(caught.value)
    found = compare(CompareRequest(three, common=True, settings=FEW))
    assert found.common == 110 and _row(found, "auc").patients == 110
    assert "poor: 10 patients that not all models have left out." in found.notes
    assert not any(note.startswith("good") for note in found.notes)


def test_strangers_cannot_be_compared(three, model, write_run):
    strangers = [row | {"sample_id": f"x{i}"} for i, row in enumerate(model(0.5, 2))]
    write_run("good", strangers)
    with pytest.raises(UsageError, match="no patient in common"):
        compare(CompareRequest(three, common=True, settings=FEW))


@pytest.mark.parametrize(
    "change", [{"time_days": 1.0}, {"event": ""}, {"response_true": ""}], ids=str
)
def test_other_outcomes_of_the_same_patients_are_refused(three, model, write_run, change):
    rows = model(0.5, 2)
    rows[7] |= change
    write_run("good", rows)
    with pytest.raises(UsageError, match="COMPARE_OUTCOMES"):
        compare(CompareRequest(three, settings=FEW))


def test_patients_that_one_model_does_not_predict_are_judged_for_none(three, model, write_run):
    rows = [row | ({"risk": ""} if i < 30 else {}) for i, row in enumerate(model(0.5, 2))]
    write_run("good", rows)
    found = compare(CompareRequest(three, settings=FEW))
    assert _row(found, "harrell_c").patients == 90 and _row(found, "auc").patients == 120
    assert all(one.interval for one in _row(found, "harrell_c").reached)


def test_a_model_without_a_task_leaves_the_others_be(three, model, write_run):
    rows = [row | {"response": "", "dice": ""} for row in model(0.5, 2)]
    write_run("good", rows)
    found = compare(CompareRequest(three, settings=FEW))
    assert [one.name for one in _row(found, "auc").reached] == ["poor", "middling"]
    assert _row(found, "auc").patients == 120
    alone = {"poor": three["poor"], "good": three["good"]}
    row = _row(compare(CompareRequest(alone, settings=FEW)), "dice")
    assert row.reason == "fewer than two models predict it for these patients"


def test_other_folds_are_told(three, found, model, write_run):
    assert not found.notes
    write_run("good", [row | {"fold": i % 3} for i, row in enumerate(model(0.5, 2))])
    notes = compare(CompareRequest(three, settings=FEW)).notes
    assert len(notes) == 1 and "folds differently" in notes[0]


def test_predictions_beside_their_outcomes(write_predictions, model, found):
    targets = {
        name: write_predictions(f"of_{name}", model(noise, seed))
        for seed, (name, noise) in enumerate({"poor": 1.6, "middling": 1.0, "good": 0.5}.items())
    }
    table = targets["poor"].parent / "clinical.csv"
    known = Known(table, ClinicalColumns("id", "time_days", "event", "response"))
    other = compare(CompareRequest(targets, known, settings=FEW))
    for key in ("harrell_c", "auc", "brier"):
        assert _row(other, key) == _row(found, key)
    assert _row(other, "dice").reason
    assert {model.kind for model in other.models} == {"predictions"}


def test_too_few_patients_are_told(three, model, write_run):
    for seed, name in enumerate(three):
        write_run(name, model(1.0, seed)[:9])
    found = compare(CompareRequest(three, settings=FEW))
    assert all(row.too_few for row in found.rows if row.differences)
    assert any("too few" in line for line in summary_lines(found))


def test_files_hold_the_numbers_and_no_place(found, tmp_path):
    page = write_comparison(found, tmp_path / "out")
    text = page.read_text()
    assert "<img" in text and "http" not in text.replace("http://www.w3.org", "")
    assert str(tmp_path) not in text
    document = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert str(tmp_path) not in json.dumps(document)
    assert document["patients"] == 120 and document["reference"] == "poor"
    pair = document["metrics"]["auc"]["differences"][1]
    table = read_csv(tmp_path / "out" / "comparison.csv")
    cells = next(
        r for r in table if (r["metric"], r["model"], r["minus"]) == ("auc", "good", "poor")
    )
    assert float(cells["value"]) == pytest.approx(pair["value"], abs=1e-5)
    assert cells["test"] == "DeLong" and float(cells["low"]) < float(cells["high"])
    assert (tmp_path / "out" / "comparison.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "out" / "comparison.svg").read_text().startswith("<?xml")


def test_the_same_seed_gives_the_same_files(three, tmp_path):
    for place in ("a", "b"):
        write_comparison(compare(CompareRequest(three, settings=FEW)), tmp_path / place)
    for name in ("comparison.json", "comparison.csv", "comparison.svg", "comparison.html"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_without_any_difference_there_is_a_page_and_no_figure(model, write_run, tmp_path):
    rows = [row | {"risk": "", "response": "", "dice": ""} for row in model(1.0, 1)]
    bare = [{k: v for k, v in row.items() if not k.startswith("survival")} for row in rows]
    targets = {"one": write_run("one", bare), "two": write_run("two", bare)}
    found = compare(CompareRequest(targets, settings=FEW))
    page = write_comparison(found, tmp_path / "out")
    assert not found.has_numbers and "Not compared" in page.read_text()
    assert not (tmp_path / "out" / "comparison.svg").exists()
    assert to_document(found)["metrics"]["auc"]["reason"]


def test_targets_have_names(three, tmp_path):
    folder = three["poor"].parent
    named = named_targets((f"first={folder / 'poor'}", str(folder / "good")))
    assert named == {"first": folder / "poor", "good": folder / "good"}
    table = folder / "good" / "out_of_fold.csv"
    assert named_targets((str(table),)) == {"good": table}
    (tmp_path / "a=b").mkdir()
    assert named_targets((str(tmp_path / "a=b"),)) == {"a=b": tmp_path / "a=b"}
    with pytest.raises(UsageError, match="COMPARE_NAMES"):
        named_targets((str(folder / "poor"), f"poor={folder / 'good'}"))
    with pytest.raises(UsageError, match="COMPARE_TARGET"):
        named_targets((str(folder / "nowhere"),))


def test_one_model_cannot_be_compared(three):
    with pytest.raises(UsageError, match="COMPARE_FEW"):
        compare(CompareRequest({"poor": three["poor"]}, settings=FEW))
