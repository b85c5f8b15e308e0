"""A run directory: its configuration, the folds trained, how training went, and versions."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pet_mtl.errors import ModelError
from pet_mtl.files import read_csv, read_object

Plain = dict[str, Any]


def run_facts(path: Path) -> Plain:
    """Tells what a run holds so far.

    Args:
        path: The run directory.

    Returns:
        `config`, `seed`, `dataset_fingerprint`, `versions`, `folds_planned`, `folds` (by number:
        `trained`, and of each stage the last epoch and losses), `model`, `evaluation`.

    Raises:
        ModelError: RUN_DAMAGED; plan.json cannot be read.
    """
    plan = read_object(path / "plan.json")
    if plan is None:
        raise ModelError(
            "RUN_DAMAGED",
            "plan.json cannot be read",
            todo="Restore the run, or train anew with --overwrite",
            subject=str(path),
        )
    wanted = ("config", "seed", "dataset_fingerprint", "versions")
    dataset = read_object(path / "dataset.json") or {}
    evaluation = read_object(path / _judged(path)) or {}
    return {
        "kind": "run",
        **{name: plan.get(name) for name in wanted},
        "folds_planned": dataset.get("folds"),
        "folds": {str(number): _fold(folder) for number, folder in _folds(path)},
        "model": (path / "saved_model" / "saved_model.pb").is_file(),
        "evaluation": evaluation.get("metrics"),
    }


def _folds(path: Path) -> list[tuple[int, Path]]:
    found = [(re.fullmatch(r"fold_(\d+)", folder.name), folder) for folder in path.iterdir()]
    return sorted((int(match[1]), folder) for match, folder in found if match)


def _fold(folder: Path) -> Plain:
    """How far one fold is: predictions.csv is written last."""
    facts: Plain = {"trained": (folder / "predictions.csv").is_file()}
    metrics = folder / "metrics.csv"
    for row in read_csv(metrics) if metrics.is_file() else _unfinished(folder / "state"):
        numbers = {name: _number(row.get(name, "")) for name in ("epoch", "loss", "val_loss")}
        facts[row["stage"]] = numbers
    return facts


def _unfinished(state: Path) -> Iterator[dict[str, str]]:
    """The last row of every stage that a fold in training, or a killed one, has saved."""
    for path in sorted(state.glob("*.npz")):
        try:
            with np.load(path, allow_pickle=False) as saved:
                epoch, loss, held, *_ = saved["history"][-1]
        except (OSError, ValueError, KeyError, IndexError, zipfile.BadZipFile):
            continue
        yield {"stage": path.stem, "epoch": str(epoch), "loss": str(loss), "val_loss": str(held)}


def _judged(path: Path) -> str:
    """Where `pet-mtl evaluate` wrote, by its default or into a folder of the usual name."""
    name = "evaluation.json"
    return name if (path / name).is_file() else f"evaluation/{name}"


def _number(text: str) -> float | None:
    """A finite number; None for "nan" and nothing, which JSON does not know."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None
