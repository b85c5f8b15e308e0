"""ComBat in the baseline of handcrafted statistics, fitted on training folds only."""

import dataclasses

import numpy as np
import pytest

from pet_mtl.errors import MetricError
from pet_mtl.evaluation.baselines import BASELINES, COMBAT, baseline_scores
from pet_mtl.evaluation.cohort import Cohort, Patients, Training
from pet_mtl.evaluation.harmonising import doubts_of, harmonised

RADIOMICS = next(one for one in BASELINES if one.key == "radiomics")


def _patients(count=200, seed=0, folds=5):
    """Six statistics, one of which tells the response, seen by two scanners."""
    rng = np.random.default_rng(seed)
    clean = rng.normal(size=(count, 6))
    response = (clean[:, 0] + rng.normal(size=count) > 0).astype(float)
    batch = np.array(["GE", "UIH"])[rng.integers(0, 2, count)]
    seen = np.where((batch == "UIH")[:, None], 0.4 * clean + 6.0, clean)
    nothing = np.full(count, np.nan)
    return Patients(
        tuple(f"p{i}" for i in range(count)),
        (np.arange(count) % folds).astype(float),
        nothing,
        nothing,
        response,
        nothing,
        nothing,
        radiomics={f"f{k}": seen[:, k] for k in range(6)},
        batch=tuple(batch.tolist()),
    )


def _auc(patients, scores):
    from sklearn.metrics import roc_auc_score

    return roc_auc_score(patients.response, scores)


def _cohort(patients, training=None):
    nothing = np.full(len(patients), np.nan)
    return Cohort(patients, nothing, nothing, nothing, "", training=training)


def test_harmonising_gives_back_what_the_scanners_took():
    patients = _patients()
    training = Training(patients, True, "")
    aucs = [
        _auc(patients, baseline_scores(one, "response", patients, training))
        for one in (RADIOMICS, COMBAT)
    ]
    assert aucs[1] > aucs[0] + 0.05 and aucs[1] > 0.7


def test_judged_patients_change_nothing_of_the_fit():
    """The scores of one half do not depend on the other half of the same fold."""
    patients = _patients()
    training = Training(patients, True, "")
    before = baseline_scores(COMBAT, "response", patients, training)
    changed = {name: values.copy() for name, values in patients.radiomics.items()}
    rows = (patients.fold == 0) & (np.arange(200) < 100)
    for values in changed.values():
        values[rows] *= -30
    other = dataclasses.replace(patients, radiomics=changed)
    after = baseline_scores(COMBAT, "response", other, Training(other, True, ""))
    kept = (patients.fold == 0) & ~rows
    assert after[kept] == pytest.approx(before[kept])
    assert np.abs(after[patients.fold == 1] - before[patients.fold == 1]).max() > 1e-6


def test_without_batches_it_cannot_be_fitted():
    patients = dataclasses.replace(_patients(), batch=())
    with pytest.raises(MetricError, match="COMBAT_BATCHES"):
        baseline_scores(COMBAT, "response", patients, Training(patients, True, ""))


def test_patients_of_unknown_batches_stay():
    rng = np.random.default_rng(1)
    fitted, asked = rng.normal(size=(40, 4)), rng.normal(size=(3, 4))
    own = np.array(["a", "b", ""] * 13 + ["a"])
    first, second = harmonised((fitted, asked), (own, np.array(["", "c", "a"])))
    assert (first[own == ""] == fitted[own == ""]).all()
    assert (second[:2] == asked[:2]).all() and (second[2] != asked[2]).any()


def test_nothing_speaks_against_large_and_balanced_batches():
    patients = _patients()
    assert doubts_of(_cohort(patients, Training(patients, True, "")), "scanner") == ()
    assert doubts_of(_cohort(patients), "scanner") == ()


def test_a_batch_that_was_never_fitted_is_told():
    """Each centre is one fold: its own is always the one left out."""
    patients = _patients()
    fold = np.array([float(batch == "UIH") for batch in patients.batch])
    patients = dataclasses.replace(patients, fold=fold)
    told = doubts_of(_cohort(patients, Training(patients, True, "")), "centre")
    assert any("200 patients are of a batch with fewer than 5" in text for text in told)
    assert all(text.startswith("ComBat by centre: ") for text in told)


def test_small_unknown_and_confounded_batches_are_told():
    patients = _patients()
    batch = ["" if i < 4 else "tiny" if i < 14 else b for i, b in enumerate(patients.batch)]
    response = np.where(np.array(batch) == "GE", 1.0, patients.response)
    patients = dataclasses.replace(patients, batch=tuple(batch), response=response)
    told = " ".join(doubts_of(_cohort(patients, Training(patients, True, "")), "scanner"))
    assert "the batch of 4 patients is unknown" in told
    assert "fewer than 20 patients in tiny (10)" in told
    assert "the response differs between the batches" in told and "events" not in told


def test_new_patients_of_another_scanner_are_told():
    learned, judged = _patients(), _patients(seed=1)
    judged = dataclasses.replace(judged, batch=("Canon",) * 200)
    told = doubts_of(_cohort(judged, Training(learned, False, "")), "scanner")
    assert len(told) == 1 and "200 patients are of a batch" in told[0]
