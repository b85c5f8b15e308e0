"""The repository and what is tracked in it."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
# What a wheel is built from, and where its packages lie.
FOLDERS = {
    "pet_mtl": "pet_mtl",
    "tfrecords": "pet_mtl.tfrecords",
    "models_zoo": "pet_mtl.models_zoo",
    "cli": "pet_mtl.cli",
}


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def folders() -> dict[str, str]:
    return FOLDERS


@pytest.fixture(scope="session")
def tracked() -> list[Path]:
    """Every tracked file, those deleted in the working tree excepted."""
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="session")
def generator() -> ModuleType:
    """docs/generate.py, which is no package."""
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
