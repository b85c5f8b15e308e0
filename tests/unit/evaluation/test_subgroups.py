"""The numbers of groups are those of the group's patients alone."""

import dataclasses
import json

import numpy as np
import pytest

from pet_mtl.errors import UsageError
from pet_mtl.evaluation import Request, Settings, evaluate, to_document
from pet_mtl.evaluation.cohort import Cohort, Patients
from pet_mtl.evaluation.grouping import Columns
from pet_mtl.evaluation.subgroups import find_subgroups
from pet_mtl.files import read_csv, write_csv
from pet_mtl.metrics import bootstrap_interval, concordance_index, roc_auc

FEW = Settings(samples=60, seed=2)


@pytest.fixture
def cohort():
    """60 patients, 40 of one centre, 14 of another, 6 of nobody knows where."""
    rng = np.random.default_rng(0)
    risk = rng.normal(size=60)
    patients = Patients(
        tuple(f"p{i}" for i in range(60)),
        np.full(60, np.nan),
        rng.exponential(500 / np.exp(risk)),
        (rng.random(60) < 0.7).astype(float),
        (rng.random(60) < 0.5).astype(float),
        np.full(60, np.nan),
        np.full(60, np.nan),
    )
    dice = np.where(np.arange(60) % 3 > 0, rng.beta(8, 2, 60), np.nan)
    return Cohort(patients, risk, rng.random(60), dice, "")


@pytest.fixture
def columns(cohort):
    """Where the centres are told."""
    centres = ["A"] * 40 + ["B"] * 14 + [""] * 6
    rows = {f"p{i}": {"group_centre": centre} for i, centre in enumerate(centres)}
    return Columns(cohort.patients, rows=rows)


def _of(found, label):
    group = next(one for one in found if one.label == label)
    return group, {measure.key: measure for measure in group.measures}


def test_numbers_are_those_of_the_groups_patients(cohort, columns):
    found = find_subgroups(cohort, columns, (), FEW)
    assert [(g.variable, g.label, g.patients) for g in found] == [
        ("centre", "A", 40), ("centre", "B", 14), ("centre", "unknown", 6),
    ]  # fmt: skip
    _, measures = _of(found, "A")
    patients, rows = cohort.patients, slice(0, 40)
    time, event, label = patients.time_days[rows], patients.event[rows], patients.response[rows]
    expected = {
        "harrell_c": (concordance_index, [time, event, cohort.risk[rows]]),
        "auc": (roc_auc, [label, cohort.probability[rows]]),
        "dice": (np.mean, [cohort.dice[rows][np.isfinite(cohort.dice[rows])]]),
    }
    for key, (statistic, arrays) in expected.items():
        interval = bootstrap_interval(statistic, arrays, FEW.samples, FEW.seed)
        found = dataclasses.astuple(measures[key].interval)
        assert found == pytest.approx(dataclasses.astuple(interval))
        assert measures[key].patients == len(arrays[0]) and not measures[key].reason


def test_too_small_groups_say_so(cohort, columns):
    _, measures = _of(find_subgroups(cohort, columns, (), FEW), "unknown")
    for key, noun in (("harrell_c", "event"), ("auc", "responder"), ("dice", "true mask")):
        assert measures[key].interval is None and measures[key].too_few
        assert measures[key].reason.startswith("too few: ") and noun in measures[key].reason


def test_what_the_model_does_not_predict_is_no_number_of_a_group(cohort, columns):
    silent = dataclasses.replace(cohort, risk=np.full(60, np.nan), dice=np.full(60, np.nan))
    _, measures = _of(find_subgroups(silent, columns, (), FEW), "A")
    assert set(measures) == {"auc"}


def test_a_variable_of_one_value_is_left_out_unless_asked_for(cohort):
    rows = {f"p{i}": {"group_centre": "A"} for i in range(60)}
    columns = Columns(cohort.patients, rows=rows)
    assert find_subgroups(cohort, columns, (), FEW) == ()
    assert [g.label for g in find_subgroups(cohort, columns, ("centre",), FEW)] == ["A"]


def test_a_usual_column_that_makes_no_groups_is_passed_over(cohort):
    rows = {f"p{i}": {"group_centre": f"centre {i % 40}"} for i in range(60)}
    columns = Columns(cohort.patients, rows=rows)
    assert find_subgroups(cohort, columns, (), FEW) == ()
    with pytest.raises(UsageError, match="40 different texts"):
        find_subgroups(cohort, columns, ("centre",), FEW)


def test_three_classes_are_judged_by_the_macro_auc(cohort, columns):
    rng = np.random.default_rng(1)
    patients = dataclasses.replace(cohort.patients, classes=3, response=np.arange(60.0) % 3)
    several = dataclasses.replace(cohort, patients=patients, probability=rng.random((60, 3)))
    found = find_subgroups(several, columns, (), FEW)
    _, large = _of(found, "A")
    _, small = _of(found, "B")
    assert large["macro_auc"].interval is not None
    assert small["macro_auc"].reason == "too few: 14 patients, 4 of the rarest class"


def test_a_run_has_its_groups_in_the_document(rows, make_run):
    folder = make_run(rows)
    table = folder / "data" / "studies.csv"
    studies = [row | {"group_centre": "AB"[i % 2]} for i, row in enumerate(read_csv(table))]
    write_csv(table, list(studies[0]), studies)
    (folder / "data" / "dataset.json").write_text(json.dumps({"folds_by": "centre"}))
    request = Request(folder / "run", settings=FEW, subgroups=("age:60",))
    groups = to_document(evaluate(request))["subgroups"]
    assert [(g["variable"], g["label"]) for g in groups] == [
        ("centre (left out of its training)", "A"), ("centre (left out of its training)", "B"),
        ("lesion volume", groups[2]["label"]), ("lesion volume", groups[3]["label"]),
        ("age", "below 60"), ("age", "60 or above"),
    ]  # fmt: skip
    assert sum(g["patients"] for g in groups[:2]) == 200
    assert groups[0]["metrics"]["harrell_c"]["low"] < groups[0]["metrics"]["harrell_c"]["value"]
