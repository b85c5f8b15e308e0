"""A dataset says which classes its response has."""

import dataclasses
import json

import pytest

from pet_mtl.ablation.run import AblateRequest, ablate
from pet_mtl.config import TrainConfig
from pet_mtl.conversion.run import convert
from pet_mtl.errors import UsageError
from pet_mtl.inspection.dataset import dataset_facts
from pet_mtl.readers.clinical import ClinicalColumns
from pet_mtl.tfrecords.dataset import load_samples, read_info

NAMES = ("CR", "PR", "PD")
COLUMNS = ClinicalColumns("who", response="resp", response_classes=NAMES)
# PAT_05 was not assessed.
ANSWERS = {i: "NE" if i == 5 else NAMES[i % 3] for i in range(11)}


@pytest.fixture
def dataset(tmp_path, cohort, config):
    lines = [f"PAT_{i:02d},{answer}" for i, answer in ANSWERS.items()]
    (tmp_path / "clinical.csv").write_text("\n".join(["who,resp", *lines]) + "\n")
    convert(cohort, tmp_path / "set", dataclasses.replace(config, columns=COLUMNS))
    return tmp_path / "set"


def test_names_are_stored_and_records_hold_numbers(dataset):
    assert json.loads((dataset / "dataset.json").read_text())["response_classes"] == list(NAMES)
    info = read_info(dataset)
    assert (info.response_classes, info.classes) == (NAMES, 3)
    table = {row["sample_id"]: row["response"] for row in info.studies()}
    assert sorted(table.values()) == sorted("" if i == 5 else str(i % 3) for i in ANSWERS)
    for sample in load_samples(info, range(info.folds)).as_numpy_iterator():
        cell = table[sample["sample_id"].decode()]
        assert (sample["has_response"], sample["response"]) == (cell != "", float(cell or 0))


def test_info_counts_every_class(dataset):
    folds = dataset_facts(dataset)["per_fold"].values()
    counts = [sum(fold[f"response_{k}"] for fold in folds) for k in range(3)]
    assert counts == [4, 4, 2]
    assert all("response" not in fold for fold in folds)


def test_an_ablation_of_several_classes_is_refused(dataset, tmp_path):
    with pytest.raises(UsageError, match="ABLATE_CLASSES") as caught:
        ablate(AblateRequest(dataset, tmp_path / "out", TrainConfig()), lambda _: None)
    assert "--response-positive" in caught.value.problem.todo


def test_two_classes_without_names_say_nothing_new(cohort, config, tmp_path):
    convert(cohort, tmp_path / "set", config)
    assert "response_classes" not in json.loads((tmp_path / "set" / "dataset.json").read_text())
    assert read_info(tmp_path / "set").classes == 2
