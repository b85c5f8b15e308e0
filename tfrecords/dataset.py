"""A dataset directory, opened: what it holds, and its samples as a tf.data pipeline."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import tensorflow as tf

from pet_mtl.classes import class_count
from pet_mtl.covariates import Covariate, schema_from
from pet_mtl.errors import DatasetError
from pet_mtl.files import read_csv
from pet_mtl.sample import GridPlan
from pet_mtl.tfrecords.decode import Tensors, decode_record
from pet_mtl.tfrecords.relabel import Outcomes
from pet_mtl.tfrecords.schema import SCHEMA_VERSION, Dimensions

# TensorFlow's own default, which it announces where it is not given.
_READ_BYTES = 1 << 18
_NOT_FLOAT = ("sample_id", "fold")


@dataclass(frozen=True)
class DatasetInfo:
    """What `dataset.json` says.

    Attributes:
        path: The dataset directory.
        plan: The two cubes.
        folds: Number of folds.
        covariates: Names of the clinical covariates, in the order of the feature `clinical`.
        labels: "time", "event", "response" to the column of the clinical table; only those given.
        fingerprint: SHA-256 over all records.
        seed: Seed the folds were dealt with.
        counts: studies, rejected, with_mask, with_survival, with_response; with_ct if it has CT.
        shards: File name to number of records, ordered by fold and index.
        schema: The covariates that `covariates` encode.
        channels: "suv", and "ct_hu" if the dataset was made with CT.
        elsewhere: Cubes cut away from the lesion that a record has room for.
        outcomes: Outcomes read in place of the recorded ones, or None.
        response_classes: Names of the classes of the response in their order; empty for two
            classes without a name.
    """

    path: Path
    plan: GridPlan
    folds: int
    covariates: tuple[str, ...]
    labels: dict[str, str]
    fingerprint: str
    seed: int
    counts: dict[str, int]
    shards: dict[str, int]
    schema: tuple[Covariate, ...] = ()
    channels: tuple[str, ...] = ("suv",)
    elsewhere: int = 0
    outcomes: Outcomes | None = None
    response_classes: tuple[str, ...] = ()

    @property
    def classes(self) -> int:
        """Number of classes of the response."""
        return class_count(self.response_classes)

    @property
    def has_ct(self) -> bool:
        """Whether the records hold CT, where a patient has one."""
        return "ct_hu" in self.channels

    def without_ct(self) -> "DatasetInfo":
        """The same dataset, read without its CT."""
        return replace(self, channels=("suv",))

    def with_outcomes(self, outcomes: Outcomes) -> "DatasetInfo":
        """The same dataset, read with other outcomes than the recorded ones."""
        return replace(self, outcomes=outcomes)

    @property
    def dimensions(self) -> Dimensions:
        """What the symbolic sizes of the schema stand for here."""
        return Dimensions(self.plan.size, len(self.covariates), self.has_ct, self.elsewhere)

    def studies(self) -> list[dict[str, str]]:
        """The rows of studies.csv, ordered by fold, shard and place."""
        rows = read_csv(self.path / "studies.csv")
        return [self.outcomes.in_row(row) for row in rows] if self.outcomes else rows

    def files(self, fold: int) -> list[str]:
        """The shard files of one fold."""
        return [str(self.path / name) for name in self.shards if f"-fold_{fold}." in name]


def read_info(dataset_dir: Path) -> DatasetInfo:
    """Reads `dataset.json`, whose presence means that the dataset is complete.

    Args:
        dataset_dir: The dataset directory.

    Returns:
        What it holds.

    Raises:
        DatasetError: No dataset there, an unfinished one, one of another schema version, or a
            shard is missing.
    """
    path = dataset_dir / "dataset.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        _check_version(content["schema_version"])
        info = _info(dataset_dir, content)
    except FileNotFoundError as error:
        raise DatasetError(
            "DATASET_MISSING",
            "there is no finished dataset here",
            expected="a folder with dataset.json, as `pet-mtl convert` writes it",
            todo="Run `pet-mtl convert`; after an interruption the same command goes on",
            subject=str(dataset_dir),
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(
            "DATASET_DAMAGED",
            "dataset.json cannot be read",
            found=type(error).__name__,
            todo="Convert again into an empty folder",
            subject=str(path),
        ) from error
    absent = [name for name in info.shards if not (dataset_dir / name).is_file()]
    if absent:
        raise DatasetError(
            "DATASET_SHARD_MISSING",
            f"{len(absent)} of {len(info.shards)} shards are missing, such as {absent[0]}",
            todo="Copy the whole folder, or convert again",
            subject=str(dataset_dir),
        )
    return info


def _check_version(found: Any) -> None:
    if found != SCHEMA_VERSION:
        raise DatasetError(
            "DATASET_VERSION",
            "the dataset was written by another version of pet-mtl",
            expected=f"schema version {SCHEMA_VERSION}",
            found=str(found),
            todo="Convert again",
        )


def _info(dataset_dir: Path, content: dict[str, Any]) -> DatasetInfo:
    """Picks what later steps need out of dataset.json."""
    return DatasetInfo(
        path=dataset_dir,
        plan=GridPlan(**content["grids"]),
        folds=int(content["folds"]),
        covariates=tuple(content["covariates"]),
        labels=dict(content["labels"]),
        fingerprint=str(content["fingerprint"]),
        seed=int(content["seed"]),
        counts={key: int(value) for key, value in content["counts"].items()},
        shards={shard["file"]: int(shard["records"]) for shard in content["shards"]},
        schema=schema_from(content),
        channels=tuple(content.get("channels", ["suv"])),
        elsewhere=int(content.get("elsewhere", 0)),
        response_classes=tuple(map(str, content.get("response_classes", []))),
    )


def load_samples(info: DatasetInfo, folds: Sequence[int]) -> tf.data.Dataset:
    """Single decoded samples of some folds, always in the same order.

    Args:
        info: The dataset.
        folds: Folds to read, in this order.

    Returns:
        Dicts of `sample_id` (string), `fold` (int32), and as float32: `fine`, `context`,
        `*_valid`, `*_mask` of shape (size, size, size, 1), `centre_mm` (3,), `clinical`,
        `clinical_known` (covariates,), and the scalars `time_days`, `event`, `response`,
        `has_mask`, `has_survival`, `has_response` (0 where absent); with CT
        also the cubes `*_ct` (HU) and `*_ct_valid`, and `has_ct`; with cubes cut away from the
        lesion also `elsewhere*` (elsewhere, size, size, size, 1) and `has_elsewhere`.

    Raises:
        DatasetError: A fold that the dataset does not have.
    """
    unknown = sorted(set(folds) - set(range(info.folds)))
    if unknown:
        raise DatasetError(
            "DATASET_NO_FOLD",
            "the dataset has no such fold",
            expected=f"0 to {info.folds - 1}",
            found=", ".join(map(str, unknown)),
            subject=str(info.path),
        )
    files = [name for fold in folds for name in info.files(fold)]
    records = tf.data.TFRecordDataset(tf.constant(files, tf.string), buffer_size=_READ_BYTES)
    # Bound here: the graph must not look up attributes of `info` later.
    dimensions = info.dimensions
    samples = records.map(
        lambda record: as_training_input(decode_record(record, dimensions)),
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=True,
    )
    return info.outcomes.in_samples(samples) if info.outcomes else samples


def as_training_input(tensors: Tensors) -> Tensors:
    """Casts a decoded record to what training reads; time and event must both be known.

    Args:
        tensors: What `decode_record` returned.

    Returns:
        float32 tensors, `has_time` and `has_event` joined to `has_survival`.
    """
    result = {
        name: value if name in _NOT_FLOAT else tf.cast(value, tf.float32)
        for name, value in tensors.items()
    }
    result["has_survival"] = result.pop("has_time") * result.pop("has_event")
    return result
