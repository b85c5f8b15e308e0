"""Splitting the training patients once more, for validation that never sees the held-out fold."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from pet_mtl.tfrecords.dataset import DatasetInfo, load_samples
from pet_mtl.training.batches import in_memory

_SHARE = 0.12
# Choosing weights by fewer patients than this would be choosing by chance.
_FEWEST = 6

Row = Mapping[str, str]


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

    Patients with and without a mask, an event and a response are split alike, and all studies of
    a patient are on one side. Where too few would be left to choose weights by, all are learned
    from, and the last weights count.

    Args:
        info: The dataset.
        held_out: The fold that is left out altogether; -1 for none.
        seed: Seed of the split.

    Returns:
        Both sides, kept in memory.
    """
    folds = [fold for fold in range(info.folds) if fold != held_out]
    rows = {row["sample_id"]: row for row in info.studies() if int(row["fold"]) in folds}
    chosen = validation_ids(rows, seed)
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


def validation_ids(rows: Mapping[str, Row], seed: int) -> set[str]:
    """About every eighth patient, of every kind of patient.

    Patients are ordered by what is known of them and at random within; each is then taken at
    equal distances. So every kind is represented by its share, to within one patient.

    Args:
        rows: Pseudonym to row of studies.csv.
        seed: Seed of the order.

    Returns:
        Pseudonyms of the chosen studies, all of a patient or none; empty if too few would be.
    """
    random = np.random.default_rng(seed)
    patients: dict[str, list[str]] = defaultdict(list)
    for name in sorted(rows):
        patients[rows[name].get("patient") or name].append(name)
    kinds = {p: _kind([rows[name] for name in names]) for p, names in patients.items()}
    masked = [patient for patient in sorted(kinds) if kinds[patient][0]]
    others = [patient for patient in sorted(kinds) if not kinds[patient][0]]
    if round(_SHARE * len(masked or others)) < _FEWEST:
        return set()
    chosen: set[str] = set()
    for group in (masked, others):
        count = round(_SHARE * len(group))
        mixed = sorted(random.permutation(group).tolist(), key=lambda patient: kinds[patient][1:])
        places = ((np.arange(count) + random.random()) * len(group) / max(1, count)).astype(int)
        chosen.update(name for place in places for name in patients[mixed[place]])
    return chosen


def _kind(rows: list[Row]) -> tuple[bool, str, str]:
    """Whether a patient has a mask, and event and response, each empty if unknown."""
    masked = any(row["has_mask"] == "1" for row in rows)
    known = [row for row in rows if row.get("has_survival") == "1"]
    event = max((row.get("event", "") for row in known), default="")
    return masked, event, max(row.get("response", "") for row in rows)
