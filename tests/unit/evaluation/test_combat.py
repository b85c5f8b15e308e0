"""ComBat against neuroCombat, against hand computation, and by what it must never do."""

import contextlib
import io

import numpy as np
import pandas
import pytest
from neuroCombat import neuroCombat

from pet_mtl.errors import MetricError
from pet_mtl.evaluation.combat import LEAST_PATIENTS, fit_combat


def _batches(seed, patients=60, features=12, covariates=0):
    """Features of three scanners that shift and stretch them, and what else moves them."""
    rng = np.random.default_rng(seed)
    batch = np.array(["a", "b", "c"])[rng.choice(3, patients, p=[0.5, 0.3, 0.2])]
    clean = rng.normal(size=(patients, features)) * rng.uniform(0.5, 3.0, features)
    clean += 5.0 * rng.normal(size=features)
    shift, spread = {"a": 0.0, "b": 1.5, "c": -2.0}, {"a": 1.0, "b": 1.6, "c": 0.6}
    seen = np.array([x * spread[b] + shift[b] for x, b in zip(clean, batch, strict=True)])
    kept = rng.normal(size=(patients, covariates))
    return seen + kept @ rng.normal(size=(covariates, features)), batch.tolist(), kept


@pytest.mark.parametrize(("seed", "covariates"), [(0, 0), (1, 0), (2, 2), (3, 1)])
def test_equals_neurocombat(seed, covariates):
    features, batch, kept = _batches(seed, covariates=covariates)
    names = [f"c{i}" for i in range(covariates)]
    table = pandas.DataFrame(kept, columns=names).assign(batch=batch)
    with contextlib.redirect_stdout(io.StringIO()):
        expected = neuroCombat(features.T, table, "batch", continuous_cols=names)["data"].T
    found = fit_combat(features, batch, kept).apply(features, batch, kept)
    assert found == pytest.approx(expected, abs=1e-5)
    assert np.abs(found - features).max() > 1


def test_large_batches_are_simply_standardised():
    """By hand: of so many patients the prior says nothing, and mean and deviation are all."""
    rng = np.random.default_rng(5)
    batch = ["a"] * 20000 + ["b"] * 20000
    clean = rng.normal(size=(40000, 3))
    features = clean.copy()
    features[20000:] = 2.0 * features[20000:] + 3.0
    found = fit_combat(features, batch).apply(features, batch)
    for half in (found[:20000], found[20000:]):
        assert half.mean(axis=0) == pytest.approx(features.mean(axis=0), abs=0.01)
        pooled = np.sqrt((features[:20000].var(axis=0) + features[20000:].var(axis=0)) / 2)
        assert half.std(axis=0) == pytest.approx(pooled, rel=0.01)


def test_what_is_alike_stays():
    rng = np.random.default_rng(6)
    features = rng.normal(size=(4000, 8))
    batch = ["a", "b"] * 2000
    found = fit_combat(features, batch).apply(features, batch)
    assert np.abs(found - features).max() < 0.1


def test_the_order_of_patients_does_not_matter():
    features, batch, _ = _batches(7)
    order = np.random.default_rng(0).permutation(len(batch))
    moved = [batch[i] for i in order]
    found = fit_combat(features, batch).apply(features, batch)
    assert fit_combat(features[order], moved).apply(features[order], moved) == pytest.approx(
        found[order]
    )


def test_units_do_not_matter():
    features, batch, _ = _batches(8)
    scale, offset = np.linspace(0.1, 100, 12), np.linspace(-5, 50, 12)
    found = fit_combat(features, batch).apply(features, batch)
    other = features * scale + offset
    assert fit_combat(other, batch).apply(other, batch) == pytest.approx(found * scale + offset)


def test_new_patients_are_moved_by_what_was_fitted_before():
    features, batch, _ = _batches(9)
    combat = fit_combat(features[:40], batch[:40])
    alone = combat.apply(features[40:41], batch[40:41])
    assert alone == pytest.approx(combat.apply(features[40:], batch[40:])[:1])
    others = features.copy()
    others[40:] *= 7  # judged patients
    again = fit_combat(others[:40], batch[:40])
    assert again.apply(features[40:], batch[40:]) == pytest.approx(
        combat.apply(features[40:], batch[40:])
    )


def test_an_unknown_batch_stays_as_it_is():
    features, batch, _ = _batches(10)
    combat = fit_combat(features, batch)
    strangers = ["d", batch[0]]
    found = combat.apply(features[:2], strangers)
    assert (found[0] == features[0]).all()
    assert combat.known(strangers).tolist() == [False, True]


def test_small_batches_are_left_out():
    features, batch, _ = _batches(11)
    batch[:3] = ["tiny"] * 3
    combat = fit_combat(features, batch)
    assert combat.left_out == ("tiny",) and "tiny" not in combat.batches
    assert (combat.apply(features[:3], batch[:3]) == features[:3]).all()
    assert sum(combat.patients) == 57


def test_constant_features_stay():
    features, batch, _ = _batches(12)
    features[:, 4] = 3.25
    found = fit_combat(features, batch).apply(features, batch)
    assert (found[:, 4] == 3.25).all() and np.isfinite(found).all()


def test_few_features_are_moved_by_their_own_batches():
    """A single one has no others to borrow from."""
    features, batch, _ = _batches(13, features=1)
    found = fit_combat(features, batch).apply(features, batch)
    means = [found[[b == one for b in batch]].mean() for one in "abc"]
    assert np.ptp(means) < 1e-9


@pytest.mark.parametrize(
    ("features", "batch", "code"),
    [
        (np.zeros((6, 3)), ["a"] * 6, "COMBAT_BATCHES"),
        (np.zeros((9, 3)), ["a"] * 6 + ["b"] * 3, "COMBAT_BATCHES"),
        (np.zeros((0, 3)), [], "COMBAT_BATCHES"),
        (np.zeros((6, 3)), ["a"] * 5, "COMBAT_SHAPE"),
        (np.full((6, 3), np.nan), ["a", "b"] * 3, "COMBAT_SHAPE"),
        (np.zeros(6), ["a", "b"] * 3, "COMBAT_SHAPE"),
    ],
)
def test_what_cannot_be_harmonised_is_refused(features, batch, code):
    with pytest.raises(MetricError) as caught:
        fit_combat(features, batch)
    assert caught.value.code == code


def test_a_covariate_that_is_the_batch_is_refused():
    features, batch, _ = _batches(14)
    told = np.array([[float(b == "a")] for b in batch])
    with pytest.raises(MetricError, match="COMBAT_CONFOUNDED"):
        fit_combat(features, batch, told)


def test_other_features_than_fitted_are_refused():
    features, batch, _ = _batches(15)
    with pytest.raises(MetricError, match="COMBAT_SHAPE"):
        fit_combat(features, batch).apply(features[:, :5], batch)
    assert LEAST_PATIENTS > 2  # of two patients, no deviation can be told
