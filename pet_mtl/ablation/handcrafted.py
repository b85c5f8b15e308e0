"""Handcrafted statistics of a dataset's patients, in a table of their own."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pet_mtl.evaluation.handcrafted import FEATURES, handcrafted
from pet_mtl.files import read_csv, write_csv
from pet_mtl.tfrecords.dataset import DatasetInfo, load_samples

__all__ = ["FEATURES", "handcrafted", "read_handcrafted", "write_handcrafted"]

Floats = NDArray[np.float64]


def write_handcrafted(info: DatasetInfo, path: Path, progress: Callable[[], None]) -> None:
    """Writes the statistics of all patients of a dataset that have a mask in the fine cube.

    Args:
        info: The dataset.
        path: The CSV file: sample_id and FEATURES.
        progress: Called after each patient.
    """
    rows = []
    for patient in load_samples(info, tuple(range(info.folds))).as_numpy_iterator():
        mask = patient["fine_mask"][..., 0] > 0.5
        if patient["has_mask"] and mask.any():
            values = handcrafted(patient["fine"][..., 0], mask, info.plan.fine_mm)
            cells = {name: float(value) for name, value in zip(FEATURES, values, strict=True)}
            rows.append({"sample_id": patient["sample_id"].decode(), **cells})
        progress()
    write_csv(path, ("sample_id", *FEATURES), rows)


def read_handcrafted(path: Path, samples: tuple[str, ...]) -> Floats:
    """(patients, features), NaN for a patient without a mask."""
    rows = {row["sample_id"]: [float(row[n]) for n in FEATURES] for row in read_csv(path)}
    nothing = [np.nan] * len(FEATURES)
    table = [rows.get(sample, nothing) for sample in samples]
    return np.array(table, np.float64).reshape(len(samples), len(FEATURES))
