"""What an evaluation finds out with the files behind the numbers: groups of patients, and leaks."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from pet_mtl.covariates import Covariate, schema_from
from pet_mtl.evaluation.cohort import Cohort
from pet_mtl.evaluation.grouping import Columns
from pet_mtl.evaluation.harmonising import doubts_of
from pet_mtl.evaluation.leaks import Evidence, find_leaks, gather
from pet_mtl.evaluation.predictions import Known, sources_of
from pet_mtl.evaluation.results import Evaluation
from pet_mtl.evaluation.subgroups import find_subgroups
from pet_mtl.readers.clinical import read_clinical


@dataclass(frozen=True)
class Behind:
    """Where the files lie.

    Attributes:
        target: The run, the folder of predictions, or their table.
        dataset: The dataset that the model was trained on; None takes the one that the plan names.
        known: Of predictions: clinical table and studies.
        subgroups: Columns to group by beside the usual ones.
        allow_leaks: Whether failed leak checks are to be told, but let pass.
    """

    target: Path
    dataset: Path | None = None
    known: Known = field(default_factory=Known)
    subgroups: tuple[str, ...] = ()
    allow_leaks: bool = False


def with_checks(evaluation: Evaluation, behind: Behind) -> Evaluation:
    """The same evaluation with its subgroups and leak checks.

    Raises:
        UsageError: A column of `subgroups` is not there.
        PetMtlError: A file cannot be read.
    """
    evidence = gather(evaluation.cohort, behind.target, behind.dataset, behind.known)
    columns = columns_of(evidence, behind.target)
    findings = replace(
        evaluation.findings,
        subgroups=find_subgroups(evaluation.cohort, columns, behind.subgroups, evaluation.settings),
        leaks=find_leaks(evidence, evaluation.endpoints),
        leaks_allowed=behind.allow_leaks,
    )
    return replace(evaluation, findings=findings)


def with_batches(cohort: Cohort, behind: Behind, by: str) -> Cohort:
    """The same cohort with the batches that ComBat takes off, and what speaks against it.

    Args:
        cohort: Patients and predictions.
        behind: Where the files lie.
        by: A column, as `Behind.subgroups` names it.

    Raises:
        UsageError: EVALUATE_SUBGROUPS; the column is not there.
    """
    evidence = gather(cohort, behind.target, behind.dataset, behind.known)
    columns = columns_of(evidence, behind.target)
    patients = replace(cohort.patients, batch=columns.grouping(by).labels)
    training = cohort.training
    if training:
        rows = {row["sample_id"]: row for row in evidence.studies}
        learned = Columns(training.patients, _schema(evidence.told), rows).grouping(by)
        fitted_on = replace(training.patients, batch=learned.labels)
        training = replace(training, patients=fitted_on)
    batched = replace(cohort, patients=patients, training=training)
    return replace(batched, notes=(*cohort.notes, *doubts_of(batched, by)))


def columns_of(evidence: Evidence, target: Path) -> Columns:
    """Where the groups of the judged patients are told."""
    patients, known = evidence.cohort.patients, evidence.known
    if evidence.run is not None:
        rows = {row["sample_id"]: row for row in evidence.studies}
        told = evidence.told
        # Without a dataset, or with an old one, the run still says what its covariates are.
        schema = _schema(told if "covariates" in told else evidence.plan)
        return Columns(patients, schema, rows, folds_by=str(told.get("folds_by", "")))
    folder = target if target.is_dir() else target.parent
    table = known.clinical and known.columns and known.columns.covariates
    return Columns(
        patients,
        _table_schema(known) if table else (),
        known=known,
        sources=sources_of(patients.ids, known, folder),
    )


def _schema(told: dict[str, object]) -> tuple[Covariate, ...]:
    """The covariates of a dataset; none where it does not say."""
    try:
        return schema_from(told)
    except (KeyError, TypeError, ValueError):
        return ()


def _table_schema(known: Known) -> tuple[Covariate, ...]:
    """The covariates of a clinical table."""
    if known.clinical is None or known.columns is None:
        return ()
    return read_clinical(known.clinical, known.columns, known.schema).schema
