"""A response of three classes, from the records to the bundle and its out-of-fold table."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from pet_mtl.config import LossConfig, ModelConfig, OutputConfig, StageConfig, TrainConfig
from pet_mtl.export import load_predictor
from pet_mtl.files import read_csv, write_csv, write_json
from pet_mtl.metrics import macro_auc
from pet_mtl.models import classes_of, load_model
from pet_mtl.sample import Patch, Sample
from pet_mtl.tfrecords.dataset import DatasetInfo, read_info
from pet_mtl.tfrecords.schema import SCHEMA_VERSION, Dimensions
from pet_mtl.tfrecords.shards import Shard
from pet_mtl.tfrecords.write import write_shard
from pet_mtl.training.fold import FoldJob, train_fold
from pet_mtl.training.run import _collect, fold_folder

SIZE, PATIENTS, NAMES = 16, 24, ("CR", "SD", "PD")
TINY = TrainConfig(
    ModelConfig(
        tasks=("survival", "response"), pool=("all",), learned=True, radiomics=False,
        filters=(2, 4), groups=2, embedding=2, clinical=False,
    ),
    stage=StageConfig(batch_size=4, mask_steps=1, joint_steps=1, validate_every=1),
    loss=LossConfig(balance_response=True),
    output=OutputConfig(coverage=0.5),
)  # fmt: skip


def patient(number: int) -> Sample:
    """A bright block that is hotter the higher the class; every eighth has no response."""
    rng = np.random.default_rng(number)
    lesion = np.zeros((SIZE,) * 3, bool)
    lesion[5:11, 5:11, 5:11] = True
    label = number % 3
    suv = (rng.random(lesion.shape) + (4 + 8 * label) * lesion).astype(np.float32)
    cubes = [Patch(suv, np.ones_like(lesion), lesion) for _ in range(2)]
    return Sample(
        f"{number:016x}", *cubes, (0.0, 0.0, 0.0), 100.0 + number, number % 2 > 0,
        None if number % 8 == 7 else label, np.zeros(0, np.float32), np.zeros(0, bool),
    )  # fmt: skip


@pytest.fixture(scope="module")
def info(tmp_path_factory: pytest.TempPathFactory) -> DatasetInfo:
    path = tmp_path_factory.mktemp("dataset")
    samples = [patient(number) for number in range(PATIENTS)]
    halves = samples[: PATIENTS // 2], samples[PATIENTS // 2 :]
    shards = [
        write_shard(
            path, Shard(fold, 0, 1, tuple(s.sample_id for s in half)), iter(half),
            Dimensions(SIZE, 0),
        ).shard
        for fold, half in enumerate(halves)
    ]  # fmt: skip
    rows = [
        {
            "sample_id": one.sample_id, "patient": one.sample_id, "fold": fold, "has_mask": 1,
            "has_survival": 1, "has_response": int(one.response is not None),
            "time_days": one.time_days, "event": int(bool(one.event)),
            "response": "" if one.response is None else one.response,
        }
        for fold, half in enumerate(halves) for one in half
    ]  # fmt: skip
    write_csv(path / "studies.csv", list(rows[0]), rows)
    content = {
        "schema_version": SCHEMA_VERSION, "labels": {}, "covariates": [], "folds": 2, "seed": 0,
        "grids": {"size": SIZE, "fine_mm": 3.0, "context_mm": 6.0}, "fingerprint": "f",
        "counts": {"studies": PATIENTS}, "response_classes": list(NAMES),
        "shards": [{"file": s.name, "records": len(s.sample_ids)} for s in shards],
    }  # fmt: skip
    write_json(path / "dataset.json", content)
    return read_info(path)


@pytest.fixture(scope="module")
def run(info: DatasetInfo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one fold, and its bundle."""
    path = tmp_path_factory.mktemp("run")
    said: list[str] = []

    def report(told: object) -> None:
        said.append(str(told))

    train_fold(FoldJob(info, TINY, 0, fold_folder(path, 0)), report)
    assert any("penalty survival" in line and "response" in line for line in said)
    _collect(path, info, TINY, report)
    assert any(line.startswith("calibration: response: not recalibrated") for line in said)
    return path


def test_a_dataset_without_names_has_two_classes(info: DatasetInfo) -> None:
    assert info.classes == 3
    assert dataclasses.replace(info, response_classes=()).classes == 2


def test_each_class_has_a_column_and_the_most_probable_one_is_named(run: Path) -> None:
    rows = read_csv(run / "out_of_fold.csv")
    assert len(rows) == PATIENTS // 2
    for row in rows:
        number = int(row["sample_id"], 16)
        each = [float(row[f"response_{k}"]) for k in range(3)]
        assert sum(each) == pytest.approx(1, abs=1e-5)
        assert row["response"] == NAMES[int(np.argmax(each))]
        assert row["response_true"] == ("" if number % 8 == 7 else str(number % 3))
    known = [row for row in rows if row["response_true"]]
    told = np.array([[float(row[f"response_{k}"]) for k in range(3)] for row in known])
    # The uptake tells the class without doubt, and the heads read it.
    assert macro_auc([int(row["response_true"]) for row in known], told) > 0.7


def test_the_bundle_says_a_probability_a_class(run: Path) -> None:
    assert classes_of(load_model(fold_folder(run, 0) / "best.keras")) == 3
    predictor = load_predictor(run)
    assert predictor.response_classes == NAMES
    assert json.loads((run / "run.json").read_text())["response_classes"] == list(NAMES)
    cube = np.ones((2, SIZE, SIZE, SIZE, 1), np.float32)
    found = predictor.predict(cube, cube)
    assert found["response"].shape == (2, 3)
    assert found["response"].sum(axis=1) == pytest.approx([1, 1], abs=1e-5)
    # Eleven patients are too few for sets, and the reason is told by class.
    assert predictor.trust.sets is None and "4, 3, 4 of each class" in predictor.trust.said[0]
