"""The Cox head's fit against scikit-survival, and its curves through model, file and bundle."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from sksurv.linear_model import CoxPHSurvivalAnalysis
from sksurv.util import Surv

from pet_mtl.config import LossConfig, ModelConfig
from pet_mtl.export import export_bundle, load_predictor, readable_outputs
from pet_mtl.losses import CoxPartialLikelihood, LogisticHazard
from pet_mtl.models import ModelSpec, build_model, load_model
from pet_mtl.sample import GridPlan
from pet_mtl.training import cox
from pet_mtl.training.cox import CoxTask, cumulative_baseline, fit_cox_head, store_baseline
from pet_mtl.training.features import fit_outcomes
from pet_mtl.training.heads import FEWEST_LABELS

EDGES = (2.0, 5.0, 9.0, 500.0)
PATIENTS, SIZE = 24, 8


def task(patients=150, features=4, ties="efron", seed=0, strength=0.8) -> CoxTask:
    """Times with many ties that depend on the first feature."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(patients, features))
    time = np.ceil(rng.exponential(6 * np.exp(-strength * x[:, 0])))
    return CoxTask(x, time, (rng.random(patients) < 0.5).astype(float), EDGES, ties)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("penalty", [1e-6, 0.1, 1.0])
def test_it_is_penalised_cox_regression(penalty: float, ties: str) -> None:
    made = task(ties=ties)
    head = fit_cox_head(made, [penalty], seed=0)
    peer = CoxPHSurvivalAnalysis(alpha=penalty * len(made.time), ties=ties, tol=1e-12, n_iter=200)
    peer.fit(made.features, Surv.from_arrays(made.event > 0, made.time))
    assert head.slopes == pytest.approx(peer.coef_, abs=1e-5)
    (curve,) = peer.predict_cumulative_hazard_function(np.zeros((1, 4)))
    known = [curve(edge) for edge in EDGES if edge <= made.time.max()]
    assert head.baseline[: len(known)] == pytest.approx(np.array(known), rel=1e-4)
    assert len(known) < len(EDGES) and head.baseline[-1] >= head.baseline[-2]  # kept beyond


def test_its_slopes_minimise_the_loss_that_trains_the_network() -> None:
    made = task(ties="efron", seed=3)
    slopes = fit_cox_head(made, [1e-9], seed=0).slopes
    loss = CoxPartialLikelihood("efron")
    best = loss(made.time, made.event, made.features @ slopes)
    for direction in np.eye(4):
        for step in (-0.05, 0.05):
            moved = made.features @ (slopes + step * direction)
            assert loss(made.time, made.event, moved) > best


def test_noise_gets_the_strongest_penalty_and_signal_a_weak_one() -> None:
    grid = (0.003, 0.03, 0.3, 3.0)
    noise = fit_cox_head(task(80, 40, seed=3, strength=0.0), grid, seed=0)
    signal = fit_cox_head(task(300, 3, seed=4, strength=1.5), grid, seed=0)
    assert noise.penalty == 3.0 and np.abs(noise.slopes).max() < 0.1
    assert signal.penalty <= 0.03 and signal.slopes[0] > 1.0


@pytest.mark.parametrize("events", [0, 3])
def test_too_few_events_give_the_baseline_only(events: int) -> None:
    made = task(30)
    few = CoxTask(made.features, made.time, (np.arange(30) < events).astype(float), EDGES)
    head = fit_cox_head(few, [0.1], seed=0)
    assert not head.slopes.any() and np.isinf(head.penalty)
    assert (head.baseline.max() > 0) == (events > 0) and np.isfinite(head.baseline).all()


def test_baseline_by_hand() -> None:
    log_hazard = np.log([1.0, 2.0, 3.0, 4.0])
    made = CoxTask(
        np.zeros((4, 0)), np.array([1.0, 2, 2, 3]), np.array([1.0, 1, 1, 0]), (0.5, 1, 2)
    )
    found = cumulative_baseline(made, log_hazard)
    assert found == pytest.approx([0.0, 1 / 10, 1 / 10 + 2 / 9])


def test_the_baseline_expects_as_many_events_as_there_were() -> None:
    made = task(80)
    eta = made.features @ np.array([1.0, -0.5, 0.2, 0.0])
    own = CoxTask(made.features, made.time, made.event, tuple(made.time))
    expected = cumulative_baseline(own, eta) * np.exp(eta)
    assert expected.sum() == pytest.approx(made.event.sum())


def cohort() -> tuple[dict, tf.data.Dataset]:
    """Random cubes with a lesion each, whose uptake rules the time; one time is unknown."""
    rng = np.random.default_rng(3)
    uptake = rng.uniform(3, 12, PATIENTS).astype(np.float32)
    cubes = rng.random((2, PATIENTS, SIZE, SIZE, SIZE, 1)).astype(np.float32)
    cubes[:, :, 2:6, 2:6, 2:6] += uptake[None, :, None, None, None, None]
    inputs = {"fine": cubes[0], "context": cubes[1]}
    time = np.ceil(rng.exponential(60 / uptake))
    targets = {
        "survival": np.stack([time, rng.random(PATIENTS) < 0.8], 1).astype(np.float32),
        "response": (uptake > 7).astype(np.float32)[:, None],
    }
    weights = {name: np.ones(PATIENTS, np.float32) for name in targets}
    weights["survival"][5] = 0.0
    return inputs, tf.data.Dataset.from_tensor_slices((inputs, targets, weights)).batch(7)


