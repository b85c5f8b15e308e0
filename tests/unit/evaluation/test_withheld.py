"""Withheld outcomes are counted, the rest is judged, and response sets are held to their word."""

import pytest

from pet_mtl.errors import DatasetError
from pet_mtl.evaluation import Known, Request, Settings, evaluate, to_document
from pet_mtl.files import read_csv, write_csv
from pet_mtl.metrics import concordance_index
from pet_mtl.readers.clinical import ClinicalColumns

COLUMNS = ClinicalColumns("patient_id", "time_days", "event", "response")


def _judge(folder, change):
    table = folder / "predictions" / "predictions.csv"
    cells = read_csv(table)
    for number, row in enumerate(cells):
        change(number, row)
    write_csv(table, list(cells[0]), cells)
    known = Known(folder / "cohort" / "clinical.csv", COLUMNS)
    return to_document(evaluate(Request(folder / "predictions", known, settings=Settings(20))))


def test_withheld_outcomes_are_counted_and_left_out(rows, make_predictions):
    def withhold(number, row):
        row["abstained"] = ""
        if number < 8:
            why = "OOD_SUV LESION_FAINT" if number < 3 else "OOD_SUV"
            row.update({"risk": "", "response": "", "abstained": why})

    document = _judge(make_predictions(rows, truth=False), withhold)
    assert document["withheld"] == {
        "patients": 8, "coverage": pytest.approx(0.96),
        "reasons": {"OOD_SUV": 8, "LESION_FAINT": 3},
    }  # fmt: skip
    assert document["metrics"]["survival"]["harrell_c"]["value"] == concordance_index(
        *([row[key] for row in rows[8:]] for key in ("time_days", "event", "risk"))
    )
    said = " ".join(document["warnings"])
    assert "withheld the outcomes of 8 patients (LESION_FAINT 3, OOD_SUV 8)" in said
    assert "96.0% of the patients" in said
    assert "no prediction" not in said


def test_patients_without_a_prediction_are_told_beside_those_withheld(rows, make_predictions):
    def lose(number, row):
        row["abstained"] = "OOD_SUV" if number < 8 else ""
        if number < 9:  # the ninth for no reason that is told
            row.update({"risk": "", "response": ""})

    warnings = _judge(make_predictions(rows, truth=False), lose)["warnings"]
    assert sum("1 patient with a known outcome has no prediction" in one for one in warnings) == 2


def test_response_sets_are_judged(rows, make_predictions):
    cells = ["{0}", "{1}", "{0,1}", "{}"]

    def give(number, row):
        row["response_set"] = cells[number % 4] if number < 100 else ""

    document = _judge(make_predictions(rows, truth=False), give)
    judged = document["response_sets"]
    held = [rows[i]["response"] == i % 4 for i in range(0, 100) if i % 4 < 2]
    assert judged["patients"] == 100 and judged["coverage"] == (sum(held) + 25) / 100
    assert (judged["mean_size"], judged["single"], judged["empty"]) == (1.0, 0.5, 0.25)
    assert document["withheld"]["patients"] == 0 and document["withheld"]["coverage"] == 1.0


def test_a_cell_that_is_no_set_is_refused(rows, make_predictions):
    with pytest.raises(DatasetError, match="TABLE_CELL"):
        _judge(make_predictions(rows), lambda _, row: row.update({"response_set": "maybe"}))
