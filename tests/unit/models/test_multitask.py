"""The functional model: names, shapes, switches, saving, and what reaches what."""

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from pet_mtl.config import ModelConfig
from pet_mtl.errors import ConfigError, ModelError
from pet_mtl.models import (
    ModelSpec,
    build_model,
    levels_of,
    load_model,
)
from pet_mtl.sample import GridPlan

SMALL = ModelConfig(learned=True, filters=(4, 8), groups=2, embedding=2)
PLAN = GridPlan(16, 3.0, 6.0)
EDGES = (100.0, 250.0, 500.0)


def cubes(count: int = 2, covariates: int = 0) -> dict[str, np.ndarray]:
    """Random SUV with one bright block, so that lesion features exist."""
    rng = np.random.default_rng(0)
    made = {}
    for scale in ("fine", "context"):
        suv = rng.random((count, 16, 16, 16, 1)).astype(np.float32)
        suv[:, 5:11, 5:11, 5:11] += 8.0
        made[scale] = suv
    if covariates:
        made["clinical"] = rng.normal(size=(count, covariates)).astype(np.float32)
        made["clinical_known"] = np.ones((count, covariates), np.float32)
    return made


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(1)
    return build_model(SMALL, ModelSpec(PLAN, ("age", "grade"), EDGES))


def test_outputs_have_the_promised_names_and_shapes(model: keras.Model) -> None:
    outputs = model(cubes(2, 2))
    shapes = {name: tuple(value.shape) for name, value in outputs.items()}
    assert shapes == {
        "mask": (2, 16, 16, 16, 2),
        "reconstruction": (2, 16, 16, 16, 2),
        "survival": (2, 3),
        "response": (2, 1),
    }
    assert all(np.isfinite(np.asarray(value)).all() for value in outputs.values())


