"""Judges a run or a table of predictions, with intervals, baselines and, if known, the truth."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from pet_mtl.errors import UsageError
from pet_mtl.evaluation.classes import check_training
from pet_mtl.evaluation.cohort import Cohort, Training
from pet_mtl.evaluation.gallery import Place, gallery_of
from pet_mtl.evaluation.judging import Settings, endpoints_of, judge, judge_dice
from pet_mtl.evaluation.pages import NOTHING, Material, dataset_of, read_material, to_page
from pet_mtl.evaluation.predictions import PREDICTIONS, Known, load_predictions
from pet_mtl.evaluation.results import Evaluation, to_document
from pet_mtl.evaluation.run import (
    OUT_OF_FOLD,
    classes_told,
    load_run,
    read_schema,
    read_studies_table,
    told_by,
)
from pet_mtl.evaluation.summary import summary_lines
from pet_mtl.files import write_json
from pet_mtl.report import write_report

__all__ = [
    "Evaluation",
    "Known",
    "Outputs",
    "Request",
    "Settings",
    "evaluate",
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
    """

    target: Path
    known: Known = field(default_factory=Known)
    dataset: Path | None = None
    ids: Path | None = None
    baselines_from: Path | None = None
    settings: Settings = field(default_factory=Settings)


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
    return judge_cohort(load_cohort(request), request.settings)


def load_cohort(request: Request) -> Cohort:
    """Reads the patients and predictions of a target.

    Raises:
        UsageError: The target is neither a run nor predictions, or options do not belong to it.
        PetMtlError: A table is damaged.
    """
    target = request.target
    if (target / OUT_OF_FOLD).is_file():
        _refuse(request.known.clinical or request.known.studies, "--clinical and --studies", "run")
        _refuse(request.baselines_from, "--baselines-from", "run")
        return load_run(target, request.dataset, request.known.truth, request.ids)
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
    known = replace(request.known, schema=read_schema(request.baselines_from))
    cohort = load_predictions(target, known)
    if cohort.patients.has_response.any():
        source = told_by(request.baselines_from / "dataset.json")
        check_training(classes_told(source), cohort.patients.classes)
    training = Training(
        read_studies_table(request.baselines_from), False, "the training dataset's patients"
    )
    return cohort.with_training(training)


def judge_cohort(cohort: Cohort, settings: Settings) -> Evaluation:
    """All numbers of a cohort."""
    return Evaluation(
        cohort=cohort,
        endpoints=tuple(judge(endpoint, cohort, settings) for endpoint in endpoints_of(cohort)),
        dice=judge_dice(cohort, settings),
        settings=settings,
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


def _refuse(given: object, options: str, kind: str) -> None:
    """Refuses options that would be ignored."""
    if given:
        raise UsageError(
            "EVALUATE_OPTIONS",
            f"{options} do not apply to a {kind}",
            todo="Leave the option out, or give the other kind of target",
        )
