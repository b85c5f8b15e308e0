"""How the model and these numbers were made: training curves, configuration, provenance."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from pet_mtl.evaluation.pages.material import Material, Rows
from pet_mtl.evaluation.pages.words import said
from pet_mtl.evaluation.results import Evaluation, versions
from pet_mtl.report import Curve, Picture, Section, Table, Training


def training(material: Material) -> Section | None:
    """Training curves; None where no history is at hand."""
    content = training_content(material)
    if not content.stages:
        return None
    folds = sorted({curve.fold for curves in content.stages.values() for curve in curves})
    told = "; ".join(
        f"stage {stage}: training loss of fold {curve.fold} from {curve.training[0]:.3g} to "
        f"{curve.training[-1]:.3g}"
        for stage, curves in content.stages.items()
        for curve in curves
    )
    return Section(
        "training",
        "Training",
        pictures=(
            Picture(
                "training",
                "Losses of every fold",
                content,
                told,
                f"{len(folds)} folds; the weights of the lowest inner validation loss are kept",
            ),
        ),
        tables=(_history_table(material),),
    )


def training_content(material: Material) -> Training:
    """The histories by stage."""
    stages: dict[str, list[Curve]] = {}
    for fold, rows in material.histories.items():
        for stage in dict.fromkeys(row.get("stage") or "" for row in rows):
            part = [row for row in rows if (row.get("stage") or "") == stage]
            stages.setdefault(stage, []).append(
                Curve(fold, *(_column(part, name) for name in ("epoch", "loss", "val_loss")))
            )
    return Training({stage: tuple(curves) for stage, curves in stages.items()})


def _column(rows: Rows, name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """One column as numbers; NaN where a cell is empty or no number."""
    return np.array([_number(row.get(name) or "") for row in rows], np.float64)


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan


def _history_table(material: Material) -> Table:
    """All histories, a row a validation."""
    names = list(dict.fromkeys(n for rows in material.histories.values() for n in rows[0]))
    rows = tuple(
        (str(fold), *(row.get(name) or "" for name in names))
        for fold, history in material.histories.items()
        for row in history
    )
    return Table("All validations", ("fold", *names), rows, name="training", folded=True)


def section(evaluation: Evaluation, material: Material, missing: Table | None) -> Section:
    """Provenance, versions, data, configuration, and what could not be computed."""
    tables = [_provenance(evaluation)]
    data = tuple(_flat(_of_data(material)))
    tables += [Table("Data", (), data, name="data")] if data else []
    tables += [missing] if missing else []
    config = tuple(_flat(material.config))
    if config:
        tables.append(
            Table("Configuration", ("key", "value"), config, name="configuration", folded=True)
        )
    return Section("making", "How these numbers were made", tables=tuple(tables))


def _provenance(evaluation: Evaluation) -> Table:
    """Fingerprints, seeds and versions, one a row; the file has whole fingerprints."""
    settings = evaluation.settings
    told = {
        **{
            key.replace("_", " ").replace("sha256", "SHA-256"): value
            for key, value in evaluation.cohort.provenance.items()
        },
        "bootstrap": f"{settings.samples} resamples of patients, percentile, seed {settings.seed}",
        "evaluated with": versions(),
    }
    rows = tuple((name, said(value)) for name, value in told.items())
    data = tuple((name, said(value, whole=True)) for name, value in told.items())
    return Table("Provenance", (), rows, name="provenance", columns=("name", "value"), data=data)


def _of_data(material: Material) -> dict[str, Any]:
    """What dataset.json says of the data, long lists left out."""
    names = ("fingerprint", "pet_mtl_version", "schema_version", "suv", "channels", "grids",
             "counts", "folds", "seed", "labels", "covariates", "response_classes")  # fmt: skip
    return {name: material.dataset[name] for name in names if name in material.dataset}


def _flat(content: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Nested keys as one, with dots."""
    for key, value in content.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", said(value)
