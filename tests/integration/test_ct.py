"""The whole way with a CT of some of the patients, by the commands a user types."""

import csv
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pet_mtl.models import load_model

# Trainings, perhaps beside other tests on a busy machine.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

Run = Callable[..., subprocess.CompletedProcess[str]]


def rows(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return {next(iter(row.values())): row for row in csv.DictReader(file)}


def test_mixed_presence(tmp_path: Path, pet_mtl: Run, columns: list[str], quick: list[str]) -> None:
    cohort, dataset, run = (tmp_path / name for name in ("cohort", "set", "run"))
    pet_mtl("phantom", cohort, "--patients", 10, "--seed", 5, "--ct", "--ct-fraction", 0.6)
    have = {path.name for path in (cohort / "studies").iterdir() if (path / "CT").is_dir()}
    assert 2 < len(have) < 9
    table = ("--clinical", cohort / "clinical.csv", *columns)
    small = ("--folds", 2, "--size", 16, "--fine-mm", 6, "--context-mm", 12)
    told = pet_mtl("convert", cohort / "studies", dataset, "--ct", *table, *small)
    assert f"{len(have)} with CT" in told.stdout
    names = {row["sample_id"]: row["name"] for row in rows(tmp_path / "set.ids.csv").values()}
    flags = {names[i]: row["has_ct"] for i, row in rows(dataset / "studies.csv").items()}
    assert {name for name, flag in flags.items() if flag == "1"} == have

    pet_mtl("train", dataset, "-o", run, "--fold", "0", "--set", "model.ct=true", *quick)
    assert "fine_ct" in load_model(run / "fold_0" / "best.keras").input
    assert json.loads((run / "saved_model/assets.extra/bundle.json").read_text())["ct"] is True

    # One patient with CT, the same without it, and one that never had one.
    new = tmp_path / "new"
    one = min(have)
    other = min(set(flags) - have)
    shutil.copytree(cohort / "studies" / one, new / "with")
    shutil.copytree(cohort / "studies" / one, new / "stripped", ignore=lambda d, n: {"CT"} & {*n})
    shutil.copytree(cohort / "studies" / other, new / "never")
    shutil.copytree(cohort / "studies" / one, new / "broken")
    for path in (new / "broken" / "CT").iterdir():
        path.write_bytes(path.read_bytes()[:-100])
    pet_mtl("predict", run, new, "-o", tmp_path / "predictions", "--no-overview")
    found = rows(tmp_path / "predictions" / "predictions.csv")
    warned = {
        name: {c for c in row["warnings"].split() if c[:3] == "CT_"} for name, row in found.items()
    }
    assert warned == {
        "with": set(), "stripped": {"CT_ABSENT"}, "never": {"CT_ABSENT"},
        "broken": {"CT_ABSENT", "CT_PIXELS"},
    }  # fmt: skip
    assert found["with"]["risk"] != found["stripped"]["risk"]
    assert {**found["broken"], "id": "", "warnings": ""} == {
        **found["stripped"], "id": "", "warnings": "",
    }  # fmt: skip


def test_a_dataset_without_ct_cannot_train_a_model_with_ct(
    dataset: Path, tmp_path: Path, pet_mtl: Run
) -> None:
    done = pet_mtl("train", dataset, "-o", tmp_path / "run", "--set", "model.ct=true", code=2)
    assert "MODEL_CT" in done.stderr and "Did you mean model.ct = false?" in done.stderr
    assert "Traceback" not in done.stderr
