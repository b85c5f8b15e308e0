"""Judges a run or a table of predictions, with intervals, baselines and, if known, the truth."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from pet_mtl.errors import MetricError, UsageError
from pet_mtl.evaluation.checking import Behind, with_batches, with_checks
from pet_mtl.evaluation.classes import check_training
from pet_mtl.evaluation.cohort import Cohort, Training
from pet_mtl.evaluation.endpoints import Settings, endpoints_of
from pet_mtl.evaluation.findings import Findings
from pet_mtl.evaluation.gallery import Place, gallery_of
from pet_mtl.evaluation.horizons import horizons_in
from pet_mtl.evaluation.judging import Judged, judge, judge_dice
from pet_mtl.evaluation.leaks import failed
from pet_mtl.evaluation.mask_findings import mask_findings
from pet_mtl.evaluation.pages import NOTHING, Material, dataset_of, read_material, to_page
from pet_mtl.evaluation.predictions import PREDICTIONS, Known, load_predictions
from pet_mtl.evaluation.radiomics import (
    RadiomicsPlan,
    dataset_statistics,
    grids_of,
    with_statistics,
)
from pet_mtl.evaluation.response_findings import response_findings
from pet_mtl.evaluation.results import Evaluation, to_document
from pet_mtl.evaluation.run import (
    OUT_OF_FOLD,
    Beside,
    classes_told,
    load_run,
    planned_dataset,
    read_schema,
    read_studies_table,
    told_by,
)
from pet_mtl.evaluation.summary import summary_lines
from pet_mtl.evaluation.survival_findings import survival_findings
from pet_mtl.evaluation.thresholds import GIVEN, threshold_from
from pet_mtl.files import write_json
from pet_mtl.metrics import Threshold
from pet_mtl.report import write_report

__all__ = [
    "Evaluation",
    "Known",
    "Outputs",
    "RadiomicsPlan",
    "Request",
    "Settings",
    "evaluate",
    "failed",
    "find",
    "horizons_in",
    "judge_cohort",
    "load_cohort",
    "summary_lines",
    "to_document",
    "write_evaluation",
]

EVALUATION = "evaluation.json"


@dataclass(frozen=True)
class Request:
    """What to judge, and beside what.

    Attributes:
        target: A run directory, a folder that `pet-mtl predict` wrote, or a predictions table.
        known: Outcomes, masks and truth of predicted patients; of a run only `truth` counts.
        dataset: A run's dataset directory; None takes the one its plan names.
        ids: A run's <DATASET>.ids.csv, to find its patients in the truth.
        baselines_from: A training dataset to fit the baselines on (predictions only).
        settings: The bootstrap.
        threshold: Probability from which a patient is called positive; None lets other patients
            choose it.
        threshold_from: The run that made the model, whose out-of-fold predictions choose it
            (predictions only).
        radiomics: Whether handcrafted statistics are fitted as one more baseline.
        allow_leaks: Whether failed leak checks are to be told, but let pass.
        subgroups: Columns to group patients by beside the usual ones.
        combat: Column of the batches that ComBat takes off the handcrafted statistics, or "".
    """

    target: Path
    known: Known = field(default_factory=Known)
    dataset: Path | None = None
    ids: Path | None = None
    baselines_from: Path | None = None
    settings: Settings = field(default_factory=Settings)
    threshold: float | None = None
    threshold_from: Path | None = None
    radiomics: RadiomicsPlan = field(default_factory=RadiomicsPlan)
    allow_leaks: bool = False
    subgroups: tuple[str, ...] = ()
    combat: str = ""


@dataclass(frozen=True)
class Outputs:
    """What the report holds beyond the numbers.

    Attributes:
        gallery: Patients of the gallery, at most; 0 for none.
        ablation: Folder that `pet-mtl ablate` wrote, or None.
        pdf: Whether report.pdf is written, too.
    """

    gallery: int = 0
    ablation: Path | None = None
    pdf: bool = False


PLAIN = Outputs()


def evaluate(request: Request) -> Evaluation:
    """Judges a run or predictions.

    Args:
        request: What to judge.

    Returns:
        All numbers; one that cannot be computed is absent and says why.

    Raises:
        UsageError: The target is neither, or options do not belong to it.
        PetMtlError: A table is damaged.
    """
    dataset = request.dataset or request.baselines_from or _dataset_of(request.threshold_from)
    behind = Behind(request.target, dataset, request.known, request.subgroups, request.allow_leaks)
    cohort = load_cohort(request)
    if request.combat:
        cohort = with_batches(cohort, behind, request.combat)
    return with_checks(judge_cohort(cohort, request.settings), behind)


def load_cohort(request: Request) -> Cohort:
    """Reads the patients and predictions of a target.

    Raises:
        UsageError: The target is neither a run nor predictions, or options do not belong to it.
        PetMtlError: A table is damaged.
    """
    cohort = _read(request)
    if request.threshold is not None:
        _refuse(request.threshold_from, "--threshold and --threshold-from together", "target")
        return replace(cohort, threshold=_given(request.threshold))
    if request.threshold_from is None:
        return cohort
    try:
        return replace(cohort, threshold=threshold_from(request.threshold_from))
    except MetricError as error:
        return replace(cohort, threshold_gap=error.problem.sentence())


def judge_cohort(cohort: Cohort, settings: Settings) -> Evaluation:
    """All numbers of a cohort."""
    endpoints = tuple(judge(endpoint, cohort, settings) for endpoint in endpoints_of(cohort))
    return Evaluation(
        cohort=cohort,
        endpoints=endpoints,
        dice=judge_dice(cohort, settings),
        settings=settings,
        findings=find(cohort, endpoints, settings),
    )


def find(cohort: Cohort, endpoints: tuple[Judged, ...], settings: Settings) -> Findings:
    """What stands beyond the headline numbers.

    Args:
        cohort: Patients and predictions.
        endpoints: Survival and response, judged.
        settings: Bootstrap and horizons.
    """
    survival, response = endpoints
    return Findings(
        survival=survival_findings(survival, cohort, settings),
        response=response_findings(response, cohort, settings),
        mask=mask_findings(cohort, settings),
    )


def write_evaluation(
    evaluation: Evaluation, out: Path, request: Request | None = None, outputs: Outputs = PLAIN
) -> Path:
    """Writes evaluation.json and report.html, tables/ and figures/ with all that it shows.

    Args:
        evaluation: What was found.
        out: Folder; made if absent.
        request: What was judged, whose files the report tells of, too; None for the numbers alone.
        outputs: What else the report holds.

    Returns:
        The report.

    Raises:
        UsageError: The ablation is none.
    """
    page = to_page(evaluation, _material(evaluation, request, outputs))
    write_json(out / EVALUATION, to_document(evaluation))
    return write_report(page, out, outputs.pdf)


def _material(evaluation: Evaluation, request: Request | None, outputs: Outputs) -> Material:
    """What lies beside the predictions, and the gallery."""
    if request is None:
        return NOTHING
    material = read_material(request.target, request.dataset, outputs.ablation)
    dataset = dataset_of(request.target, request.dataset)
    place = Place(request.target, dataset, request.known)
    patients, said = gallery_of(evaluation, material, place, outputs.gallery)
    return replace(material, patients=patients, gallery_said=said)


def _dataset_of(run: Path | None) -> Path | None:
    """The dataset that a run learned from, if it is still there."""
    return planned_dataset(told_by(run / "plan.json"), run) if run else None


def _read(request: Request) -> Cohort:
    """The cohort of a run or of predictions."""
    target = request.target
    if (target / OUT_OF_FOLD).is_file():
        _refuse(request.known.clinical or request.known.studies, "--clinical and --studies", "run")
        _refuse(request.baselines_from, "--baselines-from", "run")
        _refuse(request.threshold_from, "--threshold-from", "run")
        _refuse(request.known.tolerance_mm is not None, "--tolerance-mm", "run")
        beside = Beside(request.dataset, request.known.truth, request.ids, request.radiomics)
        return load_run(target, beside)
    if not (target.is_file() or (target / PREDICTIONS).is_file()):
        raise UsageError(
            "EVALUATE_TARGET",
            "neither a run nor predictions",
            expected=f"a folder with {OUT_OF_FOLD} or {PREDICTIONS}, or such a table",
            todo="Give what `pet-mtl train` or `pet-mtl predict` wrote",
            subject=target.name,
        )
    _refuse(request.dataset or request.ids, "--dataset and --ids", "table of predictions")
    if request.baselines_from is None:
        return load_predictions(target, request.known)
    return _with_training(request, request.baselines_from)


def _with_training(request: Request, dataset: Path) -> Cohort:
    """Predictions, their baselines fitted on a training dataset."""
    known = replace(request.known, schema=read_schema(dataset))
    if known.studies and request.radiomics.wanted:
        known = replace(known, grids=grids_of(dataset))
    cohort = load_predictions(request.target, known)
    if cohort.patients.has_response.any():
        check_training(classes_told(told_by(dataset / "dataset.json")), cohort.patients.classes)
    learned = read_studies_table(dataset)
    if known.studies:
        table, gap = dataset_statistics(dataset, request.radiomics)
        learned = with_statistics(learned, table)
        cohort = replace(cohort, radiomics_gap=gap)
    return cohort.with_training(Training(learned, False, "the training dataset's patients"))


def _given(threshold: float) -> Threshold:
    """A threshold that the user names."""
    if not 0.0 < threshold < 1.0:
        raise UsageError(
            "EVALUATE_THRESHOLD",
            "the threshold is no probability",
            expected="a number between 0 and 1",
            found=f"{threshold:g}",
        )
    return Threshold(threshold, GIVEN)


def _refuse(given: object, options: str, kind: str) -> None:
    """Refuses options that would be ignored."""
    if given:
        raise UsageError(
            "EVALUATE_OPTIONS",
            f"{options} do not apply to a {kind}",
            todo="Leave the option out, or give the other kind of target",
        )
