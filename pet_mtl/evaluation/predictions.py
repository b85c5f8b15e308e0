"""The cohort of a predictions table: what `pet-mtl predict` wrote, beside known outcomes."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pet_mtl.covariates import Covariate
from pet_mtl.errors import DatasetError, UsageError
from pet_mtl.evaluation.classes import check_classes
from pet_mtl.evaluation.cohort import (
    Cohort,
    Floats,
    Patients,
    column,
    probabilities,
    unique_ids,
)
from pet_mtl.evaluation.foretold import curves_in
from pet_mtl.evaluation.masks import mask_numbers
from pet_mtl.evaluation.radiomics import with_statistics
from pet_mtl.evaluation.run import fingerprint_of, told_by
from pet_mtl.evaluation.studies import MaskOptions, mask_truths
from pet_mtl.evaluation.truth import read_truth
from pet_mtl.evaluation.withheld import doubts_of
from pet_mtl.evaluation.wording import counted, have
from pet_mtl.files import read_csv
from pet_mtl.metrics import SURFACE_TOLERANCE_MM
from pet_mtl.readers import find_studies
from pet_mtl.readers.clinical import ClinicalColumns, read_clinical
from pet_mtl.sample import GridPlan
from pet_mtl.study import Outcome, StudySource

PREDICTIONS, RECORD = "predictions.csv", "prediction.json"

_NO_STUDIES = "SUVmax and MTV under the true mask are unknown; give --studies SRC"
_NO_MASKS = "no true mask is known; give --studies SRC"
NO_RADIOMICS = "the statistics need images and a dataset; give --studies and --baselines-from"


@dataclass(frozen=True)
class Known:
    """Where to find what is known of predicted patients; None where nothing is given.

    Attributes:
        clinical: Clinical table.
        columns: Its columns.
        studies: The studies with true masks: a folder, a manifest or an image file.
        roi: Which regions, segments or labels of the true masks are the lesion, by name or number.
        truth: truth.csv; None takes the one beside the clinical table, if there is one.
        schema: Covariates of the dataset that baselines are fitted on, by which the table's are
            then read; None lets the table tell what they are.
        layout: How the studies lie, as `find_studies` takes it.
        tolerance_mm: Distance of surfaces that does not matter in surface Dice, mm; None is 2.
        grids: Cubes in which handcrafted statistics are taken; None takes none.
    """

    clinical: Path | None = None
    columns: ClinicalColumns | None = None
    studies: Path | None = None
    roi: str | None = None
    truth: Path | None = None
    schema: tuple[Covariate, ...] | None = None
    layout: str = "auto"
    tolerance_mm: float | None = None
    grids: GridPlan | None = None


def load_predictions(path: Path, known: Known) -> Cohort:
    """Reads predictions and joins them with outcomes, true masks and the truth.

    Args:
        path: predictions.csv, or the folder that holds it.
        known: Where outcomes and masks are.

    Returns:
        The cohort.

    Raises:
        DatasetError: The table is damaged.
        UsageError: Neither outcomes nor masks are given, the truth does not fit, or the outcomes
            have other classes than the predictions.
        ClinicalError: The clinical table cannot be used.
    """
    table = path / PREDICTIONS if path.is_dir() else path
    rows = read_csv(table)
    if not rows:
        raise DatasetError("PREDICTIONS_EMPTY", "no prediction in the table", subject=table.name)
    ids = unique_ids(rows, "id", table.name)
    if not (known.clinical or known.studies):
        raise UsageError(
            "EVALUATE_NOTHING",
            "predictions alone cannot be judged",
            expected="--clinical FILE with outcomes, or --studies SRC with masks",
        )
    content = told_by(table.parent / ids[0] / RECORD)
    classes = check_classes(rows, content, known.columns)
    sources = sources_of(ids, known, table.parent)
    patients, notes = _patients(ids, sources, known)
    cohort = Cohort(
        patients=dataclasses.replace(patients, classes=classes),
        risk=column(rows, "risk", table.name),
        probability=probabilities(rows, table.name),
        dice=np.full(len(ids), np.nan),
        dice_where="the patient's own geometry",
        baseline_gap="" if known.studies else _NO_STUDIES,
        name=table.resolve().parent.name,
        provenance=_provenance(table, ids, known),
        notes=notes,
        doubts=doubts_of(rows, table.name),
        curves=curves_in(rows, table.name),
        mask_gap="" if known.studies else _NO_MASKS,
        radiomics_gap=NO_RADIOMICS,
    )
    if known.studies:
        cohort = _with_masks(cohort, sources, table.parent, known)
    truth = known.truth or _truth_beside(known.clinical)
    return cohort.with_oracle(*read_truth(truth, ids)) if truth else cohort


def sources_of(ids: tuple[str, ...], known: Known, folder: Path) -> dict[str, StudySource]:
    """The study behind each prediction; without the studies, its record says whose it is."""
    if known.studies is None:
        cases = {name: told_by(folder / name / RECORD).get("case") for name in ids}
        return {
            name: StudySource(name, "image", Path(name), case=case if isinstance(case, str) else "")
            for name, case in cases.items()
        }
    found = {source.name: source for source in find_studies(known.studies, known.layout).sources}
    if not found.keys() & set(ids):
        raise UsageError(
            "STUDIES_NO_MATCH",
            "no study has the name of a prediction",
            expected="the folder or manifest that `pet-mtl predict` was given",
            found=f"studies: {len(found)}, predictions: {len(ids)}",
        )
    return {name: found[name] for name in ids if name in found}


def _patients(
    ids: tuple[str, ...], sources: dict[str, StudySource], known: Known
) -> tuple[Patients, tuple[str, ...]]:
    """Outcomes from the clinical table, in the order of the predictions."""
    outcomes, covariates, notes = outcomes_of(ids, sources, known)

    def values(get: Callable[[Outcome], float | None]) -> Floats:
        cells = [get(outcome) if outcome else None for outcome in outcomes]
        return np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)

    nothing = np.full(len(ids), np.nan)
    patients = Patients(
        ids=ids,
        fold=nothing,
        time_days=values(lambda outcome: outcome.time_days),
        event=values(lambda outcome: outcome.event),
        response=values(lambda outcome: outcome.response),
        suv_max=nothing,
        mtv_ml=nothing,
        covariates={key: values(lambda o, key=key: o.covariates.get(key)) for key in covariates},  # type: ignore[misc]
    )
    return patients, notes


def outcomes_of(
    ids: tuple[str, ...], sources: dict[str, StudySource], known: Known
) -> tuple[list[Outcome | None], tuple[str, ...], tuple[str, ...]]:
    """Each prediction's row, the names of its covariates, and what to say of the table."""
    if known.clinical is None or known.columns is None:
        return [None] * len(ids), (), ()
    # Without a name no covariate is read, and none is missed.
    schema = known.schema if known.columns.covariates else ()
    table = read_clinical(known.clinical, known.columns, schema)
    table = table.bound_to([_source(sources, name) for name in ids])
    outcomes = [table.outcome_of(_source(sources, name)) for name in ids]
    missing = sum(outcome is None for outcome in outcomes)
    if missing == len(ids):
        raise UsageError(
            "CLINICAL_NO_MATCH",
            "no row of the clinical table belongs to a prediction",
            found=f"{counted(len(table.ids), 'row')}, {counted(len(ids), 'prediction')}",
            todo="Give the right --id-column; for DICOM PatientIDs also --studies",
        )
    said = f"{counted(missing, 'prediction')} {have(missing)} no row in the clinical table."
    return outcomes, table.covariates, (*((said,) if missing else ()), *table.warnings)


