"""Judging predictions beside a clinical table, true masks and the truth."""

import dataclasses
import json

import numpy as np
import pytest
import SimpleITK as sitk

from pet_mtl.covariates import Covariate
from pet_mtl.errors import ClinicalError, UsageError
from pet_mtl.evaluation import Known, Request, Settings, evaluate, to_document
from pet_mtl.metrics import concordance_index, dice
from pet_mtl.readers.clinical import ClinicalColumns

FEW = Settings(samples=60)
COLUMNS = ClinicalColumns("patient_id", "time_days", "event", "response", ("age",))


def _request(folder, **more):
    known = Known(folder / "cohort" / "clinical.csv", COLUMNS, **more)
    return Request(folder / "predictions", known, settings=FEW)


def test_outcomes_are_joined_by_id_whatever_the_order(rows, make_predictions):
    folder = make_predictions(rows)
    clinical = folder / "cohort" / "clinical.csv"
    head, *lines = clinical.read_text().splitlines()
    clinical.write_text("\n".join([head, *reversed(lines)]) + "\n")
    document = to_document(evaluate(_request(folder)))
    assert document["metrics"]["survival"]["harrell_c"]["value"] == concordance_index(
        *([row[key] for row in rows] for key in ("time_days", "event", "risk"))
    )
    assert document["metrics"]["response"]["auc"]["value"] > 0.6
    assert "mask" not in document["metrics"]


def test_truth_beside_the_clinical_table_is_found(rows, make_predictions):
    document = to_document(evaluate(_request(make_predictions(rows))))
    assert document["oracle"]["response"]["logit"]["auc"]["value"] > 0.7
    assert document["share_of_oracle"]["survival"]["model"]["value"] > 0.3


def test_without_truth_there_is_no_oracle(rows, make_predictions):
    document = to_document(evaluate(_request(make_predictions(rows, truth=False))))
    assert document["oracle"] == {} and document["share_of_oracle"] == {}


def test_clinical_baseline_is_cross_fitted(rows, make_predictions):
    document = to_document(evaluate(_request(make_predictions(rows))))
    assert "cross-fitted" in document["baselines_fit"]
    assert document["baselines"]["survival"]["clinical"]["harrell_c"]["value"] > 0.55
    reasons = {item["what"]: item["reason"] for item in document["absent"]}
    assert "--studies" in reasons["baselines.survival.suv_max"]


def test_baselines_from_a_training_dataset(rows, make_predictions, make_run):
    folder = make_run(rows)  # the same cohort, as a dataset
    make_predictions(rows[:60])
    request = dataclasses.replace(_request(folder), baselines_from=folder / "data")
    document = to_document(evaluate(request))
    assert document["baselines_fit"] == "fitted on the training dataset's patients"
    assert document["baselines"]["survival"]["clinical"]["harrell_c"]["patients"] == 60


def test_covariates_are_read_as_the_training_dataset_has_them(rows, make_predictions, make_run):
    folder = make_run(rows)
    make_predictions(rows[:60])
    schema = [Covariate("age", unit="years", known=200, mean=60.0, sd=10.0).to_json()]
    document = {"covariates": ["age"], "covariate_schema": schema}
    (folder / "data" / "dataset.json").write_text(json.dumps(document))
    request = dataclasses.replace(_request(folder), baselines_from=folder / "data")
    assert not any("CLINICAL" in text for text in to_document(evaluate(request))["warnings"])
    clinical = folder / "cohort" / "clinical.csv"
    clinical.write_text(clinical.read_text().replace("age", "age [months]", 1))
    with pytest.raises(ClinicalError, match="CLINICAL_UNIT"):
        evaluate(request)


def test_predictions_without_a_row_are_counted(rows, make_predictions):
    folder = make_predictions(rows)
    clinical = folder / "cohort" / "clinical.csv"
    clinical.write_text("\n".join(clinical.read_text().splitlines()[:-5]) + "\n")
    document = to_document(evaluate(_request(folder)))
    assert document["counts"]["with_survival"] == 195
    assert any("5 predictions have no row" in text for text in document["warnings"])


def test_a_table_of_other_patients_is_refused(rows, make_predictions):
    folder = make_predictions([row | {"name": f"X{i}"} for i, row in enumerate(rows)])
    clinical = folder / "cohort" / "clinical.csv"
    clinical.write_text(clinical.read_text().replace("X", "Y"))
    with pytest.raises(UsageError, match="CLINICAL_NO_MATCH"):
        evaluate(_request(folder))


def test_predictions_alone_are_refused(rows, make_predictions):
    with pytest.raises(UsageError, match="EVALUATE_NOTHING"):
        evaluate(Request(make_predictions(rows) / "predictions"))


def test_a_table_by_itself_is_a_target(rows, make_predictions):
    folder = make_predictions(rows)
    request = dataclasses.replace(
        _request(folder), target=folder / "predictions" / "predictions.csv"
    )
    assert "survival" in to_document(evaluate(request))["metrics"]


