"""Batches with CT, and what is refused."""

import numpy as np
import pytest
import tensorflow as tf

from pet_mtl.config import TrainConfig, load_train_config
from pet_mtl.errors import ConfigError
from pet_mtl.files import write_json
from pet_mtl.training.batches import BatchPlan, in_memory, plain_batches, training_batches
from pet_mtl.training.run import Selection, train

SIZE = 4


def patients(flags=(1.0, 0.0)):
    """Patients as decoded; what a patient without CT holds in its place must not be read."""
    rng = np.random.default_rng(0)
    rows = []
    for flag in flags:
        cube = (SIZE,) * 3 + (1,)
        row = {
            n: rng.random(cube) for s in ("fine", "context") for n in (s, f"{s}_valid", f"{s}_mask")
        }
        row |= {f"{s}_ct": rng.normal(0, 300, cube) for s in ("fine", "context")}
        row |= {f"{s}_ct_valid": rng.integers(0, 2, cube) for s in ("fine", "context")}
        row |= {n: 1.0 for n in ("has_mask", "has_survival", "has_response", "time_days")}
        row |= {"event": 1.0, "response": 0.0, "has_ct": flag}
        rows.append(row)
    columns = {n: np.stack([row[n] for row in rows]).astype(np.float32) for n in rows[0]}
    return tf.data.Dataset.from_tensor_slices(columns), columns


def test_the_model_gets_hu_and_where_they_are_known():
    data, rows = patients()
    plan = BatchPlan(2, False, 30.0, 0, ct=True)
    inputs, _, _ = next(iter(plain_batches(in_memory(data), plan)))
    assert sorted(inputs) == ["context", "context_ct", "fine", "fine_ct"]
    for scale in ("fine", "context"):
        ct = inputs[f"{scale}_ct"].numpy()
        np.testing.assert_array_equal(ct[..., :1], rows[f"{scale}_ct"])
        np.testing.assert_array_equal(ct[0, ..., 1:], rows[f"{scale}_ct_valid"][0])
        assert not ct[1, ..., 1].any()  # the flag decides


def test_a_model_without_ct_does_not_get_it():
    data, _ = patients()
    inputs, _, _ = next(iter(plain_batches(in_memory(data), BatchPlan(2, False, 30.0, 0))))
    assert sorted(inputs) == ["context", "fine"]


def test_training_batches_are_those_of_the_same_seed():
    data, _ = patients((1.0, 1.0, 0.0))
    plan = BatchPlan(3, False, 30.0, 5, ct=True)
    one, two = (next(iter(training_batches(in_memory(data), 3, (), plan)))[0] for _ in range(2))
    for name, value in one.items():
        np.testing.assert_array_equal(value, two[name])


@pytest.mark.parametrize(
    ("channels", "counts"),
    [(["suv"], {}), (["suv", "ct_hu"], {"with_ct": 0})],
)
def test_a_dataset_without_ct_is_refused_with_a_hint(tmp_path, channels, counts):
    content = {
        "schema_version": 1, "grids": {"size": 16, "fine_mm": 3.0, "context_mm": 6.0},
        "labels": {}, "covariates": [], "counts": {"studies": 4, **counts}, "channels": channels,
        "folds": 2, "seed": 0, "fingerprint": "f", "shards": [],
    }  # fmt: skip
    (tmp_path / "set").mkdir()
    write_json(tmp_path / "set" / "dataset.json", content)
    config = load_train_config(None, ["model.ct=true"])
    with pytest.raises(ConfigError, match="MODEL_CT") as caught:
        train(tmp_path / "set", tmp_path / "run", config, Selection(), lambda line: None)
    assert "Did you mean model.ct = false?" in str(caught.value) and "--ct" in str(caught.value)
    assert caught.value.exit_code == 2
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("window", ["[100, -100]", "[-5000, 100]", "[0, 0]"])
def test_a_window_that_is_none(window):
    with pytest.raises(ConfigError, match="CONFIG_RANGE"):
        load_train_config(None, [f"model.ct_window={window}"])


def test_ct_is_off_unless_asked_for():
    assert not TrainConfig().model.ct