def test_saved_and_loaded_it_gives_the_same(model: keras.Model, tmp_path: Path) -> None:
    model.get_layer("survival").slopes.assign(
        np.full(model.get_layer("survival").slopes.shape, 0.1, np.float32)
    )
    model.save(tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    inputs = cubes(2, 2)
    ours, theirs = model(inputs), loaded(inputs)
    for name in ours:
        assert np.asarray(theirs[name]) == pytest.approx(np.asarray(ours[name]), abs=1e-6)
    assert loaded.get_layer("survival").edges_days == EDGES


def test_unknown_covariate_changes_nothing(model: keras.Model) -> None:
    inputs = cubes(2, 2)
    inputs["clinical_known"][:, 1] = 0.0
    changed = {**inputs, "clinical": inputs["clinical"].copy()}
    changed["clinical"][:, 1] = 99.0
    assert np.array_equal(model(inputs)["survival"], model(changed)["survival"])


def test_outcome_does_not_bend_the_mask() -> None:
    keras.utils.set_random_seed(2)
    net = build_model(SMALL, ModelSpec(PLAN, (), EDGES))
    for head in ("survival", "response"):
        slopes = net.get_layer(head).slopes
        slopes.assign(np.ones(slopes.shape, np.float32))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(net(cubes())["survival"])
    decoder = net.get_layer("mask_decoder").trainable_variables
    encoder = net.get_layer("encoder").trainable_variables
    gradients = tape.gradient(loss, [*decoder, *encoder])
    assert all(g is None or not np.any(g) for g in gradients[: len(decoder)])
    assert any(np.any(g) for g in gradients[len(decoder) :] if g is not None)


@pytest.mark.parametrize(
    "switches",
    [
        {"tasks": ("mask", "survival", "response")},
        {"tasks": ("mask",)},
        {"tasks": ("reconstruction",)},
        {"tasks": ("mask", "radiomics")},
        {"tasks": ("mask", "radiomics", "survival"), "learned": False},
        {"tasks": ("mask", "response"), "learned": False},
        {"tasks": ("survival",), "pool": ("all",), "radiomics": False},
        {"tasks": ("response",), "pool": ("all",), "radiomics": False, "scales": "context"},
        {"scales": "fine"},
        {"scales": "context"},
        {"radiomics": False},
        {"radiomics": False, "pool": ("all",)},
        {"pool": ("ring", "lesion"), "pool_statistics": ("max", "sd")},
        {"radiomics": False, "encoder": "plain", "norm": "instance"},
        {"radiomics": False, "encoder": "se_residual", "norm": "layer"},
        {"radiomics": False, "encoder": "convnext", "blocks": 2},
    ],
    ids=str,
)
def test_every_switch_gives_a_model_that_runs_and_is_saved(
    switches: dict[str, Any], tmp_path: Path
) -> None:
    config = dataclasses.replace(SMALL, **switches)
    net = build_model(config, ModelSpec(PLAN, (), EDGES))
    for head in config.outcomes:
        slopes = net.get_layer(head).slopes
        slopes.assign(np.full(slopes.shape, 0.1, np.float32))
    outputs = net(cubes())
    assert set(outputs) == set(config.tasks)
    net.save(tmp_path / "model.keras")
    again = load_model(tmp_path / "model.keras")(cubes())
    for name, value in outputs.items():
        assert np.asarray(again[name]) == pytest.approx(np.asarray(value), abs=1e-6), name


@pytest.mark.parametrize(
    ("switches", "scales", "regions"),
    [
        ({}, {"fine", "context"}, 3),
        ({"scales": "fine"}, {"fine"}, 3),
        ({"scales": "context", "pool": ("lesion", "all")}, {"context"}, 2),
        ({"pool": ("all",)}, {"fine", "context"}, 1),
    ],
)
def test_switches_decide_what_the_heads_read(
    switches: dict[str, Any], scales: set[str], regions: int
) -> None:
    net = build_model(dataclasses.replace(SMALL, **switches), ModelSpec(PLAN, (), EDGES))
    names = {layer.name for layer in net.layers}
    for scale in ("fine", "context"):
        assert (f"{scale}_radiomics" in names) == (scale in scales)
        assert (f"pooled_{scale}" in names) == (scale in scales)
    for scale in scales:
        pooled = net.get_layer(f"pooled_{scale}").output
        assert pooled.shape[-1] == 2 * regions * sum(SMALL.filters)


def test_levels_of_the_mask_share_its_loss_by_halves() -> None:
    config = dataclasses.replace(
        SMALL, filters=(4, 8, 8), deep_supervision=True, tasks=("mask", "reconstruction")
    )
    net = build_model(config, ModelSpec(PLAN, (), EDGES))
    assert set(net.output) == {"mask", "mask_level1", "mask_level2", "reconstruction"}
    outputs = {name: np.asarray(value) for name, value in net(cubes()).items()}
    for k in (1, 2):
        found = outputs[f"mask_level{k}"]
        assert found.shape == outputs["mask"].shape
        coarse = found[:, :: 2**k, :: 2**k, :: 2**k]
        whole = coarse.repeat(2**k, 1).repeat(2**k, 2).repeat(2**k, 3)
        np.testing.assert_array_equal(found, whole)
    shares = levels_of("mask", net.output)
    assert shares == pytest.approx({"mask": 4 / 7, "mask_level1": 2 / 7, "mask_level2": 1 / 7})
    assert levels_of("reconstruction", net.output) == {"reconstruction": 1.0}
    assert levels_of("mask", ("mask", "survival")) == {"mask": 1.0}


def test_what_is_missing_reaches_the_heads_only_if_asked_for(model: keras.Model) -> None:
    config = dataclasses.replace(SMALL, clinical_missing=True, radiomics=False)
    net = build_model(config, ModelSpec(PLAN, ("age", "grade"), EDGES))
    slopes = net.get_layer("survival").slopes
    slopes.assign(np.ones(slopes.shape, np.float32))
    standard = net.get_layer("clinical_missing_standard")
    # Of 50 patients nobody lacks an age, a fifth a grade.
    absent = np.zeros((50, 2), np.float32)
    absent[:10, 1] = 1.0
    standard.fit(absent)
    inputs = cubes(2, 2)
    known = {**inputs, "clinical": np.zeros((2, 2), np.float32)}
    lacks = {n: {**known, "clinical_known": np.ones((2, 2), np.float32)} for n in (0, 1)}
    for column, given in lacks.items():
        given["clinical_known"][:, column] = 0.0
    full, age, grade = (np.asarray(net(x)["survival"]) for x in (known, lacks[0], lacks[1]))
    assert age == pytest.approx(full, abs=1e-5), "what is never missing cannot be learned from"
    assert grade - full == pytest.approx(np.full(full.shape, 2.5), abs=1e-4)


def test_a_scale_that_is_not_read_changes_no_outcome(model: keras.Model) -> None:
    net = build_model(dataclasses.replace(SMALL, scales="fine"), ModelSpec(PLAN, (), EDGES))
    for head in ("survival", "response"):
        slopes = net.get_layer(head).slopes
        slopes.assign(np.ones(slopes.shape, np.float32))
    inputs = cubes()
    ours, theirs = net(inputs), net({**inputs, "context": inputs["context"] * 2})
    assert np.array_equal(ours["survival"], theirs["survival"])
    assert not np.array_equal(ours["mask"], theirs["mask"])


def with_ct(count: int = 2, known: float = 1.0) -> dict[str, np.ndarray]:
    """The same cubes with a CT; `known` is its flag everywhere."""
    rng = np.random.default_rng(3)
    made = cubes(count)
    for scale in ("fine", "context"):
        hu = rng.normal(0, 300, (count, 16, 16, 16, 1)).astype(np.float32)
        made[f"{scale}_ct"] = np.concatenate([hu, np.full_like(hu, known)], axis=-1)
    return made


@pytest.fixture(scope="module")
def ct_model() -> keras.Model:
    keras.utils.set_random_seed(4)
    net = build_model(SMALL, ModelSpec(PLAN, (), EDGES, ct=True))
    for head in ("survival", "response"):
        slopes = net.get_layer(head).slopes
        slopes.assign(np.ones(slopes.shape, np.float32))
    return net


def test_ct_is_read(ct_model: keras.Model) -> None:
    inputs = with_ct()
    other = {**inputs, "context_ct": inputs["context_ct"] * np.array([0.5, 1.0], np.float32)}
    ours, theirs = ct_model(inputs), ct_model(other)
    assert not np.allclose(ours["mask"][..., 1], theirs["mask"][..., 1], atol=1e-4)
    assert not np.allclose(ours["survival"], theirs["survival"], atol=1e-4)
    assert np.array_equal(ours["mask"][..., 0], theirs["mask"][..., 0])


def test_absent_ct_contributes_exactly_nothing(ct_model: keras.Model) -> None:
    """The same numbers as a model that never heard of CT and shares all other weights."""
    bare = build_model(SMALL, ModelSpec(PLAN, (), EDGES))
    for ours, theirs in zip(bare.weights, ct_model.weights, strict=True):
        value = np.asarray(theirs)
        if ours.shape != theirs.shape:  # the two convolutions that read the image
            voxels = (theirs.shape[3] - ours.shape[3]) // 2
            assert voxels in (1, 8)  # the decoder reads cells of 2^3
            others = ours.shape[3] - voxels
            kept = [*range(others), *range(others, theirs.shape[3], 3)]  # SUV, HU, known; SUV, ...
            value = value[:, :, :, kept]
        ours.assign(value)
    absent = with_ct(known=0.0)
    ours, theirs = bare(cubes()), ct_model(absent)
    for name in ours:
        assert np.asarray(theirs[name]) == pytest.approx(np.asarray(ours[name]), abs=1e-5), name
    zeros = {n: np.zeros_like(v) if n.endswith("_ct") else v for n, v in absent.items()}
    for name, value in ct_model(zeros).items():
        assert np.array_equal(value, theirs[name]), name


def test_absent_ct_has_no_gradient(ct_model: keras.Model) -> None:
    """A patient without CT moves no weight that reads it."""
    encoder = ct_model.get_layer("encoder").get_layer("level1_down_conv").kernel
    with tf.GradientTape() as tape:
        outputs = ct_model(with_ct(known=0.0))
        loss = sum(tf.reduce_sum(value) for value in outputs.values())
    gradient = np.asarray(tape.gradient(loss, encoder.value))  # (3, 3, 3, channels, filters)
    assert gradient[..., 0, :].any() and not gradient[..., 1:, :].any()


def test_a_model_with_ct_saved_and_loaded_gives_the_same(
    ct_model: keras.Model, tmp_path: Path
) -> None:
    ct_model.save(tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    ours, theirs = ct_model(with_ct()), loaded(with_ct())
    for name in ours:
        assert np.asarray(theirs[name]) == pytest.approx(np.asarray(ours[name]), abs=1e-6)


@pytest.mark.parametrize(
    ("config", "size", "code"),
    [
        (ModelConfig(filters=(4, 8, 16), groups=2), 20, "MODEL_SIZE"),
        (ModelConfig(filters=(4, 6), groups=4), 16, "MODEL_GROUPS"),
        (dataclasses.replace(SMALL, tasks=("survival",)), 16, "MODEL_NEEDS_MASK"),
        (
            dataclasses.replace(SMALL, tasks=("response",), pool=("ring",), radiomics=False),
            *(16, "MODEL_NEEDS_MASK"),
        ),
        (dataclasses.replace(SMALL, radiomics=False, learned=False), 16, "MODEL_NO_FEATURES"),
    ],
)
def test_impossible_networks_are_refused(config: ModelConfig, size: int, code: str) -> None:
    with pytest.raises(ConfigError, match=code):
        build_model(config, ModelSpec(GridPlan(size, 3.0, 6.0), (), EDGES))


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "best.keras").write_bytes(b"PK\x03\x04 not a model")
    with pytest.raises(ModelError, match="MODEL_UNREADABLE"):
        load_model(tmp_path / "best.keras")
