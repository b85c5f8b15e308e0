"""The wheel holds one top-level name, and every package of the source."""

import configparser
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest


def packages_on_disk(root: Path, folders: dict[str, str]) -> set[str]:
    found = set()
    for folder, package in folders.items():
        for init in (root / folder).rglob("__init__.py"):
            inside = init.parent.relative_to(root / folder).parts
            found.add(".".join([package, *inside]))
    return found


@pytest.fixture(scope="module")
def wheel(root: Path, folders: dict[str, str], tmp_path_factory) -> zipfile.ZipFile:
    """A wheel of the working tree, built from a copy so that no old build leaks in."""
    copy = tmp_path_factory.mktemp("source")
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(root / name, copy)
    for folder in folders:
        shutil.copytree(
            root / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__", ".tmp-*")
        )
    done = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "dist", "."],
        cwd=copy, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return zipfile.ZipFile(next((copy / "dist").glob("*.whl")))


def test_setup_cfg_lists_every_package(root, folders):
    parser = configparser.ConfigParser()
    parser.read(root / "setup.cfg", encoding="utf-8")
    listed = parser["options"]["packages"].split()
    assert len(listed) == len(set(listed))
    assert set(listed) == packages_on_disk(root, folders)


def test_pet_mtl_is_the_only_top_level_name(wheel):
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"pet_mtl"}
    (record,) = [name for name in wheel.namelist() if name.endswith("top_level.txt")]
    assert wheel.read(record).decode().split() == ["pet_mtl"]


def test_every_module_of_the_source_is_in_the_wheel(wheel, root, folders):
    source = {
        "/".join([*package.split("."), *path.relative_to(root / folder).parts])
        for folder, package in folders.items()
        for path in (root / folder).rglob("*.py")
    }
    shipped = {name for name in wheel.namelist() if name.endswith(".py")}
    assert shipped == source


def test_typing_marker_licence_and_entry_point_are_shipped(wheel):
    names = wheel.namelist()
    assert "pet_mtl/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    (entry,) = [name for name in names if name.endswith("entry_points.txt")]
    assert "pet-mtl = pet_mtl.cli:main" in wheel.read(entry).decode()


def test_no_data_of_the_source_folders_is_forgotten(wheel, tracked, root, folders):
    """A template or a card that is tracked but not package data would work in the checkout only."""
    shipped = set(wheel.namelist())
    forgotten = []
    for path in tracked:
        folder = path.relative_to(root).parts[0]
        if folder in folders and path.suffix != ".py":
            inside = path.relative_to(root / folder).parts
            name = "/".join([*folders[folder].split("."), *inside])
            if name not in shipped:
                forgotten.append(name)
    assert not forgotten
