"""Survival, from the table to evaluation.json, against scikit-survival, lifelines, scikit-learn."""

import json

import numpy as np
import pandas
import pytest
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from lifelines import CoxPHFitter, KaplanMeierFitter
from sklearn.linear_model import LogisticRegression
from sksurv import metrics as peer
from sksurv.util import Surv

from pet_mtl.errors import DatasetError
from pet_mtl.evaluation import Settings
from pet_mtl.evaluation.baselines import BASELINES, baseline_told
from pet_mtl.evaluation.cohort import Patients, Training
from pet_mtl.files import read_csv

DAYS = (90.0, 200.0, 400.0, 800.0)
FEW = Settings(samples=20)
PROFILE = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


def cohort(seed, patients=150, censored=0.5, ties=False):
    """Outcomes, and a model that knows some of the hazard and says too much of it."""
    rng = np.random.default_rng(seed)
    log_hazard = rng.normal(size=patients)
    lived = 400 * rng.exponential(size=patients) / np.exp(log_hazard)
    followed = rng.uniform(50, 1500, patients) * (0.3 if censored > 0.5 else 1.0)
    followed = followed if censored else np.full(patients, np.inf)
    time = np.minimum(lived, followed) + 1.0
    risk = log_hazard + 0.8 * rng.normal(size=patients)
    if ties:
        time, risk = np.ceil(time / 30) * 30, np.round(risk, 1)
    curves = {day: np.exp(-day / 500 * np.exp(1.3 * risk)) for day in DAYS}
    return time, (lived <= followed).astype(float), risk, curves


def tables(time, event, risk, curves):
    predicted = {"risk": risk, "response": np.full(len(time), np.nan)}
    predicted |= {f"survival_{day:g}": values for day, values in curves.items()}
    return predicted, {"time": time, "event": event}


def absent(document):
    return {item["what"]: item["reason"] for item in document["absent"]}


def judgeable(time, event):
    """Days that the curves tell, at which some have had the event and a tenth is followed."""
    return tuple(d for d in DAYS if np.mean(time > d) >= 0.1 and event[time <= d].any())


def defined(function, *arguments):
    """What a peer says; a case where it refuses is no case."""
    try:
        return function(*arguments)
    except ValueError:
        assume(False)


@profile(max_examples=25, **PROFILE)
@given(seed=st.integers(0, 100_000), censored=st.sampled_from([0.0, 0.5, 0.9]), ties=st.booleans())
def test_ranking_and_error_equal_scikit_survival(judge_table, seed, censored, ties):
    time, event, risk, curves = cohort(seed, 90, censored, ties)
    days = judgeable(time, event)
    assume(event.sum() > 10 and days)
    asked = Settings(samples=20, horizons=days)
    document = judge_table(*tables(time, event, risk, curves), asked)
    found, truth = document["metrics"]["survival"], Surv.from_arrays(event > 0, time)
    assert document["horizons"] == {"days": list(days), "chosen": "as given"}
    expected = peer.concordance_index_censored(event > 0, time, risk)[0]
    assert found["harrell_c"]["value"] == pytest.approx(expected, abs=1e-12)
    tau = found["uno_c"]["tau_days"]
    assert np.mean(time >= tau) >= 0.1 > np.mean(time > tau) - 1e-9
    expected = peer.concordance_index_ipcw(truth, truth, risk, tau)[0]
    assert found["uno_c"]["value"] == pytest.approx(expected, abs=1e-10)
    aucs, mean = defined(peer.cumulative_dynamic_auc, truth, truth, risk, days)
    assert found["mean_auc"]["value"] == pytest.approx(mean, abs=1e-10)
    table = np.stack([curves[day] for day in days], axis=1)
    scores = peer.brier_score(truth, truth, table, days)[1]
    marginal = KaplanMeierFitter().fit(time, event).survival_function_at_times(days).to_numpy()
    without = peer.brier_score(truth, truth, np.tile(marginal, (len(time), 1)), days)[1]
    for k, day in enumerate(days):
        assert found[f"auc_{day:g}"]["value"] == pytest.approx(aucs[k], abs=1e-10)
        brier = found[f"brier_{day:g}"]
        assert brier["value"] == pytest.approx(scores[k], abs=1e-10)
        assert brier["reference"] == pytest.approx(without[k], abs=1e-10)


