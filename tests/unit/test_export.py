"""What a bundle says of its clinical inputs."""

import json
from pathlib import Path

import pytest
import tensorflow as tf

from pet_mtl.covariates import CATEGORICAL, Covariate, features_of
from pet_mtl.errors import ModelError
from pet_mtl.export import BUNDLE_JSON, load_predictor

SCHEMA = (
    Covariate("age", unit="years", known=30, mean=61.5, sd=9.0),
    Covariate("grade", CATEGORICAL, "", ("High", "Low"), ("Low",), known=28),
)


@pytest.fixture
def load(tmp_path: Path, monkeypatch):
    """Loads a bundle that says this of itself; its graph is nothing."""
    monkeypatch.setattr(tf.saved_model, "load", lambda _path: None)
    for name in ("saved_model.pb", "variables/variables.index", BUNDLE_JSON):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")

    def loaded(**changes):
        about = {
            "format_version": 1, "size": 16, "fine_mm": 3.0, "context_mm": 6.0, "versions": {},
            "covariates": list(features_of(SCHEMA)), "edges_days": [100.0], **changes,
        }  # fmt: skip
        (tmp_path / BUNDLE_JSON).write_text(json.dumps(about))
        return load_predictor(tmp_path)

    return loaded


def test_the_schema_comes_back(load) -> None:
    assert load(covariate_schema=[part.to_json() for part in SCHEMA]).schema == SCHEMA


def test_a_bundle_without_schema_goes_by_its_names(load) -> None:
    predictor = load()
    assert features_of(predictor.schema) == predictor.covariates == ("age", "grade=Low")
    assert load(covariates=[]).schema == ()


@pytest.mark.parametrize("schema", [[], [SCHEMA[0].to_json()], [{"name": "age"}], 5, ["age"]])
def test_a_schema_that_does_not_fit_is_refused(load, schema) -> None:
    with pytest.raises(ModelError, match="MODEL_DAMAGED"):
        load(covariate_schema=schema)
