"""Inner validation ranks all patients at once, whatever the batches and the head."""

import numpy as np
import pytest
import tensorflow as tf

from pet_mtl.metrics import concordance_index, roc_auc
from pet_mtl.training.held_out import HeldOut

PATIENTS = 22


class Echo:
    """A part whose outputs are its inputs."""

    def __call__(self, inputs, training):
        return {name: inputs[name] for name in ("survival", "response")}

    def compute_loss(self, x, y, y_pred, sample_weight, training):
        return tf.reduce_mean(y_pred["response"])


@pytest.mark.parametrize("outputs", [1, 5])  # Cox, logistic hazard
@pytest.mark.parametrize("size", [3, 22])
def test_batches_and_missing_labels(outputs: int, size: int) -> None:
    rng = np.random.default_rng(2)
    risk = rng.normal(size=(PATIENTS, 1)).astype(np.float32)
    inputs = {
        "survival": risk + np.arange(outputs, dtype=np.float32),
        "response": rng.normal(size=(PATIENTS, 1)).astype(np.float32),
    }
    labels = np.stack([rng.integers(1, 9, PATIENTS), rng.integers(0, 2, PATIENTS)], 1)
    truth = {
        "survival": labels.astype(np.float32),
        "response": (np.arange(PATIENTS) % 2)[:, None].astype(np.float32),
    }
    known = {name: (rng.random(PATIENTS) < 0.7).astype(np.float32) for name in truth}
    batches = tf.data.Dataset.from_tensor_slices((inputs, truth, known)).batch(size)
    found = HeldOut(Echo(), batches).judge()
    has = known["survival"] > 0
    assert found["val_c_index"] == concordance_index(*labels[has].T, risk[has, 0])
    has = known["response"] > 0
    expected = roc_auc(truth["response"][has, 0], inputs["response"][has, 0])
    assert found["val_auc"] == expected
    assert found["val_loss"] == pytest.approx(inputs["response"].mean(), abs=1e-6)


def test_nobody_to_judge() -> None:
    assert np.isnan(list(HeldOut(Echo(), None).judge().values())).all()