@pytest.mark.parametrize(("seed", "ties"), [(0, False), (1, True), (2, True)])
def test_intervals_are_those_of_resampled_patients(judge_table, seed, ties):
    time, event, risk, curves = cohort(seed, 80, ties=ties)
    settings = Settings(samples=40, seed=5, horizons=(200.0,))
    found = judge_table(*tables(time, event, risk, curves), settings)["metrics"]["survival"]
    tau = found["uno_c"]["tau_days"]
    generator = np.random.default_rng(5)
    values = {"harrell_c": [], "uno_c": [], "auc_200": [], "brier_200": []}
    for _ in range(40):
        drawn = generator.integers(0, 80, 80)
        t, e, r = time[drawn], event[drawn] > 0, risk[drawn]
        truth = Surv.from_arrays(e, t)
        values["harrell_c"].append(peer.concordance_index_censored(e, t, r)[0])
        values["uno_c"].append(peer.concordance_index_ipcw(truth, truth, r, tau)[0])
        values["auc_200"].append(peer.cumulative_dynamic_auc(truth, truth, r, [200.0])[0][0])
        told = curves[200.0][drawn]
        values["brier_200"].append(peer.brier_score(truth, truth, told, [200.0])[1][0])
    for key, each in values.items():
        low, high = np.quantile(each, [0.025, 0.975])
        assert (found[key]["low"], found[key]["high"]) == pytest.approx((low, high), abs=1e-10)
        assert found[key]["samples"] == 40 and found[key]["skipped"] == 0


def test_the_integrated_error_is_the_mean_over_its_days(judge_table):
    time, event, risk, curves = cohort(3)
    document = judge_table(*tables(time, event, risk, curves), FEW)
    found = document["metrics"]["survival"]["ibs"]
    grid = np.linspace(found["from_days"], found["to_days"], found["points"])
    assert grid[0] == 0.0 and grid[-1] == document["horizons"]["days"][-1]
    knots = np.concatenate([[0.0], DAYS])
    hazard = -np.log(np.stack([np.ones(len(time)), *curves.values()], axis=1))
    predicted = np.exp(-np.array([np.interp(grid, knots, h) for h in hazard]))
    truth, begun = Surv.from_arrays(event > 0, time), grid >= time.min()
    later = peer.brier_score(truth, truth, predicted[:, begun], grid[begun])[1]
    # Before the first patient leaves, everybody lives and nobody is censored.
    scores = np.concatenate([((1 - predicted[:, ~begun]) ** 2).mean(axis=0), later])
    assert found["value"] == pytest.approx(np.trapezoid(scores, grid) / grid[-1], abs=1e-10)
    assert found["low"] < found["value"] < found["high"]
    assert found["value"] < found["reference"]


def test_calibration_equals_lifelines_and_scikit_learn(judge_table):
    time, event, risk, curves = cohort(4, 300)
    document = judge_table(*tables(time, event, risk, curves), Settings(20, 0, (200.0,)))
    found, predicted = document["metrics"]["survival"], curves[200.0]
    fitter = KaplanMeierFitter().fit(time, event)
    lived = float(fitter.survival_function_at_times(200.0).iloc[0])
    assert found["observed_expected_200"]["value"] == pytest.approx(
        (1 - lived) / np.mean(1 - predicted)
    )
    censoring = KaplanMeierFitter().fit(time, 1 - event)
    had, alive = (event > 0) & (time <= 200.0), time > 200.0
    at = np.where(had, time, 200.0)
    weight = 1.0 / censoring.survival_function_at_times(at).to_numpy()
    known = had | alive
    model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000)
    logit = np.log((1 - predicted) / predicted)[known, None]
    slope = model.fit(logit, had[known], weight[known]).coef_[0, 0]
    assert found["calibration_slope_200"]["value"] == pytest.approx(slope, abs=1e-4)
    assert slope < 0.95  # the curves say too much
    groups = document["calibration"]["survival"]["200"]
    assert sum(group["patients"] for group in groups) == 300 and len(groups) == 5
    order = np.argsort(predicted)
    for group, place in zip(groups, np.array_split(order, 5), strict=True):
        fitter = KaplanMeierFitter().fit(time[place], event[place])
        observed = float(fitter.survival_function_at_times(200.0).iloc[0])
        assert group["observed"]["value"] == pytest.approx(observed)
        assert group["predicted"] == pytest.approx(predicted[place].mean())


