"""pet-mtl evaluate, from the command line's side."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from pet_mtl.cli import COMMANDS, main
from pet_mtl.cli.evaluate import command
from pet_mtl.files import write_csv


@pytest.fixture
def folder(tmp_path):
    """A run, and predictions with a clinical table, of the same 80 patients."""
    rng = np.random.default_rng(0)
    rows = [
        {
            "sample_id": f"p{i}",
            "id": f"p{i}",
            "fold": i % 5,
            "time_days": round(float(rng.exponential(500 / np.exp(risk))), 1),
            "event": int(rng.random() < 0.7),
            "response_true": i % 2,
            "risk": float(risk),
            "response": float(rng.random()),
            "dice": 0.8,
        }
        for i, risk in enumerate(rng.normal(size=80))
    ]

    def pick(names):
        return [{name: row[name] for name in names} for row in rows]

    run = ("sample_id", "fold", "time_days", "event", "response_true", "risk", "response", "dice")
    write_csv(tmp_path / "run" / "out_of_fold.csv", run, pick(run))
    table = ("id", "risk", "response")
    write_csv(tmp_path / "predictions" / "predictions.csv", table, pick(table))
    clinical = ("id", "time_days", "event", "response_true")
    write_csv(tmp_path / "clinical.csv", clinical, pick(clinical))
    return tmp_path


def _exit(*args):
    with pytest.raises(SystemExit) as caught:
        main(["evaluate", *map(str, args)])
    return caught.value.code


def _clinical(folder):
    return (
        folder / "predictions", "--clinical", folder / "clinical.csv", "--id-column", "id",
        "--time", "time_days", "--event", "event", "--response", "response_true",
    )  # fmt: skip


def test_a_run_is_judged_beside_itself(folder, capsys):
    assert _exit(folder / "run", "--samples", "50") == 0
    said = capsys.readouterr().out
    assert "Harrell's C: 80 patients" in said and "This model" in said
    assert f"report: {folder / 'run' / 'report.html'}" in said
    document = json.loads((folder / "run" / "evaluation.json").read_text())
    assert document["metrics"]["mask"]["dice"]["value"] == pytest.approx(0.8)
    assert document["bootstrap"]["samples"] == 50


def test_studies_may_be_a_manifest_or_have_a_layout(folder, capsys):
    (folder / "list.csv").write_text("study,pet\nother,clinical.csv\n")
    for more in ((), ("--layout", "manifest"), ("--layout", "bids")):
        assert _exit(*_clinical(folder), "--studies", folder / "list.csv", *more) == 2
        said = capsys.readouterr().err
        assert ("STUDIES_NO_MATCH" in said) == ("bids" not in more)
        assert ("LAYOUT_MANIFEST" in said) == ("bids" in more)


def test_predictions_are_judged_elsewhere(folder, tmp_path):
    assert _exit(*_clinical(folder), "-o", tmp_path / "out", "--samples", "50", "--seed", "9") == 0
    document = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert document["target"]["kind"] == "predictions"
    assert document["bootstrap"]["seed"] == 9
    assert not (folder / "predictions" / "report.html").exists()


def test_horizons_and_threshold_are_the_users(folder, tmp_path, capsys):
    more = ("--horizons", "100,300", "--threshold", "0.4", "--samples", "50")
    assert _exit(*_clinical(folder), "-o", tmp_path / "out", *more) == 0
    said = capsys.readouterr().out
    document = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert document["schema_version"] == 2
    assert document["horizons"] == {"days": [100.0, 300.0], "chosen": "as given"}
    assert {"auc_100", "auc_300", "uno_c"} <= set(document["metrics"]["survival"])
    assert document["threshold"] == {"value": 0.4, "rule": "given"}
    assert document["permutation"]["survival"]["shuffles"] == 49
    assert "Uno's C" in said and "from 0.400 on: given" in said
    assert "(perfectly calibrated 0." in said and "(without a model 0.500)" in said
    assert "permutation p = " in said and "No evidence that the model beats chance" in said


def test_a_threshold_chosen_on_the_very_patients_is_refused(folder, tmp_path, capsys):
    more = ("--threshold-from", folder / "run", "--samples", "50", "--no-radiomics")
    assert _exit(*_clinical(folder), "-o", tmp_path / "out", *more) == 0
    document = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    reasons = {item["what"]: item["reason"] for item in document["absent"]}
    assert "on these very patients" in reasons["metrics.response.sensitivity"]
    assert "Sensitivity                    not computed: " in capsys.readouterr().out


def test_no_number_at_all_is_a_failure(folder, capsys):
    columns = ("id", "time_days", "event")
    write_csv(
        folder / "clinical.csv",
        columns,
        [{"id": f"p{i}", "time_days": 5, "event": 0} for i in range(80)],
    )
    target = folder / "predictions"
    code = _exit(
        target, "--clinical", folder / "clinical.csv", "--id-column", "id", "--time", "time_days",
        "--event", "event",
    )  # fmt: skip
    captured = capsys.readouterr()
    assert code == 1 and "no number could be computed" in captured.err
    assert "no two patients can be compared" in captured.out
    assert (target / "report.html").is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "--id-column", "id"), "CLINICAL_NO_TABLE"),
        (("predictions",), "--clinical FILE"),
        (("predictions", "--clinical", "clinical.csv"), "--id-column"),
        (
            ("predictions", "--clinical", "clinical.csv", "--id-column", "it", "--event", "event"),
            "no column",
        ),
        (
            ("predictions", "--clinical", "clinical.csv", "--id-column", "id"),
            "CLINICAL_NO_OUTCOME",
        ),
        ((".",), "neither a run nor predictions"),
        (("nowhere",), "does not exist"),
        (("run", "--samples", "0"), "--samples"),
        (("run", "--horizons", "300,100"), "EVALUATE_HORIZONS"),
        (("run", "--threshold", "2"), "EVALUATE_THRESHOLD"),
        (("run", "--threshold-from", "run"), "EVALUATE_OPTIONS"),
        (("run", "--tolerance-mm", "3"), "EVALUATE_OPTIONS"),
        (("run", "--tolerance-mm", "-3"), "--tolerance-mm"),
    ],
)
def test_wrong_usage_is_told_in_one_line_and_exits_2(folder, capsys, monkeypatch, arguments, said):
    monkeypatch.chdir(folder)
    assert _exit(*arguments) == 2
    err = capsys.readouterr().err
    assert said in err and "Traceback" not in err


def test_help_starts_with_the_line_of_the_list():
    result = CliRunner().invoke(command, ["--help"])
    assert COMMANDS["evaluate"] in result.output


@pytest.fixture
def leaky(folder):
    """The run, with a dataset that keeps one patient in another fold."""
    table = (folder / "run" / "out_of_fold.csv").read_text().splitlines()
    columns = ("sample_id", "patient", "fold", "suv_max", "mtv_ml", "time_days", "event")
    rows = [
        {"sample_id": f"p{i}", "patient": f"p{i}", "fold": i % 5 if i else 3} for i in range(80)
    ]
    assert len(table) == 81
    write_csv(folder / "dataset" / "studies.csv", columns, rows)
    return folder


def test_a_failed_leak_check_fails_the_command_and_still_writes(leaky, capsys):
    arguments = (leaky / "run", "--dataset", leaky / "dataset", "--samples", "20")
    assert _exit(*arguments) == 1
    captured = capsys.readouterr()
    assert "leak checks failed: held_out_folds" in captured.err
    assert "leak check held_out_folds failed: " in captured.out
    document = json.loads((leaky / "run" / "evaluation.json").read_text())
    checks = {check["key"]: check["verdict"] for check in document["leaks"]["checks"]}
    assert checks["held_out_folds"] == "failed" and checks["patient_in_two_folds"] == "passed"
    assert (document["leaks"]["failed"], document["leaks"]["allowed"]) == (1, False)
    assert "in another fold than the run says" in (leaky / "run" / "report.html").read_text()


def test_an_allowed_leak_passes_and_is_told(leaky, capsys):
    arguments = (leaky / "run", "--dataset", leaky / "dataset", "--samples", "20")
    assert _exit(*arguments, "--allow-leaks") == 0
    document = json.loads((leaky / "run" / "evaluation.json").read_text())
    assert document["leaks"]["allowed"] is True
    told = "leak checks failed, and --allow-leaks let these numbers pass all the same."
    assert told in document["warnings"] and told in (leaky / "run" / "report.html").read_text()
    assert "error" not in capsys.readouterr().err


def test_without_a_leak_nothing_is_said_of_leaks(folder, capsys):
    assert _exit(folder / "run", "--samples", "20", "--allow-leaks") == 0
    assert "leak check" not in capsys.readouterr().out


def test_columns_to_group_and_to_harmonise_by_are_taken(leaky, capsys):
    arguments = (leaky / "run", "--dataset", leaky / "dataset", "--samples", "20", "--allow-leaks")
    assert _exit(*arguments, "--subgroups", "fold", "--combat", "fold", "--no-radiomics") == 0
    document = json.loads((leaky / "run" / "evaluation.json").read_text())
    assert {group["variable"] for group in document["subgroups"]} == {"fold"}
    assert any("ComBat by fold" in text for text in document["warnings"])
    for option in ("--subgroups", "--combat"):
        capsys.readouterr()
        assert _exit(*arguments, option, "weight") == 2
        assert "EVALUATE_SUBGROUPS" in capsys.readouterr().err
