"""Phantom to dataset to run to predictions to report, by the commands a user types."""

import csv
import itertools
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import tensorflow as tf

from pet_mtl.models import load_model

# Trainings, perhaps beside other tests on a busy machine.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run_dir(dataset: Path, pet_mtl: Run, quick: list[str]) -> Path:
    folder = dataset.parent / "run"
    pet_mtl("train", dataset, "-o", folder, "--fold", "all", *quick)
    return folder


@pytest.fixture(scope="module")
def predictions(run_dir: Path, cohort: Path, pet_mtl: Run) -> Path:
    folder = run_dir.parent / "predictions"
    table = ("--clinical", cohort / "clinical.csv", "--id-column", "patient_id")
    pet_mtl(
        "predict",
        run_dir,
        cohort / "studies",
        "-o",
        folder,
        "--no-overview",
        *table,
        "--no-abstain",
    )
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_patient_is_predicted_once_by_a_model_that_never_saw_it(
    run_dir: Path, dataset: Path
) -> None:
    table = rows(run_dir / "out_of_fold.csv")
    studies = {row["sample_id"]: row for row in rows(dataset / "studies.csv")}
    assert sorted(row["sample_id"] for row in table) == sorted(studies)
    assert all(row["fold"] == studies[row["sample_id"]]["fold"] for row in table)
    for row in table:
        assert np.isfinite(float(row["risk"])) and 0 < float(row["response"]) < 1
        without = studies[row["sample_id"]]["has_mask"] == "0"
        assert (row["dice"] == "") == (row["true_volume_ml"] == "") == without
        curve = [float(row[name]) for name in row if name.startswith("survival_") and row[name]]
        assert curve and all(1 >= a >= b >= 0 for a, b in itertools.pairwise(curve))


def test_run_directory_holds_what_is_promised(run_dir: Path, dataset: Path) -> None:
    plan = json.loads((run_dir / "plan.json").read_text())
    known = json.loads((dataset / "dataset.json").read_text())
    assert plan["dataset_fingerprint"] == known["fingerprint"]
    assert plan["config"]["stage"]["mask_steps"] == 12
    bundle = json.loads((run_dir / "saved_model/assets.extra/bundle.json").read_text())
    (age,) = known["covariate_schema"]
    assert (age["unit"], age["known"]) == ("years", known["counts"]["studies"])
    assert plan["covariate_schema"] == known["covariate_schema"] == bundle["covariate_schema"]
    for fold in range(3):
        folder = run_dir / f"fold_{fold}"
        stages = {row["stage"] for row in rows(folder / "metrics.csv")}
        # So short a training may outline nothing, and is then begun anew.
        assert stages in ({"mask", "joint"}, {"mask", "mask_again", "joint"})
        assert list(folder.glob("state/tensorboard/*/train/events*"))
        load_model(folder / "best.keras")


def test_exported_model_averages_the_folds(run_dir: Path) -> None:
    rng = np.random.default_rng(0)
    inputs = {
        name: rng.random((2, 16, 16, 16, 1)).astype(np.float32) * 5 for name in ("fine", "context")
    }
    inputs["clinical"] = np.array([[61.0], [0.0]], np.float32)
    inputs["clinical_known"] = np.array([[1.0], [0.0]], np.float32)
    served = tf.saved_model.load(str(run_dir / "saved_model")).signatures["serving_default"]
    ours = served(**{name: tf.constant(value) for name, value in inputs.items()})
    members = [load_model(run_dir / f"fold_{k}" / "best.keras") for k in range(3)]
    each = [model(inputs) for model in members]
    mask = np.mean([tf.sigmoid(outputs["mask"]) for outputs in each], axis=0)
    baselines = [model.get_layer("survival").baseline for model in members]
    above = [out["survival"] - base for out, base in zip(each, baselines, strict=True)]
    risk = np.mean([np.mean(logits, axis=-1) for logits in above], axis=0)
    assert ours["mask"].numpy() == pytest.approx(mask, abs=1e-5)
    assert ours["risk"].numpy() == pytest.approx(risk, abs=1e-5)


def test_predictions_lie_in_the_patients_own_geometry(predictions: Path, cohort: Path) -> None:
    table = rows(predictions / "predictions.csv")
    assert [row["id"] for row in table] == [f"PH_{n:04d}" for n in range(1, 25)]
    pet = sitk.ReadImage(str(cohort / "studies" / "PH_0001" / "PET_image.nii.gz"))
    mask = sitk.ReadImage(str(predictions / "PH_0001" / "mask.nii.gz"))
    assert mask.GetSize() == pet.GetSize()
    assert mask.GetOrigin() == pytest.approx(pet.GetOrigin(), abs=1e-4)
    said = json.loads((predictions / "PH_0001" / "prediction.json").read_text())
    voxel_ml = np.prod(mask.GetSpacing()) / 1000
    volume = float(sitk.GetArrayFromImage(mask).sum()) * voxel_ml
    assert said["volume_ml"] == pytest.approx(volume, rel=1e-3, abs=1e-3)


def test_evaluation_of_run_and_of_predictions(
    run_dir: Path, predictions: Path, dataset: Path, pet_mtl: Run, columns: list[str]
) -> None:
    cohort = dataset.parent / "phantoms"
    table = cohort / "clinical.csv"
    pet_mtl("evaluate", run_dir, "--truth", cohort / "truth.csv", "-o", run_dir / "evaluation")
    judged = (
        *("evaluate", predictions, "--clinical", table, *columns),
        *("--studies", cohort / "studies", "--baselines-from", dataset),
        *("-o", predictions.parent / "evaluation"),
    )
    done = pet_mtl(*judged, code=1)  # the model learned from these very patients
    assert "leak checks failed: trained_on_judged" in done.stderr
    pet_mtl(*judged, "--allow-leaks")
    for folder in (run_dir / "evaluation", predictions.parent / "evaluation"):
        found = json.loads((folder / "evaluation.json").read_text())
        for group, name in (("survival", "harrell_c"), ("response", "auc"), ("mask", "dice")):
            interval = found["metrics"][group][name]
            assert 0 <= interval["low"] <= interval["value"] <= interval["high"] <= 1
        assert found["oracle"]["response"]["logit"]["auc"]["value"] > 0.5
        assert "<html" in (folder / "report.html").read_text().lower()


def test_the_same_command_again_does_nothing(
    run_dir: Path, dataset: Path, pet_mtl: Run, quick: list[str]
) -> None:
    before = (run_dir / "fold_0" / "best.keras").stat().st_mtime_ns
    done = pet_mtl("train", dataset, "-o", run_dir, "--fold", "all", *quick)
    assert "already trained" in done.stderr
    assert (run_dir / "fold_0" / "best.keras").stat().st_mtime_ns == before


def test_another_configuration_is_not_mixed_in(
    run_dir: Path, dataset: Path, pet_mtl: Run, quick: list[str]
) -> None:
    done = pet_mtl("train", dataset, "-o", run_dir, "--set", "seed=9", *quick, code=2)
    assert "RUN_OTHER_PLAN" in done.stderr and "--overwrite" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--fold", "7"], "FOLD_UNKNOWN"),
        (["--fold", "x"], "FOLD_UNKNOWN"),
        (["--set", "stage.mask_step=1"], "Did you mean"),
    ],
)
def test_wrong_usage_of_train(
    dataset: Path, tmp_path: Path, pet_mtl: Run, arguments: list[str], said: str
) -> None:
    done = pet_mtl("train", dataset, "-o", tmp_path / "run", *arguments, code=2)
    assert said in done.stderr and "Traceback" not in done.stderr
