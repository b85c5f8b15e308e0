"""Datasets, runs and cohorts that are small, whole and without a leak."""

import json
import struct

import numpy as np
import pytest
from scipy import ndimage

from pet_mtl.evaluation.cohort import Cohort, Patients
from pet_mtl.files import write_csv, write_json

SIZE = 24
SHARD = "pet_mtl-fold_{}.tfrecord-00000-of-00001"
COLUMNS = ("sample_id", "patient", "fold", "shard", "time_days", "event", "response", "cov_age")


def _field(number, content):
    """A length-delimited field of a protocol buffer."""
    length, size = bytearray(), len(content)
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([number << 3 | 2]) + bytes(length) + bytes([size]) + content


def _record(name, cube):
    """A tf.train.Example with the two features that are looked at."""
    raw = {"context": cube.astype("<f4").tobytes(), "sample_id": name.encode()}
    features = b"".join(
        _field(1, _field(1, key.encode()) + _field(2, _field(1, _field(1, value))))
        for key, value in raw.items()
    )
    return _field(1, features)


def image(seed):
    """A body with organs of its own: smooth blobs with some noise."""
    rng = np.random.default_rng(seed)
    blobs = ndimage.gaussian_filter(rng.normal(size=(SIZE,) * 3), 1.5) * 20
    return (np.maximum(blobs, 0) + 0.05 * rng.random((SIZE,) * 3)).astype(np.float32)


@pytest.fixture(scope="session")
def make_image():
    """An image by its seed."""
    return image


def rows_of(count, folds=3):
    """Patients of one study each, dealt into folds."""
    rng = np.random.default_rng(1)
    return [
        {
            "sample_id": f"{i:016x}",
            "patient": f"{i:016x}",
            "fold": i % folds,
            "shard": SHARD.format(i % folds),
            "time_days": round(float(rng.exponential(500)), 1),
            "event": int(rng.random() < 0.7),
            "response": int(rng.random() < 0.5),
            "cov_age": round(float(rng.normal(60, 10)), 1),
        }
        for i in range(count)
    ]


def write_dataset(folder, rows, cubes):
    """What the checks read of a dataset directory."""
    folder.mkdir(parents=True, exist_ok=True)
    shards = sorted({row["shard"] for row in rows})
    for shard in shards:
        with (folder / shard).open("wb") as file:
            for row, cube in zip(rows, cubes, strict=True):
                if row["shard"] == shard:
                    record = _record(row["sample_id"], cube)
                    file.write(struct.pack("<QI", len(record), 0) + record + bytes(4))
    write_json(
        folder / "dataset.json",
        {
            "schema_version": 1,
            "grids": {"size": SIZE, "fine_mm": 4.0, "context_mm": 8.0},
            "covariates": ["age"],
            "fingerprint": "f" * 64,
            "shards": [{"file": shard} for shard in shards],
        },
    )
    write_csv(folder / "studies.csv", COLUMNS, rows)
    return folder


def write_run(run, rows, fingerprint="f" * 64):
    """A run of that dataset, with what its folds say of themselves."""
    columns = ("sample_id", "fold", "time_days", "event", "response_true", "risk", "response")
    table = [
        {key: row[key] for key in ("sample_id", "fold", "time_days", "event")}
        | {"response_true": row["response"], "risk": 0.1, "response": 0.5}
        for row in rows
    ]
    write_csv(run / "out_of_fold.csv", columns, table)
    plan = {"dataset_fingerprint": fingerprint, "dataset_path": "../dataset"}
    write_json(run / "plan.json", plan | {"config": {"model": {"segmenter": ""}}})
    write_json(run / "dataset.json", {"fingerprint": fingerprint})
    for fold in sorted({row["fold"] for row in rows}):
        folder = run / f"fold_{fold}"
        write_csv(folder / "predictions.csv", columns, [r for r in table if r["fold"] == fold])
        about = {"fold": fold, "dataset_fingerprint": fingerprint}
        write_json(folder / "saved_model" / "assets.extra" / "bundle.json", about)
    return run


@pytest.fixture
def rows():
    """Twelve patients in three folds."""
    return rows_of(12)


@pytest.fixture
def cubes():
    """Their images."""
    return [image(seed) for seed in range(12)]


@pytest.fixture
def make_run(tmp_path):
    """Writes a dataset and a run of it; gives the run."""

    def make(rows, cubes):
        write_dataset(tmp_path / "dataset", rows, cubes)
        return write_run(tmp_path / "run", rows)

    return make


@pytest.fixture
def change():
    """Changes some keys of a JSON file."""

    def changed(path, **keys):
        write_json(path, json.loads(path.read_text()) | keys)

    return changed


@pytest.fixture
def make_cohort():
    """A cohort of patients with outcomes and covariates, of a run without predictions."""

    def make(covariates=None, **known):
        patients = next(iter(known.values()), None)
        patients = 120 if patients is None else len(patients)
        rng = np.random.default_rng(4)
        values = {
            "fold": np.arange(patients) % 3,
            "time_days": rng.exponential(500, patients),
            "event": rng.random(patients) < 0.6,
            "response": rng.random(patients) < 0.4,
        } | known
        nothing = np.full(patients, np.nan)
        people = Patients(
            tuple(f"p{i}" for i in range(patients)),
            **{name: np.asarray(value, np.float64) for name, value in values.items()},
            suv_max=nothing,
            mtv_ml=nothing,
            covariates={
                name: np.asarray(value, np.float64) for name, value in (covariates or {}).items()
            },
        )
        return Cohort(people, nothing, nothing, nothing, "", kind="run")

    return make
