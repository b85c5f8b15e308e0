"""`plan.json`: everything needed to repeat a run, and the guard against mixing two runs."""

import dataclasses
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pet_mtl.errors import UsageError
from pet_mtl.files import write_json


@dataclass(frozen=True)
class RunPlan:
    """What a run is.

    Attributes:
        config: The whole configuration as plain data.
        dataset_fingerprint: Of the dataset it learns from.
        seed: Seed of everything random.
        versions: Of what computes the numbers.
        covariate_schema: The dataset's covariates, as `pet_mtl.covariates` writes them.
    """

    config: dict[str, Any]
    dataset_fingerprint: str
    seed: int
    versions: dict[str, str]
    covariate_schema: tuple[dict[str, Any], ...] = ()


def check_plan(run: Path, plan: RunPlan, dataset: Path) -> None:
    """Writes the plan of a new run; a run that exists must have the same one.

    Args:
        run: Run directory.
        plan: What is to be done.
        dataset: The dataset, remembered relative to the run.

    Raises:
        UsageError: The run was started with another configuration or dataset.
    """
    path = run / "plan.json"
    fresh = dataclasses.asdict(plan) | {"dataset_path": os.path.relpath(dataset, run)}
    if path.exists():
        old = json.loads(path.read_text(encoding="utf-8"))
        differ = [key for key in ("config", "dataset_fingerprint") if old[key] != fresh[key]]
        if differ:
            raise UsageError(
                "RUN_OTHER_PLAN",
                f"this run was started with another {' and '.join(differ)}",
                todo="Give another -o, or --overwrite to begin anew",
                subject=run.name,
            )
        return
    run.mkdir(parents=True, exist_ok=True)
    write_json(path, fresh)
    source = dataset / "dataset.json"
    write_json(run / "dataset.json", json.loads(source.read_text(encoding="utf-8")))
