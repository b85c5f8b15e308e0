"""The same image under two names: in two folds, or counted as two patients."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pet_mtl.errors import DatasetError
from pet_mtl.evaluation.findings import LeakCheck
from pet_mtl.evaluation.leaks.evidence import Evidence
from pet_mtl.evaluation.leaks.signature import Signatures, Twins, signatures, twins_among
from pet_mtl.evaluation.leaks.verdicts import FAILED, PASSED, SUSPICIOUS, UNCHECKED, listed
from pet_mtl.evaluation.wording import counted
from pet_mtl.tfrecords.peek import layout_of, peek

_CHECK = ("duplicate_images", "The same image, or nearly, under two names")


def check_images(evidence: Evidence) -> LeakCheck:
    """No two records hold nearly the same image in two folds, or as two patients.

    Conversion keeps equal images together; those that were exported again with other numbers, it
    cannot know.
    """
    if evidence.dataset is None or not evidence.studies:
        return LeakCheck(*_CHECK, UNCHECKED, "the dataset is not there")
    try:
        names, images = dataset_signatures(evidence.dataset, evidence.told)
    except DatasetError as error:
        return LeakCheck(*_CHECK, UNCHECKED, error.problem.sentence().rstrip("."))
    rows = {row["sample_id"]: row for row in evidence.studies}
    pairs = [(rows[names[t.first]], rows[names[t.second]], t) for t in twins_among(images)
             if names[t.first] in rows and names[t.second] in rows]  # fmt: skip
    torn = [_sentence(*pair) for pair in pairs if pair[0].get("fold") != pair[1].get("fold")]
    if torn:
        return LeakCheck(*_CHECK, FAILED, f"in two folds: {listed(torn)}")
    strangers = [_sentence(*pair) for pair in pairs if _patient(pair[0]) != _patient(pair[1])]
    if strangers:
        said = f"in one fold, but counted as two patients: {listed(strangers)}"
        return LeakCheck(*_CHECK, SUSPICIOUS, said)
    kept = f", {counted(len(pairs), 'pair')} of them equal and kept together" if pairs else ""
    return LeakCheck(*_CHECK, PASSED, f"{counted(len(names), 'image')}{kept}")


def dataset_signatures(dataset: Path, told: Mapping[str, Any]) -> tuple[list[str], Signatures]:
    """Pseudonyms and signatures of all records of a dataset.

    Args:
        dataset: The dataset directory.
        told: Its dataset.json.

    Raises:
        DatasetError: DATASET_DAMAGED, DATASET_RECORD, DATASET_SHARD_TORN.
    """
    names: list[str] = []

    def cubes() -> Iterator[Any]:
        for name, context in context_cubes(dataset, told):
            names.append(name)
            yield context

    found = signatures(cubes())
    return names, found


def context_cubes(dataset: Path, told: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Pseudonym and (z, y, x) SUV of every context cube of a dataset."""
    dimensions, shards = layout_of(dataset, told)
    for record in peek(shards, ("sample_id", "context"), dimensions):
        yield record["sample_id"], record["context"][..., 0]


def _patient(row: Mapping[str, str]) -> str:
    """Whose study it is."""
    return row.get("patient") or row["sample_id"]


def _sentence(first: Mapping[str, str], second: Mapping[str, str], twins: Twins) -> str:
    """Which two, and how alike."""
    folds = sorted({first.get("fold", ""), second.get("fold", "")})
    where = f"fold{'s' if len(folds) > 1 else ''} {' and '.join(folds)}"
    pair = " and ".join(sorted((first["sample_id"], second["sample_id"])))
    return f"{pair} ({where}, likeness {twins.likeness:.2f})"
