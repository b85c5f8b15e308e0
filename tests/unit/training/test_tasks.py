"""Models with some of the tasks train, predict their fold and leave as bundles."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from pet_mtl.config import ModelConfig, StageConfig, TrainConfig
from pet_mtl.errors import StudyError
from pet_mtl.export import load_predictor
from pet_mtl.files import read_csv, write_csv, write_json
from pet_mtl.sample import Patch, Sample
from pet_mtl.tfrecords.dataset import DatasetInfo, read_info
from pet_mtl.tfrecords.schema import SCHEMA_VERSION, Dimensions
from pet_mtl.tfrecords.shards import Shard
from pet_mtl.tfrecords.write import write_shard
from pet_mtl.training.fold import FoldJob, train_fold

SIZE, PATIENTS = 16, 8
SMALL = ModelConfig(
    learned=True, filters=(2, 4), groups=2, embedding=2, clinical=False, radiomics=False
)
SHORT = StageConfig(batch_size=2, mask_steps=1, joint_steps=1, validate_every=1)


def patient(number: int) -> Sample:
    """Random uptake around a bright block, which is the lesion of every second patient."""
    rng = np.random.default_rng(number)
    lesion = np.zeros((SIZE,) * 3, bool)
    lesion[5:11, 5:11, 5:11] = True
    cubes = [
        Patch(
            (rng.random(lesion.shape) + 6 * lesion).astype(np.float32),
            np.ones_like(lesion),
            lesion if number % 2 else None,
        )
        for _ in range(2)
    ]
    return Sample(
        *(f"{number:016x}", *cubes, (0.0, 0.0, 0.0), 100.0 + number, number % 3 > 0, number % 2),
        np.zeros(0, np.float32),
        np.zeros(0, bool),
    )


@pytest.fixture(scope="module")
def info(tmp_path_factory: pytest.TempPathFactory) -> DatasetInfo:
    path = tmp_path_factory.mktemp("dataset")
    samples = [patient(number) for number in range(PATIENTS)]
    halves = samples[: PATIENTS // 4], samples[PATIENTS // 4 :]
    shards = [
        write_shard(
            path,
            Shard(fold, 0, 1, tuple(one.sample_id for one in half)),
            iter(half),
            Dimensions(SIZE, 0),
        ).shard
        for fold, half in enumerate(halves)
    ]
    rows = [
        {
            "sample_id": one.sample_id, "fold": fold, "has_mask": int(one.fine.mask is not None),
            "has_survival": 1, "has_response": 1, "time_days": one.time_days,
            "event": int(bool(one.event)),
        }
        for fold, half in enumerate(halves) for one in half
    ]  # fmt: skip
    write_csv(path / "studies.csv", list(rows[0]), rows)
    content = {
        "schema_version": SCHEMA_VERSION, "labels": {}, "covariates": [], "folds": 2, "seed": 0,
        "grids": {"size": SIZE, "fine_mm": 3.0, "context_mm": 6.0}, "fingerprint": "f",
        "counts": {"studies": PATIENTS},
        "shards": [{"file": s.name, "records": len(s.sample_ids)} for s in shards],
    }  # fmt: skip
    write_json(path / "dataset.json", content)
    return read_info(path)


@pytest.mark.parametrize(
    ("tasks", "filled"),
    [
        (("survival",), {"risk"}),
        (("mask", "response"), {"response", "volume_ml", "dice"}),
    ],
)
def test_what_is_learned_is_what_is_predicted(
    tasks: tuple[str, ...], filled: set[str], info: DatasetInfo, tmp_path: Path
) -> None:
    model = dataclasses.replace(SMALL, tasks=tasks)
    if "mask" not in tasks:
        model = dataclasses.replace(model, pool=("all",))
    train_fold(FoldJob(info, TrainConfig(model, stage=SHORT), 0, tmp_path), lambda _: None)
    rows = read_csv(tmp_path / "predictions.csv")
    assert len(rows) == PATIENTS // 4
    for name in ("risk", "response", "volume_ml"):
        assert all((row[name] != "") == (name in filled) for row in rows), name
    assert any(row["dice"] for row in rows) == ("dice" in filled)
    assert any(name.startswith("survival_") for name in rows[0]) == ("survival" in tasks)
    predictor = load_predictor(tmp_path / "saved_model")
    cube = np.ones((1, SIZE, SIZE, SIZE, 1), np.float32)
    wanted = {name for name in tasks if name != "reconstruction"}
    wanted |= {"risk"} if "survival" in tasks else set()
    assert set(predictor.predict(cube, cube)) == wanted
    assert bool(predictor.edges_days) == ("survival" in tasks)
    if "mask" in tasks:
        assert predictor.context_mask(cube).shape == cube.shape
        return
    with pytest.raises(StudyError, match="MODEL_NO_MASK"):
        predictor.context_mask(cube)