@pytest.fixture(scope="module")
def fitted() -> tuple[keras.Model, dict, tf.data.Dataset, ModelSpec]:
    keras.utils.set_random_seed(0)
    config = ModelConfig(
        learned=True, filters=(4,), groups=2, embedding=2, radiomics=False, survival="cox"
    )
    spec = ModelSpec(GridPlan(SIZE, 3.0, 6.0), (), EDGES)
    model = build_model(config, spec)
    inputs, batches = cohort()
    report = fit_outcomes(model, batches, LossConfig(head_penalty=(0.1, 1.0)), seed=0)
    assert report.fitted["survival"].slopes.any()
    return model, inputs, batches, spec


def test_curves_come_out_of_model_file_and_bundle_alike(fitted, tmp_path: Path) -> None:
    model, inputs, _, spec = fitted
    outputs = model(inputs)
    assert outputs["survival"].shape == (PATIENTS, 1)
    read = {name: np.asarray(value) for name, value in readable_outputs(model, inputs).items()}
    curve = read["survival"]
    assert curve.shape == (PATIENTS, len(EDGES))
    assert (np.diff(curve, axis=1) <= 0).all() and curve.min() >= 0 and curve.max() <= 1
    # Proportional hazards: the log of the curve is one shape, as high as the risk says.
    shape = -np.log(curve) / np.exp(read["risk"])[:, None]
    assert shape == pytest.approx(
        np.tile(np.asarray(model.get_layer("survival").baseline), (PATIENTS, 1)), rel=1e-3
    )
    model.save(tmp_path / "best.keras")
    again = readable_outputs(load_model(tmp_path / "best.keras"), inputs)
    export_bundle([model, model], spec, tmp_path / "bundle", {})
    predictor = load_predictor(tmp_path / "bundle")
    assert predictor.edges_days == EDGES
    served = predictor.predict(inputs["fine"], inputs["context"])
    for name in ("survival", "risk", "response"):
        np.testing.assert_allclose(np.asarray(again[name]), read[name], atol=1e-5)
        np.testing.assert_allclose(served[name], read[name], atol=1e-4)


def test_a_moved_head_gets_its_baseline_anew(fitted) -> None:
    model, inputs, batches, _ = fitted
    head = model.get_layer("survival")
    stored = np.array(head.baseline)
    store_baseline(model, batches)
    assert np.array(head.baseline) == pytest.approx(stored, rel=1e-3)
    slopes = np.array(head.slopes)
    head.slopes.assign(slopes / np.abs(slopes).max())
    store_baseline(model, batches)
    assert not np.allclose(np.array(head.baseline), stored, rtol=1e-2)
    log_hazard = np.asarray(model(inputs)["survival"], np.float64)[:, 0]
    head.slopes.assign(slopes)
    labels, known = (np.concatenate([batch[k]["survival"] for batch in batches]) for k in (1, 2))
    time, event = labels[known > 0].T.astype(np.float64)
    made = CoxTask(np.zeros((len(time), 0)), time, event, EDGES)
    expected = cumulative_baseline(made, log_hazard[known > 0])
    assert len(time) == PATIENTS - 1
    assert np.asarray(head.baseline) == pytest.approx(expected, rel=1e-3)


def test_patients_without_an_outline_are_in_no_risk_set(fitted, monkeypatch) -> None:
    """Here the first of every batch has none."""
    model, inputs, batches, _ = fitted
    head = model.get_layer("survival")
    monkeypatch.setattr(cox, "outlined", lambda logits: tf.range(tf.shape(logits)[0]) > 0)
    store_baseline(model, batches)
    labels, known = (np.concatenate([batch[k]["survival"] for batch in batches]) for k in (1, 2))
    first = np.concatenate([np.arange(len(batch[2]["survival"])) == 0 for batch in batches])
    kept = (known > 0) & ~first
    assert first.sum() > 1 and kept.sum() >= FEWEST_LABELS
    time, event = labels[kept].T.astype(np.float64)
    log_hazard = np.asarray(model(inputs)["survival"], np.float64)[kept, 0]
    made = CoxTask(np.zeros((len(time), 0)), time, event, EDGES)
    expected = cumulative_baseline(made, log_hazard)
    assert np.asarray(head.baseline) == pytest.approx(expected, rel=1e-3)


def test_each_head_knows_its_loss(fitted) -> None:
    model, *_, spec = fitted
    assert model.get_layer("survival").loss("breslow").ties == "breslow"
    other = build_model(ModelConfig(learned=True, filters=(4,), groups=2, radiomics=False), spec)
    assert isinstance(other.get_layer("survival").loss("efron"), LogisticHazard)
    baseline = np.array(other.get_layer("survival").baseline)
    store_baseline(other, cohort()[1])  # learned, and left alone
    assert np.array_equal(baseline, other.get_layer("survival").baseline)
