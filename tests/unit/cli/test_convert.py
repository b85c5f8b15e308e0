"""`pet-mtl convert`: options, exit codes and what is said."""

import csv

import numpy as np
import pytest
import SimpleITK as sitk

from pet_mtl.cli import main

CLINICAL = ["--id-column", "id", "--time", "days", "--event", "dead", "--response", "resp"]
FAST = ["--size", "8", "--jobs", "1", "--folds", "2"]


@pytest.fixture
def src(tmp_path):
    """Three patients and their table."""
    for i in range(3):
        folder = tmp_path / "src" / f"P{i}"
        folder.mkdir(parents=True)
        array = np.random.default_rng(i).gamma(2.0, 1.0, (12, 12, 12)).astype(np.float32)
        mask = np.zeros(array.shape, np.uint8)
        mask[4:8, 4:8, 4:8] = 1
        for name, values in (("PET_image", array), ("PET_mask", mask)):
            image = sitk.GetImageFromArray(values)
            image.SetSpacing((4.0, 4.0, 4.0))
            sitk.WriteImage(image, str(folder / f"{name}.nii.gz"))
    with (tmp_path / "t.csv").open("w", newline="") as file:
        rows = [["id", "days", "dead", "resp", "age"], ["P0", 5, 1, 0, 50], ["P9", 1, 1, 1, 60]]
        csv.writer(file).writerows(rows)
    return tmp_path / "src"


@pytest.fixture
def run(src, tmp_path, capsys):
    """Runs the command; returns exit code, standard output and standard error."""

    def call(*options, dataset="set"):
        with pytest.raises(SystemExit) as ended:
            main(["convert", str(src), str(tmp_path / dataset), *FAST, *map(str, options)])
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return call


def test_all_good(run, tmp_path):
    options = ["--clinical", tmp_path / "t.csv", *CLINICAL, "--covariates", "age"]
    code, out, err = run(*options)
    assert code == 0
    assert "3 studies converted (3 with mask, 1 with survival, 1 with response), 0 refused" in out
    assert "2 folds; cubes of 8 voxels" in out
    assert "1 rows of the table match no study" in err
    assert "2 studies have no row" in err
    assert str(tmp_path / "set.unmatched.csv") in err and str(tmp_path / "set.ids.csv") in err
    assert "P9" not in out + err
    code, out, _ = run(*options)
    assert code == 0
    assert "nothing to do" in out


def test_some_refused(run, src):
    (src / "P1" / "PET_image.nii.gz").write_bytes(b"no image")
    code, out, err = run()
    assert code == 8
    assert "2 studies converted" in out and "1 refused" in out
    assert "rejected.csv" in err


def test_nothing_works(run, src):
    for image in src.glob("*/PET_image.nii.gz"):
        image.write_bytes(b"no image")
    code, _, err = run()
    assert code == 1
    assert "not one of 3 studies" in err and "rejected.csv" in err


def test_missing_column(run, tmp_path):
    code, _, err = run("--clinical", tmp_path / "t.csv", "--id-column", "id", "--response", "dayz")
    assert code == 2
    assert "days" in err and "CLINICAL_COLUMN" in err
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize("alone", [["--time", "days"], ["--event", "dead"]])
def test_time_and_event_belong_together(run, tmp_path, alone):
    code, _, err = run("--clinical", tmp_path / "t.csv", "--id-column", "id", *alone)
    assert code == 2
    assert "time and event belong together" in err
    assert not (tmp_path / "set").exists()


def test_a_table_of_other_patients(run, tmp_path):
    code, _, err = run("--clinical", tmp_path / "t.csv", "--id-column", "age")
    assert code == 2
    assert "CLINICAL_NO_STUDY" in err and "'age'" in err
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize(
    "options",
    [
        ["--time", "days"],
        ["--covariates", "age"],
        ["--clinical", "TABLE"],
        ["--clinical", "no such file", "--id-column", "id"],
        ["--size", "20"],
        ["--fine-mm", "4", "--context-mm", "3"],
        ["--folds", "0"],
        ["--jobs", "0"],
    ],
)
def test_wrong_usage(run, tmp_path, options):
    given = [str(tmp_path / "t.csv") if o == "TABLE" else o for o in options]
    code, _, err = run(*given)
    assert code == 2
    assert err
    assert not (tmp_path / "set").exists()


def test_fixed_cubes_are_told(run):
    _, out, _ = run("--fine-mm", "2.5", "--context-mm", "5")
    assert "2.5 and 5.0 mm" in out
