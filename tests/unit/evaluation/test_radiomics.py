"""Handcrafted statistics as a baseline: read from a dataset, or cut from studies likewise."""

import dataclasses

import numpy as np
import pytest
import SimpleITK as sitk

from pet_mtl.ablation.handcrafted import read_handcrafted, write_handcrafted
from pet_mtl.evaluation import Known, RadiomicsPlan, Request, Settings, evaluate, to_document
from pet_mtl.evaluation import radiomics as module
from pet_mtl.evaluation.handcrafted import FEATURES, handcrafted
from pet_mtl.evaluation.radiomics import dataset_statistics, grids_of, study_statistics
from pet_mtl.files import read_csv, write_csv, write_json
from pet_mtl.geometry import Grid
from pet_mtl.preprocess.pipeline import Labels, study_to_sample
from pet_mtl.readers.clinical import ClinicalColumns
from pet_mtl.sample import GridPlan
from pet_mtl.study import Outcome, Study
from pet_mtl.tfrecords.dataset import read_info
from pet_mtl.tfrecords.schema import SCHEMA_VERSION, Dimensions
from pet_mtl.tfrecords.shards import Shard
from pet_mtl.tfrecords.write import write_shard

PATIENTS, PLAN = 60, GridPlan(16, 4.0, 8.0)
FEW = Settings(samples=20)


def study(number):
    """A block whose size and heat grow with a hidden number; every tenth is not outlined."""
    rng = np.random.default_rng(number)
    hidden = float(rng.normal())
    suv = rng.uniform(0.5, 1.5, (18, 20, 22)).astype(np.float32)
    mask = np.zeros(suv.shape, bool)
    width = int(np.clip(5 + 1.5 * hidden, 2, 9))
    mask[4 : 4 + width, 5:11, 6:12] = True
    suv[mask] += np.float32(6 + 2 * hidden)
    grid = Grid(suv.shape, (4.0, 3.0, 3.0), (0.0, 0.0, 0.0))
    return Study(f"S{number:03d}", "", suv, grid, mask=None if number % 10 == 9 else mask), hidden


def outcome(number, hidden):
    rng = np.random.default_rng(1000 + number)
    time = float(rng.exponential(300 * np.exp(-1.5 * hidden)))
    return Outcome(time, True, int(rng.random() < 1 / (1 + np.exp(-3 * hidden))))


@pytest.fixture(scope="module")
def cohort():
    found = [study(number) for number in range(PATIENTS)]
    return [(one, outcome(number, hidden)) for number, (one, hidden) in enumerate(found)]


@pytest.fixture(scope="module")
def folder(cohort, tmp_path_factory):
    """A dataset of three folds, a run on it, and the same patients as files."""
    root = tmp_path_factory.mktemp("radiomics")
    samples = [study_to_sample(s, PLAN, Labels(f"{i:016x}", o)) for i, (s, o) in enumerate(cohort)]
    shards = []
    for fold in range(3):
        part = samples[fold::3]
        shard = Shard(fold, 0, 1, tuple(s.sample_id for s in part))
        shards.append(write_shard(root / "data", shard, iter(part), Dimensions(16, 0)).shard)
    cells = [
        {
            "sample_id": s.sample_id, "fold": i % 3, "time_days": s.time_days, "event": 1,
            "response": s.response,
        }
        for i, s in enumerate(samples)
    ]  # fmt: skip
    write_csv(root / "data" / "studies.csv", [*cells[0], "suv_max", "mtv_ml"], cells)
    content = {
        "schema_version": SCHEMA_VERSION, "labels": {}, "covariates": [], "folds": 3, "seed": 0,
        "grids": {"size": 16, "fine_mm": 4.0, "context_mm": 8.0}, "fingerprint": "f" * 64,
        "counts": {"studies": PATIENTS},
        "shards": [{"file": s.name, "records": len(s.sample_ids)} for s in shards],
    }  # fmt: skip
    write_json(root / "data" / "dataset.json", content)
    rng = np.random.default_rng(0)
    rows = [
        {**cell, "response_true": cell["response"], "risk": rng.normal(), "response": rng.random()}
        for cell in cells
    ]
    write_csv(root / "run" / "out_of_fold.csv", list(rows[0]), rows)
    write_json(root / "run" / "plan.json", {"dataset_path": "../data"})
    return root


def test_a_study_is_cut_as_the_dataset_cut_it(cohort, folder):
    table, gap = dataset_statistics(folder / "data", RadiomicsPlan())
    assert gap == "" and len(table) == PATIENTS - PATIENTS // 10
    assert grids_of(folder / "data") == PLAN
    for number in (0, 7, 20):
        found = study_statistics(cohort[number][0], PLAN)
        np.testing.assert_allclose(found, table[f"{number:016x}"], rtol=1e-4, atol=1e-4)
    assert study_statistics(cohort[9][0], PLAN) is None


def test_the_ablation_reads_the_same(folder, tmp_path):
    table, _ = dataset_statistics(folder / "data", RadiomicsPlan())
    write_handcrafted(read_info(folder / "data"), tmp_path / "t.csv", lambda: None)
    names = tuple(f"{number:016x}" for number in range(PATIENTS))
    theirs = read_handcrafted(tmp_path / "t.csv", names)
    for name, row in zip(names, theirs, strict=True):
        np.testing.assert_array_equal(row, table.get(name, np.full(len(FEATURES), np.nan)))


