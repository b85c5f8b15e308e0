"""What `convert` finds out before it writes anything, and what `validate` is: the same steps.

Loads no TensorFlow.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pet_mtl.conversion.matching import check_match, rows_without_study
from pet_mtl.conversion.pool import Workers
from pet_mtl.conversion.settings import SCANNER, ConvertConfig
from pet_mtl.conversion.work import ReadTask, Rejection, input_key, load_facts, read_task
from pet_mtl.errors import DatasetError
from pet_mtl.preprocess.pipeline import StudyFacts
from pet_mtl.pseudonym import pseudonym
from pet_mtl.readers import Search, find_studies
from pet_mtl.readers.clinical import ClinicalTable, read_clinical
from pet_mtl.readers.search import Progress, no_progress
from pet_mtl.sample import GridPlan
from pet_mtl.study import Outcome, StudySource
from pet_mtl.tfrecords.shards import Member, ShardPlan, plan_shards

# Masks and labels beside the SUV of a record, compressed.
_OVERHEAD_BYTES = 4096


@dataclass(frozen=True)
class Entry:
    """One study to be converted.

    Attributes:
        source: Where it lies.
        sample_id: Its pseudonym.
        patients: Row, PatientID and name of its patient; studies that share any are of one.
        cutout: File its cut-out is kept in; None keeps nothing.
        outcome: What the clinical table says, or None.
    """

    source: StudySource
    sample_id: str
    patients: tuple[str, ...]
    cutout: Path | None
    outcome: Outcome | None


@dataclass(frozen=True)
class Survey:
    """The studies of a source and their rows of the table; nothing has been read yet.

    Attributes:
        config: What was asked for.
        search: What the source holds.
        table: The clinical table, or None.
        entries: The studies.
        refused: What was passed over by the search.
        names: Pseudonym to name, of both.
    """

    config: ConvertConfig
    search: Search
    table: ClinicalTable | None
    entries: tuple[Entry, ...]
    refused: tuple[Rejection, ...]
    names: Mapping[str, str]

    @property
    def covariates(self) -> tuple[str, ...]:
        """Names of the covariates, in order."""
        return self.table.covariates if self.table else ()

    @property
    def unmatched_rows(self) -> tuple[str, ...]:
        """Identifiers of rows that belong to no study."""
        return rows_without_study(self.table, self.search) if self.table else ()


def look(
    src: Path, config: ConvertConfig, progress: Progress = no_progress
) -> tuple[Search, ClinicalTable | None]:
    """Reads the table and finds the studies.

    Args:
        src: Folder of any files, or a manifest.
        config: What is asked for.
        progress: Shows how far it is.

    Returns:
        The studies, and the table if one is given.

    Raises:
        ClinicalError: The clinical table cannot be used, or is of other patients.
        ReadError: There is no study.
    """
    table = None
    if config.clinical is not None and config.columns is not None:
        table = read_clinical(config.clinical, config.columns)
    search = find_studies(src, config.layout, progress)
    if table is not None and config.columns is not None:
        table = table.bound_to(search.sources, search.refused_names)
        check_match(table, search, config.columns.id)
    return search, table


def survey(
    search: Search,
    table: ClinicalTable | None,
    config: ConvertConfig,
    key: bytes,
    work: Path | None,
) -> Survey:
    """Gives every study its pseudonym and its row.

    Args:
        search: The studies.
        table: The clinical table, or None.
        config: What is asked for.
        key: Key of the pseudonyms.
        work: Folder that cut-outs are kept in; None keeps nothing.

    Returns:
        The studies.

    Raises:
        ClinicalError: CLINICAL_AMBIGUOUS; a study belongs to two rows.
    """
    refused = tuple(Rejection(pseudonym(key, n), problem) for n, problem in search.passed_over)
    entries = _entries(search.sources, table, key, work, config)
    names = {pseudonym(key, name): name for name, _ in search.passed_over}
    names |= {entry.sample_id: entry.source.name for entry in entries}
    return Survey(config, search, table, entries, refused, names)


def _entries(
    sources: Sequence[StudySource],
    table: ClinicalTable | None,
    key: bytes,
    work: Path | None,
    config: ConvertConfig,
) -> tuple[Entry, ...]:
    """The studies with pseudonym, outcome and the file their cut-out is kept in."""
    entries = []
    for source in sources:
        name = pseudonym(key, source.name)
        cutout = None
        if work is not None:
            width = config.grids.widest_mm
            stamp = input_key(source, config.roi, width, config.ct, config.elsewhere)
            cutout = work / f"{name}-{stamp}.npz"
        row = table.row_of(source) if table else None
        of_all = table.row_of_patient(source) if table else None
        patients = tuple(filter(None, (of_all, source.patient_id.strip(), source.patient)))
        outcome = table.outcomes[row] if table and row else None
        entries.append(Entry(source, name, patients, cutout, outcome))
    return tuple(entries)


def read_all(
    found: Survey, workers: Workers, progress: Progress
) -> tuple[dict[str, StudyFacts], list[Rejection], int]:
    """Reads what is not kept yet.

    Args:
        found: The studies.
        workers: Who reads.
        progress: Shows how far it is.

    Returns:
        Facts of every usable study by pseudonym, refusals, and how many were read anew.
    """
    stored = {entry.sample_id: load_facts(entry.cutout) for entry in found.entries if entry.cutout}
    facts = {name: known for name, known in stored.items() if known is not None}
    config = found.config
    wanted = (config.roi, config.grids.widest_mm, config.ct, config.elsewhere)
    tasks = [
        ReadTask(entry.source, entry.sample_id, entry.cutout, *wanted)
        for entry in found.entries
        if entry.sample_id not in facts
    ]
    rejected = list(found.refused)
    with progress(len(tasks), "reading studies") as advance:
        for task, answer in zip(tasks, workers.map(read_task, tasks), strict=True):
            if isinstance(answer, Rejection):
                rejected.append(answer)
            else:
                facts[task.sample_id] = answer
            advance()
    return facts, rejected, len(tasks)


def without_row(found: Survey, usable: Container[str]) -> tuple[str, ...]:
    """Names of the usable studies that have no row; none if there is no table.

    Args:
        found: The studies.
        usable: Pseudonyms of those that can be converted.

    Returns:
        Their names.
    """
    if found.config.clinical is None:
        return ()
    alone = (entry for entry in found.entries if entry.outcome is None)
    return tuple(entry.source.name for entry in alone if entry.sample_id in usable)


def deal_folds(found: Survey, facts: Mapping[str, StudyFacts], plan: GridPlan) -> ShardPlan:
    """Deals the usable studies into folds and shards.

    Args:
        found: The studies.
        facts: What is known of the usable ones.
        plan: The cubes, which decide how large a record is.

    Returns:
        Who goes where.

    Raises:
        DatasetError: CONVERT_NO_GROUP; folds are to be dealt by groups, but a study has none, or
            all have the same.
    """
    config, members = found.config, []
    for entry in found.entries:
        known, outcome = facts.get(entry.sample_id), entry.outcome or Outcome()
        if known is None:
            continue
        labels = (outcome.event, outcome.response, known.has_mask)
        group = known.scanner if config.folds_by == SCANNER else ""
        group = outcome.groups.get(config.folds_by, group)
        name = (entry.sample_id, entry.source.name, entry.patients, known.content)
        members.append(Member(*name, *labels, group))
    _check_groups(config.folds_by, [member.group for member in members])
    cubes = 2 + max((len(known.elsewhere_mm) for known in facts.values()), default=0)
    record_bytes = cubes * 4 * plan.size**3 * (2 if config.ct else 1) + _OVERHEAD_BYTES
    return plan_shards(members, config.folds, config.seed, record_bytes, config.shard_bytes)


def _check_groups(column: str, groups: Sequence[str]) -> None:
    """Refuses groups that leave a study without a fold, or all in one."""
    if column and (not all(groups) or len(set(groups)) < len(("one", "another"))):
        raise DatasetError(
            "CONVERT_NO_GROUP",
            f"the folds cannot be dealt by {column!r}",
            expected="a group for every study, and two groups at least",
            found=f"{sum(not group for group in groups)} of {len(groups)} studies without one, "
            f"{len(set(filter(None, groups)))} groups",
            todo="Fill the column, leave such studies out, or leave out --folds-by",
        )
