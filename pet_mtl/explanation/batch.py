"""Explaining many studies: read ahead, explain, write, go on after a bad study, resume."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pet_mtl.errors import Problem, StudyError
from pet_mtl.explanation.case import explain_case
from pet_mtl.explanation.explainer import Explainer
from pet_mtl.explanation.files import (
    RECORD,
    pictures_of,
    read_finished,
    record_of,
    write_explanations,
    write_record,
    write_volumes,
)
from pet_mtl.prediction.batch import IGNORED, REJECTED, PredictConfig, read_ahead, request_of
from pet_mtl.prediction.case import Request
from pet_mtl.prediction.files import Record, write_refused
from pet_mtl.study import Study, StudySource
from pet_mtl.writers.attribution import write_attribution

EXPLANATIONS = "explanations.csv"


@dataclass(frozen=True)
class ExplainSummary:
    """What became of the studies.

    Attributes:
        explained: Studies explained now.
        skipped: Studies that the same model had explained before, in the same way.
        refused: Name and problem of what could not be used.
    """

    explained: int
    skipped: int
    refused: tuple[tuple[str, Problem], ...]


def explain_studies(
    sources: Sequence[StudySource],
    explainer: Explainer,
    config: PredictConfig,
    advance: Callable[[], None] = lambda: None,
) -> ExplainSummary:
    """Explains studies: OUT/ID/{attribution_<outcome>.nii.gz, .png, explanation.json}.

    explanation.json is written last and says that a study is done. explanations.csv and
    rejected.csv follow at the end.

    Args:
        sources: The studies.
        explainer: The run, and how it explains.
        config: What is asked of the studies, as for a prediction; `overview` is whether pictures
            are drawn.
        advance: Called once a study.

    Returns:
        What became of the studies; a bad study does not stop the rest.
    """
    todo, records = _split(sources, explainer, config)
    skipped = len(records)
    for _ in records:
        advance()
    refused = list(config.passed_over)
    for (source, request), read in read_ahead(todo, config, explainer.predictor.ct):
        try:
            records.append(_explain(read(), request, explainer, config))
        except StudyError as error:
            refused.append((source.name, error.problem))
        advance()
    write_explanations(records, config.out / EXPLANATIONS)
    write_refused(refused, config.out / REJECTED)
    (config.out / IGNORED).unlink(missing_ok=True)
    if config.ignored:
        write_refused(config.ignored, config.out / IGNORED)
    return ExplainSummary(len(records) - skipped, skipped, tuple(refused))


def _explain(study: Study, request: Request, explainer: Explainer, config: PredictConfig) -> Record:
    """Explains one study and writes its files."""
    folder: Path = config.out / study.name
    explanation = explain_case(study, explainer, request)
    write_volumes(study, explanation, folder)
    if config.overview:
        for name, picture in pictures_of(study, explanation, explainer).items():
            write_attribution(picture, folder / name)
    record = record_of(study, explanation, request, explainer)
    write_record(record, folder)
    return record


def _split(
    sources: Sequence[StudySource], explainer: Explainer, config: PredictConfig
) -> tuple[list[tuple[StudySource, Request]], list[Record]]:
    """The studies still to be explained, and the records of the finished ones."""
    todo: list[tuple[StudySource, Request]] = []
    done: list[Record] = []
    for source in sources:
        request = request_of(source, explainer.predictor, config)
        folder = config.out / source.name
        record = None
        if not config.overwrite:
            record = read_finished(folder, explainer, request, config.overview)
        if record is None:
            # What is written from now on does not belong to an older record.
            (folder / RECORD).unlink(missing_ok=True)
            todo.append((source, request))
        else:
            done.append(record)
    return todo, done
