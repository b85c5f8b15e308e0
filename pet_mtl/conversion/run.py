"""The verb itself: find, read once, plan, cut, write; and go on after an interruption."""

import hashlib
import json
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

from pet_mtl.conversion.folder import DatasetFolder
from pet_mtl.conversion.matching import (
    Unmatched,
    check_match,
    rows_without_study,
    write_unmatched,
)
from pet_mtl.conversion.pool import Workers, cores
from pet_mtl.conversion.settings import ConvertConfig, ConvertResult, Progress, no_progress
from pet_mtl.conversion.tables import (
    Accepted,
    Finished,
    count_warnings,
    write_names,
    write_rejected,
    write_tables,
)
from pet_mtl.conversion.work import (
    CutTask,
    ReadTask,
    Rejection,
    cut_task,
    input_key,
    load_facts,
    read_task,
)
from pet_mtl.errors import DatasetError, Problem
from pet_mtl.files import write_json
from pet_mtl.preprocess.pipeline import Labels, StudyFacts
from pet_mtl.preprocess.plan import plan_grids
from pet_mtl.pseudonym import load_or_make_key, pseudonym
from pet_mtl.readers import find_studies
from pet_mtl.readers.clinical import ClinicalTable, read_clinical
from pet_mtl.sample import GridPlan, Sample
from pet_mtl.study import Outcome, StudySource
from pet_mtl.tfrecords.dataset import DatasetInfo, read_info
from pet_mtl.tfrecords.schema import SCHEMA_VERSION, Dimensions
from pet_mtl.tfrecords.shards import Member, ShardFile, ShardPlan, plan_shards
from pet_mtl.tfrecords.write import write_shard

# Masks and labels beside the SUV of a record, compressed.
_OVERHEAD_BYTES = 4096


@dataclass(frozen=True)
class _Entry:
    """One study to be converted."""

    source: StudySource
    sample_id: str
    patient: str
    cutout: Path
    outcome: Outcome | None


@dataclass(frozen=True)
class _Job:
    """One conversion: what was found and what was asked for."""

    folder: DatasetFolder
    config: ConvertConfig
    progress: Progress
    entries: tuple[_Entry, ...]
    refused: tuple[Rejection, ...]
    inputs: str
    names: Mapping[str, str]
    covariates: tuple[str, ...]
    unmatched_rows: tuple[str, ...]
    table: ClinicalTable | None = None
    ignored: tuple[tuple[str, Problem], ...] = ()


def convert(
    src: Path,
    dataset: Path,
    config: ConvertConfig | None = None,
    progress: Progress = no_progress,
) -> ConvertResult:
    """Turns a folder of studies into a dataset directory.

    Whatever interrupts it, the same call goes on: a study that has been read is not read again
    unless one of its files changed. A complete dataset of the same inputs is left as it is.

    Args:
        src: Folder of any files (DICOM or images), or a manifest.
        dataset: Dataset directory; key, names and work folder are put beside it.
        config: What is asked for.
        progress: Shows how far it is.

    Returns:
        What became of the studies.

    Raises:
        UsageError: A wrong option, or a folder that holds something else.
        ClinicalError: The clinical table cannot be used, or is of other patients; nothing has
            been done then.
        DatasetError: Not one study could be converted, or another run is at work.
    """
    config = config or ConvertConfig()
    table = None
    if config.clinical is not None and config.columns is not None:
        table = read_clinical(config.clinical, config.columns)
    folder = DatasetFolder(dataset)
    folder.check()
    search = find_studies(src, config.layout, progress)
    if table is not None and config.columns is not None:
        table = table.bound_to(search.sources, [name for name, _ in search.passed_over])
        check_match(table, search, config.columns.id)
    key = load_or_make_key(config.key or folder.key)
    with folder.locked():
        folder.prepare()
        refused = tuple(Rejection(pseudonym(key, n), problem) for n, problem in search.passed_over)
        entries = _entries(search.sources, table, key, folder, config)
        names = {pseudonym(key, name): name for name, _ in search.passed_over}
        names |= {entry.sample_id: entry.source.name for entry in entries}
        unmatched = rows_without_study(table, search) if table else ()
        inputs = _inputs_key(entries, refused, config, key)
        covariates = table.covariates if table else ()
        job = _Job(
            folder, config, progress, entries, refused, inputs, names, covariates, unmatched, table,
            search.ignored,
        )  # fmt: skip
        return _finished_before(job) or _convert(job)


