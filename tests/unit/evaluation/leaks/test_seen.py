"""Patients that a finished model learned from, among those it is judged on."""

import numpy as np
import pytest
import SimpleITK as sitk

from pet_mtl.evaluation.leaks.evidence import Evidence, gather
from pet_mtl.evaluation.leaks.seen import JudgedImages, check_seen, check_twice, judged_images
from pet_mtl.evaluation.predictions import Known
from pet_mtl.files import write_csv
from pet_mtl.pseudonym import load_or_make_key, pseudonym

NOTHING = JudgedImages()


def _study(folder, cube):
    """A study of 8 mm voxels, outlined in its middle."""
    folder.mkdir(parents=True)
    mask = np.zeros(cube.shape, np.uint8)
    mask[9:15, 9:15, 9:15] = 1
    for name, array in (("PET_image", cube + 1), ("PET_mask", mask)):
        image = sitk.GetImageFromArray(array)
        image.SetSpacing((8.0, 8.0, 8.0))
        sitk.WriteImage(image, str(folder / f"{name}.nii.gz"))


@pytest.fixture
def gathered(make_run, make_cohort, rows, cubes, tmp_path):
    """The evidence of predictions: twelve new patients, judged beside the training dataset."""
    dataset = make_run(rows, cubes).parent / "dataset"

    def evidence(studies=None, **known):
        table = {"time_days": np.arange(12.0) + 5, "event": np.ones(12), "response": np.zeros(12)}
        cohort = make_cohort(**(table | known))
        object.__setattr__(cohort, "kind", "predictions")
        return gather(cohort, tmp_path, dataset, Known(studies=studies))

    return evidence


def _same_outcomes(rows):
    return {name: [float(row[name]) for row in rows] for name in ("time_days", "event", "response")}


def _name(evidence, names):
    """Writes the private table of names beside the training dataset."""
    table = [
        {"sample_id": row["sample_id"], "name": name}
        for row, name in zip(evidence.studies, names, strict=True)
    ]
    write_csv(evidence.dataset.with_name("dataset.ids.csv"), ("sample_id", "name"), table)


def test_without_the_training_dataset_nothing_is_checked(make_cohort):
    found = check_seen(Evidence(make_cohort()), NOTHING)
    assert found.verdict == "not checked" and "--baselines-from" in found.said


def test_without_names_and_images_nothing_is_checked(gathered):
    found = check_seen(gathered(), NOTHING)
    assert found.verdict == "not checked"
    assert "ids.csv" in found.said and "--studies" in found.said


def test_new_patients_pass(gathered):
    evidence = gathered()
    _name(evidence, [f"other{i}" for i in range(12)])
    found = check_seen(evidence, NOTHING)
    assert found.verdict == "passed" and "compared by names" in found.said


def test_names_with_their_outcomes_fail(gathered, rows):
    evidence = gathered(**_same_outcomes(rows))
    _name(evidence, [*(f"other{i}" for i in range(10)), "p10", "p11"])
    found = check_seen(evidence, NOTHING)
    assert found.verdict == "failed" and "2 of 12 judged patients" in found.said
    assert found.said.endswith("row 11; row 12")  # names may be those of people


def test_names_with_other_outcomes_are_suspicious(gathered):
    """PAT_001 of another hospital."""
    evidence = gathered()
    _name(evidence, [f"p{i}" for i in range(12)])
    found = check_seen(evidence, NOTHING)
    assert found.verdict == "suspicious" and "12 of 12" in found.said


def test_the_key_alone_knows_names(gathered, rows):
    key = load_or_make_key(gathered().dataset.with_name("dataset.key"))
    table = gathered().dataset / "studies.csv"
    text = table.read_text().replace(rows[7]["sample_id"], pseudonym(key, "p7"))
    table.write_text(text)
    found = check_seen(gathered(**_same_outcomes(rows)), NOTHING)
    assert found.verdict == "failed" and "1 of 12" in found.said


def test_pseudonyms_of_the_dataset_are_names(gathered, rows):
    evidence = gathered(**_same_outcomes(rows))
    ids = (*evidence.cohort.patients.ids[:11], rows[11]["sample_id"])
    object.__setattr__(evidence.cohort.patients, "ids", ids)
    assert check_seen(evidence, NOTHING).verdict == "failed"


def test_images_tell_what_names_do_not(gathered, make_image, cubes, tmp_path):
    _study(tmp_path / "src" / "p0", make_image(77))
    _study(tmp_path / "src" / "p1", cubes[4] * 1.02)
    evidence = gathered(tmp_path / "src")
    stored = judged_images(evidence)
    assert set(stored.names) == {"p0", "p1"} and len(stored.names) == 4
    found = check_seen(evidence, stored)
    assert found.verdict == "failed" and "1 of 12 judged patients" in found.said
    assert found.said.endswith("row 2")


def test_other_images_acquit_equal_names(gathered, make_image, tmp_path):
    for i in range(3):
        _study(tmp_path / "src" / f"p{i}", make_image(50 + i))
    evidence = gathered(tmp_path / "src")
    _name(evidence, [f"p{i}" for i in range(12)])
    images = judged_images(evidence)
    found = check_seen(evidence, images)
    assert found.verdict == "passed" and "names and images" in found.said
    assert check_twice(images).verdict == "passed"


def test_two_judged_studies_of_one_image_are_suspicious(gathered, make_image, tmp_path):
    for name in ("p0", "p1"):
        _study(tmp_path / "src" / name, make_image(50))
    _study(tmp_path / "src" / "p2", make_image(51))
    found = check_twice(judged_images(gathered(tmp_path / "src")))
    assert found.verdict == "suspicious" and found.said.endswith("rows 1 and 2")


def test_studies_that_cannot_be_read_are_passed_over(gathered, make_image, tmp_path):
    _study(tmp_path / "src" / "p0", make_image(1))
    _study(tmp_path / "src" / "p1", make_image(2))
    (tmp_path / "src" / "p1" / "PET_image.nii.gz").write_bytes(b"no image")
    assert set(judged_images(gathered(tmp_path / "src")).names) == {"p0"}


def test_without_studies_images_are_not_checked(gathered):
    evidence = gathered()
    assert not judged_images(evidence).names
    assert check_twice(NOTHING).verdict == "not checked"
