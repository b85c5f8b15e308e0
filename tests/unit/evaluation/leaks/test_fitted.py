"""The dataset that was trained on, and segmenters from elsewhere."""

import dataclasses
import shutil

import pytest

from pet_mtl.evaluation.leaks.evidence import Evidence, gather
from pet_mtl.evaluation.leaks.fitted import check_dataset, check_segmenter, check_threshold
from pet_mtl.files import read_csv, write_csv
from pet_mtl.metrics import Threshold


@pytest.fixture
def evidence(make_run, make_cohort, rows, cubes):
    """Gathers anew what lies in one and the same run."""
    run = make_run(rows, cubes)
    cohort = make_cohort(fold=[row["fold"] for row in rows])
    object.__setattr__(cohort.patients, "ids", tuple(row["sample_id"] for row in rows))
    return lambda: gather(cohort, run, None)


def test_one_fingerprint_everywhere_passes(evidence):
    found = check_dataset(evidence())
    assert found.verdict == "passed"
    assert "plan.json" in found.said and "the dataset" in found.said and "fold 2" in found.said


@pytest.mark.parametrize(
    ("file", "key"),
    [
        ("run/plan.json", "dataset_fingerprint"),
        ("run/dataset.json", "fingerprint"),
        ("dataset/dataset.json", "fingerprint"),
        ("run/fold_1/saved_model/assets.extra/bundle.json", "dataset_fingerprint"),
    ],
)
def test_another_fingerprint_fails(evidence, change, file, key):
    change(evidence().run.parent / file, **{key: "0" * 64})
    found = check_dataset(evidence())
    assert found.verdict == "failed" and "00000000" in found.said and "ffffffff" in found.said


def test_one_fingerprint_alone_tells_nothing(make_cohort, tmp_path):
    told = {"dataset_fingerprint": "f" * 64}
    assert check_dataset(Evidence(make_cohort(), tmp_path, told)).verdict == "not checked"


def _with_segmenter(evidence, change, path):
    change(evidence().run / "plan.json", config={"model": {"segmenter": str(path)}})
    return check_segmenter(evidence())


def test_a_model_with_its_own_mask_passes(evidence):
    assert check_segmenter(evidence()).verdict == "passed"


def test_a_segmenter_of_the_same_folds_passes(evidence, change, tmp_path):
    shutil.copytree(evidence().run, tmp_path / "other")
    found = _with_segmenter(evidence, change, tmp_path / "other")
    assert found.verdict == "passed" and "12 patients of both runs" in found.said


def test_a_segmenter_that_learned_from_the_judged_fails(evidence, change, tmp_path):
    shutil.copytree(evidence().run, tmp_path / "other")
    table = tmp_path / "other" / "out_of_fold.csv"
    rows = read_csv(table)
    rows[5]["fold"] = "0"  # left out with fold 0, learned from by the model of fold 2
    write_csv(table, list(rows[0]), rows)
    found = _with_segmenter(evidence, change, tmp_path / "other")
    assert found.verdict == "failed" and "1 patient is in another fold" in found.said


def test_a_segmenter_that_is_gone_is_not_checked(evidence, change, tmp_path):
    found = _with_segmenter(evidence, change, tmp_path / "gone")
    assert found.verdict == "not checked" and "nobody knows" in found.said


@pytest.mark.parametrize(
    ("kind", "threshold", "verdict", "said"),
    [
        ("run", None, "passed", "other folds"),
        ("predictions", None, "passed", "none is used"),
        ("predictions", Threshold(0.4, "Youden's J of the own run"), "passed", "own run"),
        ("run", Threshold(0.4, "given"), "not checked", "nobody knows"),
    ],
)
def test_who_chose_the_threshold(make_cohort, kind, threshold, verdict, said):
    cohort = dataclasses.replace(make_cohort(), kind=kind, threshold=threshold)
    found = check_threshold(cohort)
    assert found.verdict == verdict and said in found.said


def test_a_run_without_a_plan_is_not_checked(make_cohort, tmp_path):
    assert check_segmenter(Evidence(make_cohort(), tmp_path)).verdict == "not checked"
