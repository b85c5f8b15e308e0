"""A model that knows nothing is said to know nothing, and one that knows is not."""

import numpy as np
import pytest
from scipy import stats

from pet_mtl.evaluation import Settings
from pet_mtl.evaluation.measuring import evidence_of
from pet_mtl.metrics import Interval, Permutation

SETTINGS = Settings(samples=200)


def cohort(seed, patients=200):
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=patients)
    lived, followed = rng.exponential(np.exp(-hidden)) * 400, rng.uniform(50, 1500, patients)
    label = (rng.random(patients) < 1 / (1 + np.exp(-1.5 * hidden))).astype(float)
    known = {
        "time": np.minimum(lived, followed),
        "event": (lived <= followed).astype(float),
        "response": label,
    }
    return hidden, known


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_labels_are_no_evidence(judge_table, seed):
    hidden, known = cohort(seed)
    shuffled = np.random.default_rng(seed + 100).permutation(hidden)
    document = judge_table(
        {"risk": shuffled, "response": 1 / (1 + np.exp(-shuffled))}, known, SETTINGS
    )
    for key, measure in (("survival", "harrell_c"), ("response", "auc")):
        found = document["metrics"][key][measure]
        assert found["value"] == pytest.approx(0.5, abs=0.1)
        assert found["low"] <= 0.5 <= found["high"]
        assert document["permutation"][key]["p_value"] > 0.05
        assert document["evidence"][key]["verdict"] == "no evidence"
        assert document["evidence"][key]["said"].startswith("No evidence")
    assert sum("beat chance" in text for text in document["warnings"]) == 2


def test_what_knows_the_hidden_cause_is_evidence(judge_table):
    hidden, known = cohort(5)
    document = judge_table({"risk": hidden, "response": 1 / (1 + np.exp(-hidden))}, known, SETTINGS)
    for key in ("survival", "response"):
        assert document["permutation"][key]["p_value"] == pytest.approx(1 / 200)
        assert document["permutation"][key]["chance"] == pytest.approx(0.5, abs=0.02)
        assert document["evidence"][key]["verdict"] == "better than chance"


def test_a_model_turned_round_is_worse_than_chance(judge_table):
    hidden, known = cohort(6)
    document = judge_table({"risk": -hidden, "response": 1 / (1 + np.exp(hidden))}, known, SETTINGS)
    for key in ("survival", "response"):
        assert document["evidence"][key]["verdict"] == "worse than chance"
    assert sum("worse than chance" in text for text in document["warnings"]) == 2


def test_p_of_the_auc_is_that_of_the_rank_sum(judge_table):
    hidden, known = cohort(7, 60)
    told = 1 / (1 + np.exp(-(0.15 * hidden + np.random.default_rng(0).normal(size=60))))
    nothing = {"risk": np.full(60, np.nan), "response": told}
    document = judge_table(nothing, known, Settings(samples=4000))
    label = known["response"] == 1
    expected = stats.mannwhitneyu(told[label], told[~label], alternative="greater").pvalue
    assert document["permutation"]["response"]["p_value"] == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize(
    ("low", "high", "p_value", "few", "verdict"),
    [
        (0.51, 0.7, 0.01, False, "better than chance"),
        (0.51, 0.7, 0.06, False, "no evidence"),
        (0.49, 0.7, 0.01, False, "no evidence"),
        (0.51, 0.7, 0.01, True, "no evidence"),
        (0.3, 0.49, 0.99, False, "worse than chance"),
    ],
)
def test_both_interval_and_shuffles_must_speak(low, high, p_value, few, verdict):
    shuffled = Permutation(0.6, p_value, 1, 99, 0.5)
    evidence = evidence_of("AUC", Interval(0.6, low, high), shuffled, few)
    assert evidence.verdict == verdict and f"p = {p_value:.3g}" in evidence.said
    assert evidence_of("AUC", None, shuffled) is None
