import csv
import dataclasses
import json

import numpy as np
import pytest

from pet_mtl.errors import Problem
from pet_mtl.prediction.batch import PredictConfig, predict_studies
from pet_mtl.readers import find_one, find_studies
from pet_mtl.readers.clinical import ClinicalColumns, read_clinical
from pet_mtl.readers.images import read_image
from pet_mtl.writers.images import write_image

CENTRE = (40.0, -50.0, 330.0)
DOUBTS = ["risk_sd", "response_sd", "novelty", "response_set", "abstained"]
NUMBERS = ["risk", "response", "volume_ml", "suv_max", "suv_mean", "tlg"]


@pytest.fixture
def src(tmp_path, ball, study_of, oblique_direction):
    """Four studies: upright, oblique, one with nothing hot, one that is no image."""
    folder = tmp_path / "src"
    studies = {
        "b-upright": study_of([ball(CENTRE, 20.0)]),
        "a-oblique": study_of([ball(CENTRE, 15.0, 9.0)], oblique_direction),
        "d-cold": study_of([]),
    }
    for name, study in studies.items():
        # Zeros and ones alone would be taken for a mask.
        suv = study.suv * 0.9 if name == "d-cold" else study.suv
        write_image(suv, study.grid, folder / name / "PET_image.nii.gz")
        if study.mask.any():
            write_image(study.mask, study.grid, folder / name / "PET_mask.nii.gz")
    (folder / "c-broken").mkdir()
    (folder / "c-broken" / "PET_image.nii.gz").write_bytes(b"no image")
    return folder


@pytest.fixture
def oblique_direction(direction_of):
    return direction_of("oblique")


@pytest.fixture
def run(src, tmp_path, model):
    """Predicts the cohort into OUT; keywords change the configuration."""

    def start(predictor=model, **changes):
        config = PredictConfig(tmp_path / "out", **{"overview": False, **changes})
        advanced = []
        search = find_studies(src)
        summary = predict_studies(search.sources, predictor, config, lambda: advanced.append(1))
        assert len(advanced) == len(search.sources)
        return summary

    return start