def test_net_benefit_by_hand(judge_table):
    """Nobody censored: a share of the treated is had by counting."""
    time, event, risk, curves = cohort(5, 120, censored=0.0)
    document = judge_table(*tables(time, event, risk, curves), Settings(20, 0, (200.0,)))
    decision = document["decision"]["survival"]["200"]
    had = time <= 200.0
    for mark, ours, everybody in zip(
        *(decision["thresholds"], decision["net_benefit"]["model"], decision["treat_all"]),
        strict=True,
    ):
        odds = mark / (1 - mark)
        treated = 1 - curves[200.0] >= mark
        expected = np.mean(treated & had) - odds * np.mean(treated & ~had)
        assert ours == pytest.approx(expected, abs=1e-12)
        assert everybody == pytest.approx(had.mean() - odds * (1 - had.mean()), abs=1e-12)
    assert decision["patients"] == 120 and len(decision["thresholds"]) == 99


def test_a_baseline_says_a_probability_as_lifelines_does():
    """Cox with Breslow's hazard, fitted and asked by hand."""
    time, event, risk, _ = cohort(6, 100)
    nothing = np.full(100, np.nan)
    fold = np.arange(100) % 2.0
    patients = Patients(
        *(tuple(map(str, range(100))), fold, time, event, nothing, nothing, nothing),
        covariates={"age": risk},
    )
    clinical = next(b for b in BASELINES if b.key == "clinical")
    told = baseline_told(
        clinical, "survival", patients, Training(patients, True, ""), (100.0, 300.0)
    )
    learned = fold == 1
    scaled = (risk - risk[learned].mean()) / risk[learned].std()
    table = pandas.DataFrame({"x": scaled, "t": time, "e": event})
    fitter = CoxPHFitter(penalizer=clinical.penalty).fit(table[learned], "t", "e")
    hazard = fitter.baseline_cumulative_hazard_.iloc[:, 0]
    centre = float(fitter.params_["x"] * scaled[learned].mean())
    for k, day in enumerate((100.0, 300.0)):
        until = hazard[hazard.index <= day].iloc[-1]
        ratio = np.exp(fitter.params_["x"] * scaled[~learned] - centre)
        np.testing.assert_allclose(told.probability[~learned, k], np.exp(-until * ratio), rtol=1e-6)


def test_days_are_quartiles_of_the_events(judge_table):
    time, event, risk, curves = cohort(7, 200, censored=0.0)
    document = judge_table(*tables(time, event, risk, curves), FEW)
    quartiles = np.quantile(time, [0.25, 0.5, 0.75])
    days = document["horizons"]["days"]
    assert days == pytest.approx(quartiles, rel=0.05)
    assert all(float(f"{day:.2g}") == day for day in days)
    assert "quartiles" in document["horizons"]["chosen"]


def test_late_days_are_left_out_where_hardly_anybody_is_followed(judge_table):
    """The last events come after nine of ten patients are gone."""
    rng = np.random.default_rng(0)
    time = np.concatenate([rng.uniform(10, 100, 95), np.arange(1000.0, 1005.0)])
    event = np.concatenate([np.repeat([1.0, 0.0], [3, 92]), np.ones(5)])
    document = judge_table({"risk": rng.normal(size=100), "response": np.full(100, np.nan)},
                           {"time": time, "event": event}, FEW)  # fmt: skip
    assert all(np.mean(time > day) >= 0.1 for day in document["horizons"]["days"])
    assert document["metrics"]["survival"]["uno_c"]["tau_days"] <= 100


def test_without_curves_ranking_is_judged_and_the_rest_says_why(judge_table):
    time, event, risk, _ = cohort(8)
    document = judge_table(*tables(time, event, risk, {}), FEW)
    found, reasons = document["metrics"]["survival"], absent(document)
    days = [f"{day:g}" for day in document["horizons"]["days"]]
    assert {"harrell_c", "uno_c", "mean_auc", *(f"auc_{d}" for d in days)} == set(found)
    for day in days:
        for what in ("brier", "calibration_slope", "observed_expected"):
            assert "survival_<days>" in reasons[f"metrics.survival.{what}_{day}"]
        assert f"calibration.survival.{day}" in reasons and f"decision.survival.{day}" in reasons
    assert "survival_<days>" in reasons["metrics.survival.ibs"]


