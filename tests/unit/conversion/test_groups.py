"""Groups of patients in a dataset, and folds dealt by them."""

import dataclasses
import json

import pytest

from pet_mtl.conversion import convert
from pet_mtl.errors import ConfigError, DatasetError
from pet_mtl.files import read_csv
from pet_mtl.preprocess.scanner import scanner_mark


@pytest.fixture
def grouped(tmp_path, cohort, config):
    """The cohort, whose table knows three centres; its one study without a row is gone."""
    for path in sorted((cohort / "PAT_04").iterdir()):
        path.unlink()
    (cohort / "PAT_04").rmdir()
    lines = (tmp_path / "clinical.csv").read_text().splitlines()
    centres = ["centre", *(["North", "South", "West"][i % 3] for i in range(len(lines) - 1))]
    text = "\n".join(f"{line},{centre}" for line, centre in zip(lines, centres, strict=True))
    (tmp_path / "clinical.csv").write_text(text + "\n")
    columns = dataclasses.replace(config.columns, groups=("centre",))
    return dataclasses.replace(config, columns=columns)


def _told(dataset):
    return json.loads((dataset / "dataset.json").read_text())


def test_groups_are_a_column_and_no_covariate(cohort, grouped, tmp_path):
    convert(cohort, tmp_path / "set", grouped)
    rows = read_csv(tmp_path / "set" / "studies.csv")
    assert {row["group_centre"] for row in rows} == {"North", "South", "West"}
    assert len({row["fold"] for row in rows}) == 3
    told = _told(tmp_path / "set")
    assert told["groups"] == ["centre"] and told["covariates"] == ["age"]
    assert "folds_by" not in told


def test_each_centre_is_one_fold(cohort, grouped, tmp_path):
    config = dataclasses.replace(grouped, folds_by="centre", folds=5)
    result = convert(cohort, tmp_path / "set", config)
    pairs = {(r["fold"], r["group_centre"]) for r in read_csv(tmp_path / "set" / "studies.csv")}
    assert pairs == {("0", "North"), ("1", "South"), ("2", "West")}
    assert result.folds == 3 and not any("folds" in notice for notice in result.notices)
    assert _told(tmp_path / "set")["folds_by"] == "centre"
    assert convert(cohort, tmp_path / "set", config).done_before
    assert not convert(cohort, tmp_path / "set", grouped).done_before


def test_a_dataset_without_groups_is_as_it_was(cohort, config, tmp_path):
    convert(cohort, tmp_path / "set", config)
    told = _told(tmp_path / "set")
    assert "groups" not in told and "folds_by" not in told
    rows = read_csv(tmp_path / "set" / "studies.csv")
    assert not any(key.startswith("group_") for key in rows[0])
    assert {row["scanner"] for row in rows} == {""}  # image files tell none


def test_studies_without_a_group_are_refused(cohort, grouped, tmp_path):
    table = tmp_path / "clinical.csv"
    table.write_text(table.read_text().replace(",West\n", ",\n", 1))
    config = dataclasses.replace(grouped, folds_by="centre")
    with pytest.raises(DatasetError, match="CONVERT_NO_GROUP") as caught:
        convert(cohort, tmp_path / "set", config)
    assert "1 of 10 studies without one" in str(caught.value)
    assert not (tmp_path / "set" / "dataset.json").exists()


def test_folds_by_a_scanner_that_no_file_tells_are_refused(cohort, grouped, tmp_path):
    with pytest.raises(DatasetError, match="CONVERT_NO_GROUP"):
        convert(cohort, tmp_path / "set", dataclasses.replace(grouped, folds_by="scanner"))


def test_folds_by_what_is_no_group_are_refused(grouped):
    with pytest.raises(ConfigError, match="CONVERT_FOLDS_BY"):
        dataclasses.replace(grouped, folds_by="age")


def test_scanners_are_told_apart_without_their_names(cohort, config, tmp_path):
    """JSON beside the image names the scanner."""
    for number, path in enumerate(sorted(cohort.iterdir())):
        maker = {"Manufacturer": "Siemens Healthineers", "ManufacturersModelName": "secret 1"}
        if number % 2:
            maker = {"Manufacturer": "Dr Who", "ManufacturersModelName": "secret 2"}
        told = json.dumps({"Units": "g/ml"} | maker)
        (path / "PET_image.json").write_text(told)
    convert(cohort, tmp_path / "set", dataclasses.replace(config, folds_by="scanner"))
    rows = read_csv(tmp_path / "set" / "studies.csv")
    names = sorted({row["scanner"] for row in rows})
    assert [name[:-6] for name in names] == ["Siemens-", "other-"]
    assert len({(row["fold"], row["scanner"]) for row in rows}) == 2
    for path in (tmp_path / "set").iterdir():
        assert b"secret" not in path.read_bytes() and b"Who" not in path.read_bytes()
    convert(cohort, tmp_path / "other", dataclasses.replace(config, folds_by="scanner"))
    others = {row["scanner"] for row in read_csv(tmp_path / "other" / "studies.csv")}
    assert not others & set(names)  # another key, other names


@pytest.mark.parametrize(
    ("maker", "vendor"),
    [
        (("GE MEDICAL SYSTEMS", "Discovery ST"), "GE"),
        (("CPS", "1024"), "Siemens"),
        (("SIEMENS", ""), "Siemens"),
        (("Philips Medical Systems", "Gemini"), "Philips"),
        (("TOSHIBA", "Celesteion"), "Canon"),
        (("UIH", "uMI 780"), "UIH"),
        (("Phantom Works", "PW-407"), "other"),
        (("", "Discovery"), "other"),
    ],
)
def test_vendors(maker, vendor):
    mark = scanner_mark(maker)
    assert mark.split()[0] == vendor and len(mark.split()[1]) == 16
    assert scanner_mark((maker[0].lower(), f" {maker[1]} ")) == mark


def test_without_a_maker_there_is_no_mark():
    assert scanner_mark(("", " ")) == ""
