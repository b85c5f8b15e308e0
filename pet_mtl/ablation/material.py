"""The patients of an ablation: who is learned from, who is judged, under which outcomes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pet_mtl.errors import DatasetError, UsageError
from pet_mtl.evaluation.truth import read_names
from pet_mtl.readers.clinical import ClinicalColumns, read_clinical
from pet_mtl.study import Outcome
from pet_mtl.tfrecords.dataset import DatasetInfo, read_info
from pet_mtl.tfrecords.relabel import Outcomes

ALL = -1

Draws = tuple[Mapping[str, Outcome], ...]


@dataclass(frozen=True)
class Source:
    """A dataset and, if each seed has its own outcomes, those.

    Attributes:
        path: Dataset directory.
        draws: Pseudonym to outcome, one mapping a seed; empty for the recorded outcomes.
        ct: Whether CT is read.
    """

    path: Path
    draws: Draws = ()
    ct: bool = False

    def info(self, seed: int) -> DatasetInfo:
        """The dataset under one seed."""
        info = read_info(self.path)
        info = info if self.ct else info.without_ct()
        return info.with_outcomes(Outcomes(self.draws[seed])) if self.draws else info


@dataclass(frozen=True)
class Material:
    """Who is learned from and who is judged.

    Attributes:
        training: The dataset that arms learn from.
        test: Patients that no choice ever sees; None judges each fold by the other folds.
    """

    training: Source
    test: Source | None = None

    @property
    def judged(self) -> Source:
        """Where the judged patients lie."""
        return self.test or self.training

    def folds(self) -> tuple[int, ...]:
        """What is left out of each training; only `ALL`, nothing, with a test set."""
        return (ALL,) if self.test else tuple(range(read_info(self.training.path).folds))


def judged_folds(material: Material, fold: int) -> tuple[int, ...]:
    """Folds of the judged dataset that a training which left out `fold` is judged on."""
    return (fold,) if material.test is None else tuple(range(read_info(material.test.path).folds))


def check_test(training: DatasetInfo, test: DatasetInfo) -> None:
    """Refuses a test set that the models cannot read, or that they learned from.

    Raises:
        DatasetError: Another grid or other covariates.
        UsageError: The same records.
    """
    if training.fingerprint == test.fingerprint:
        raise UsageError(
            "ABLATE_TEST_SEEN",
            "the test set is the dataset that is learned from",
            todo="Give other patients, or leave --test out: the dataset's own folds then judge",
        )
    if training.plan != test.plan:
        raise DatasetError(
            "ABLATE_TEST_GRID",
            "the test set has other cubes than the dataset",
            expected=str(training.plan),
            found=str(test.plan),
            todo="Convert it with the same --size, --fine-mm and --context-mm",
        )
    if training.covariates != test.covariates:
        raise DatasetError(
            "ABLATE_TEST_COVARIATES",
            "the test set has other covariates than the dataset",
            expected=", ".join(training.covariates) or "none",
            found=", ".join(test.covariates) or "none",
            todo="Convert it with the same --covariates",
        )


def names_of(dataset: Path, ids: Path | None, samples: tuple[str, ...]) -> tuple[str, ...]:
    """The patients' names: from `ids`, from <DATASET>.ids.csv, or else the pseudonyms."""
    beside = dataset.with_name(f"{dataset.resolve().name}.ids.csv")
    path = ids or (beside if beside.is_file() else None)
    return read_names(path, samples) if path else samples


def read_draws(
    tables: tuple[Path, ...], dataset: Path, id_column: str, ids: Path | None, seeds: int
) -> Draws:
    """Outcomes of a dataset's patients from other clinical tables, one a seed.

    The columns are those that the dataset was converted with.

    Args:
        tables: Clinical tables; a folder stands for the CSV files in it, by name.
        dataset: The dataset directory.
        id_column: Column of the patients' names.
        ids: The private table of names, or None for the one beside the dataset.
        seeds: Number of seeds.

    Returns:
        One mapping of pseudonym to outcome a seed; empty without tables.

    Raises:
        UsageError: Fewer tables than seeds, or one that knows no patient of the dataset.
        ClinicalError: A table that cannot be used.
    """
    files = [f for table in tables for f in (sorted(table.glob("*.csv")) or [table])]
    if not files:
        return ()
    if len(files) < seeds:
        raise UsageError(
            "ABLATE_DRAWS",
            "there are fewer clinical tables than seeds",
            expected=f"{seeds} tables, one a seed",
            found=str(len(files)),
            todo="Give more tables, or fewer --seeds",
        )
    info = read_info(dataset)
    samples = tuple(row["sample_id"] for row in info.studies())
    names = names_of(dataset, ids, samples)
    time, event, response = (info.labels.get(name) for name in ("time", "event", "response"))
    names_of_classes = info.response_classes if response else ()
    columns = ClinicalColumns(id_column, time, event, response, response_classes=names_of_classes)
    known = dict(zip(samples, names, strict=True))
    return tuple(_one_draw(file, columns, known) for file in files[:seeds])


def _one_draw(
    file: Path, columns: ClinicalColumns, names: Mapping[str, str]
) -> Mapping[str, Outcome]:
    """Outcomes of one table by pseudonym."""
    outcomes = read_clinical(file, columns, ()).outcomes
    found = {sample: outcomes[name] for sample, name in names.items() if name in outcomes}
    if not found:
        raise UsageError(
            "ABLATE_DRAWS_STRANGERS",
            "no row of the clinical table belongs to a patient of the dataset",
            expected="names as in DATASET.ids.csv",
            todo="Give --id-column; and --ids or --test-ids if the table of names lies elsewhere",
            subject=file.name,
        )
    return found