def test_curves_that_end_early_say_so(judge_table):
    time, event, risk, curves = cohort(9)
    short = {90.0: curves[90.0]}
    document = judge_table(*tables(time, event, risk, short), Settings(20, 0, (90.0, 400.0)))
    found = document["metrics"]["survival"]
    assert "brier_90" in found and "brier_400" not in found and "auc_400" in found
    assert "last day told is 90" in absent(document)["metrics.survival.brier_400"]


def test_some_curves_are_judged_on_those_who_have_one(judge_table):
    time, event, risk, curves = cohort(10, 100)
    some = {day: np.where(np.arange(100) < 70, values, np.nan) for day, values in curves.items()}
    document = judge_table(*tables(time, event, risk, some), Settings(20, 0, (200.0,)))
    found = document["metrics"]["survival"]
    assert found["uno_c"]["patients"] == 100 and found["brier_200"]["patients"] == 70
    kept = Surv.from_arrays(event[:70] > 0, time[:70])
    expected = peer.brier_score(kept, kept, curves[200.0][:70], [200.0])[1][0]
    assert found["brier_200"]["value"] == pytest.approx(expected)


def test_a_day_beyond_the_follow_up_is_absent(judge_table):
    time, event, risk, curves = cohort(11)
    document = judge_table(*tables(time, event, risk, curves), Settings(20, 0, (200.0, 9e4)))
    assert "beyond the follow-up" in absent(document)["metrics.survival.auc_90000"]
    assert "auc_200" in document["metrics"]["survival"]


def test_without_events_nothing_is_judged_and_all_say_why(judge_table):
    time, event, risk, curves = cohort(12)
    document = judge_table(*tables(time, event * 0, risk, curves), FEW)
    assert "survival" not in document["metrics"]
    reasons = absent(document)
    for what in ("harrell_c", "uno_c", "auc", "mean_auc", "brier", "ibs", "calibration_slope"):
        assert reasons[f"metrics.survival.{what}"], what


def test_a_certain_prediction_is_moved_and_counted(judge_table):
    time, event, risk, curves = cohort(13)
    certain = {day: np.where(np.arange(150) < 2, 1.0, p) for day, p in curves.items()}
    found = judge_table(*tables(time, event, risk, certain), Settings(20, 0, (200.0,)))
    assert found["metrics"]["survival"]["calibration_slope_200"]["moved_from_0_or_1"] == 2


def test_what_is_no_probability_is_refused(judge_table):
    time, event, risk, curves = cohort(14)
    with pytest.raises(DatasetError, match="TABLE_PROBABILITY"):
        judge_table(*tables(time, event, risk, {90.0: curves[90.0] * 3}), FEW)


def test_few_patients_are_flagged(judge_table):
    time, event, risk, curves = cohort(15, 8)
    found = judge_table(*tables(time, event, risk, curves), Settings(20, 0, (200.0,)))
    assert found["metrics"]["survival"]["brier_200"]["too_few"]


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["rossi", "ncctg_lung", "gbsg2"])
def test_real_cohorts_reach_their_reference(judge_table, shared_data, name):
    reference = shared_data / "survival_refs"
    expected = json.loads((reference / "reference.json").read_text())[name]
    rows = read_csv(reference / f"{name}.csv")
    time, event = (np.array([float(row[key]) for row in rows]) for key in ("time", "event"))
    inputs = np.array([[float(row[c]) for c in expected["covariates"]] for row in rows])
    risk = inputs @ [expected["coef_efron"][c] for c in expected["covariates"]]
    days = tuple(expected["auc_times"])
    document = judge_table(*tables(time, event, risk, {}), Settings(20, 0, days))
    found = document["metrics"]["survival"]
    c = expected["harrell_c_sksurv"]["c"]
    assert found["harrell_c"]["value"] == pytest.approx(c, abs=1e-6)
    if "auc_note" not in expected:  # there the peer leaves out patients at the last time
        for day, auc in zip(days, expected["cumdyn_auc"], strict=True):
            assert found[f"auc_{day:g}"]["value"] == pytest.approx(auc, abs=1e-6)
        assert found["mean_auc"]["value"] == pytest.approx(expected["mean_auc"], abs=1e-6)