def _source(sources: dict[str, StudySource], name: str) -> StudySource:
    """The study of one prediction; by name only where it is not among the given ones."""
    return sources.get(name, StudySource(name, "image", Path(name)))


def _with_masks(
    cohort: Cohort, sources: dict[str, StudySource], folder: Path, known: Known
) -> Cohort:
    """The same cohort with what its true masks say."""
    asked = known.tolerance_mm
    tolerance_mm = SURFACE_TOLERANCE_MM if asked is None else asked
    options = MaskOptions(known.roi, tolerance_mm, known.grids)
    truths, notes = mask_truths(sources, folder, options)

    def values(name: str) -> Floats:
        return np.array(
            [getattr(truths[key], name) if key in truths else np.nan for key in cohort.patients.ids]
        )

    missing = len(cohort.patients) - len(truths)
    if missing:
        said = f"{counted(missing, 'prediction')} {have(missing)} no study in the given folder."
        notes = (*notes, said)
    patients = dataclasses.replace(
        cohort.patients, suv_max=values("suv_max"), mtv_ml=values("mtv_ml")
    )
    found = [truths[key].comparison if key in truths else None for key in patients.ids]
    table = {k: t.statistics for k, t in truths.items() if t.statistics is not None}
    return dataclasses.replace(
        cohort,
        patients=with_statistics(patients, table) if table else patients,
        dice=values("dice"),
        masks=mask_numbers(found, tolerance_mm),
        notes=cohort.notes + notes,
        refused=sum(bool(truth.problem) for truth in truths.values()),
    )


def _truth_beside(clinical: Path | None) -> Path | None:
    """truth.csv beside the clinical table, if there is one."""
    beside = clinical.parent / "truth.csv" if clinical else None
    return beside if beside is not None and beside.is_file() else None


def _provenance(table: Path, ids: tuple[str, ...], known: Known) -> dict[str, Any]:
    """Fingerprints of what was read, and the versions that the predictions carry."""
    parts: dict[str, Any] = {"predictions_sha256": fingerprint_of(table)}
    if known.clinical:
        parts["clinical_sha256"] = fingerprint_of(known.clinical)
    content = told_by(table.parent / ids[0] / RECORD)
    named = {"model_fingerprint": "model_fingerprint", "model_versions": "model_versions",
             "versions": "prediction_versions"}  # fmt: skip
    return parts | {name: content[key] for key, name in named.items() if content.get(key)}