def test_a_further_study_has_the_row_of_its_patient(rows, make_predictions):
    """What predict wrote beside it says whose it is, without the studies at hand."""
    folder = make_predictions([*rows[:40], rows[0] | {"name": "PAT_000_2"}])
    clinical = folder / "cohort" / "clinical.csv"
    text = clinical.read_text()
    clinical.write_text("".join(x for x in text.splitlines(True) if "_2," not in x))
    record = folder / "predictions" / "PAT_000_2" / "prediction.json"
    for case, known in (("PAT_000", 41), ("", 40), (7, 40)):
        record.parent.mkdir(exist_ok=True)
        record.write_text(json.dumps({"case": case}))
        assert to_document(evaluate(_request(folder)))["counts"]["with_survival"] == known


def test_studies_of_a_manifest(with_studies):
    folder, _, _ = with_studies
    expected = evaluate(_request(folder, studies=folder / "studies")).cohort.dice
    names = sorted(path.name for path in (folder / "studies").iterdir())
    lines = [f"{name},studies/{name}/pet.nii.gz,studies/{name}/mask.nii.gz" for name in names]
    table = folder / "list.csv"
    table.write_text("\n".join(("study,pet,mask", *lines)))
    for layout in ("auto", "manifest"):
        known = evaluate(_request(folder, studies=table, layout=layout)).cohort
        np.testing.assert_array_equal(known.dice, expected)
    with pytest.raises(UsageError, match="LAYOUT_MANIFEST"):
        evaluate(_request(folder, studies=table, layout="dicom"))


def _save(array, path, origin=(0.0, 0.0, 0.0)):
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((2.0, 2.0, 3.0))
    image.SetOrigin(origin)
    path.parent.mkdir(parents=True, exist_ok=True)
    sitk.WriteImage(image, str(path))


@pytest.fixture
def with_studies(rows, make_predictions):
    """Six predicted patients with masks; one mask elsewhere, one missing, one study broken."""
    rows = rows[:6]
    folder = make_predictions(rows)
    rng = np.random.default_rng(0)
    truths, guesses = [], []
    for i, row in enumerate(rows):
        suv = rng.uniform(0.2, 6.0, (10, 14, 16)).astype(np.float32)
        truth, guess = np.zeros(suv.shape, np.uint8), np.zeros(suv.shape, np.uint8)
        truth[2:6, 3 : 8 + i, 4:9] = 1
        guess[3:6, 3 : 8 + i, 4:10] = 1
        study = folder / "studies" / row["name"]
        _save(suv, study / "pet.nii.gz")
        _save(truth, study / "mask.nii.gz")
        origin = (9.0, 0.0, 0.0) if i == 3 else (0.0, 0.0, 0.0)
        if i != 4:
            _save(guess, folder / "predictions" / row["name"] / "mask.nii.gz", origin)
        if i == 5:
            (study / "pet.nii.gz").write_bytes(b"broken")
        truths.append((truth > 0, suv))
        guesses.append(guess > 0)
    return folder, truths, guesses


def test_masks_are_compared_in_the_patients_geometry(with_studies):
    folder, truths, guesses = with_studies
    evaluation = evaluate(_request(folder, studies=folder / "studies"))
    patients = evaluation.cohort.patients
    for i in range(3):
        mask, suv = truths[i]
        assert evaluation.cohort.dice[i] == dice(mask, guesses[i])
        assert patients.mtv_ml[i] == pytest.approx(mask.sum() * 0.012)
        assert patients.suv_max[i] == pytest.approx(suv[mask].max())
    assert np.isnan(evaluation.cohort.dice[3:]).all()
    assert np.isfinite(patients.mtv_ml[:5]).all() and np.isnan(patients.mtv_ml[5])


def test_what_cannot_be_compared_is_counted(with_studies):
    folder, _, _ = with_studies
    evaluation = evaluate(_request(folder, studies=folder / "studies"))
    assert evaluation.cohort.refused == 3
    text = " ".join(to_document(evaluation)["warnings"])
    assert "MASK_GEOMETRY" in text and "NO_PREDICTED_MASK" in text


def test_a_patient_without_an_outline_is_no_problem(with_studies):
    folder, _, _ = with_studies
    (folder / "studies" / "PAT_000" / "mask.nii.gz").unlink()
    evaluation = evaluate(_request(folder, studies=folder / "studies"))
    assert evaluation.cohort.refused == 3
    assert np.isnan(evaluation.cohort.patients.mtv_ml[0])


def test_versions_of_the_model_are_shown(rows, make_predictions):
    folder = make_predictions(rows)
    first = folder / "predictions" / "PAT_000"
    first.mkdir()
    (first / "prediction.json").write_text('{"model_versions": {"keras": "3.15.0"}}')
    document = to_document(evaluate(_request(folder)))
    assert document["provenance"]["model_versions"] == {"keras": "3.15.0"}


def test_masks_alone_give_dice_alone(with_studies):
    folder, _, _ = with_studies
    request = Request(
        folder / "predictions", Known(studies=folder / "studies"), settings=Settings(samples=20)
    )
    assert set(to_document(evaluate(request))["metrics"]) == {"mask"}


def test_studies_of_other_names_are_refused(with_studies, tmp_path):
    folder, _, _ = with_studies
    (folder / "studies").rename(folder / "old")
    for path in (folder / "old").iterdir():
        path.rename(folder / "old" / f"OTHER_{path.name}")
    with pytest.raises(UsageError, match="STUDIES_NO_MATCH"):
        evaluate(_request(folder, studies=folder / "old"))
