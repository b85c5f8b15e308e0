"""Numbers of a whole epoch, and AUC of several classes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from pet_mtl.errors import MetricError
from pet_mtl.metrics import EpochOutcomes, concordance_index, macro_auc, roc_auc


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), batch=st.integers(1, 12))
def test_batches_do_not_matter_and_missing_labels_do_not_count(seed, batch):
    rng = np.random.default_rng(seed)
    labels = np.stack([rng.integers(1, 20, 40), rng.integers(0, 2, 40)], 1).astype(np.float32)
    risk, response = rng.normal(size=(40, 1)), np.arange(40)[:, None] % 2
    known, score = rng.random(40) < 0.7, rng.normal(size=(40, 1))
    epoch = EpochOutcomes()
    epoch.add_survival([[1.0, 1.0]], [0.0])
    epoch.reset()
    for start in range(0, 40, batch):
        part = slice(start, start + batch)
        epoch.add_survival(labels[part], risk[part], known[part].astype(np.float32))
        epoch.add_response(response[part], score[part], known[part])
    found = epoch.result()
    assert found["c_index"] == concordance_index(*labels[known].T, risk[known, 0])
    assert found["auc"] == roc_auc(response[known, 0], score[known, 0])


def test_undefined_numbers_are_nan():
    epoch = EpochOutcomes()
    assert np.isnan(list(epoch.result().values())).all()
    epoch.add_survival([[5.0, 0.0], [6.0, 0.0]], [0.1, 0.2])
    epoch.add_response([1, 1], [0.1, 0.2])
    assert np.isnan(list(epoch.result().values())).all()


@pytest.mark.parametrize("seed", range(5))
def test_several_classes_equal_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    label, scores = np.arange(60) % 4, rng.random((60, 4)).round(1) + 0.01
    scores /= scores.sum(axis=1, keepdims=True)
    expected = roc_auc_score(label, scores, multi_class="ovr", average="macro")
    assert macro_auc(label, scores) == pytest.approx(expected, abs=1e-12)
    epoch = EpochOutcomes()
    epoch.add_response(label[:25, None], scores[:25])
    epoch.add_response(label[25:], scores[25:])
    assert epoch.result()["auc"] == macro_auc(label, scores)


def test_classes_without_scores_or_patients_are_refused():
    with pytest.raises(MetricError, match="METRIC_CLASS"):
        macro_auc([0, 1, 3], np.ones((3, 3)))
    with pytest.raises(MetricError, match="METRIC_ONE_CLASS"):
        macro_auc([0, 1, 1], np.ones((3, 3)))
    assert macro_auc([0, 1], [[0.2], [0.7]]) == 1.0
