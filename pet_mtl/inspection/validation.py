"""The verb `validate`: all that `convert` would refuse or warn about, found out by its own steps.

Nothing is written. Loads no TensorFlow.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pet_mtl.conversion.pool import Workers
from pet_mtl.conversion.settings import ConvertConfig
from pet_mtl.conversion.survey import Entry, Survey, deal_folds, look, read_all, survey, without_row
from pet_mtl.conversion.tables import DUPLICATE, Accepted, duplicates
from pet_mtl.conversion.work import Rejection
from pet_mtl.errors import ClinicalError, Problem, code_of
from pet_mtl.preprocess.pipeline import StudyFacts
from pet_mtl.preprocess.plan import plan_grids
from pet_mtl.processes import cores
from pet_mtl.pseudonym import load_or_make_key
from pet_mtl.readers import Search
from pet_mtl.readers.clinical import ClinicalTable
from pet_mtl.readers.describe import Scanner, scanner_of
from pet_mtl.readers.search import Progress, no_progress
from pet_mtl.sample import GridPlan
from pet_mtl.study import Outcome

ACCEPTED, WARNED, REFUSED = "accepted", "warned", "refused"
# Pseudonyms are made as in `convert`, but none leaves this process.
_ANY_KEY = bytes(32)


@dataclass(frozen=True)
class Verdict:
    """What would become of one study.

    Attributes:
        name: Its name in the source; for the user's own eyes.
        problem: Why it is refused, or None.
        facts: What was found in its image; None if refused.
        outcome: What the clinical table says of it, or None.
        fold: The fold it would be dealt into; None if refused.
        warnings: What is odd, each starting with a stable code.
        file: The file the refusal is about, where known.
        scanner: What made the PET, and its unit.
    """

    name: str
    problem: Problem | None = None
    facts: StudyFacts | None = None
    outcome: Outcome | None = None
    fold: int | None = None
    warnings: tuple[str, ...] = ()
    file: str = ""
    scanner: Scanner = field(default_factory=Scanner)

    @property
    def status(self) -> str:
        """ "accepted", "warned" or "refused"."""
        if self.problem is not None:
            return REFUSED
        return WARNED if self.warnings else ACCEPTED


@dataclass(frozen=True)
class Validation:
    """What `convert` would do.

    Attributes:
        verdicts: Every study: accepted ones first, refused ones last, by name in each.
        plan: The cubes; None if no study is usable.
        folds: Folds that would be made.
        wanted_folds: Folds asked for.
        table: Why the clinical table is refused, or None. The studies were then judged without it.
        rows_without_study: Identifiers of the table's rows that belong to no study.
        studies_without_row: Names of usable studies that have no row.
        table_warnings: What is odd about the table, each starting with a stable code.
        ignored: What is no study, by its name in the source, and why.
    """

    verdicts: tuple[Verdict, ...]
    plan: GridPlan | None = None
    folds: int = 0
    wanted_folds: int = 0
    table: ClinicalError | None = None
    rows_without_study: tuple[str, ...] = ()
    studies_without_row: tuple[str, ...] = ()
    table_warnings: tuple[str, ...] = ()
    ignored: tuple[tuple[str, Problem], ...] = ()

    def of_status(self, status: str) -> tuple[Verdict, ...]:
        """The studies of one status."""
        return tuple(v for v in self.verdicts if v.status == status)

    def codes(self, status: str) -> dict[str, int]:
        """How many studies have each code, the commonest first.

        Args:
            status: `WARNED` counts warnings of usable studies, `REFUSED` refusals.

        Returns:
            Code to number of studies.
        """
        if status == REFUSED:
            found = Counter(v.problem.code for v in self.verdicts if v.problem)
        else:
            found = Counter(code for v in self.verdicts for code in {*map(code_of, v.warnings)})
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    @property
    def exit_code(self) -> int:
        """2 if the table is refused, 1 if no study is usable, 8 if some are refused, else 0."""
        if self.table is not None:
            return self.table.exit_code
        if self.plan is None:
            return 1
        return 8 if self.of_status(REFUSED) else 0


def validate(
    src: Path, config: ConvertConfig | None = None, progress: Progress = no_progress
) -> Validation:
    """Finds out what `convert` would do with studies, and writes nothing.

    Args:
        src: Folder of any files (DICOM or images), or a manifest.
        config: What `convert` would be asked for. A key is only tried, never made.
        progress: Shows how far it is.

    Returns:
        What would become of every study.

    Raises:
        ReadError: There is no study at all.
        UsageError: The key file given holds no key.
    """
    config = config or ConvertConfig()
    if config.key is not None:
        load_or_make_key(config.key)
    try:
        search, table = look(src, config, progress)
        found, refusal = _survey(search, table, config), None
    except ClinicalError as error:
        # `convert` would stop here; the studies are worth a look all the same.
        refusal, config = error, replace(config, clinical=None, columns=None)
        found = _survey(*look(src, config, progress), config)
    with Workers(min(config.jobs or cores(), len(found.entries))) as workers:
        facts, rejected, _ = read_all(found, workers, progress)
        made = workers.map(scanner_of, [entry.source for entry in found.entries])
        scanners = dict(zip((e.sample_id for e in found.entries), made, strict=True))
    return replace(_judged(found, facts, rejected, scanners), table=refusal)


def _survey(search: Search, table: ClinicalTable | None, config: ConvertConfig) -> Survey:
    return survey(search, table, config, _ANY_KEY, None)


def _judged(
    found: Survey,
    facts: Mapping[str, StudyFacts],
    rejected: Sequence[Rejection],
    scanners: Mapping[str, Scanner],
) -> Validation:
    """Puts together what is known of each study."""
    refused = [
        Verdict(
            found.names[r.sample_id],
            r.problem,
            file=r.file,
            scanner=scanners.get(r.sample_id, Scanner()),
        )
        for r in sorted(rejected, key=lambda r: (found.names[r.sample_id], r.problem.code))
    ]
    if not facts:
        ignored = found.search.ignored
        return Validation(tuple(refused), wanted_folds=found.config.folds, ignored=ignored)
    plan = plan_grids([f.fingerprint for f in facts.values()], found.config.grids)
    shards = deal_folds(found, facts, plan)
    usable = [entry for entry in found.entries if entry.sample_id in facts]
    verdicts = _usable(usable, facts, shards.fold_of(), scanners)
    verdicts.sort(key=lambda v: (v.status != ACCEPTED, v.name))
    return Validation(
        verdicts=(*verdicts, *refused),
        plan=plan,
        folds=shards.folds,
        wanted_folds=found.config.folds,
        rows_without_study=found.unmatched_rows,
        studies_without_row=without_row(found, facts),
        table_warnings=found.table.warnings if found.table else (),
        ignored=found.search.ignored,
    )


def _usable(
    entries: Sequence[Entry],
    facts: Mapping[str, StudyFacts],
    folds: Mapping[str, int],
    scanners: Mapping[str, Scanner],
) -> list[Verdict]:
    """The studies that `convert` would take."""
    accepted = [Accepted(e.sample_id, facts[e.sample_id], e.outcome) for e in entries]
    twins = duplicates(accepted)
    return [
        Verdict(
            name=entry.source.name,
            facts=one.facts,
            outcome=entry.outcome,
            fold=folds[one.sample_id],
            warnings=(*one.facts.warnings, *((DUPLICATE,) if one.sample_id in twins else ())),
            scanner=scanners[one.sample_id],
        )
        for entry, one in zip(entries, accepted, strict=True)
    ]
