"""What is fitted in closed form is what the network then computes."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from pet_mtl.config import LossConfig, ModelConfig
from pet_mtl.models import FEATURES, ModelSpec, build_model, load_model
from pet_mtl.sample import GridPlan
from pet_mtl.training.features import collect, fit_collected, fit_outcomes, head_inputs
from pet_mtl.training.outlines import mask_read, outlined

PATIENTS, SIZE = 24, 16


def patients(covariates: int) -> tf.data.Dataset:
    """Random cubes with a lesion each; the response follows the lesion's uptake."""
    rng = np.random.default_rng(3)
    uptake = rng.uniform(3, 12, PATIENTS).astype(np.float32)
    cubes = rng.random((2, PATIENTS, SIZE, SIZE, SIZE, 1)).astype(np.float32)
    cubes[:, :, 5:11, 5:11, 5:11] += uptake[None, :, None, None, None, None]
    inputs = {"fine": cubes[0], "context": cubes[1]}
    if covariates:
        inputs["clinical"] = rng.normal(size=(PATIENTS, covariates)).astype(np.float32)
        inputs["clinical_known"] = rng.integers(0, 2, (PATIENTS, covariates)).astype(np.float32)
    times = np.stack([rng.uniform(10, 900, PATIENTS), rng.integers(0, 2, PATIENTS)], 1)
    targets = {
        "survival": times.astype(np.float32),
        "response": (uptake > 7).astype(np.float32)[:, None],
    }
    weights = {name: np.ones(PATIENTS, np.float32) for name in targets}
    return tf.data.Dataset.from_tensor_slices((inputs, targets, weights)).batch(5)


@pytest.mark.parametrize("covariates", [0, 2])
def test_the_network_computes_what_was_fitted(covariates: int, tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    config = ModelConfig(learned=True, filters=(4, 8), groups=2, embedding=2)
    names = tuple(f"c{k}" for k in range(covariates))
    spec = ModelSpec(GridPlan(SIZE, 3.0, 6.0), names, (100.0, 300.0, 900.0))
    model = build_model(config, spec)
    batches = patients(covariates)
    report = fit_outcomes(model, batches, LossConfig(head_penalty=(0.1, 1.0)), seed=0)
    assert report.features == model.get_layer(FEATURES).output.shape[-1]
    probe = keras.Model(model.input, model.get_layer(FEATURES).output)
    inputs = {
        name: np.concatenate([batch[0][name].numpy() for batch in batches])
        for name in next(iter(batches))[0]
    }
    features = np.asarray(probe(inputs))
    assert np.abs(features).max() <= 4.0
    logit = features @ report.fitted["response"].slopes + report.fitted["response"].baseline[0]
    outputs = model(inputs)
    assert np.asarray(outputs["response"])[:, 0] == pytest.approx(logit, abs=1e-4)
    # However the groups were collected, the heads' columns are in the order of their families.
    groups, labels = collect(model, batches)
    backwards = dict(reversed(groups.items()))
    ordered = head_inputs(model, groups, labels)
    np.testing.assert_array_equal(head_inputs(model, backwards, labels), ordered)
    # Another order would differ by about 1; rounding of the convolutions by far less.
    np.testing.assert_allclose(ordered, features, atol=1e-2)
    # The lesion's uptake decides, and the fit has found it.
    truth = np.concatenate([batch[1]["response"].numpy() for batch in batches])[:, 0]
    assert logit[truth == 1].mean() > logit[truth == 0].mean() + 0.5
    model.save(tmp_path / "best.keras")
    again = load_model(tmp_path / "best.keras")(inputs)
    assert np.asarray(again["survival"]) == pytest.approx(np.asarray(outputs["survival"]), abs=1e-5)


def test_patients_without_an_outline_set_no_scale_turn_no_axis_and_fit_no_head() -> None:
    """Of a cube cut beside the lesion nothing is learned; those beside it learn as if alone."""
    keras.utils.set_random_seed(0)
    config = ModelConfig(filters=(4, 8), groups=2)
    spec = ModelSpec(GridPlan(SIZE, 3.0, 6.0), (), (100.0, 300.0, 900.0))
    model = build_model(config, spec)
    rng = np.random.default_rng(1)
    width = model.get_layer("radiomics_standard").input.shape[-1]
    values = rng.normal(size=(60, width)).astype(np.float32)
    values[50:] = -100.0  # an empty mask
    labels = {
        "survival": np.stack([rng.uniform(10, 900, 60), rng.integers(0, 2, 60)], 1),
        "response": rng.integers(0, 2, (60, 1)).astype(np.float32),
        **{f"has_{name}": np.ones(60, np.float32) for name in ("survival", "response")},
    }
    outlined = np.arange(60) < 50
    losses = LossConfig(head_penalty=(0.1, 1.0))
    whole = fit_collected(model, {"radiomics": values}, labels | {"outlined": outlined}, losses, 0)
    scale = model.get_layer("radiomics_standard").get_weights()
    few = {name: value[:50] for name, value in labels.items()}
    alone = fit_collected(model, {"radiomics": values[:50]}, few, losses, 0)
    assert (whole.unread, alone.unread) == (10, 0)
    for mine, theirs in zip(
        scale, model.get_layer("radiomics_standard").get_weights(), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)
    for task, head in whole.fitted.items():
        np.testing.assert_array_equal(head.slopes, alone.fitted[task].slopes)
    # A network that outlines next to nothing still gets heads, of everyone.
    hardly = labels | {"outlined": np.arange(60) < 5}
    assert fit_collected(model, {"radiomics": values}, hardly, losses, 0).unread == 0


def test_an_empty_mask_is_known_to_be_one() -> None:
    logits = np.full((3, 4, 4, 4, 2), -1.0, np.float32)
    logits[1, 2, 2, 2, 0] = 0.1
    logits[2, ..., 1] = 5.0  # the context cube alone
    assert outlined(logits).numpy().tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("changes", "output"),
    [
        ({}, "mask"),
        ({"radiomics": False, "learned": True}, "mask"),
        ({"radiomics": False, "learned": True, "pool": ("all",)}, ""),
    ],
)
def test_outlines_matter_to_heads_that_read_under_a_mask(changes: dict, output: str) -> None:
    spec = ModelSpec(GridPlan(SIZE, 3.0, 6.0), (), (100.0, 300.0, 900.0))
    model = build_model(ModelConfig(filters=(4, 8), groups=2, **changes), spec)
    assert mask_read(model) == output
