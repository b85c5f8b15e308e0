"""What lies beside the predictions and belongs into the report."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pet_mtl.errors import UsageError
from pet_mtl.evaluation.predictions import PREDICTIONS
from pet_mtl.evaluation.run import OUT_OF_FOLD, planned_dataset, told_by
from pet_mtl.files import read_csv, read_object
from pet_mtl.report import Patient

ABLATION = "ablation.json"

_REJECTED = "rejected.csv"
_FOLD = "fold_"

Rows = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Material:
    """What else is known of what is judged; empty where nothing is.

    Attributes:
        plan: plan.json of a run.
        dataset: dataset.json of a run.
        run: run.json of a run.
        refused: Code to the number of studies refused for it; None where it is not known.
        histories: Fold to the rows of its metrics.csv.
        rows: Id to its row of the table of predictions.
        ablation: ablation.json.
        patients: The gallery.
        gallery_said: How its patients were chosen, or why there are none.
    """

    plan: Mapping[str, Any] = field(default_factory=dict)
    dataset: Mapping[str, Any] = field(default_factory=dict)
    run: Mapping[str, Any] = field(default_factory=dict)
    refused: Mapping[str, int] | None = None
    histories: Mapping[int, Rows] = field(default_factory=dict)
    rows: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    ablation: Mapping[str, Any] = field(default_factory=dict)
    patients: tuple[Patient, ...] = ()
    gallery_said: str = ""

    @property
    def config(self) -> Mapping[str, Any]:
        """The configuration of a run."""
        config = self.plan.get("config")
        return config if isinstance(config, dict) else {}


NOTHING = Material()


def read_material(
    target: Path, dataset: Path | None = None, ablation: Path | None = None
) -> Material:
    """Reads what lies beside a run or a table of predictions.

    Args:
        target: What is judged.
        dataset: A run's dataset directory; None takes the one its plan names.
        ablation: Folder that `pet-mtl ablate` wrote.

    Returns:
        What is there; what is not stays empty.

    Raises:
        UsageError: The ablation is none.
        PetMtlError: A file is damaged.
    """
    found = _run(target, dataset) if (target / OUT_OF_FOLD).is_file() else _predictions(target)
    return Material(**found, ablation=_ablation(ablation))


def dataset_of(target: Path, dataset: Path | None) -> Path | None:
    """A run's dataset directory, if it is still there."""
    return dataset or planned_dataset(told_by(target / "plan.json"), target)


def _run(target: Path, dataset: Path | None) -> dict[str, Any]:
    """A run directory, and its dataset's refusals."""
    where = dataset_of(target, dataset)
    return {
        "plan": told_by(target / "plan.json"),
        "dataset": told_by(target / "dataset.json"),
        "run": told_by(target / "run.json"),
        "refused": _refused(where / _REJECTED) if where else None,
        "histories": _histories(target),
        "rows": {row.get("sample_id", ""): row for row in read_csv(target / OUT_OF_FOLD)},
    }


def _predictions(target: Path) -> dict[str, Any]:
    """A table of predictions, and what was refused."""
    table = target / PREDICTIONS if target.is_dir() else target
    rows = {row.get("id", ""): row for row in read_csv(table)}
    return {"refused": _refused(table.parent / _REJECTED), "rows": rows}


def _refused(path: Path) -> dict[str, int] | None:
    """Studies refused, by code."""
    if not path.is_file():
        return None
    return dict(sorted(Counter(row.get("code") or "" for row in read_csv(path)).items()))


def _histories(run: Path) -> dict[int, Rows]:
    """Fold to its metrics.csv."""
    found: dict[int, Rows] = {}
    for path in run.glob(f"{_FOLD}*/metrics.csv"):
        number = path.parent.name.removeprefix(_FOLD)
        if number.isdecimal():
            found[int(number)] = read_csv(path)
    return dict(sorted(found.items()))


def _ablation(folder: Path | None) -> dict[str, Any]:
    """The document of an ablation."""
    if folder is None:
        return {}
    content = read_object(folder / ABLATION)
    if content is None or not {"facts", "scores", "parts"} <= content.keys():
        raise UsageError(
            "ABLATION_MISSING",
            "there is no finished ablation here",
            expected=f"a folder with {ABLATION}, as `pet-mtl ablate` writes it",
            todo="Give the folder of a finished `pet-mtl ablate`",
            subject=folder.name,
        )
    return content
