"""The closed-form head of several classes against scikit-learn and against numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize
from sklearn.linear_model import LogisticRegression

from pet_mtl.training.features import class_task
from pet_mtl.training.multinomial import ClassProblem, ClassTask, fit_classes


def task(patients: int, features: int, strength: float, seed: int, classes: int = 3) -> ClassTask:
    """Classes by the first feature, with noise."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(patients, features))
    place = strength * x[:, 0] + rng.logistic(size=patients)
    label = np.searchsorted(np.quantile(place, np.linspace(0, 1, classes + 1)[1:-1]), place)
    return ClassTask(x, np.eye(classes)[label])


@pytest.mark.parametrize(("penalty", "classes"), [(0.01, 3), (0.1, 4), (1.0, 8)])
def test_is_penalised_multinomial_regression(penalty: float, classes: int) -> None:
    made = task(200, 5, 1.5, seed=1, classes=classes)
    head = fit_classes(made, [penalty], seed=0)
    peer = LogisticRegression(C=1 / (penalty * 200), tol=1e-8, max_iter=2000)
    peer.fit(made.features, made.hits.argmax(axis=1))
    # Ours puts a thousandth of a penalty on the intercepts, theirs none.
    assert head.slopes.T == pytest.approx(peer.coef_, abs=2e-3)
    assert head.baseline == pytest.approx(peer.intercept_ - peer.intercept_.mean(), abs=1e-2)
    assert head.slopes.sum(axis=1) == pytest.approx(np.zeros(5), abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), classes=st.integers(3, 5), penalty=st.floats(0.001, 2))
def test_derivatives_are_those_of_the_value(seed: int, classes: int, penalty: float) -> None:
    rng = np.random.default_rng(seed)
    made = task(20, 3, 1.0, seed, classes)
    weighted = ClassTask(made.features, made.hits * rng.uniform(0.2, 2.0, (20, 1)))
    problem = ClassProblem(weighted, penalty)
    point = rng.normal(size=4 * classes)
    numeric = optimize.approx_fprime(point, problem.value, 1e-6)
    assert problem.gradient(point) == pytest.approx(numeric, abs=1e-5)
    columns = optimize.approx_fprime(point, problem.gradient, 1e-6)
    assert problem.hessian(point) == pytest.approx(columns, abs=1e-5)


def test_noise_gets_the_strongest_penalty_and_signal_a_weak_one() -> None:
    grid = (0.003, 0.03, 0.3, 3.0)
    noise = fit_classes(task(80, 20, 0.0, seed=3), grid, seed=0)
    signal = fit_classes(task(400, 3, 4.0, seed=4), grid, seed=0)
    assert noise.penalty == 3.0 and np.abs(noise.slopes).max() < 0.1
    assert signal.penalty <= 0.03 and signal.slopes[0, 2] - signal.slopes[0, 0] > 1.5


def test_too_few_outside_the_commonest_class_give_rates_only() -> None:
    made = task(40, 4, 1.0, seed=0)
    hits = np.zeros_like(made.hits)
    hits[:, 1] = 1.0
    hits[:3] = np.eye(3)[[0, 0, 2]]
    head = fit_classes(ClassTask(made.features, hits), [0.1], seed=0)
    assert not head.slopes.any() and np.isinf(head.penalty)
    rates = np.exp(head.baseline) / np.exp(head.baseline).sum()
    assert rates == pytest.approx(np.array([2.5, 37.5, 1.5]) / 41.5)


def test_a_class_that_nobody_has_stays_finite() -> None:
    made = task(60, 4, 1.0, seed=0)
    head = fit_classes(ClassTask(made.features, np.pad(made.hits, ((0, 0), (0, 1)))), [0.1], 0)
    assert np.isfinite(head.slopes).all() and head.baseline[3] < head.baseline[:3].min() - 2


def test_balanced_classes_count_alike() -> None:
    label = np.array([0, 0, 0, 0, 1, 1, 2, 9])
    labels = {"response": label[:, None], "has_response": np.array([1] * 7 + [0])}
    made = class_task(np.zeros((8, 2)), labels, 3, balanced=True)
    assert made.features.shape == (7, 2)
    assert made.hits.sum(axis=0) == pytest.approx([7 / 3] * 3)
    plain = class_task(np.zeros((8, 2)), labels, 3, balanced=False)
    assert (plain.hits == np.eye(3)[label[:7]]).all()