def _entries(
    sources: Sequence[StudySource],
    table: ClinicalTable | None,
    key: bytes,
    folder: DatasetFolder,
    config: ConvertConfig,
) -> tuple[_Entry, ...]:
    """The studies with pseudonym, outcome and the file their cut-out is kept in."""
    entries = []
    for source in sources:
        name = pseudonym(key, source.name)
        stamp = input_key(source, config.roi, config.grids.widest_mm, config.ct)
        # Two scans of one row of the table, or of one PatientID, are of one patient.
        row = table.row_of(source) if table else None
        patient = (table.row_of_patient(source) if table else None) or source.patient_id
        patient = patient or source.patient
        outcome = table.outcomes[row] if table and row else None
        entries.append(_Entry(source, name, patient, folder.work / f"{name}-{stamp}.npz", outcome))
    return tuple(entries)


def _inputs_key(
    entries: Sequence[_Entry], refused: Sequence[Rejection], config: ConvertConfig, key: bytes
) -> str:
    """Changes when anything changes that the dataset is made from."""
    clinical = config.clinical.read_bytes() if config.clinical else b""
    parts = {
        "schema": SCHEMA_VERSION,
        "studies": sorted(entry.cutout.name for entry in entries),
        "refused": sorted((r.sample_id, r.problem.code) for r in refused),
        "clinical": hashlib.sha256(clinical).hexdigest(),
        "columns": asdict(config.columns) if config.columns else None,
        "grids": asdict(config.grids),
        "rest": [config.roi, config.folds, config.seed, config.shard_bytes],
        "key": pseudonym(key, ""),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _finished_before(job: _Job) -> ConvertResult | None:
    """The earlier result, if the dataset is complete and made from the same inputs."""
    try:
        state = json.loads((job.folder.work / "state.json").read_text(encoding="utf-8"))
        info = read_info(job.folder.path)
    except (OSError, ValueError, DatasetError):
        return None
    if state != {"inputs": job.inputs, "fingerprint": info.fingerprint}:
        return None
    if not job.folder.unmatched.exists():
        return None
    return replace(_result(job, info), done_before=True)


def _convert(job: _Job) -> ConvertResult:
    """Reads what is missing, then writes everything anew."""
    job.folder.done.unlink(missing_ok=True)
    write_names(job.folder, job.names)
    with Workers(min(job.config.jobs or cores(), len(job.entries))) as workers:
        facts, rejected, read = _read_all(job, workers)
        alone = _without_row(job, facts)
        unmatched = Unmatched(job.unmatched_rows, alone, tuple(rejected), job.ignored)
        write_unmatched(job.folder, unmatched, job.names)
        if not facts:
            write_rejected(job.folder, rejected)
            raise _nothing(job, rejected)
        plan = plan_grids([f.fingerprint for f in facts.values()], job.config.grids)
        shards = _plan_shards(job, facts, plan)
        job.folder.drop_shards(shard.name for shard in shards.shards)
        cuts = _Cuts(job, facts, plan, shards)
        files = _write_shards(cuts, workers)
    accepted = [
        Accepted(entry.sample_id, facts[entry.sample_id], entry.outcome)
        for entry in job.entries
        if entry.sample_id in facts
    ]
    schema = job.table.schema if job.table else ()
    about = (job.covariates, schema, job.config.ct)
    done = Finished(accepted, rejected, plan, shards, files, *about)
    write_tables(job.folder, done, job.config)
    job.folder.drop_cutouts(entry.cutout for entry in job.entries)
    state = {"inputs": job.inputs, "fingerprint": done.fingerprint}
    write_json(job.folder.work / "state.json", state)
    warned = sorted(count_warnings(accepted).items())
    notices = [f"{code}: {count} studies" for code, count in warned]
    return replace(_result(job, read_info(job.folder.path), notices), read=read)


def _read_all(job: _Job, workers: Workers) -> tuple[dict[str, StudyFacts], list[Rejection], int]:
    """Facts of every usable study, refusals, and how many studies were read anew."""
    found = {entry.sample_id: load_facts(entry.cutout) for entry in job.entries}
    facts = {name: known for name, known in found.items() if known is not None}
    width, ct = job.config.grids.widest_mm, job.config.ct
    tasks = [
        ReadTask(entry.source, entry.sample_id, entry.cutout, job.config.roi, width, ct)
        for entry in job.entries
        if entry.sample_id not in facts
    ]
    rejected = list(job.refused)
    with job.progress(len(tasks), "reading studies") as advance:
        for task, answer in zip(tasks, workers.map(read_task, tasks), strict=True):
            if isinstance(answer, Rejection):
                rejected.append(answer)
            else:
                facts[task.sample_id] = answer
            advance()
    return facts, rejected, len(tasks)


def _without_row(job: _Job, usable: Container[str]) -> tuple[str, ...]:
    """Names of the converted studies that have no row; none if there is no table."""
    if job.config.clinical is None:
        return ()
    alone = (entry for entry in job.entries if entry.outcome is None)
    return tuple(entry.source.name for entry in alone if entry.sample_id in usable)


def _nothing(job: _Job, rejected: Sequence[Rejection]) -> DatasetError:
    """Not one study could be used."""
    first = f"The first: {rejected[0].problem.sentence()} " if rejected else ""
    return DatasetError(
        "CONVERT_NOTHING",
        f"not one of {len(rejected)} studies could be converted",
        todo=f"{first}See {job.folder.path / 'rejected.csv'}",
    )


def _plan_shards(job: _Job, facts: Mapping[str, StudyFacts], plan: GridPlan) -> ShardPlan:
    """Deals the folds."""
    members = []
    for entry in job.entries:
        known, outcome = facts.get(entry.sample_id), entry.outcome or Outcome()
        if known is None:
            continue
        labels = (outcome.event, outcome.response, known.has_mask)
        members.append(
            Member(entry.sample_id, entry.source.name, entry.patient, known.content, *labels)
        )
    config = job.config
    record_bytes = 2 * 4 * plan.size**3 * (2 if config.ct else 1) + _OVERHEAD_BYTES
    return plan_shards(members, config.folds, config.seed, record_bytes, config.shard_bytes)


@dataclass(frozen=True)
class _Cuts:
    """All samples to be cut, in the order they are written."""

    job: _Job
    facts: Mapping[str, StudyFacts]
    plan: GridPlan
    shards: ShardPlan

    def __iter__(self) -> Iterator[CutTask]:
        by_id = {entry.sample_id: entry for entry in self.job.entries}
        for shard in self.shards.shards:
            for name in shard.sample_ids:
                entry = by_id[name]
                labels = Labels(name, entry.outcome, self.job.covariates)
                yield CutTask(entry.cutout, self.facts[name].centre_mm, self.plan, labels)


def _write_shards(cuts: _Cuts, workers: Workers) -> list[ShardFile]:
    """Cuts the samples on all cores and writes them shard by shard, in order."""
    dimensions = Dimensions(cuts.plan.size, len(cuts.job.covariates), cuts.job.config.ct)
    path, shards = cuts.job.folder.path, cuts.shards.shards
    total = sum(len(shard.sample_ids) for shard in shards)
    with cuts.job.progress(total, "writing records") as advance:
        samples = (_after(sample, advance) for sample in workers.map(cut_task, cuts))
        return [
            write_shard(path, shard, islice(samples, len(shard.sample_ids)), dimensions)
            for shard in shards
        ]


def _after(sample: Sample, advance: Callable[[], None]) -> Sample:
    """Hands a sample on and shows the step."""
    advance()
    return sample


def _result(job: _Job, info: DatasetInfo, notices: Sequence[str] = ()) -> ConvertResult:
    """The answer, told from the dataset as it lies there."""
    told = [*notices, *(job.table.warnings if job.table else ())]
    if job.ignored:
        told.append(f"{len(job.ignored)} entries are no study (private): {job.folder.unmatched}")
    if info.folds < job.config.folds:
        told.append(f"only {info.folds} folds: there are no more patients")
    usable = {row["sample_id"] for row in info.studies()}
    return ConvertResult(
        dataset=job.folder.path,
        plan=info.plan,
        counts=info.counts,
        folds=info.folds,
        unmatched_rows=len(job.unmatched_rows),
        unmatched_studies=len(_without_row(job, usable)),
        notices=tuple(told),
    )
