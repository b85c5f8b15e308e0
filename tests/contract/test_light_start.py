"""Importing the package and asking for help load none of the heavy libraries."""

import json
import subprocess
import sys

import pytest

from pet_mtl.cli import COMMANDS

HEAVY = {
    "tensorflow", "keras", "tensorflow_datasets", "matplotlib", "sklearn", "lifelines", "pandas",
}  # fmt: skip


def loaded_by(code: str) -> set[str]:
    """Top-level modules that are loaded once `code` has run in a fresh interpreter."""
    program = (
        "import contextlib, io, json, sys\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        f"    {code}\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


def test_import_is_light():
    loaded = loaded_by("import pet_mtl")
    assert "pet_mtl" in loaded
    assert not loaded & {*HEAVY, "numpy", "SimpleITK", "pydicom"}


def test_help_is_light():
    loaded = loaded_by("from pet_mtl.cli import main; main(['--help'])")
    assert "click" in loaded
    assert not loaded & {*HEAVY, "numpy", "SimpleITK", "pydicom"}


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_is_light(name):
    loaded = loaded_by(f"from pet_mtl.cli import main; main([{name!r}, '--help'])")
    assert "click" in loaded
    assert not loaded & HEAVY


def test_the_probe_sees_what_is_loaded():
    assert "keras" in loaded_by("import types, sys; sys.modules['keras'] = types.ModuleType('k')")
