"""Covariates that were derived from the outcome are caught; honest ones are not."""

import numpy as np
import pytest

from pet_mtl.evaluation.leaks.covariates import LIMIT, check_covariates


def _patients(make_cohort, covariates, **known):
    return make_cohort(covariates, **known).patients


@pytest.fixture
def outcomes():
    """Outcomes of 120 patients."""
    rng = np.random.default_rng(4)
    return {
        "time_days": rng.exponential(500, 120),
        "event": (rng.random(120) < 0.6).astype(float),
        "response": (rng.random(120) < 0.4).astype(float),
    }


def test_no_covariates_is_not_checked(make_cohort):
    assert check_covariates(_patients(make_cohort, {})).verdict == "not checked"


def test_too_few_patients_are_not_checked(make_cohort):
    few = _patients(make_cohort, {"age": [1, 2, 3]}, response=[0, 1, 1])
    assert check_covariates(few).verdict == "not checked"


@pytest.mark.parametrize(
    ("derive", "said"),
    [
        (lambda o: o["response"], "the response of every patient"),
        (lambda o: 1 - o["response"], "the response of every patient"),
        (lambda o: o["event"], "whether the event was seen of every patient"),
        (lambda o: 20 * o["response"] + np.arange(120) % 7, "the response of every patient"),
        (lambda o: o["time_days"] / 30.4, "the time to the event of every patient"),
        (lambda o: -np.log(o["time_days"] + 1), "the time to the event of every patient"),
        (lambda o: o["time_days"] + 20 * np.sin(np.arange(120)), "the time to the event with C"),
    ],
    ids=["equal", "turned", "event", "coded", "months", "rate", "last contact"],
)
def test_what_was_made_of_the_outcome_fails(make_cohort, outcomes, derive, said):
    covariates = {"age": np.arange(120) % 40, "made": derive(outcomes)}
    found = check_covariates(_patients(make_cohort, covariates, **outcomes))
    assert found.verdict == "failed"
    assert f"made tells {said}" in found.said and "age" not in found.said


def test_known_only_of_the_dead_fails(make_cohort, outcomes):
    """The day of death, say: not what it holds tells the outcome, but that it is there."""
    cause = np.where(outcomes["event"] > 0, np.arange(120.0) % 5, np.nan)
    found = check_covariates(_patients(make_cohort, {"cause": cause}, **outcomes))
    assert found.verdict == "failed" and "whether cause is known" in found.said


def test_a_strong_marker_is_only_suspicious(make_cohort, outcomes):
    rng = np.random.default_rng(0)
    marker = outcomes["response"] + 0.42 * rng.normal(size=120)
    found = check_covariates(_patients(make_cohort, {"marker": marker}, **outcomes))
    assert found.verdict == "suspicious" and "AUC 0.9" in found.said


def test_a_good_marker_passes(make_cohort, outcomes):
    rng = np.random.default_rng(0)
    marker = outcomes["response"] + 0.8 * rng.normal(size=120)
    found = check_covariates(_patients(make_cohort, {"marker": marker}, **outcomes))
    assert found.verdict == "passed" and "1 covariate" in found.said


def test_few_patients_apart_by_chance_are_no_proof(make_cohort):
    """Ten patients: among many honest covariates one will separate five from five."""
    label = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]
    few = _patients(
        make_cohort, {"age": np.arange(10.0)}, response=label, event=[1, 0] * 5,
        time_days=[9, 3, 7, 1, 5, 2, 8, 4, 10, 6],
    )  # fmt: skip
    found = check_covariates(few)
    assert found.verdict == "suspicious" and "perfect separation" in found.said


@pytest.mark.parametrize("seed", range(5))
def test_shuffled_outcomes_are_no_leak(make_cohort, outcomes, seed):
    """Twenty covariates that know nothing, in 120 and in 24 patients."""
    rng = np.random.default_rng(seed)
    for patients in (120, 24):
        order = rng.permutation(patients)
        shuffled = {name: values[:patients][order] for name, values in outcomes.items()}
        covariates = {f"c{i}": rng.normal(size=patients).round(1) for i in range(20)}
        covariates["half"] = np.where(rng.random(patients) < 0.5, 1.0, np.nan)
        found = check_covariates(_patients(make_cohort, covariates, **shuffled))
        assert found.verdict == "passed", found.said


def test_more_classes_are_looked_at_one_by_one(make_cohort, outcomes):
    classes = np.arange(120) % 3
    patients = _patients(make_cohort, {"code": classes == 2}, response=classes)
    object.__setattr__(patients, "classes", 3)
    found = check_covariates(patients)
    assert found.verdict == "failed" and "response class 2" in found.said


def test_the_limit_is_for_the_lower_end(make_cohort, outcomes):
    """The same AUC proves less in fewer patients."""
    rng = np.random.default_rng(3)
    score = outcomes["response"] + 0.33 * rng.normal(size=120)
    many = check_covariates(_patients(make_cohort, {"s": np.tile(score, 9)},
                            **{k: np.tile(v, 9) for k, v in outcomes.items()}))  # fmt: skip
    few = check_covariates(_patients(make_cohort, {"s": score}, **outcomes))
    assert (many.verdict, few.verdict) == ("failed", "suspicious")
    assert LIMIT == pytest.approx(0.95)
