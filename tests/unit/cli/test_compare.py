"""pet-mtl compare, from the command line's side."""

import json

import numpy as np
import pytest

from pet_mtl.cli import main
from pet_mtl.files import write_csv


@pytest.fixture
def folder(tmp_path):
    """Two runs of the same 60 patients."""
    rng = np.random.default_rng(0)
    risk, time = rng.normal(size=60), rng.exponential(500, 60)
    for name in ("one", "two"):
        rows = [
            {
                "sample_id": f"p{i}", "fold": i % 5, "time_days": round(float(time[i]), 1),
                "event": i % 3 > 0, "response_true": i % 2,
                "risk": round(float(risk[i] + rng.normal()), 4),
                "response": round(float(rng.random()), 4), "dice": 0.8,
            }
            for i in range(60)
        ]  # fmt: skip
        for row in rows:
            row["event"] = int(row["event"])
        write_csv(tmp_path / name / "out_of_fold.csv", list(rows[0]), rows)
    return tmp_path


def _exit(*args):
    with pytest.raises(SystemExit) as caught:
        main(["compare", *map(str, args)])
    return caught.value.code


def test_two_runs_are_compared(folder, capsys):
    targets = (f"old={folder / 'one'}", folder / "two")
    assert _exit(*targets, "-o", folder / "out", "--samples", 30) == 0
    said = capsys.readouterr().out
    assert "Harrell's C: 60 patients, 40 events" in said and "two - old: " in said
    assert "page: " in said
    document = json.loads((folder / "out" / "comparison.json").read_text())
    assert [model["name"] for model in document["models"]] == ["old", "two"]
    assert document["bootstrap"]["samples"] == 30


def test_nothing_to_compare_by_is_a_failure(folder, capsys):
    for name in ("one", "two"):
        rows = [{"sample_id": f"p{i}", "risk": 1, "response": "", "dice": ""} for i in range(9)]
        write_csv(folder / name / "out_of_fold.csv", list(rows[0]), rows)
    assert _exit(folder / "one", folder / "two", "-o", folder / "out") == 1
    assert "no difference could be computed" in capsys.readouterr().err
    assert (folder / "out" / "comparison.html").is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("one",), "COMPARE_FEW"),
        (("one", "one"), "COMPARE_NAMES"),
        (("one", "nowhere"), "COMPARE_TARGET"),
        (("one", "two", "--reference", "three"), "COMPARE_REFERENCE"),
        (("one", "two", "--horizons", "soon"), "EVALUATE_HORIZONS"),
        (("one", "two", "--time", "t"), "CLINICAL_NO_TABLE"),
        ((), "Missing argument"),
    ],
)
def test_wrong_usage(folder, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(folder)
    assert _exit(*arguments, "-o", "out") == 2
    assert said in capsys.readouterr().err
    assert not (folder / "out").exists()
