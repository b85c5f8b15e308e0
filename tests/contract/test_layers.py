"""The layers hold, and the contract really catches what it should."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def copy(root: Path, folders: dict[str, str], tmp_path: Path) -> Path:
    """The source as one tree, which import-linter can follow."""
    ignore = shutil.ignore_patterns("__pycache__", ".tmp-*", "*.md", "*.json")
    shutil.copytree(root / "pet_mtl", tmp_path / "pet_mtl", ignore=ignore)
    for folder in folders:
        if folder != "pet_mtl":
            shutil.copytree(root / folder, tmp_path / "pet_mtl" / folder, ignore=ignore)
    shutil.copy(root / ".importlinter", tmp_path)
    return tmp_path


def judge(tree: Path) -> tuple[int, str]:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--config", ".importlinter"],
        cwd=tree, capture_output=True, text=True,
    )  # fmt: skip
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def test_layers_hold(copy):
    code, output = judge(copy)
    assert code == 0, output
    assert "5 kept, 0 broken" in output


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("errors", "import pet_mtl.geometry", "A room imports only rooms to its left"),
        ("files", "import pet_mtl.config", "A room imports only rooms to its left"),
        ("readers/extra", "import pet_mtl.writers", "A room imports only rooms to its left"),
        ("sample", "import tensorflow", "No TensorFlow or Keras below encode"),
        ("preprocess/extra", "import keras", "No TensorFlow or Keras below encode"),
        ("losses/extra", "import tensorflow as tf", "keras.ops only"),
        ("preprocess/extra", "from pydicom import dcmread", "DICOM only in readers"),
        ("tfrecords/extra", "import highdicom", "DICOM only in readers"),
        ("training/extra", "import click", "click only in cli"),
    ],
)
def test_seeded_violation_is_caught(copy, module, line, contract):
    path = copy / "pet_mtl" / f"{module}.py"
    path.write_text((path.read_text() if path.exists() else "") + f"\n{line}\n")
    code, output = judge(copy)
    assert code == 1, output
    after = output[output.index(contract) :].split()
    assert next(word for word in after if word in ("KEPT", "BROKEN")) == "BROKEN"


def test_module_without_a_layer_is_caught(copy):
    (copy / "pet_mtl" / "corridor.py").write_text('"""Nobody placed this room."""\n')
    code, output = judge(copy)
    assert code == 1
    assert "corridor" in output
