"""The attributions add up, of functions with a known integral and of the networks."""

import keras
import numpy as np
import pytest

from pet_mtl.config import ModelConfig
from pet_mtl.explanation.gradients import activation_maps, integrate, path
from pet_mtl.explanation.member import Member
from pet_mtl.export import readable_outputs
from pet_mtl.models import ModelSpec, build_model
from pet_mtl.sample import SCALES, GridPlan

SIZE = 16
SPEC = ModelSpec(GridPlan(SIZE, 3.0, 6.0), (), (100.0, 250.0))
SMALL = {"filters": (4, 8), "groups": 2, "embedding": 2}
# One network with the statistics: their graph takes seconds to make.
LEARNED = {"learned": True, "radiomics": False}
KINDS = {
    "statistics": {},
    "whole cubes": {**LEARNED, "pool": ("all",), "tasks": ("survival",)},
    "context": {**LEARNED, "scales": "context", "survival": "cox"},
    "segmenter": {**LEARNED, "tasks": ("survival", "response"), "segmenter": "given"},
}


class Cubic:
    """Outcome = sum of SUV cubed over the fine cube."""

    outcomes = ("survival",)

    def fix(self, inputs):
        return {}

    def values(self, suv, fixed):
        return {"survival": (suv["fine"].astype(np.float64) ** 3).sum(axis=(1, 2, 3, 4))}

    def slopes(self, suv, fixed):
        fine = 3.0 * suv["fine"][..., 0] ** 2
        return {"survival": {"fine": fine, "context": np.zeros_like(fine)}}


def with_heads(config: ModelConfig, **given) -> keras.Model:
    """A network whose outcome heads are not 0, as they start."""
    keras.utils.set_random_seed(3)
    model = build_model(config, SPEC, **given)
    rng = np.random.default_rng(3)
    for name in config.outcomes:
        slopes = model.get_layer(name).slopes
        slopes.assign(rng.normal(size=slopes.shape))
    return model


def lesion_inputs() -> dict[str, np.ndarray]:
    """A hot, uneven ball in tissue."""
    rng = np.random.default_rng(5)
    place = np.stack(np.indices((SIZE,) * 3), -1) - (SIZE - 1) / 2
    inputs = {}
    for scale, radius in zip(SCALES, (5.0, 2.5), strict=True):
        ball = np.linalg.norm(place, axis=-1) <= radius
        suv = np.where(ball, 6.0, 0.8) * rng.uniform(0.8, 1.2, (SIZE,) * 3)
        inputs[scale] = suv.astype(np.float32)[None, ..., None]
    return inputs


@pytest.fixture(scope="module")
def inputs():
    return lesion_inputs()


@pytest.fixture(scope="module")
def teacher() -> keras.Model:
    return with_heads(ModelConfig(**SMALL))


@pytest.mark.parametrize("steps", [2, 3, 64])
def test_the_weights_of_a_path_sum_to_one(steps):
    points, weights = path(steps)
    assert weights.sum() == pytest.approx(1.0)
    assert np.all(np.diff(points) > 0) and 0 < points[0] < points[-1] < 1


def test_a_known_integral(inputs):
    baseline = {s: np.full_like(inputs[s], 0.5) for s in SCALES}
    found = integrate([Cubic()], inputs, baseline, 50)["survival"]
    x, b = inputs["fine"][0, ..., 0].astype(np.float64), 0.5
    # Mean of 3 s^2 over the line from b to x.
    np.testing.assert_allclose(found.slopes["fine"], x**2 + x * b + b**2, rtol=2e-3)
    assert not found.slopes["context"].any()
    total = (found.slopes["fine"] * (x - b)).sum()
    assert total == pytest.approx(found.value - found.baseline_value, rel=2e-3)


@pytest.mark.parametrize(
    "kind",
    [pytest.param(k, marks=pytest.mark.slow) if k == "statistics" else k for k in KINDS],
)
def test_attributions_of_a_network_are_complete(kind, inputs, teacher):
    config = ModelConfig(**SMALL, **KINDS[kind])
    model = with_heads(config, **({"segmenter": teacher} if config.segmenter else {}))
    member = Member(model)
    said = readable_outputs(model, dict(inputs))
    baseline = {s: np.minimum(inputs[s], 1.0) for s in SCALES}
    found = integrate([member], inputs, baseline, 64)
    assert set(found) == set(config.outcomes)
    assert found["survival"].value == pytest.approx(float(said["risk"][0]), abs=1e-4)
    if "response" in found:
        probability = 1 / (1 + np.exp(-found["response"].value))
        assert probability == pytest.approx(float(said["response"][0]), abs=1e-4)
    for one in found.values():
        moved = {s: (inputs[s] - baseline[s])[0, ..., 0] for s in SCALES}
        total = sum((one.slopes[s] * moved[s]).sum() for s in SCALES)
        difference = one.value - one.baseline_value
        assert abs(difference) > 0.02
        assert total == pytest.approx(difference, rel=0.05)
        assert one.slopes["fine"].any() == ("fine" in config.outcome_scales)


def test_folds_are_averaged(inputs):
    members = [Cubic(), Cubic()]
    members[1].slopes = lambda suv, fixed: {
        n: {s: 3.0 * v for s, v in one.items()} for n, one in Cubic().slopes(suv, fixed).items()
    }
    members[1].values = lambda suv, fixed: {
        "survival": 3.0 * Cubic().values(suv, fixed)["survival"]
    }
    baseline = {s: np.zeros_like(inputs[s]) for s in SCALES}
    one = integrate([Cubic()], inputs, baseline, 5)["survival"]
    both = integrate(members, inputs, baseline, 5)["survival"]
    assert both.value == pytest.approx(2.0 * one.value)
    np.testing.assert_allclose(both.slopes["fine"], 2.0 * one.slopes["fine"])


def test_grad_cam_reads_the_last_level_of_both_scales(inputs, teacher):
    model = with_heads(ModelConfig(**SMALL, **LEARNED))
    for scale in SCALES:
        # Until it is fitted, the reduction passes the first level alone.
        kernel = model.get_layer(f"learned_{scale}_reduction").kernel
        kernel.assign(np.random.default_rng(1).normal(scale=0.1, size=kernel.shape))
    member = Member(model)
    assert member.learned and not Member(teacher).learned
    for value, maps in activation_maps([member], inputs).values():
        assert np.isfinite(value)
        assert {s: cells.shape for s, cells in maps.items()} == dict.fromkeys(SCALES, (4, 4, 4))
        assert all(cells.any() for cells in maps.values())


def test_what_an_outcome_is_counted_in(teacher):
    assert Member(teacher).unit("survival") == "log odds of the hazard"
    assert Member(teacher).unit("response") == "log odds"
    assert Member(with_heads(ModelConfig(**SMALL, survival="cox"))).unit("survival") == "log hazard"
