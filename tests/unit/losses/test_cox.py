"""Cox's partial likelihood by hand, by its definition in loops, and against other packages."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import CoxPHFitter
from pandas import DataFrame
from scipy import optimize
from sksurv.linear_model import CoxPHSurvivalAnalysis
from sksurv.util import Surv

from pet_mtl.errors import ConfigError, MetricError
from pet_mtl.files import read_csv
from pet_mtl.losses import CoxPartialLikelihood, LogisticHazard

TIES = ("efron", "breslow")
# Therneau and Grambsch, appendix E: an event at 1 of six, two at 6 of four, one at 9 of one.
BOOK_TIME, BOOK_EVENT = np.array([9.0, 1, 1, 6, 6, 8]), np.array([1, 1, 0, 1, 1, 0])
BOOK_X = np.array([0.0, 1, 1, 1, 0, 0])


def by_definition(time, event, eta, weight, ties):
    """The weighted negative log partial likelihood, tied group by tied group, in float64."""
    loss = 0.0
    for moment in np.unique(time[(event > 0) & (weight > 0)]):
        dying = (time == moment) & (event > 0) & (weight > 0)
        at_risk = (time >= moment) & (weight > 0)
        shift, count = eta[at_risk].max(), int(dying.sum())
        total, own = (
            (weight[group] * np.exp(eta[group] - shift)).sum() for group in (at_risk, dying)
        )
        steps = np.arange(count) / count if ties == "efron" else np.zeros(count)
        loss += weight[dying].mean() * (shift + np.log(total - steps * own)).sum()
        loss -= (weight * eta)[dying].sum()
    return loss


def cohort(seed, patients, censored=0.6, missing=0.0):
    """Times with many ties, log hazards, and weights of which some are 0."""
    rng = np.random.default_rng(seed)
    time = rng.integers(1, max(2, patients // 3) + 1, patients).astype(np.float32)
    event = (rng.random(patients) > censored).astype(np.float32)
    eta = rng.normal(0, 2, patients).astype(np.float32)
    return time, event, eta, (rng.random(patients) >= missing).astype(np.float32)


def loss_and_gradient(loss, time, event, eta, weight):
    """As training computes them."""
    prediction = tf.Variable(np.asarray(eta)[:, None])
    with tf.GradientTape() as tape:
        value = loss(np.stack([time, event], 1), prediction, weight)
    return float(value), tape.gradient(value, prediction).numpy()[:, 0]


@pytest.mark.parametrize(
    ("ties", "expected"),
    [("breslow", np.log(6) + 2 * np.log(4)), ("efron", np.log(6) + np.log(4) + np.log(3))],
)
def test_tied_events_by_hand(ties, expected):
    loss = CoxPartialLikelihood(ties)
    assert loss(BOOK_TIME, BOOK_EVENT, np.zeros(6)) == pytest.approx(expected, abs=1e-6)
    batch = loss(np.stack([BOOK_TIME, BOOK_EVENT], 1), np.zeros((6, 1)))
    assert float(batch) == pytest.approx(expected / 6, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 100_000),
    patients=st.integers(1, 40),
    ties=st.sampled_from(TIES),
    missing=st.sampled_from([0.0, 0.4]),
    fractions=st.booleans(),
)
def test_equals_the_definition(seed, patients, ties, missing, fractions):
    time, event, eta, weight = cohort(seed, patients, missing=missing)
    if fractions:
        weight *= np.random.default_rng(seed).choice([0.5, 1.0, 3.0], patients).astype(np.float32)
    labels, prediction = np.stack([time, event], 1), eta[:, None]
    expected = by_definition(time, event, eta.astype(float), weight.astype(float), ties)
    total = CoxPartialLikelihood(ties, reduction="sum")(labels, prediction, weight)
    assert float(total) == pytest.approx(expected, rel=1e-5, abs=1e-4)
    mean = CoxPartialLikelihood(ties)(labels, prediction, weight)
    assert float(mean) == pytest.approx(expected / max(weight.sum(), 1e-9), rel=1e-5, abs=1e-4)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 100_000), ties=st.sampled_from(TIES), patients=st.integers(2, 20))
def test_a_missing_label_leaves_every_risk_set(seed, ties, patients):
    time, event, eta, weight = cohort(seed, patients, missing=0.5)
    spoilt = np.where(weight > 0, eta, np.nan).astype(np.float32)
    value, gradient = loss_and_gradient(CoxPartialLikelihood(ties), time, event, spoilt, weight)
    kept = weight > 0
    assert np.array_equal(gradient[~kept], np.zeros((~kept).sum()))
    if kept.any():
        alone = loss_and_gradient(
            CoxPartialLikelihood(ties), time[kept], event[kept], eta[kept], weight[kept]
        )
        assert value == pytest.approx(alone[0], rel=1e-5, abs=1e-6)
        np.testing.assert_allclose(gradient[kept], alone[1], atol=1e-6)
        numeric = CoxPartialLikelihood(ties)(time[kept], event[kept], eta[kept])
        assert value * kept.sum() == pytest.approx(numeric, rel=1e-5, abs=1e-5)
    else:
        assert value == 0.0


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize(
    ("event", "weight"),
    [
        ([0, 0, 0], [1, 1, 1]),  # no event
        ([1, 1, 0], [0, 0, 1]),  # no event that is known
        ([1, 1, 1], [0, 0, 0]),  # no label
        ([1, 0, 0], [1, 0, 0]),  # a single patient
    ],
)
def test_nothing_to_compare_is_exactly_nothing(ties, event, weight):
    value, gradient = loss_and_gradient(
        CoxPartialLikelihood(ties),
        np.array([1.0, 2, 3], np.float32),
        np.array(event, np.float32),
        np.array([50.0, -3, 700], np.float32),
        np.array(weight, np.float32),
    )
    assert value == 0.0
    assert np.array_equal(gradient, np.zeros(3))


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("scale", [1.0, 100.0, 6e4])
def test_any_log_hazard_gives_finite_numbers(ties, dtype, scale):
    time, event, eta, weight = cohort(3, 24, censored=0.4)
    eta = (eta / np.abs(eta).max() * scale).astype(dtype)
    value, gradient = loss_and_gradient(
        CoxPartialLikelihood(ties), time.astype(dtype), event.astype(dtype), eta, weight
    )
    assert np.isfinite(value) and np.isfinite(gradient).all()
    assert np.abs(gradient).max() > 1e-4
    expected = by_definition(time, event, eta.astype(np.float64), np.ones(24), ties)
    assert value == pytest.approx(expected / 24, rel=1e-5)


@pytest.mark.parametrize("ties", TIES)
def test_only_differences_of_log_hazards_count(ties):
    time, event, eta, weight = cohort(8, 30)
    one = loss_and_gradient(CoxPartialLikelihood(ties), time, event, eta, weight)
    two = loss_and_gradient(CoxPartialLikelihood(ties), time * 7, event, eta + 9, weight)
    assert one[0] == pytest.approx(two[0], abs=1e-5)
    np.testing.assert_allclose(one[1], two[1], atol=1e-6)
    assert one[1].sum() == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_likelihood_equals_lifelines(seed):
    rng = np.random.default_rng(seed)
    x, weight = rng.normal(size=(80, 2)), rng.choice([1.0, 2.0, 0.5], 80)
    time, event = np.ceil(rng.exponential(6 * np.exp(-x[:, 0]))), rng.random(80) < 0.5
    table = DataFrame({"a": x[:, 0], "b": x[:, 1], "t": time, "e": event, "w": weight})
    fitted = CoxPHFitter().fit(table, "t", "e", weights_col="w", robust=True)
    eta = (x @ fitted.params_.to_numpy()).astype(np.float32)
    loss = CoxPartialLikelihood("efron", reduction="sum")
    value = loss(np.stack([time, event], 1), eta[:, None], weight)
    assert float(value) == pytest.approx(-fitted.log_likelihood_, abs=1e-3)


def fitted(inputs, time, event, ties):
    """Coefficients that minimise our loss, by its gradient, on standardised columns."""
    scale, labels = inputs.std(axis=0), np.stack([time, event], 1)
    standard = ((inputs - inputs.mean(axis=0)) / scale).astype(np.float32)
    loss = CoxPartialLikelihood(ties)

    @tf.function
    def gradient(slopes):
        with tf.GradientTape() as tape:
            tape.watch(slopes)
            value = loss(labels, tf.matmul(standard, slopes[:, None]))
        return tape.gradient(value, slopes)

    # In float32 a root of the gradient is found far more sharply than a minimum of the value.
    found = optimize.root(
        lambda slopes: gradient(tf.constant(slopes, tf.float32)).numpy().astype(np.float64),
        np.zeros(inputs.shape[1]),
        options={"eps": 1e-4, "xtol": 1e-7},
    )
    return found.x / scale


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("censored", [0.2, 0.85])
def test_minimising_it_gives_scikit_survivals_coefficients(ties, censored):
    rng = np.random.default_rng(11)
    x = rng.normal(size=(150, 3))
    time = np.ceil(rng.exponential(6 * np.exp(-0.7 * x[:, 0])))
    event = rng.random(150) > censored
    peer = CoxPHSurvivalAnalysis(ties=ties).fit(x, Surv.from_arrays(event, time))
    np.testing.assert_allclose(fitted(x, time, event, ties), peer.coef_, atol=1e-4)


def test_a_model_is_trained_by_it_and_it_is_saved():
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 3)).astype(np.float32)
    labels = np.stack([rng.exponential(np.exp(-2 * x[:, 0])), rng.random(64) < 0.8], 1)
    model = keras.Sequential([keras.layers.Dense(1, use_bias=False)])
    loss = keras.losses.deserialize(keras.losses.serialize(CoxPartialLikelihood("breslow")))
    assert isinstance(loss, CoxPartialLikelihood) and loss.ties == "breslow"
    model.compile(keras.optimizers.Adam(0.1), loss=loss)
    weight = (rng.random(64) < 0.8).astype(np.float32)
    history = model.fit(x, labels, sample_weight=weight, epochs=12, batch_size=16, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    slopes = model.layers[0].kernel.numpy()[:, 0]
    assert slopes[0] > 3 * np.abs(slopes[1:]).max()


def test_numbers_of_a_cohort_are_checked():
    assert isinstance(CoxPartialLikelihood()([1, 2], [1, 0], [0.5, 0.1]), float)
    assert LogisticHazard((2.0,))([1, 3], [1, 0], np.zeros((2, 1))) == pytest.approx(2 * np.log(2))
    with pytest.raises(MetricError, match="METRIC_LENGTH"):
        CoxPartialLikelihood()([1, 2], [1, 0], [0.5])
    with pytest.raises(MetricError, match="METRIC_LENGTH"):
        CoxPartialLikelihood()([1, 2], [1], [0.5, 0.4])
    with pytest.raises(MetricError, match="METRIC_NOT_FINITE"):
        CoxPartialLikelihood()([1, np.nan], [1, 0], [0.5, 0.4])
    with pytest.raises(ConfigError, match="SURVIVAL_TIES"):
        CoxPartialLikelihood("exact")


@pytest.mark.real_data
@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("name", ["rossi", "ncctg_lung", "gbsg2"])
def test_real_cohorts(name, ties, shared_data):
    folder = shared_data / "survival_refs"
    expected = json.loads((folder / "reference.json").read_text())[name]
    rows = read_csv(folder / f"{name}.csv")
    time, event = (np.array([float(row[key]) for row in rows]) for key in ("time", "event"))
    inputs = np.array([[float(row[c]) for c in expected["covariates"]] for row in rows])
    slopes = np.array([expected[f"coef_{ties}"][c] for c in expected["covariates"]])
    loss = CoxPartialLikelihood(ties)
    for eta, key in ((np.zeros(len(time)), "loglik0"), (inputs @ slopes, "loglik")):
        assert -loss(time, event, eta) == pytest.approx(expected[f"{key}_{ties}"], abs=1e-4)
    np.testing.assert_allclose(fitted(inputs, time, event, ties), slopes, atol=1e-4)


@pytest.mark.real_data
@pytest.mark.parametrize("ties", TIES)
def test_the_book(ties, shared_data):
    path = shared_data / "survival_refs" / "reference.json"
    expected = json.loads(path.read_text())["therneau_book1"]
    time, event, x = (np.array(expected[key], float) for key in ("time", "event", "x"))
    loss = CoxPartialLikelihood(ties)
    slope = fitted(x[:, None], time, event, ties)[0]
    assert slope == pytest.approx(expected[f"{ties}_beta_exact"], abs=1e-4)
    assert -loss(time, event, np.zeros(6)) == pytest.approx(expected[f"{ties}_loglik0"], abs=1e-4)
    best = expected[f"{ties}_beta_exact"]
    assert -loss(time, event, best * x) == pytest.approx(expected[f"{ties}_loglik_hat"], abs=1e-4)
