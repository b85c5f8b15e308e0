"""SIGKILL in the middle of training: the same command again finishes, and nothing is torn."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pet_mtl.models import load_model

pytestmark = pytest.mark.slow

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def train(dataset: Path, tmp_path: Path, quick: list[str]) -> tuple[object, ...]:
    """A short training of one fold into `run`."""
    return ("train", dataset, "-o", tmp_path / "run", "--fold", "0", *quick)


@pytest.mark.parametrize("sign", ["mask 2/3", "joint 1/1"])
def test_goes_on_where_it_stood(
    train: tuple[object, ...],
    tmp_path: Path,
    pet_mtl: Run,
    command: Callable[..., list[str]],
    sign: str,
) -> None:
    run = tmp_path / "run"
    with subprocess.Popen(
        command(*train), stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        seen = [line for line in iter(process.stderr.readline, "") if _kill_at(process, line, sign)]
    assert seen, "training ended before it could be killed"
    assert process.returncode == -signal.SIGKILL
    assert not (run / "fold_0" / "predictions.csv").exists()
    for state in run.rglob("[!.]*.npz"):
        with np.load(state, allow_pickle=False) as arrays:
            assert "numbers" in arrays.files
    done = pet_mtl(*train)
    assert "mask 1/3" not in done.stderr, "a stage was begun anew instead of continued"
    load_model(run / "fold_0" / "best.keras")
    assert (run / "out_of_fold.csv").is_file()
    assert not list((run / "fold_0").rglob(".tmp-*")), "temporary files were left behind"


def _kill_at(process: subprocess.Popen[str], line: str, sign: str) -> bool:
    """Kills the whole process group at a line of the progress."""
    if sign not in line:
        return False
    os.killpg(process.pid, signal.SIGKILL)
    return True
