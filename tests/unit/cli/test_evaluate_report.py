"""What `pet-mtl evaluate` is told of its report."""

import json

import numpy as np
import pytest

from pet_mtl.cli import main
from pet_mtl.files import write_csv

COLUMNS = ("sample_id", "fold", "time_days", "event", "risk", "dice", "survival_300")


@pytest.fixture
def run(tmp_path):
    """Out-of-fold predictions of 40 patients."""
    rng = np.random.default_rng(0)
    rows = [
        {"sample_id": f"p{i:03d}", "fold": i % 4, "event": i % 2, "dice": round(rng.beta(9, 2), 3),
         "time_days": round(rng.exponential(500), 1) + 1, "risk": round(rng.normal(), 3),
         "survival_300": 0.5}
        for i in range(40)
    ]  # fmt: skip
    write_csv(tmp_path / "run" / "out_of_fold.csv", COLUMNS, rows)
    return tmp_path / "run"


def _exit(*args):
    with pytest.raises(SystemExit) as caught:
        main(["evaluate", *map(str, args), "--samples", "30"])
    return caught.value.code


def test_as_many_patients_as_asked_and_a_pdf(run, tmp_path):
    out = tmp_path / "out"
    assert _exit(run, "-o", out, "--gallery", 2, "--pdf") == 0
    assert len((out / "tables" / "patients.csv").read_text().splitlines()) == 3
    assert (out / "report.pdf").read_bytes().startswith(b"%PDF")
    assert _exit(run, "-o", out, "--gallery", 0) == 0
    assert not (out / "tables" / "patients.csv").exists() and not (out / "report.pdf").exists()
    assert (out / "figures" / "kaplan_meier.svg").is_file()


def test_an_ablation_is_shown_or_refused_before_anything_is_written(run, tmp_path, capsys):
    folder, out = tmp_path / "ablation", tmp_path / "out"
    folder.mkdir()
    assert _exit(run, "-o", out, "--ablation", folder) == 2
    assert "ABLATION_MISSING" in capsys.readouterr().err and not out.exists()
    facts = {"seeds": 1, "training_patients": 9, "judged_patients": 9, "judged_on": "x"}
    content = {"facts": facts | {"resamples": 5}, "scores": {}, "parts": {}}
    (folder / "ablation.json").write_text(json.dumps(content))
    assert _exit(run, "-o", out, "--ablation", folder, "--gallery", 0) == 0
    assert "What each part adds" in (out / "report.html").read_text()
