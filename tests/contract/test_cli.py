"""The program's own list of commands, the commands, and the pages about them say the same."""

import importlib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from pet_mtl.cli import COMMANDS, group

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", COMMANDS)
def test_command_helps_with_its_listed_line(name):
    command = importlib.import_module(f"pet_mtl.cli.{name}").command
    assert isinstance(command, click.Command)
    assert (command.help or "").strip().splitlines()[0] == COMMANDS[name]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_has_help(name):
    command = importlib.import_module(f"pet_mtl.cli.{name}").command
    silent = [p.name for p in command.params if isinstance(p, click.Option) and not p.help]
    assert not silent


def test_every_command_file_is_listed():
    files = {path.stem for path in (ROOT / "cli").glob("*.py") if not path.stem.startswith("_")}
    assert files == set(COMMANDS)


def test_no_command_file_is_long():
    lengths = {
        path.name: len(path.read_text(encoding="utf-8").splitlines())
        for path in (ROOT / "cli").glob("*.py")
    }
    assert {name: lines for name, lines in lengths.items() if lines > 120} == {}


def test_unknown_command_is_a_usage_error():
    result = CliRunner().invoke(group, ["forecast"])
    assert result.exit_code == 2
    assert "No such command" in result.output and "Did you mean" not in result.output


def test_a_mistyped_command_is_answered_with_the_nearest():
    result = CliRunner().invoke(group, ["evalute", "run"])
    assert result.exit_code == 2
    assert "Did you mean 'evaluate'?" in result.output
