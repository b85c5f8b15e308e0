"""What `convert` can be told, and what it answers."""

from dataclasses import dataclass, field
from pathlib import Path

from pet_mtl.errors import ConfigError
from pet_mtl.preprocess.plan import GridOptions
from pet_mtl.readers.clinical import ClinicalColumns
from pet_mtl.sample import GridPlan
from pet_mtl.tfrecords.shards import DEFAULT_SHARD_BYTES

# What stands for the kind of scanner where groups are asked for.
SCANNER = "scanner"


@dataclass(frozen=True)
class ConvertConfig:
    """All that `convert` can be told.

    Attributes:
        clinical: The clinical table, or None for a dataset without labels.
        columns: Its column names; needed with `clinical`.
        roi: Names or numbers of the regions that make the lesion, or None.
        folds: Folds wanted; fewer are made if there are fewer patients.
        folds_by: A column of groups, or `SCANNER`: each of its groups is then one fold.
        seed: Seed the folds are dealt with.
        grids: What is fixed of the cubes.
        jobs: Worker processes; None takes every core, 1 works in this process.
        key: Key file of the pseudonyms; None is `<DATASET>.key`.
        shard_bytes: Size a shard should not exceed by much.
        ct: Whether CT becomes a second channel, for the patients that have one.
        elsewhere: Context cubes cut away from the lesion of each patient with a mask; 0 for none.
        layout: How the studies lie; one of `pet_mtl.readers.LAYOUTS`.

    Raises:
        ConfigError: A value out of range, or only one of `clinical` and `columns`, or of
            the columns of time and event; or folds by what is no group.
    """

    clinical: Path | None = None
    columns: ClinicalColumns | None = None
    roi: str | None = None
    folds: int = 5
    seed: int = 0
    grids: GridOptions = field(default_factory=GridOptions)
    jobs: int | None = None
    key: Path | None = None
    shard_bytes: int = DEFAULT_SHARD_BYTES
    ct: bool = False
    layout: str = "auto"
    elsewhere: int = 3
    folds_by: str = ""

    def __post_init__(self) -> None:
        for name, low in (
            ("folds", 1),
            ("seed", 0),
            ("jobs", 1),
            ("shard_bytes", 1),
            ("elsewhere", 0),
        ):
            value = getattr(self, name)
            if value is not None and value < low:
                raise ConfigError(
                    "CONVERT_RANGE", "a value is out of range", expected=f"at least {low}",
                    found=str(value), subject=f"--{name.replace('_', '-')}",
                )  # fmt: skip
        if (self.clinical is None) != (self.columns is None):
            raise ConfigError(
                "CONVERT_CLINICAL",
                "a clinical table and the name of its id column belong together",
                todo="Give both --clinical and --id-column, or neither",
            )
        groups = self.columns.groups if self.columns else ()
        if self.folds_by and self.folds_by not in (*groups, SCANNER):
            raise ConfigError(
                "CONVERT_FOLDS_BY",
                "folds can be dealt by groups of patients only",
                expected=f"one of --groups, or {SCANNER}",
                found=repr(self.folds_by),
                todo="Name the column with --groups, too",
            )
        if self.columns and (self.columns.time is None) != (self.columns.event is None):
            raise ConfigError(
                "CONVERT_TIME_EVENT",
                "time and event belong together: one alone tells nothing of survival",
                todo="Give both --time and --event, or neither",
            )


@dataclass(frozen=True)
class ConvertResult:
    """What became of the studies.

    Attributes:
        dataset: The dataset directory.
        plan: The cubes.
        counts: studies, rejected, with_mask, with_survival, with_response; with_ct if
            the CT was asked for.
        folds: Folds made.
        unmatched_rows: Rows of the clinical table that belong to no study.
        unmatched_studies: Converted studies that have no row, hence no labels.
        read: Studies read anew; the others were kept from an earlier run.
        notices: What the user should know, a sentence each.
        done_before: Whether the dataset was complete and nothing was to do.
    """

    dataset: Path
    plan: GridPlan
    counts: dict[str, int]
    folds: int
    unmatched_rows: int = 0
    unmatched_studies: int = 0
    read: int = 0
    notices: tuple[str, ...] = ()
    done_before: bool = False

    @property
    def exit_code(self) -> int:
        """0 all good, 8 if some studies were refused."""
        return 8 if self.counts["rejected"] else 0
