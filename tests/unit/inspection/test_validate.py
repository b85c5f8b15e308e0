"""validate: the same judgement as convert, and not a file written."""

import csv
import io
import json
import random
import shutil
import stat

import pytest

from pet_mtl.cli import main
from pet_mtl.conversion import ConvertConfig, convert
from pet_mtl.errors import DatasetError
from pet_mtl.files import read_csv
from pet_mtl.inspection.cohort import REPORT_COLUMNS, as_json
from pet_mtl.inspection.validation import ACCEPTED, REFUSED, WARNED, validate
from pet_mtl.preprocess.plan import GridOptions
from pet_mtl.readers.clinical import ClinicalColumns

COLUMNS = ClinicalColumns("id", "days", "dead", "resp", ("age",))
OPTIONS = ["--id-column", "id", "--time", "days", "--event", "dead", "--response", "resp"]


def config(table=None, **changes):
    columns = COLUMNS if table else None
    return ConvertConfig(
        clinical=table, columns=columns, grids=GridOptions(size=8), jobs=1, **changes
    )


def snapshot(folder):
    return {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in folder.rglob("*")}


def converted(src, dataset, asked):
    """What `convert` says of each study by name: code of the refusal, or its warnings and fold."""
    try:
        convert(src, dataset, asked)
    except DatasetError as error:
        assert error.code == "CONVERT_NOTHING"
    names = {
        r["sample_id"]: r["name"] for r in read_csv(dataset.with_name(dataset.name + ".ids.csv"))
    }
    said = [
        (names[r["study"]], "refused", r["code"], "") for r in read_csv(dataset / "rejected.csv")
    ]
    if (dataset / "studies.csv").exists():
        for row in read_csv(dataset / "studies.csv"):
            status = "warned" if row["warnings"] else "accepted"
            said.append((names[row["sample_id"]], status, row["warnings"], row["fold"]))
    return sorted(said)


def validated(src, asked):
    said = []
    for study in as_json(validate(src, asked))["studies"]:
        codes = " ".join(sorted(set(study["codes"])))
        said.append((study["study"], study["status"], codes, str(study.get("fold", ""))))
    return sorted(said)


def test_every_study_is_judged_as_convert_does(zoo, table, tmp_path):
    before = snapshot(tmp_path)
    ours = validated(zoo, config(table))
    assert snapshot(tmp_path) == before
    assert ours == converted(zoo, tmp_path / "set", config(table))
    codes = {code for _, status, code, _ in ours if status == "refused"}
    assert len(codes) >= 12, "the folder no longer holds many ways of being refused"
    assert {status for _, status, _, _ in ours} == {ACCEPTED, WARNED, REFUSED}


@pytest.mark.parametrize("seed", range(4))
def test_any_part_of_the_folder_is_judged_as_convert_does(zoo, tmp_path, seed):
    """Which studies stand beside a study changes cubes, folds and duplicates."""
    chance = random.Random(seed)
    for folder in sorted(zoo.iterdir()):
        if chance.random() < 0.5:
            shutil.rmtree(folder)
    asked = config(
        folds=chance.choice([1, 2, 5]),
        seed=seed,
        roi=chance.choice([None, "gtv*"]),
        ct=seed % 2 == 0,
    )
    assert validated(zoo, asked) == converted(zoo, tmp_path / "set", asked)


def test_all_cores_say_the_same(zoo, table):
    alone = as_json(validate(zoo, config(table)))
    many = as_json(validate(zoo, ConvertConfig(table, COLUMNS, grids=GridOptions(size=8), jobs=2)))
    assert alone == many


