"""What a dataset says of its covariates and labels."""

import dataclasses
import json

import pytest

from pet_mtl.conversion.run import convert
from pet_mtl.covariates import CATEGORICAL, Covariate
from pet_mtl.readers.clinical import ClinicalColumns
from pet_mtl.tfrecords.dataset import load_samples, read_info

# PAT_04 has no row; "Rare" is a level of a row without a study, "Positive" a text of the source.
RESPONSES, GRADES = ("Bad", "Positive", "Positive"), ("Low", "HIGH")
ROWS = [
    f"pat_{i};{i + 1};{i % 2};{RESPONSES[i % 3]};{40 + i},5 yr;{GRADES[i % 2]}"
    for i in range(11)
    if i != 4
]
TABLE = "\n".join(["who;OS [months];dead;resp;age;grade", *ROWS, "X;1;1;Positive;9;Rare"]) + "\n"
COLUMNS = ClinicalColumns(
    "who", "OS", "dead", "resp", ("age[years]", "grade"), "months", ("positive",)
)


@pytest.fixture
def dataset(tmp_path):
    return tmp_path / "set"


@pytest.fixture
def made(cohort, dataset, config):
    (cohort.parent / "clinical.csv").write_text(TABLE)
    config = dataclasses.replace(config, columns=COLUMNS)
    return lambda: convert(cohort, dataset, config)


def test_the_schema_and_the_rules_of_labels(made, dataset):
    result = made()
    told = {text.partition(":")[0] for text in result.notices}
    assert {"CLINICAL_RESPONSE_CLASSES", "CLINICAL_ID_NEAR"} <= told
    content = json.loads((dataset / "dataset.json").read_text())
    assert content["label_rules"] == {
        "time_unit": "months", "days_per_time_unit": 30.4375, "response_positive": ["positive"],
    }  # fmt: skip
    age, grade = read_info(dataset).schema
    # By hand: 40.5 + (0, 1, 2, 3, 5, ..., 10) has mean 45.6 and variance 36.9 - 5.1**2 = 3.3**2.
    assert age == Covariate("age", unit="years", known=10, mean=45.6, sd=3.3)
    assert (grade.kind, grade.known) == (CATEGORICAL, 10)
    assert grade.features == ("grade=HIGH", "grade=Low", "grade=Rare")
    assert grade.levels == ("HIGH", "Low")  # no patient of the dataset is Rare
    # The same again finds the dataset complete, and tells the same.
    assert made().done_before
    assert {text.partition(":")[0] for text in made().notices} >= {"CLINICAL_ID_NEAR"}


def test_records_hold_the_encoding(made, dataset):
    made()
    info = read_info(dataset)
    rows = {row["sample_id"]: row for row in info.studies()}
    for sample in load_samples(info, range(info.folds)).as_numpy_iterator():
        row = rows[sample["sample_id"].decode()]
        for i, name in enumerate(info.covariates):
            known = row[f"cov_{name}"] != ""
            assert bool(sample["clinical_known"][i]) == known
            assert sample["clinical"][i] == (float(row[f"cov_{name}"]) if known else 0)


def test_texts_that_nobody_asked_for_stay_outside(made, dataset):
    made()
    files = [path for path in dataset.rglob("*") if path.is_file()]
    assert any(b"HIGH" in path.read_bytes() for path in files)
    for path in files:
        assert b"Bad" not in path.read_bytes() and b"Positive" not in path.read_bytes()
        assert b"pat_" not in path.read_bytes().lower()
