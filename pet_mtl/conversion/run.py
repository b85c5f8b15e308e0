"""The verb itself: find, read once, plan, cut, write; and go on after an interruption."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

from pet_mtl.conversion.folder import DatasetFolder
from pet_mtl.conversion.matching import Unmatched, write_unmatched
from pet_mtl.conversion.pool import Workers
from pet_mtl.conversion.scanners import scanner_name
from pet_mtl.conversion.settings import ConvertConfig, ConvertResult
from pet_mtl.conversion.survey import Survey, deal_folds, look, read_all, survey, without_row
from pet_mtl.conversion.tables import (
    Accepted,
    Finished,
    count_warnings,
    write_names,
    write_rejected,
    write_tables,
)
from pet_mtl.conversion.work import CutTask, Rejection, cut_task
from pet_mtl.errors import DatasetError, UsageError
from pet_mtl.files import read_object, write_json
from pet_mtl.preprocess.pipeline import Labels, StudyFacts
from pet_mtl.preprocess.plan import plan_grids
from pet_mtl.processes import cores
from pet_mtl.pseudonym import load_or_make_key, pseudonym
from pet_mtl.readers.search import Progress, no_progress
from pet_mtl.sample import GridPlan, Sample
from pet_mtl.tfrecords.dataset import DatasetInfo, read_info
from pet_mtl.tfrecords.schema import SCHEMA_VERSION, Dimensions
from pet_mtl.tfrecords.shards import ShardFile, ShardPlan
from pet_mtl.tfrecords.write import write_shard


@dataclass(frozen=True)
class _Job:
    """One conversion: what was found and where it goes."""

    folder: DatasetFolder
    found: Survey
    progress: Progress
    inputs: str
    key: bytes


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
    if src.is_dir() and dataset.resolve().is_relative_to(src.resolve()):
        raise UsageError(
            "CONVERT_OUT",
            "the dataset would lie among the studies, where its files would be read as studies",
            todo="Choose a place outside SRC",
        )
    folder = DatasetFolder(dataset)
    folder.check_key(config.key or folder.key)
    folder.check()
    search, table = look(src, config, progress)
    key = load_or_make_key(config.key or folder.key)
    with folder.locked():
        folder.prepare()
        found = survey(search, table, config, key, folder.work)
        job = _Job(folder, found, progress, _inputs_key(found, key), key)
        return _finished_before(job) or _convert(job)


def _inputs_key(found: Survey, key: bytes) -> str:
    """Changes when anything changes that the dataset is made from."""
    config = found.config
    clinical = config.clinical.read_bytes() if config.clinical else b""
    parts = {
        "schema": SCHEMA_VERSION,
        "studies": sorted(entry.cutout.name for entry in found.entries if entry.cutout),
        "patients": sorted((entry.sample_id, entry.patients) for entry in found.entries),
        "refused": sorted((r.sample_id, r.problem.code) for r in found.refused),
        "clinical": hashlib.sha256(clinical).hexdigest(),
        "columns": asdict(config.columns) if config.columns else None,
        "grids": asdict(config.grids),
        "rest": [
            config.roi,
            config.folds,
            config.seed,
            config.shard_bytes,
            config.elsewhere,
            config.folds_by,
        ],
        "key": pseudonym(key, ""),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _finished_before(job: _Job) -> ConvertResult | None:
    """The earlier result, if the dataset is complete and made from the same inputs."""
    try:
        info = read_info(job.folder.path)
    except DatasetError:
        return None
    state = {"inputs": job.inputs, "fingerprint": info.fingerprint}
    if read_object(job.folder.work / "state.json") != state:
        return None
    if not job.folder.unmatched.exists():
        return None
    return replace(_result(job, info), done_before=True)


def _convert(job: _Job) -> ConvertResult:
    """Reads what is missing, then writes everything anew."""
    found = job.found
    job.folder.done.unlink(missing_ok=True)
    write_names(job.folder, found.names)
    with Workers(min(found.config.jobs or cores(), len(found.entries))) as workers:
        facts, rejected, read = read_all(found, workers, job.progress)
        alone = without_row(found, facts)
        unmatched = Unmatched(found.unmatched_rows, alone, tuple(rejected), found.search.ignored)
        write_unmatched(job.folder, unmatched, found.names)
        if not facts:
            write_rejected(job.folder, rejected)
            raise _nothing(job, rejected)
        plan = plan_grids([f.fingerprint for f in facts.values()], found.config.grids)
        shards = deal_folds(found, facts, plan)
        room = max(len(known.elsewhere_mm) for known in facts.values())
        sizes = Dimensions(plan.size, len(found.covariates), found.config.ct, room)
        job.folder.drop_shards(shard.name for shard in shards.shards)
        cuts = _Cuts(job, facts, plan, shards, sizes)
        files = _write_shards(cuts, workers)
    accepted = [
        Accepted(entry.sample_id, known, entry.outcome, scanner_name(job.key, known.scanner))
        for entry in found.entries
        if (known := facts.get(entry.sample_id)) is not None
    ]
    schema = found.table.schema if found.table else ()
    groups = found.config.columns.groups if found.config.columns else ()
    about = (found.covariates, schema, found.config.ct, sizes.elsewhere, groups)
    done = Finished(accepted, rejected, plan, shards, files, *about)
    write_tables(job.folder, done, found.config)
    job.folder.drop_cutouts(entry.cutout for entry in found.entries if entry.cutout)
    state = {"inputs": job.inputs, "fingerprint": done.fingerprint}
    write_json(job.folder.work / "state.json", state)
    warned = sorted(count_warnings(accepted).items())
    notices = [f"{code}: {count} studies" for code, count in warned]
    return replace(_result(job, read_info(job.folder.path), notices), read=read)


def _nothing(job: _Job, rejected: Sequence[Rejection]) -> DatasetError:
    """Not one study could be used."""
    first = f"The first: {rejected[0].problem.sentence()} " if rejected else ""
    return DatasetError(
        "CONVERT_NOTHING",
        f"not one of {len(rejected)} studies could be converted",
        todo=f"{first}See {job.folder.path / 'rejected.csv'}",
    )


@dataclass(frozen=True)
class _Cuts:
    """All samples to be cut, in the order they are written."""

    job: _Job
    facts: Mapping[str, StudyFacts]
    plan: GridPlan
    shards: ShardPlan
    dimensions: Dimensions

    def __iter__(self) -> Iterator[CutTask]:
        by_id = {e.sample_id: (e, e.cutout) for e in self.job.found.entries if e.cutout}
        for shard in self.shards.shards:
            for name in shard.sample_ids:
                entry, cutout = by_id[name]
                labels = Labels(name, entry.outcome, self.job.found.covariates)
                known = self.facts[name]
                yield CutTask(cutout, known.centre_mm, self.plan, labels, known.elsewhere_mm)


def _write_shards(cuts: _Cuts, workers: Workers) -> list[ShardFile]:
    """Cuts the samples on all cores and writes them shard by shard, in order."""
    path, shards = cuts.job.folder.path, cuts.shards.shards
    total = sum(len(shard.sample_ids) for shard in shards)
    with cuts.job.progress(total, "writing records") as advance:
        samples = (_after(sample, advance) for sample in workers.map(cut_task, cuts))
        return [
            write_shard(path, shard, islice(samples, len(shard.sample_ids)), cuts.dimensions)
            for shard in shards
        ]


def _after(sample: Sample, advance: Callable[[], None]) -> Sample:
    """Hands a sample on and shows the step."""
    advance()
    return sample


def _result(job: _Job, info: DatasetInfo, notices: Sequence[str] = ()) -> ConvertResult:
    """The answer, told from the dataset as it lies there."""
    table, ignored = job.found.table, job.found.search.ignored
    told = [*notices, *(table.warnings if table else ())]
    if ignored:
        told.append(f"{len(ignored)} entries are no study (private): {job.folder.unmatched}")
    if info.folds < job.found.config.folds and not job.found.config.folds_by:
        told.append(f"only {info.folds} folds: there are no more patients")
    usable = {row["sample_id"] for row in info.studies()}
    return ConvertResult(
        dataset=job.folder.path,
        plan=info.plan,
        counts=info.counts,
        folds=info.folds,
        unmatched_rows=len(job.found.unmatched_rows),
        unmatched_studies=len(without_row(job.found, usable)),
        notices=tuple(told),
    )
