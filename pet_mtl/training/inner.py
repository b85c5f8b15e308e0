"""Splitting the training patients once more, for validation that never sees the held-out fold."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from pet_mtl.tfrecords.dataset import DatasetInfo, load_samples
from pet_mtl.training.batches import in_memory

_SHARE = 0.12
# Choosing weights by fewer patients than this would be choosing by chance.
_FEWEST = 6


@dataclass(frozen=True)
class InnerSplit:
    """The training patients of one fold, split once more.

    Attributes:
        training: Patients that are learned from.
        validation: Patients that choose the best weights; may be empty.
        training_rows: Their rows of studies.csv.
        validation_rows: Likewise.
    """

    training: tf.data.Dataset
    validation: tf.data.Dataset
    training_rows: tuple[dict[str, str], ...]
    validation_rows: tuple[dict[str, str], ...]


def split_patients(info: DatasetInfo, held_out: int, seed: int) -> InnerSplit:
    """Training and inner validation patients of one fold.

    Patients with and without a mask are split alike. Where too few would be left to choose
    weights by, all are learned from, and the last weights count.

    Args:
        info: The dataset.
        held_out: The fold that is left out altogether; -1 for none.
        seed: Seed of the split.

    Returns:
        Both sides, kept in memory.
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
    return InnerSplit(
        in_memory(training),
        in_memory(validation),
        tuple(row for name, row in rows.items() if name not in chosen),
        tuple(row for name, row in rows.items() if name in chosen),
    )


def _validation_ids(rows: dict[str, dict[str, str]], seed: int) -> set[str]:
    """Every eighth patient or so, of those with and of those without a mask."""
    random = np.random.default_rng(seed)
    chosen: set[str] = set()
    masked = [name for name in sorted(rows) if rows[name]["has_mask"] == "1"]
    others = [name for name in sorted(rows) if rows[name]["has_mask"] != "1"]
    if round(_SHARE * len(masked or others)) < _FEWEST:
        return set()
    for names in (masked, others):
        count = round(_SHARE * len(names))
        chosen.update(random.permutation(names)[:count].tolist())
    return chosen
