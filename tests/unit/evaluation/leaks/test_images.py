"""The same image in two folds, or as two patients."""

import pytest

from pet_mtl.evaluation.leaks.evidence import Evidence, gather
from pet_mtl.evaluation.leaks.images import check_images


@pytest.fixture
def check(make_run, make_cohort):
    """The check of a run with these patients and images."""

    def verdict(rows, cubes):
        cohort = make_cohort(fold=[row["fold"] for row in rows])
        return check_images(gather(cohort, make_run(rows, cubes), None))

    return verdict


def test_images_of_their_own_pass(check, rows, cubes):
    found = check(rows, cubes)
    assert found.verdict == "passed" and "12 images" in found.said


def test_one_image_in_two_folds_fails(check, rows, cubes):
    cubes[7] = cubes[0] * 0.9
    found = check(rows, cubes)
    assert found.verdict == "failed"
    assert rows[0]["sample_id"] in found.said and rows[7]["sample_id"] in found.said
    assert "folds 0 and 1" in found.said


def test_one_image_of_two_patients_in_one_fold_is_suspicious(check, rows, cubes):
    cubes[3] = cubes[0]
    found = check(rows, cubes)
    assert found.verdict == "suspicious" and "two patients" in found.said


def test_what_conversion_kept_together_passes(check, rows, cubes):
    cubes[3], rows[3]["patient"] = cubes[0], rows[0]["patient"]
    found = check(rows, cubes)
    assert found.verdict == "passed" and "1 pair" in found.said


def test_without_a_dataset_nothing_is_checked(make_cohort):
    found = check_images(Evidence(make_cohort()))
    assert found.verdict == "not checked" and "dataset" in found.said


@pytest.mark.parametrize("damage", ["shards", "schema_version"])
def test_a_dataset_that_cannot_be_read_is_not_checked(
    make_run, make_cohort, change, rows, cubes, damage
):
    run = make_run(rows, cubes)
    change(run.parent / "dataset" / "dataset.json", **{damage: 99})
    cohort = make_cohort(fold=[row["fold"] for row in rows])
    found = check_images(gather(cohort, run, None))
    assert found.verdict == "not checked" and "cannot be read" in found.said


def test_a_missing_shard_is_not_checked(make_run, make_cohort, rows, cubes):
    run = make_run(rows, cubes)
    (run.parent / "dataset" / rows[0]["shard"]).unlink()
    cohort = make_cohort(fold=[row["fold"] for row in rows])
    assert "shard is missing" in check_images(gather(cohort, run, None)).said
