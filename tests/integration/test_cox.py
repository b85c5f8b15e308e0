"""A Cox head, focal mask loss, hidden blocks and learned weights go the whole way."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pet_mtl.files import read_csv
from pet_mtl.models import load_model

OPTIONS = (
    *("model.survival=cox", "loss.ties=breslow", "loss.mask_kind=focal"),
    *("loss.balance_response=true", "loss.smooth_response=0.1", "loss.weighting=uncertainty"),
    "augment.hide_blocks=0.3",
)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_whole_way(
    dataset: Path, cohort: Path, quick: list[str], pet_mtl: Callable, tmp_path: Path
) -> None:
    run, out = tmp_path / "run", tmp_path / "predictions"
    options = [part for option in OPTIONS for part in ("--set", option)]
    pet_mtl("train", dataset, "-o", run, "--fold", 0, *quick, *options)
    head = load_model(run / "fold_0" / "best.keras").get_layer("survival")
    baseline = np.asarray(head.baseline)
    assert type(head).__name__ == "CoxHead" and baseline[-1] > 0
    rows = read_csv(run / "out_of_fold.csv")
    names = [f"survival_{edge:g}" for edge in head.edges_days]
    for row in rows:
        curve = np.array([float(row[name]) for name in names])
        expected = np.exp(-baseline * np.exp(float(row["risk"])))
        np.testing.assert_allclose(curve, expected, atol=1e-3)
    study = sorted((cohort / "studies").iterdir())[0]
    pet_mtl("predict", run, study, "-o", out)
    assert len(list(out.rglob("prediction.json"))) == 1
