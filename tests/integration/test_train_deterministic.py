"""The same command twice, folds side by side, gives the same bits."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pet_mtl.models import load_model

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def test_bit_equal_weights_and_predictions(
    dataset: Path,
    tmp_path: Path,
    plain: list[str],
    pet_mtl: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    runs = [tmp_path / "one", tmp_path / "two"]
    heavy = ("--set", "augment.rotate_degrees=10", "--set", "stage.average=0.9")
    for run in runs:
        options = ("--fold", "0,1", "--jobs", 2, "--deterministic", *plain, *heavy)
        done = pet_mtl("train", dataset, "-o", run, *options)
        assert "fold 1: training" in done.stderr
    for name in ("out_of_fold.csv", "fold_0/metrics.csv", "fold_1/metrics.csv"):
        assert (runs[0] / name).read_bytes() == (runs[1] / name).read_bytes()
    for fold in ("fold_0", "fold_1"):
        one, two = (load_model(run / fold / "best.keras").get_weights() for run in runs)
        assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
        assert sum(np.abs(w).sum() for w in one) > 0