def table(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_bad_study_is_refused_and_the_rest_goes_on(run, tmp_path):
    summary = run()
    assert (summary.predicted, summary.skipped) == (3, 0)
    assert [name for name, _ in summary.refused] == ["c-broken"]
    rows = table(tmp_path / "out" / "rejected.csv")
    assert list(rows[0]) == ["id", "code", "what", "expected", "found", "todo"]
    assert [row["id"] for row in rows] == ["c-broken"]
    assert rows[0]["code"] and rows[0]["what"] and rows[0]["todo"]
    assert not (tmp_path / "out" / "c-broken").exists()


def test_what_the_search_passed_over_is_listed(run, tmp_path):
    summary = run(passed_over=(("a-empty", Problem("STUDY_EMPTY", "the folder is empty")),))
    assert [name for name, _ in summary.refused] == ["a-empty", "c-broken"]
    assert [row["id"] for row in table(tmp_path / "out" / "rejected.csv")] == [
        "a-empty",
        "c-broken",
    ]


def test_what_is_no_study_is_listed_apart(run, tmp_path):
    letter = ("a/letter.txt", Problem("SOURCE_OTHER", "neither DICOM nor an image file"))
    assert [name for name, _ in run(ignored=(letter,)).refused] == ["c-broken"]
    rows = table(tmp_path / "out" / "passed_over.csv")
    assert [(row["id"], row["code"]) for row in rows] == [("a/letter.txt", "SOURCE_OTHER")]
    run()
    assert not (tmp_path / "out" / "passed_over.csv").exists()


def test_masks_lie_in_the_patient_geometry(run, src, tmp_path):
    run()
    for name in ("a-oblique", "b-upright"):
        mask, grid = read_image(tmp_path / "out" / name / "mask.nii.gz")
        truth, truth_grid = read_image(src / name / "PET_mask.nii.gz")
        assert grid.matches(truth_grid)
        overlap = ((mask > 0) & (truth > 0)).sum()
        assert 2 * overlap / ((mask > 0).sum() + (truth > 0).sum()) > 0.9
        assert set(np.unique(mask)) == {0, 1}


def test_table_and_records_say_the_same(run, tmp_path, model):
    run()
    rows = table(tmp_path / "out" / "predictions.csv")
    centre = ["centre_x_mm", "centre_y_mm", "centre_z_mm"]
    survival = ["survival_90", "survival_365", "survival_1000.5"]
    assert list(rows[0]) == ["id", *NUMBERS, *centre, *survival, *DOUBTS, "warnings"]
    assert [row["id"] for row in rows] == ["a-oblique", "b-upright", "d-cold"]
    for row in rows:
        record = json.loads((tmp_path / "out" / row["id"] / "prediction.json").read_text())
        assert record["case"] == ""
        assert record["model_fingerprint"] == model.fingerprint
        for key in NUMBERS:
            assert row[key] == ("" if record[key] is None else str(record[key]))
        assert [float(row[key]) for key in centre] == record["centre_mm"]
        assert record["survival"]["days"] == list(model.edges_days)
        curve = [float(row[key]) for key in survival if row[key]]
        assert curve == (record["survival"]["probability"] or [])
    assert rows[1]["warnings"] == "" and float(rows[1]["suv_max"]) == 8.0
    assert rows[2]["warnings"] == "LESION_FAINT LESION_NOT_OUTLINED"
    assert rows[2]["suv_max"] == "" and float(rows[2]["volume_ml"]) == 0


def test_record_ranks_the_candidates(run, tmp_path):
    run()
    record = json.loads((tmp_path / "out" / "b-upright" / "prediction.json").read_text())
    assert set(record["candidates"][0]) == {
        "centre_mm",
        "volume_ml",
        "total_uptake",
        "probability",
        "evidence",
    }
    assert record["versions"]["pet_mtl"] and record["model_versions"] == {"made": "1"}


def test_finished_studies_are_skipped(run, tmp_path, model):
    first = run()
    before = table(tmp_path / "out" / "predictions.csv")
    calls = model.calls
    second = run()
    assert (first.skipped, second.predicted, second.skipped) == (0, 0, 3)
    assert model.calls == calls
    assert table(tmp_path / "out" / "predictions.csv") == before


def test_interrupted_study_is_predicted_again(run, tmp_path, model):
    run()
    before = (tmp_path / "out" / "predictions.csv").read_bytes()
    (tmp_path / "out" / "a-oblique" / "prediction.json").unlink()
    (tmp_path / "out" / "b-upright" / "prediction.json").write_text('{"torn')
    (tmp_path / "out" / "d-cold" / "mask.nii.gz").unlink()
    assert run().predicted == 3
    assert (tmp_path / "out" / "predictions.csv").read_bytes() == before


@pytest.mark.parametrize("change", ["model", "request", "overwrite", "overview"])
def test_another_question_is_asked_again(run, model, change):
    run()
    if change == "model":
        summary = run(dataclasses.replace(model, fingerprint="f2"))
    elif change == "request":
        summary = run(centre="mask")
    else:
        summary = run(**{change: True})
    assert (summary.predicted, summary.skipped) == (3, 0)


def test_other_inputs_are_predicted_again(run, src, model):
    """A new image, another region, a new mask, a new CT: as far as the question reads them."""
    folder = src / "b-upright"
    mask, grid = read_image(folder / "PET_mask.nii.gz")
    run(centre="mask")

    def again(predictor=model, **changes):
        return run(predictor, centre="mask", **changes).predicted

    assert again() == 0
    assert again(roi="1") == 3
    write_image(np.roll(mask, 1, axis=2), grid, folder / "PET_mask.nii.gz")
    assert (again(roi="1"), again(roi="1")) == (1, 0)
    with_ct = dataclasses.replace(model, ct=True)
    assert again(with_ct, roi="1") == 3
    write_image(np.where(mask > 0, 40.0, -1000.0), grid, folder / "CT_image.nii.gz")
    assert (again(with_ct, roi="1"), again(with_ct, roi="1")) == (1, 0)
    suv, _ = read_image(folder / "PET_image.nii.gz")
    write_image(suv * 2, grid, folder / "PET_image.nii.gz")
    assert again(with_ct, roi="1") == 1
    assert run().predicted == 3
    write_image(mask, grid, folder / "PET_mask.nii.gz")
    assert run(roi="2").predicted == 0, "the mask is not read"


def test_own_mask_is_read_only_where_asked_for(run, src, tmp_path):
    (src / "b-upright" / "PET_mask.nii.gz").write_bytes(b"broken")
    assert [name for name, _ in run().refused] == ["c-broken"]
    assert [name for name, _ in run(centre="mask").refused] == ["b-upright", "c-broken"]
    record = json.loads((tmp_path / "out" / "a-oblique" / "prediction.json").read_text())
    assert record["centre_source"] == "mask"
    # A study refused now keeps no record of before.
    assert not (tmp_path / "out" / "b-upright" / "prediction.json").exists()


def test_covariates_come_from_the_table(run, tmp_path, model):
    model.covariates = ("age", "sex")
    clinical = tmp_path / "clinical.csv"
    clinical.write_text("patient,age,sex\nb-upright,61,1\na-oblique,,0\n")
    columns = ClinicalColumns("patient", None, None, None, model.covariates)
    run(clinical=read_clinical(clinical, columns))
    known = {
        row["id"]: json.loads((tmp_path / "out" / row["id"] / "prediction.json").read_text())
        for row in table(tmp_path / "out" / "predictions.csv")
    }
    assert known["b-upright"]["request"]["clinical"] == {"age": 61, "sex": 1}
    assert known["a-oblique"]["request"]["clinical"] == {"sex": 0}
    assert known["d-cold"]["request"]["clinical"] == {}
    np.testing.assert_array_equal(model.clinical[0][1], [[0, 1]])


def test_pictures_are_drawn(run, tmp_path):
    run(overview=True)
    for name in ("a-oblique", "b-upright", "d-cold"):
        content = (tmp_path / "out" / name / "overview.png").read_bytes()
        assert content.startswith(b"\x89PNG") and len(content) > 20_000
    assert not list((tmp_path / "out").rglob(".tmp-*"))


@pytest.mark.real_data
def test_real_dicom_study_gets_its_mask_in_place(shared_data, tmp_path, model):
    """The study's own outline centres the cubes; the mask lies on the outlined lesion."""
    cohort = shared_data / "sts_cohort"
    source = find_one(cohort / "dicom" / "STS_001")
    config = PredictConfig(tmp_path / "out", centre="mask", overview=False)
    assert predict_studies([source], model, config).predicted == 1
    mask, grid = read_image(tmp_path / "out" / "STS_001" / "mask.nii.gz")
    truth, truth_grid = read_image(cohort / "nifti" / "STS_001" / "PET_mask.nii.gz")
    assert grid.matches(truth_grid)
    # The model only says where SUV exceeds 3: most of it is in the outline.
    assert ((mask > 0) & (truth > 0)).sum() > 0.8 * (mask > 0).sum() > 100


def test_a_model_without_survival_leaves_its_cells_empty(run, tmp_path, model):
    class ResponseOnly(type(model)):
        def predict(self, *inputs):
            found = super().predict(*inputs)
            return {name: found[name] for name in ("mask", "response")}

    assert run(ResponseOnly(edges_days=()), overview=True, abstain=False).predicted == 3
    rows = table(tmp_path / "out" / "predictions.csv")
    assert all(row["risk"] == "" and row["response"] for row in rows)
    assert not any(name.startswith("survival") for name in rows[0])
    record = json.loads((tmp_path / "out" / "b-upright" / "prediction.json").read_text())
    assert record["risk"] is None and record["survival"] == {"days": [], "probability": []}
    assert (tmp_path / "out" / "b-upright" / "overview.png").stat().st_size > 10_000
