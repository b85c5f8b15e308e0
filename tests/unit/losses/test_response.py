"""Response and mask losses against scikit-learn and their definitions."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special
from sklearn.metrics import log_loss
from sklearn.utils.class_weight import compute_class_weight

from pet_mtl.errors import ConfigError
from pet_mtl.losses import MaskLoss, ResponseLoss, balanced_weights


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 9999), classes=st.integers(2, 5), smoothing=st.sampled_from([0.0, 0.2]))
def test_equals_scikit_learn(seed: int, classes: int, smoothing: float) -> None:
    rng = np.random.default_rng(seed)
    label = rng.integers(0, classes, 12)
    logits = rng.normal(size=(12, classes)).astype(np.float32)
    weights = tuple(rng.uniform(0.5, 2.0, classes))
    probability = special.softmax(logits.astype(np.float64), axis=1)
    truth = np.eye(classes)[label] * (1 - smoothing) + smoothing / classes
    each = -(truth * np.log(probability)).sum(axis=1)
    prediction = logits[:, 1:] - logits[:, :1] if classes == 2 else logits
    loss = ResponseLoss(smoothing, weights, reduction="none")
    ours = np.asarray(loss(label[:, None].astype(np.float32), prediction))
    np.testing.assert_allclose(ours, each * np.array(weights)[label], rtol=1e-4)
    if not smoothing:
        plain = float(ResponseLoss()(label[:, None].astype(np.float32), prediction))
        expected = log_loss(label, probability, labels=np.arange(classes))
        assert plain == pytest.approx(expected, rel=1e-4)


def test_balanced_weights_equal_scikit_learn() -> None:
    labels = np.array([0, 0, 0, 1, 2, 2, 2, 2])
    expected = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    assert balanced_weights(labels, 3) == pytest.approx(tuple(expected))
    assert balanced_weights([1, 1], 2) == (1.0, 1.0)
    assert balanced_weights([], 2) == (1.0, 1.0)


def test_they_are_saved() -> None:
    loss = ResponseLoss(0.1, (0.5, 2.0))
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert (again.smoothing, again.class_weights) == (0.1, (0.5, 2.0))
    mask = keras.losses.deserialize(keras.losses.serialize(MaskLoss("focal", 1.5)))
    assert (mask.kind, mask.gamma) == ("focal", 1.5)


def masks(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = (rng.random((2, 3, 3, 3, 4)) < 0.5).astype(np.float32)
    return truth, rng.normal(0, 2, (2, 3, 3, 3, 2)).astype(np.float32)


def test_focal_by_its_definition() -> None:
    truth, logits = masks(1)
    inside, valid = truth[..., :2].astype(float), truth[..., 2:].astype(float)
    p = special.expit(logits.astype(float))
    right = np.where(inside > 0, p, 1 - p)
    voxel = -((1 - right) ** 1.5) * np.log(right)
    space = (1, 2, 3)
    entropy = (voxel * valid).sum(space) / (valid.sum(space) + 1)
    overlap = 2 * (p * valid * inside).sum(space) + 1
    total = (p * valid).sum(space) + (inside * valid).sum(space) + 1
    expected = (entropy + 1 - overlap / total).mean(axis=-1)
    ours = MaskLoss("focal", 1.5, reduction="none")(truth, logits)
    np.testing.assert_allclose(np.asarray(ours), expected, rtol=1e-5)


def test_focal_without_exponent_is_cross_entropy_and_else_less() -> None:
    truth, logits = masks(2)
    assert float(MaskLoss("focal", 0.0)(truth, logits)) == pytest.approx(
        float(MaskLoss()(truth, logits)), rel=1e-6
    )
    assert float(MaskLoss("focal")(truth, logits)) < float(MaskLoss()(truth, logits))
    with pytest.raises(ConfigError, match="LOSS_MASK_KIND"):
        MaskLoss("dice")
