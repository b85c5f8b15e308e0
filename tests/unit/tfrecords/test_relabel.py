"""Outcomes put in the place of the recorded ones."""

import numpy as np
import tensorflow as tf

from pet_mtl.study import Outcome
from pet_mtl.tfrecords.relabel import Outcomes

DRAWN = Outcomes(
    {
        "a": Outcome(120.5, True, 0),
        "b": Outcome(30.0, False, None),
        "c": Outcome(None, True, 1),  # an event without its time is no survival
    }
)
RECORDED = {"time_days": "9", "event": "1", "response": "1", "has_survival": "1",
            "has_response": "1", "fold": "2"}  # fmt: skip
CELLS = {
    "a": (120.5, 1.0, 0.0, 1.0, 1.0),
    "b": (30.0, 0.0, 0.0, 1.0, 0.0),
    "c": (0.0, 0.0, 1.0, 0.0, 1.0),
    "stranger": (0.0, 0.0, 0.0, 0.0, 0.0),
}
NAMES = ("time_days", "event", "response", "has_survival", "has_response")


def samples(names: list[str]) -> tf.data.Dataset:
    count = len(names)
    columns = {name: np.full(count, 7.0, np.float32) for name in NAMES}
    return tf.data.Dataset.from_tensor_slices(
        {"sample_id": names, "fine": np.arange(count), **columns}
    )


def test_samples_and_rows_say_the_same():
    for sample in DRAWN.in_samples(samples(list(CELLS))).as_numpy_iterator():
        name = sample["sample_id"].decode()
        assert tuple(float(sample[n]) for n in NAMES) == CELLS[name]
        row = DRAWN.in_row({**RECORDED, "sample_id": name})
        assert tuple(float(row[n] or 0) for n in NAMES) == CELLS[name]
        assert row["fold"] == "2"


def test_what_is_unknown_is_empty_in_rows():
    row = DRAWN.in_row({**RECORDED, "sample_id": "b"})
    assert (row["response"], row["has_response"], row["time_days"]) == ("", "0", "30")


def test_the_rest_of_a_sample_stays():
    found = list(DRAWN.in_samples(samples(["b", "a"])).as_numpy_iterator())
    assert [int(one["fine"]) for one in found] == [0, 1]


def test_without_any_outcome_nobody_has_a_label():
    for sample in Outcomes({}).in_samples(samples(["a"])).as_numpy_iterator():
        assert all(sample[name] == 0 for name in NAMES)
