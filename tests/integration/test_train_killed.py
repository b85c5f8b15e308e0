"""SIGKILL in the middle of training: the same command again finishes, and nothing is torn."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pet_mtl.models import load_model

# Trainings, perhaps beside other tests on a busy machine.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

_KILL = signal.SIGKILL

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def train(dataset: Path, tmp_path: Path, plain: list[str], schedule: str) -> tuple[object, ...]:
    """A short training of one fold into `run`."""
    chosen = ("--set", f"stage.schedule={schedule}")
    return ("train", dataset, "-o", tmp_path / "run", "--fold", "0", *plain, *chosen)


@pytest.mark.parametrize(
    ("schedule", "sign", "whole_group"),
    [
        ("staged", "mask 2/3", True),
        ("staged", "joint 1/1", False),
        ("joint", "joint 2/4", True),
        ("sequential", "outcomes 1/1", True),
    ],
)
def test_goes_on_where_it_stood(
    train: tuple[object, ...],
    tmp_path: Path,
    pet_mtl: Run,
    command: Callable[..., list[str]],
    sign: str,
    whole_group: bool,
) -> None:
    run = tmp_path / "run"
    with subprocess.Popen(
        command(*train), stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        kill = os.killpg if whole_group else os.kill
        seen = [line for line in process.stderr if sign in line and not kill(process.pid, _KILL)]
    assert seen, "training ended before it could be killed"
    assert process.returncode == -signal.SIGKILL
    assert not (run / "fold_0" / "predictions.csv").exists()
    for state in run.rglob("[!.]*.npz"):
        with np.load(state, allow_pickle=False) as arrays:
            assert "numbers" in arrays.files
    done = pet_mtl(*train)
    first = "joint 1/4" if "joint 2/4" in sign else "mask 1/3"
    assert first not in done.stderr, "a stage was begun anew instead of continued"
    load_model(run / "fold_0" / "best.keras")
    assert (run / "out_of_fold.csv").is_file()
    assert not list((run / "fold_0").rglob(".tmp-*")), "temporary files were left behind"
