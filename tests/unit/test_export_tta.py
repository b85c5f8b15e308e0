"""A bundle averages probabilities, recalibrates them, and averages mirrored views on demand."""

from pathlib import Path

import keras
import numpy as np
import pytest
from sklearn.covariance import LedoitWolf

from pet_mtl.config import ModelConfig
from pet_mtl.export import export_bundle, load_predictor, readable_outputs
from pet_mtl.models import FEATURES, Calibration, ModelSpec, build_model, load_model
from pet_mtl.models.calibration import ResponseScale, SurvivalScale
from pet_mtl.models.views import mirrored
from pet_mtl.sample import GridPlan
from pet_mtl.training.novelty import with_novelty
from pet_mtl.trust import NO_TRUST, Reference, ResponseSets, Span, Trust

SIZE = 8
SPEC = ModelSpec(GridPlan(SIZE, 3.0, 6.0), (), (100.0, 300.0, 900.0))
CALIBRATION = Calibration(ResponseScale(0.5, 0.3), SurvivalScale(0.6, -0.2, (-3.0, -2.0, -1.0)))


TRUST = Trust(
    ResponseSets(0.9, (0.5, 0.6), (30, 20), True), Reference({"suv_max": Span(3.0, 30.0, 50)})
)


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


def test_the_spread_between_folds_is_told_and_one_model_has_none(models, bundle, tmp_path) -> None:
    inputs = cubes()
    got = load_predictor(bundle).predict(**inputs)
    each = [{n: np.asarray(v) for n, v in readable_outputs(m, inputs).items()} for m in models]
    scales = {"response": CALIBRATION.response, "survival": CALIBRATION.survival}
    for name in ("risk", "response", "survival"):
        values = [np.asarray(scales.get(name, np.asarray)(one[name])) for one in each]
        spread = np.std(values, axis=0, ddof=1)
        np.testing.assert_allclose(got[f"{name}_sd"], spread, atol=1e-5)
        assert spread.shape == got[name].shape and spread.max() > 1e-3
    export_bundle(models[:1], SPEC, tmp_path / "one", {})
    assert set(load_predictor(tmp_path / "one").predict(**inputs)) == {
        "mask", "risk", "survival", "response",
    }  # fmt: skip


def test_the_distance_of_the_features_is_exported(models, tmp_path) -> None:
    features = [
        np.asarray(keras.Model(m.input, m.get_layer(FEATURES).output)(cubes(16))) for m in models
    ]
    members = [with_novelty(m, f.astype(np.float64)) for m, f in zip(models, features, strict=True)]
    export_bundle(members, SPEC, tmp_path / "bundle", {"trust": TRUST.to_json()})
    predictor = load_predictor(tmp_path / "bundle")
    inputs = cubes(6)
    got = predictor.predict(**inputs)
    each = [np.asarray(member(inputs)["novelty"]) for member in members]
    np.testing.assert_allclose(got["novelty"], np.mean(each, axis=0), rtol=1e-5)
    fit = LedoitWolf().fit(features[0].astype(np.float64))
    fresh = keras.Model(models[0].input, models[0].get_layer(FEATURES).output)(inputs)
    theirs = np.sqrt(fit.mahalanobis(np.asarray(fresh, np.float64)))
    np.testing.assert_allclose(each[0], theirs, rtol=1e-3)
    assert predictor.trust == TRUST
    members[0].save(tmp_path / "m.keras")
    again = np.asarray(load_model(tmp_path / "m.keras")(inputs)["novelty"])
    np.testing.assert_allclose(again, each[0], rtol=1e-5)
    export_bundle(members, SPEC, tmp_path / "other", {"trust": NO_TRUST.to_json()})
    assert load_predictor(tmp_path / "other").fingerprint != predictor.fingerprint


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