def test_statistics_are_those_of_numpy():
    rng = np.random.default_rng(0)
    suv, mask = rng.uniform(1, 9, (9, 10, 11)), np.zeros((9, 10, 11), bool)
    mask[2:6, 3:8, 2:9] = True
    found = dict(zip(FEATURES, handcrafted(suv, mask, 3.0), strict=True))
    inside = suv[mask].astype(np.float32).astype(float)
    assert found["Mean"] == pytest.approx(np.log(inside.mean()))
    assert found["StandardDeviation"] == pytest.approx(np.log(inside.std(ddof=1)), abs=1e-6)
    assert found["PhysicalSize"] == pytest.approx(np.log(mask.sum() * 27.0))
    assert found["P90"] == pytest.approx(np.percentile(inside, 90), abs=1e-6)


def test_a_run_has_them_as_a_baseline_of_its_other_folds(folder):
    document = to_document(evaluate(Request(folder / "run", settings=FEW)))
    for key, measure in (("survival", "harrell_c"), ("response", "auc")):
        found = document["baselines"][key]["radiomics"]
        assert found[measure]["value"] > 0.6 and found[measure]["patients"] == 54
        assert found["model_minus_baseline"]["value"] < 0
        assert "radiomics" in document["decision"]["response"]["net_benefit"]


def test_they_can_be_left_out(folder):
    request = Request(folder / "run", settings=FEW, radiomics=RadiomicsPlan(wanted=False))
    document = to_document(evaluate(request))
    reasons = {item["what"]: item["reason"] for item in document["absent"]}
    assert "--no-radiomics" in reasons["baselines.survival.radiomics"]
    assert "radiomics" not in document["baselines"].get("survival", {})


def test_they_are_kept_for_the_next_evaluation(folder, tmp_path, monkeypatch):
    plan = RadiomicsPlan(cache=tmp_path / "radiomics.csv")
    first, _ = dataset_statistics(folder / "data", plan)
    monkeypatch.setattr(module, "_measured", lambda dataset: pytest.fail("measured again"))
    again, _ = dataset_statistics(folder / "data", plan)
    assert set(again) == set(first)
    for name, values in first.items():
        np.testing.assert_array_equal(again[name], values)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda row: row | {"dataset_fingerprint": "other"},
        lambda row: row | {"Mean": "many"},
        lambda row: row | {"Mean": ""},
        lambda row: row | {"sample_id": "same"},
        lambda row: {name: cell for name, cell in row.items() if name != "Mean"},
    ],
)
def test_what_was_kept_of_another_dataset_or_is_damaged_is_not_used(folder, tmp_path, spoil):
    plan = RadiomicsPlan(cache=tmp_path / "radiomics.csv")
    first, _ = dataset_statistics(folder / "data", plan)
    rows = read_csv(plan.cache)
    spoilt = [spoil(row) for row in rows]
    write_csv(plan.cache, list(spoilt[0]), spoilt)
    again, _ = dataset_statistics(folder / "data", plan)
    assert list(again) == list(first)
    assert read_csv(plan.cache) == rows


def test_a_dataset_without_its_images_says_why(folder, tmp_path):
    write_csv(tmp_path / "studies.csv", ("sample_id",), [])
    assert "not at hand" in dataset_statistics(tmp_path, RadiomicsPlan())[1]
    (tmp_path / "dataset.json").write_text("{}")
    assert "cannot be read" in dataset_statistics(tmp_path, RadiomicsPlan())[1]
    assert grids_of(tmp_path) is None
    assert dataset_statistics(None, RadiomicsPlan())[1]


def test_predictions_have_them_beside_studies_and_the_training_dataset(folder, tmp_path):
    names = []
    for number in range(200, 230):
        one, _ = study(number)
        if one.mask is not None:
            names.append(one.name)
            for array, path in ((one.suv, "pet"), (one.mask.astype(np.uint8), "mask")):
                image = sitk.GetImageFromArray(array)
                image.SetSpacing(one.grid.spacing_mm[::-1])
                (tmp_path / "studies" / one.name).mkdir(parents=True, exist_ok=True)
                sitk.WriteImage(image, str(tmp_path / "studies" / one.name / f"{path}.nii.gz"))
    known = {name: outcome(int(name[1:]), study(int(name[1:]))[1]) for name in names}
    write_csv(
        tmp_path / "clinical.csv",
        ("who", "time", "event", "response"),
        [
            {"who": n, "time": o.time_days, "event": 1, "response": o.response}
            for n, o in known.items()
        ],
    )
    rng = np.random.default_rng(1)
    write_csv(
        tmp_path / "predictions" / "predictions.csv",
        ("id", "risk", "response"),
        [{"id": name, "risk": rng.normal(), "response": rng.random()} for name in names],
    )
    columns = ClinicalColumns("who", "time", "event", "response")
    request = Request(
        tmp_path / "predictions",
        Known(tmp_path / "clinical.csv", columns, tmp_path / "studies"),
        settings=FEW,
    )
    alone = {i["what"]: i["reason"] for i in to_document(evaluate(request))["absent"]}
    assert "--baselines-from" in alone["baselines.survival.radiomics"]
    document = to_document(evaluate(dataclasses.replace(request, baselines_from=folder / "data")))
    found = document["baselines"]["survival"]["radiomics"]
    assert found["harrell_c"]["patients"] == len(names) and found["harrell_c"]["value"] > 0.6
