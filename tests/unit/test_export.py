"""What a bundle says of its clinical inputs."""

import json
from pathlib import Path

import keras
import pytest

from pet_mtl.config import ModelConfig
from pet_mtl.covariates import CATEGORICAL, Covariate, features_of
from pet_mtl.errors import ModelError
from pet_mtl.export import BUNDLE_JSON, export_bundle, load_predictor
from pet_mtl.models import ModelSpec, build_model
from pet_mtl.sample import GridPlan

SCHEMA = (
    Covariate("age", unit="years", known=30, mean=61.5, sd=9.0),
    Covariate("grade", CATEGORICAL, "", ("High", "Low"), ("Low",), known=28),
)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Path:
    keras.utils.set_random_seed(1)
    spec = ModelSpec(GridPlan(16, 3.0, 6.0), features_of(SCHEMA), (100.0, 250.0))
    model = build_model(ModelConfig(filters=(4, 8), groups=2, embedding=2), spec)
    path = tmp_path_factory.mktemp("bundle") / "saved_model"
    facts = {"covariate_schema": [covariate.to_json() for covariate in SCHEMA]}
    export_bundle([model], spec, path, facts)
    return path


def test_the_schema_comes_back(bundle: Path) -> None:
    assert load_predictor(bundle).schema == SCHEMA


def test_a_bundle_without_schema_goes_by_its_names(bundle: Path) -> None:
    about = json.loads((bundle / BUNDLE_JSON).read_text())
    del about["covariate_schema"]
    (bundle / BUNDLE_JSON).write_text(json.dumps(about))
    predictor = load_predictor(bundle)
    assert features_of(predictor.schema) == predictor.covariates == ("age", "grade=Low")
    about["covariate_schema"] = [SCHEMA[0].to_json()]
    (bundle / BUNDLE_JSON).write_text(json.dumps(about))
    with pytest.raises(ModelError, match="MODEL_DAMAGED"):
        load_predictor(bundle)
