"""A bundle averages probabilities, recalibrates them, and averages mirrored views on demand."""

from pathlib import Path

import keras
import numpy as np
import pytest

from pet_mtl.config import ModelConfig
from pet_mtl.export import export_bundle, load_predictor, readable_outputs
from pet_mtl.models import Calibration, ModelSpec, build_model
from pet_mtl.models.calibration import ResponseScale, SurvivalScale
from pet_mtl.models.views import mirrored
from pet_mtl.sample import GridPlan

SIZE = 8
SPEC = ModelSpec(GridPlan(SIZE, 3.0, 6.0), (), (100.0, 300.0, 900.0))
CALIBRATION = Calibration(ResponseScale(0.5, 0.3), SurvivalScale(0.6, -0.2, (-3.0, -2.0, -1.0)))


def cubes(patients: int = 5) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    shape = (patients, SIZE, SIZE, SIZE, 1)
    return {scale: rng.gamma(1.0, 3.0, shape).astype(np.float32) for scale in ("fine", "context")}


@pytest.fixture(scope="module")
def models() -> list[keras.Model]:
    """Two folds, whose heads differ."""
    keras.utils.set_random_seed(0)
    config = ModelConfig(learned=True, filters=(4,), groups=2, embedding=2, radiomics=False)
    made = [build_model(config, SPEC) for _ in range(2)]
    for number, model in enumerate(made):
        for name in ("survival", "response"):
            head = model.get_layer(name)
            head.slopes.assign(np.random.default_rng(number).normal(size=head.slopes.shape))
            head.baseline.assign(np.full(head.baseline.shape, number - 1.5))
    return made


@pytest.fixture(scope="module")
def bundle(models, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("bundle") / "saved_model"
    export_bundle(models, SPEC, path, {}, CALIBRATION)
    return path


def test_probabilities_are_averaged_then_recalibrated(models, bundle: Path) -> None:
    inputs = cubes()
    got = load_predictor(bundle).predict(**inputs)
    each = [{n: np.asarray(v) for n, v in readable_outputs(m, inputs).items()} for m in models]
    mean = {name: (each[0][name] + each[1][name]) / 2 for name in each[0]}
    np.testing.assert_allclose(got["mask"], mean["mask"], atol=1e-5)
    np.testing.assert_allclose(got["risk"], mean["risk"], atol=1e-5)
    np.testing.assert_allclose(got["response"], CALIBRATION.response(mean["response"]), atol=1e-5)
    np.testing.assert_allclose(got["survival"], CALIBRATION.survival(mean["survival"]), atol=1e-5)
    assert np.abs(got["response"] - mean["response"]).max() > 0.02
    assert (np.argsort(got["response"]) == np.argsort(mean["response"])).all()
    assert load_predictor(bundle).about["calibration"]["response"]["slope"] == 0.5


def test_mirrored_views_are_averaged_and_mirroring_the_patient_mirrors_the_mask(bundle) -> None:
    inputs, plain, tta = cubes(2), load_predictor(bundle), load_predictor(bundle, tta=True)
    one = tta.predict(**inputs)
    flipped = {name: np.ascontiguousarray(cube[:, ::-1, :, ::-1]) for name, cube in inputs.items()}
    two = tta.predict(**flipped)
    np.testing.assert_allclose(two["mask"][:, ::-1, :, ::-1], one["mask"], atol=1e-5)
    for name in ("risk", "survival", "response"):
        np.testing.assert_allclose(two[name], one[name], atol=1e-5)
        assert np.abs(plain.predict(**flipped)[name] - plain.predict(**inputs)[name]).max() > 1e-5
    assert tta.fingerprint != plain.fingerprint


def test_what_is_no_cube_is_not_mirrored() -> None:
    seen = []

    def call(inputs):
        seen.append(inputs)
        return {"mask": inputs["fine"], "risk": inputs["clinical"][:, 0]}

    cube = np.arange(8.0, dtype=np.float32).reshape(1, 2, 2, 2, 1)
    clinical = np.array([[1.0, 2.0]], np.float32)
    outputs = mirrored(call, {"fine": cube, "clinical": clinical})
    np.testing.assert_array_equal(outputs["mask"], cube)
    assert outputs["risk"] == [1.0] and all((s["clinical"] == clinical).all() for s in seen)
    assert len({s["fine"].tobytes() for s in seen}) == 8
