"""A bundle with CT: what it tells and needs; an absent CT is one of which nothing is known."""

import keras
import numpy as np
import pytest

from pet_mtl.config import ModelConfig
from pet_mtl.export import export_bundle, load_predictor, readable_outputs
from pet_mtl.models import ModelSpec, build_model
from pet_mtl.sample import GridPlan

SIZE = 16


def cube(channels, seed=0):
    random = np.random.default_rng(seed)
    return (random.random((2, SIZE, SIZE, SIZE, channels)) * 5).astype(np.float32)


def ct_cube(seed):
    made = cube(2, seed)
    made[..., 0] = made[..., 0] * 200 - 500
    made[..., 1] = made[..., 1] > 1
    return made


@pytest.fixture(scope="module", params=[False, True], ids=["pet", "pet and ct"])
def exported(request, tmp_path_factory):
    keras.utils.set_random_seed(1)
    config = ModelConfig(learned=True, filters=(4, 8), groups=2, embedding=2)
    spec = ModelSpec(GridPlan(SIZE, 3.0, 6.0), (), (100.0, 250.0, 500.0), ct=request.param)
    models = [build_model(config, spec) for _ in range(2)]
    path = tmp_path_factory.mktemp("bundle") / "saved_model"
    export_bundle(models, spec, path, {})
    return models, load_predictor(path)


def test_the_bundle_gives_what_the_models_give(exported):
    models, predictor = exported
    ct = {"fine": ct_cube(2), "context": ct_cube(3)} if predictor.ct else None
    inputs = {"fine": cube(1), "context": cube(1, 1)}
    inputs |= {f"{scale}_ct": value for scale, value in (ct or {}).items()}
    found = predictor.predict(inputs["fine"], inputs["context"], ct=ct)
    each = [readable_outputs(model, inputs) for model in models]
    for name, value in found.items():
        values = [np.asarray(one[name.removesuffix("_sd")]) for one in each]
        spread = name.endswith("_sd")
        expected = np.std(values, axis=0, ddof=1) if spread else np.mean(values, axis=0)
        assert value == pytest.approx(expected, abs=1e-4), name
    assert predictor.about["ct"] == predictor.ct == ("fine_ct" in models[0].input)


def test_the_search_reads_the_context_cube_and_its_ct(exported):
    models, predictor = exported
    context, ct = cube(1, 1), ct_cube(3) if predictor.ct else None
    found = predictor.context_mask(context, ct)
    inputs = {"fine": np.zeros_like(context), "context": context}
    if predictor.ct:
        inputs |= {"fine_ct": np.zeros_like(ct), "context_ct": ct}
    logits = [np.asarray(model(inputs)["mask"])[..., 1:] for model in models]
    expected = np.mean([1 / (1 + np.exp(-one)) for one in logits], axis=0)
    assert found == pytest.approx(expected, abs=1e-5)


def test_no_ct_is_a_ct_of_which_nothing_is_known(exported):
    _, predictor = exported
    unknown = {"fine": ct_cube(2), "context": ct_cube(3)}
    for value in unknown.values():
        value[..., 1] = 0
    absent = predictor.predict(cube(1), cube(1, 1))
    for name, value in predictor.predict(cube(1), cube(1, 1), ct=unknown).items():
        np.testing.assert_array_equal(value, absent[name])
    ours = predictor.context_mask(cube(1))
    np.testing.assert_array_equal(predictor.context_mask(cube(1), unknown["context"]), ours)
