"""`pet-mtl phantom`."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from pet_mtl.cli.phantom import command
from pet_mtl.errors import UsageError

ARGUMENTS = ["--patients", "1", "--seed", "7", "--format", "nifti", "--workers", "1"]


def test_writes_a_cohort(tmp_path: Path):
    result = CliRunner().invoke(command, [str(tmp_path / "out"), *ARGUMENTS])
    assert result.exit_code == 0
    assert (tmp_path / "out" / "truth.csv").exists()


def test_refuses_a_folder_in_use_unless_told(tmp_path: Path):
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "old").mkdir()
    (tmp_path / "mine.txt").write_text("stays")
    refused = CliRunner().invoke(command, [str(tmp_path), *ARGUMENTS])
    assert isinstance(refused.exception, UsageError)
    assert "--overwrite" in str(refused.exception)
    replaced = CliRunner().invoke(command, [str(tmp_path), *ARGUMENTS, "--overwrite"])
    assert replaced.exit_code == 0
    assert sorted(p.name for p in (tmp_path / "studies").iterdir()) == ["PH_0001"]
    assert (tmp_path / "mine.txt").read_text() == "stays"


@pytest.mark.parametrize("wrong", [["--patients", "0"], ["--format", "nrrd"], ["--seed", "-1"]])
def test_usage_errors(tmp_path: Path, wrong: list[str]):
    result = CliRunner().invoke(command, [str(tmp_path / "out"), *ARGUMENTS, *wrong])
    assert result.exit_code == 2
