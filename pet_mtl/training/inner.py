"""Splitting the training patients once more, for validation that never sees the held-out fold."""

import numpy as np
import tensorflow as tf

from pet_mtl.tfrecords.dataset import DatasetInfo, load_samples
from pet_mtl.training.batches import in_memory

_SHARE = 0.12
_FEWEST = 3


def split_patients(
    info: DatasetInfo, held_out: int, seed: int
) -> tuple[tf.data.Dataset, tf.data.Dataset, tuple[int, int]]:
    """Training and inner validation patients of one fold.

    Patients with and without a mask are split alike.

    Args:
        info: The dataset.
        held_out: The fold that is left out altogether; -1 for none.
        seed: Seed of the split.

    Returns:
        Both datasets, kept in memory, and their numbers of patients.
    """
    folds = [fold for fold in range(info.folds) if fold != held_out]
    rows = {row["sample_id"]: row for row in info.studies() if int(row["fold"]) in folds}
    chosen = _validation_ids(rows, seed)
    table = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(sorted(rows), [i in chosen for i in sorted(rows)]),
        default_value=False,
    )
    patients = load_samples(info, folds)
    training = patients.filter(lambda patient: ~table.lookup(patient["sample_id"]))
    validation = patients.filter(lambda patient: table.lookup(patient["sample_id"]))
    counts = (len(rows) - len(chosen), len(chosen))
    return in_memory(training), in_memory(validation), counts


def _validation_ids(rows: dict[str, dict[str, str]], seed: int) -> set[str]:
    """Every eighth patient or so, of those with and of those without a mask."""
    random = np.random.default_rng(seed)
    chosen: set[str] = set()
    for flag in sorted({row["has_mask"] for row in rows.values()}):
        names = sorted(name for name, row in rows.items() if row["has_mask"] == flag)
        count = min(len(names) - 1, max(_FEWEST, round(_SHARE * len(names))))
        chosen.update(random.permutation(names)[: max(0, count)].tolist())
    return chosen