def test_the_cohort_is_that_of_the_dataset(zoo, table, tmp_path):
    found = as_json(validate(zoo, config(table)))
    counts = convert(zoo, tmp_path / "set", config(table)).counts
    said = found["cohort"] | {"rejected": found["counts"]["refused"]}
    assert counts == {
        "studies": said["usable"], "rejected": said["rejected"], "with_mask": said["with_mask"],
        "with_survival": said["with_survival"], "with_response": said["with_response"],
    }  # fmt: skip
    stored = json.loads((tmp_path / "set" / "dataset.json").read_text())
    assert found["grids"] == stored["grids"] and found["folds"] == stored["folds"]
    rows = [r for r in read_csv(tmp_path / "set" / "studies.csv") if r["has_mask"] == "1"]
    volumes = sorted(float(r["mtv_ml"]) for r in rows)
    assert said["volume_ml"][0] == pytest.approx(volumes[0])
    assert said["volume_ml"][2] == pytest.approx(volumes[-1])
    assert found["rows_without_study"] == ["gone"]
    units = {one["units"]: one["studies"] for one in said["scanners"]}
    assert units["CPS"] == 1 and units["BQML"] > 5


@pytest.fixture
def run(zoo, capsys):
    def call(*options):
        with pytest.raises(SystemExit) as ended:
            main(["validate", str(zoo), "--size", "8", "--jobs", "1", *map(str, options)])
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return call


def test_some_refused(run, table, tmp_path):
    code, out, err = run("--clinical", table, *OPTIONS)
    assert code == 8
    lines = [line.split("\t") for line in out.splitlines()]
    assert ["dicom_units", "refused", "-", "-", "SUV_UNITS"] in lines
    why = next(line for line in lines if line[:2] == ["dicom_units", "SUV_UNITS"])
    assert "Export the series" in why[2]
    meaning = next(line for line in lines if line[0] == "CENTRE_GUESSED")
    assert "no mask" in meaning[2]
    assert "1 rows of the table match no study" in err
    assert out.splitlines()[-1].endswith("refused")


def test_all_good_and_nothing_usable(run, zoo):
    for folder in zoo.iterdir():
        if folder.name not in ("image_good", "image_no_mask"):
            shutil.rmtree(folder)
    code, out, _ = run()
    assert code == 0
    assert out.splitlines()[-1].startswith("2 studies: 1 accepted, 1 accepted with a warning")
    for image in zoo.glob("*/PET_image.nii.gz"):
        image.write_bytes(b"no image")
    code, out, _ = run()
    assert code == 1
    assert "0 accepted, 0 accepted with a warning, 2 refused" in out


def test_a_bad_table_is_told_beside_the_studies(run, table):
    code, out, err = run("--clinical", table, "--id-column", "id", "--response", "days")
    assert code == 2
    assert "CLINICAL_VALUE" in err and "line 2" in err
    assert "SUV_UNITS" in out


@pytest.mark.parametrize(
    "options", [["--time", "days"], ["--size", "20"], ["--folds", "0"], ["--clinical", "none.csv"]]
)
def test_wrong_usage(run, options):
    code, out, err = run(*options)
    assert code == 2
    assert err and not out


def test_a_key_is_tried_but_never_made(run, tmp_path):
    bad = tmp_path / "bad.key"
    bad.write_text("no key")
    code, _, err = run("--key", bad)
    assert code == 2 and "KEY_UNREADABLE" in err
    assert [p.name for p in tmp_path.glob("*.key")] == ["bad.key"]


def test_json_and_report(run, table, tmp_path):
    report = tmp_path / "out" / "report.csv"
    code, out, _ = run("--clinical", table, *OPTIONS, "--json", "-o", report)
    found = json.loads(out)
    assert found["exit_code"] == code == 8
    assert sum(found["counts"].values()) == len(found["studies"])
    rows = list(csv.DictReader(io.StringIO(report.read_text())))
    assert tuple(rows[0]) == REPORT_COLUMNS
    assert [(r["study"], r["status"]) for r in rows] == [
        (s["study"], s["status"]) for s in found["studies"]
    ]
    by_name = {row["study"]: row for row in rows}
    assert by_name["dicom_units"]["codes"] == "SUV_UNITS" and by_name["dicom_units"]["todo"]
    assert by_name["image_good"]["has_survival"] == "1"
    assert stat.S_IMODE(report.stat().st_mode) == 0o600


def test_every_option_of_convert_is_taken():
    from pet_mtl.cli.convert import command as theirs
    from pet_mtl.cli.validate import command as ours

    assert {p.name for p in theirs.params} - {p.name for p in ours.params} == {"dataset"}
