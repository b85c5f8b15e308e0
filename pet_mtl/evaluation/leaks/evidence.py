"""What the leak checks look at: the judged patients, and what lies in the run and its dataset."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pet_mtl.evaluation.cohort import Cohort
from pet_mtl.evaluation.predictions import Known
from pet_mtl.evaluation.run import planned_dataset, told_by
from pet_mtl.files import read_csv

Row = Mapping[str, str]

STUDIES, DATASET, PLAN = "studies.csv", "dataset.json", "plan.json"


@dataclass(frozen=True)
class Evidence:
    """All of it; what is not there is empty.

    Attributes:
        cohort: The judged patients and their predictions.
        run: The run directory; None of predictions.
        plan: Its plan.json.
        dataset: The dataset directory that the model was trained on, as far as it is known.
        told: Its dataset.json.
        studies: Rows of its studies.csv.
        known: Where the studies of predicted patients are.
    """

    cohort: Cohort
    run: Path | None = None
    plan: dict[str, Any] = field(default_factory=dict)
    dataset: Path | None = None
    told: dict[str, Any] = field(default_factory=dict)
    studies: tuple[Row, ...] = ()
    known: Known = field(default_factory=Known)


def gather(
    cohort: Cohort, target: Path, dataset: Path | None, known: Known | None = None
) -> Evidence:
    """Reads what lies in a run or beside predictions.

    Args:
        cohort: The judged patients.
        target: What they come from.
        dataset: The dataset that the model was trained on; None takes the one that the plan of a
            run names.
        known: Of predictions: where the judged studies are.

    Returns:
        The evidence.

    Raises:
        ModelError: A file of the run is no JSON.
    """
    run = target if cohort.kind == "run" else None
    plan = told_by(run / PLAN) if run else {}
    if run and dataset is None:
        dataset = planned_dataset(plan, run)
    if dataset is None:
        return Evidence(cohort, run, plan, known=known or Known())
    table = dataset / STUDIES
    rows = tuple(read_csv(table)) if table.is_file() else ()
    return Evidence(cohort, run, plan, dataset, told_by(dataset / DATASET), rows, known or Known())
