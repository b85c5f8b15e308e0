"""A dataset directory: what it holds, and whether its shards are those that were written."""

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

from pet_mtl.classes import class_columns, class_count
from pet_mtl.errors import DatasetError
from pet_mtl.files import read_csv
from pet_mtl.tfrecords.frames import read_frames

Plain = dict[str, Any]
# Taken over from dataset.json as they are; what a later version adds is shown, too.
_OWN = ("name", "shards", "features")


def dataset_facts(path: Path, verify: bool = False) -> Plain:
    """Tells what a dataset holds.

    Args:
        path: The dataset directory.
        verify: Whether every record is hashed and held against dataset.json.

    Returns:
        What dataset.json says but for the features, `per_fold`, `warnings` and `shards`.

    Raises:
        DatasetError: DATASET_DAMAGED; dataset.json or studies.csv cannot be read.
    """
    try:
        content = json.loads((path / "dataset.json").read_text(encoding="utf-8"))
        rows = read_csv(path / "studies.csv")
        facts = {"kind": "dataset"} | {k: v for k, v in content.items() if k not in _OWN}
        facts["per_fold"] = _per_fold(rows, class_count(content.get("response_classes", [])))
        codes = Counter(code for row in rows for code in row["warnings"].split())
        facts["warnings"] = dict(sorted(codes.items()))
        facts["shards"] = _shards(path, content, verify)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(
            "DATASET_DAMAGED",
            "dataset.json or studies.csv cannot be read",
            found=type(error).__name__,
            todo="Copy the dataset again, or convert again into an empty folder",
            subject=str(path),
        ) from error
    return facts


def _per_fold(rows: list[dict[str, str]], classes: int) -> dict[str, Plain]:
    """Counts by fold; of more than two classes of the response, one a class."""
    named = class_columns(classes)
    folds: dict[str, Plain] = {}
    for row in sorted(rows, key=lambda row: int(row["fold"])):
        fold = folds.setdefault(row["fold"], Counter())
        fold["studies"] += 1
        flags = ("has_mask", "has_survival", "event", "has_response")
        for name in (*flags, *(() if named else ("response",))):
            fold[name] += row[name] == "1"
        for k, name in enumerate(named):
            fold[name] += row["response"] == str(k)
    return {number: dict(fold) for number, fold in folds.items()}


def _shards(path: Path, content: Plain, verify: bool) -> Plain:
    """Whether all shards are there and, if asked, are what was written."""
    stored = content["shards"]
    missing = [s["file"] for s in stored if not (path / s["file"]).is_file()]
    there = [s for s in stored if s["file"] not in missing]
    damaged = [s["file"] for s in there if verify and not _is_intact(path, s)]
    hashes = " ".join(s["sha256"] for s in stored)
    if verify and hashlib.sha256(hashes.encode()).hexdigest() != content["fingerprint"]:
        damaged.append("dataset.json")
    return {
        "files": len(stored),
        "records": sum(s["records"] for s in stored),
        "bytes": sum((path / s["file"]).stat().st_size for s in there),
        "missing": missing,
        "damaged": damaged,
        "verified": verify and not missing and not damaged,
    }


def _is_intact(path: Path, stored: Plain) -> bool:
    """Whether a shard holds the very records it was written with."""
    digest, count = hashlib.sha256(), 0
    try:
        for record in read_frames(path / stored["file"]):
            digest.update(hashlib.sha256(record).digest())
            count += 1
    except DatasetError:
        return False
    return count == stored["records"] and digest.hexdigest() == stored["sha256"]
