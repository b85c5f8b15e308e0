"""Predicting many studies: read ahead, predict, write, go on after a bad study, resume."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from pet_mtl.errors import Problem, StudyError
from pet_mtl.prediction.case import Request, predict_case
from pet_mtl.prediction.files import (
    MASK,
    OVERVIEW,
    RECORD,
    Record,
    identity_of,
    overview_of,
    read_finished,
    record_of,
    write_predictions,
    write_record,
    write_refused,
)
from pet_mtl.prediction.model import Predictor
from pet_mtl.prediction.pictures import PicturePool, drawing_processes
from pet_mtl.preprocess.crop import Point
from pet_mtl.readers import input_stamp, read_study
from pet_mtl.readers.clinical import ClinicalTable
from pet_mtl.study import Study, StudySource
from pet_mtl.writers.images import write_image

PREDICTIONS, REJECTED, IGNORED = "predictions.csv", "rejected.csv", "passed_over.csv"
_READ_AHEAD = 2
_MOST_UNDRAWN = 16


@dataclass(frozen=True)
class PredictConfig:
    """What to predict and where to write it.

    Attributes:
        out: The output directory.
        centre: "found", "mask" (the study's own mask) or a world point (x, y, z), LPS, mm.
        centres: Study's name to a world point that counts for this study alone.
        outline: With centre "mask", whether the study's own mask is the outline, too.
        roi: Names or numbers of the mask's regions that make the lesion, or None.
        clinical: Table with the model's covariates, or None.
        overview: Whether pictures are drawn.
        overwrite: Whether finished studies are predicted again.
        passed_over: What the search met but could not use; listed in rejected.csv.
        ignored: What is no study; listed in passed_over.csv.
        abstain: Whether outcomes are withheld where a hard reason speaks against them.
    """

    out: Path
    centre: str | Point = "found"
    centres: Mapping[str, Point] = field(default_factory=dict)
    outline: bool = False
    roi: str | None = None
    clinical: ClinicalTable | None = None
    overview: bool = True
    overwrite: bool = False
    passed_over: tuple[tuple[str, Problem], ...] = ()
    ignored: tuple[tuple[str, Problem], ...] = ()
    abstain: bool = True


@dataclass(frozen=True)
class PredictSummary:
    """What became of the studies.

    Attributes:
        predicted: Studies predicted now.
        skipped: Studies that the same model had predicted before, of the same files.
        refused: Name and problem of what could not be used.
        abstained: Studies, of both kinds, whose outcomes are withheld.
    """

    predicted: int
    skipped: int
    refused: tuple[tuple[str, Problem], ...]
    abstained: int = 0


def predict_studies(
    sources: Sequence[StudySource],
    predictor: Predictor,
    config: PredictConfig,
    advance: Callable[[], None] = lambda: None,
) -> PredictSummary:
    """Predicts studies and writes OUT/ID/{mask.nii.gz, prediction.json, overview.png}.

    prediction.json is written last and says that a study is done. predictions.csv and
    rejected.csv follow at the end. Pictures are drawn in other processes: call this from a
    script only below `if __name__ == "__main__"`.

    Args:
        sources: The studies.
        predictor: The model.
        config: What to predict and where to write it.
        advance: Called once a study.

    Returns:
        What became of the studies; a bad study does not stop the rest.
    """
    todo, done = _split(sources, predictor, config)
    for _ in done:
        advance()
    refused = list(config.passed_over)
    processes = drawing_processes(len(todo)) if config.overview else 0
    with PicturePool(processes) as pictures:
        batch = _Batch(predictor, config, pictures, advance)
        for (source, request), read in read_ahead(todo, config, predictor.ct):
            try:
                batch.predict(source.name, read(), request)
            except StudyError as error:
                refused.append((source.name, error.problem))
                advance()
        batch.finish(0)
    records = (*done, *batch.records)
    write_predictions(records, predictor.edges_days, config.out / PREDICTIONS)
    write_refused(refused, config.out / REJECTED)
    (config.out / IGNORED).unlink(missing_ok=True)
    if config.ignored:
        write_refused(config.ignored, config.out / IGNORED)
    abstained = sum(record["abstained"] for record in records)
    return PredictSummary(len(batch.records), len(done), tuple(refused), abstained)


class _Batch:
    """Predicts one study after the other; records follow when their pictures are drawn."""

    def __init__(
        self,
        predictor: Predictor,
        config: PredictConfig,
        pictures: PicturePool,
        advance: Callable[[], None],
    ) -> None:
        self.records: list[Record] = []
        self._predictor = predictor
        self._config = config
        self._model = identity_of(predictor)
        self._pictures = pictures
        self._advance = advance
        self._undrawn: deque[tuple[Callable[[], None], Record, Path]] = deque()

    def predict(self, name: str, study: Study, request: Request) -> None:
        """Predicts one study, writes its mask, and has its picture drawn."""
        folder = self._config.out / name
        prediction = predict_case(study, self._predictor, request)
        write_image(prediction.mask, study.grid, folder / MASK)
        drawn = _nothing
        if self._config.overview:
            overview = overview_of(study, prediction, self._model)
            drawn = self._pictures.draw(overview, folder / OVERVIEW)
        record = record_of(study, prediction, request, self._model)
        self._undrawn.append((drawn, record, folder))
        self.finish(_MOST_UNDRAWN if self._config.overview else 0)

    def finish(self, most: int) -> None:
        """Writes records, oldest first, until at most `most` wait for their pictures."""
        while len(self._undrawn) > most:
            drawn, record, folder = self._undrawn.popleft()
            drawn()
            write_record(record, folder)
            self.records.append(record)
            self._advance()


def _nothing() -> None:
    """What waiting for no picture takes."""


def _split(
    sources: Iterable[StudySource], predictor: Predictor, config: PredictConfig
) -> tuple[list[tuple[StudySource, Request]], list[Record]]:
    """The studies still to be predicted, and the records of the finished ones."""
    todo: list[tuple[StudySource, Request]] = []
    done: list[Record] = []
    for source in sources:
        request = request_of(source, predictor, config)
        folder = config.out / source.name
        record = None
        if not config.overwrite:
            record = read_finished(folder, predictor.fingerprint, request, config.overview)
        if record is None:
            # What is written from now on does not belong to an older record.
            (folder / RECORD).unlink(missing_ok=True)
            todo.append((source, request))
        else:
            done.append(record)
    return todo, done


def request_of(source: StudySource, predictor: Predictor, config: PredictConfig) -> Request:
    """What is asked of one study.

    Args:
        source: The study, not read yet.
        predictor: The model.
        config: What is asked of all.

    Returns:
        Its place, what is known of the patient, and the stamp of its files.
    """
    known = _known(source, predictor, config.clinical)
    inputs = input_stamp(source, config.roi, config.centre == "mask", predictor.ct)
    centre = config.centres.get(source.name, config.centre)
    return Request(centre, known, inputs, config.outline, config.abstain)


def _known(
    source: StudySource, predictor: Predictor, table: ClinicalTable | None
) -> tuple[tuple[str, float], ...]:
    """The model's covariates that the table knows of one patient."""
    outcome = table.outcome_of(source) if table is not None else None
    if outcome is None:
        return ()
    covariates = outcome.covariates
    return tuple((name, covariates[name]) for name in predictor.covariates if name in covariates)


def read_ahead(
    todo: Iterable[tuple[StudySource, Request]], config: PredictConfig, ct: bool
) -> Iterator[tuple[tuple[StudySource, Request], Callable[[], Study]]]:
    """Reads the next studies in another thread while one is worked on, in order.

    Args:
        todo: Studies and what is asked of each.
        config: What is asked of all.
        ct: Whether CT is read.

    Yields:
        Each study with a function that gives it, or raises what reading it raised.
    """
    masked = config.centre == "mask"
    with ThreadPoolExecutor(1) as thread:
        waiting: deque[tuple[tuple[StudySource, Request], Future[Study]]] = deque()
        for item in todo:
            waiting.append((item, thread.submit(read_study, item[0], config.roi, masked, ct)))
            if len(waiting) > _READ_AHEAD:
                first, future = waiting.popleft()
                yield first, future.result
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result
