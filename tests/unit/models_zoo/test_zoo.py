"""A zoo runs only what its index lists, byte for byte."""

import hashlib
import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from pet_mtl import models_zoo
from pet_mtl.config import ModelConfig
from pet_mtl.errors import ModelError
from pet_mtl.export import export_bundle
from pet_mtl.models import ModelSpec, build_model
from pet_mtl.models_zoo import Zoo
from pet_mtl.sample import GridPlan


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zoo with one untrained model."""
    root = tmp_path_factory.mktemp("zoo")
    keras.utils.set_random_seed(0)
    spec = ModelSpec(GridPlan(16, 3.0, 6.0), (), (100.0, 200.0))
    config = ModelConfig(learned=True, filters=(4, 8), groups=2, radiomics=False)
    export_bundle([build_model(config, spec)], spec, root / "tiny" / "1", {})
    (root / "tiny" / "card.json").write_text('{"name": "tiny"}')
    files = [path for path in (root / "tiny").rglob("*") if path.is_file()]
    digests = {
        str(path.relative_to(root / "tiny")): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }
    models = {"tiny": {"version": "1", "sha256": digests}}
    (root / "index.json").write_text(json.dumps({"format_version": 1, "models": models}))
    return root


@pytest.fixture
def zoo(original: Path, tmp_path: Path) -> Zoo:
    return Zoo(Path(shutil.copytree(original, tmp_path / "zoo")))


def test_a_model_is_found_described_and_run(zoo: Zoo) -> None:
    assert zoo.names() == ("tiny",)
    assert zoo.card("tiny") == {"name": "tiny"}
    predictor = zoo.load("tiny")
    assert predictor.plan == GridPlan(16, 3.0, 6.0) and predictor.edges_days == (100.0, 200.0)
    cube = np.ones((2, 16, 16, 16, 1), np.float32)
    outputs = predictor.predict(cube, cube)
    assert outputs["mask"].shape == (2, 16, 16, 16, 2) and outputs["survival"].shape == (2, 2)
    both = predictor.context_mask(cube)[..., 0], outputs["mask"][..., 1]
    assert both[0] == pytest.approx(both[1], abs=1e-5)


def flip_a_byte(folder: Path) -> None:
    path = folder / "1" / "saved_model.pb"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def add_a_file(folder: Path) -> None:
    (folder / "1" / "extra.py").write_text("")


def remove_a_file(folder: Path) -> None:
    (folder / "card.json").unlink()


def link_a_file(folder: Path) -> None:
    path = folder / "card.json"
    path.rename(folder.parent / "elsewhere.json")
    path.symlink_to(folder.parent / "elsewhere.json")


@pytest.mark.parametrize("change", [flip_a_byte, add_a_file, remove_a_file, link_a_file])
def test_any_change_is_refused(zoo: Zoo, change: object) -> None:
    change(zoo.root / "tiny")
    with pytest.raises(ModelError, match="ZOO_DAMAGED"):
        zoo.load("tiny")


def test_unknown_model_and_damaged_index(zoo: Zoo) -> None:
    with pytest.raises(ModelError, match="ZOO_UNKNOWN"):
        zoo.load("other")
    (zoo.root / "index.json").write_text('{"format_version": 7}')
    with pytest.raises(ModelError, match="ZOO_INDEX"):
        zoo.names()


def test_what_is_shipped_is_whole() -> None:
    for name in models_zoo.names():
        models_zoo.verify(name)
    with pytest.raises(ModelError, match="ZOO_UNKNOWN"):
        models_zoo.load("no-such-model")
