"""dataset.json, studies.csv, rejected.csv and the private list of names."""

import csv
import hashlib
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pet_mtl._version import __version__
from pet_mtl.conversion.folder import DatasetFolder
from pet_mtl.conversion.settings import ConvertConfig
from pet_mtl.conversion.work import Rejection
from pet_mtl.covariates import Covariate
from pet_mtl.errors import code_of
from pet_mtl.files import write_csv, write_json
from pet_mtl.preprocess.pipeline import StudyFacts
from pet_mtl.pseudonym import write_private
from pet_mtl.readers.clinical import DAYS_PER, ClinicalColumns
from pet_mtl.sample import GridPlan
from pet_mtl.study import Outcome
from pet_mtl.tfrecords.metadata import dataset_info_json, features_json
from pet_mtl.tfrecords.schema import SCHEMA_VERSION, Dimensions, table
from pet_mtl.tfrecords.shards import DATASET_NAME, ShardFile, ShardPlan
from pet_mtl.trust import extent_names, grid_appearance, voxel_names

STUDY_COLUMNS = (
    "sample_id", "patient", "fold", "shard", "has_mask", "has_survival", "has_response",
    "time_days", "event", "response", "suv_max", "mtv_ml", "centre_source", "scanner", "warnings",
    *voxel_names(), *extent_names(),
)  # fmt: skip
REJECTED_COLUMNS = ("study", "code", "what", "expected", "found", "todo")
DUPLICATE = "DUPLICATE_IMAGE: another study has the same voxels; both are in one fold"

CT_COLUMN = "has_ct"
# Before the name of a column of groups.
GROUP = "group_"

_SUV = "SUV by body weight (SUVbw), g/ml"
_CT = "CT in Hounsfield units, averaged onto the cubes; *_ct_valid: where the CT reaches"


@dataclass(frozen=True)
class Accepted:
    """One study of the dataset.

    Attributes:
        sample_id: Pseudonym.
        facts: What was found in the image.
        outcome: What the clinical table says, or None.
        scanner: The kind of scanner, or "".
    """

    sample_id: str
    facts: StudyFacts
    outcome: Outcome | None
    scanner: str = ""


@dataclass(frozen=True)
class Finished:
    """Everything the tables tell.

    Attributes:
        accepted: The studies.
        rejected: The refused ones.
        plan: The cubes.
        shards: Who is where.
        files: The shards as written.
        covariates: Names of the covariates, in the order of the feature `clinical`.
        schema: What the covariates are.
        ct: Whether the CT was asked for.
        elsewhere: Cubes cut away from the lesion that a record has room for.
        groups: Columns of groups.
    """

    accepted: Sequence[Accepted]
    rejected: Sequence[Rejection]
    plan: GridPlan
    shards: ShardPlan
    files: Sequence[ShardFile]
    covariates: tuple[str, ...] = ()
    schema: tuple[Covariate, ...] = ()
    ct: bool = False
    elsewhere: int = 0
    groups: tuple[str, ...] = ()

    @property
    def dimensions(self) -> Dimensions:
        """What the symbolic sizes of the schema stand for."""
        return Dimensions(self.plan.size, len(self.covariates), self.ct, self.elsewhere)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over all records, in order."""
        hashes = " ".join(file.sha256 for file in self.files)
        return hashlib.sha256(hashes.encode()).hexdigest()

    def counts(self) -> dict[str, int]:
        """Studies in all, refused, and with each label."""
        outcomes = [a.outcome or Outcome() for a in self.accepted]
        with_ct = {"with_ct": sum(a.facts.has_ct for a in self.accepted)} if self.ct else {}
        return {
            "studies": len(self.accepted),
            "rejected": len(self.rejected),
            "with_mask": sum(a.facts.has_mask for a in self.accepted),
            "with_survival": sum(has_survival(o) for o in outcomes),
            "with_response": sum(o.response is not None for o in outcomes),
            **with_ct,
        }


def write_tables(folder: DatasetFolder, done: Finished, config: ConvertConfig) -> None:
    """Writes everything beside the shards; dataset.json last."""
    ct = (CT_COLUMN,) if done.ct else ()
    more = (*map(group_column, done.groups), *(f"cov_{name}" for name in done.covariates))
    write_csv(folder.path / "studies.csv", (*STUDY_COLUMNS, *ct, *more), study_rows(done))
    write_rejected(folder, done.rejected)
    write_json(folder.path / "features.json", features_json(done.dimensions))
    write_json(folder.path / "dataset_info.json", dataset_info_json(done.files))
    write_json(folder.done, dataset_json(done, config))


def write_rejected(folder: DatasetFolder, rejected: Iterable[Rejection]) -> None:
    """Writes rejected.csv, ordered by pseudonym."""
    rows = [{"study": r.sample_id, **asdict(r.problem)} for r in rejected]
    rows.sort(key=lambda row: (row["study"], row["code"]))
    write_csv(folder.path / "rejected.csv", REJECTED_COLUMNS, rows)


def write_names(folder: DatasetFolder, names: Mapping[str, str]) -> None:
    """Writes the private list of pseudonyms and names, readable by its owner only."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("sample_id", "name"))
    writer.writerows(sorted(names.items()))
    write_private(folder.names, text.getvalue())


def dataset_json(done: Finished, config: ConvertConfig) -> dict[str, Any]:
    """Content of dataset.json; the same for the same records, wherever they were made."""
    columns = config.columns
    labels = {
        label: getattr(columns, label)
        for label in ("time", "event", "response")
        if columns and getattr(columns, label)
    }
    return {
        "name": DATASET_NAME,
        "schema_version": SCHEMA_VERSION,
        "pet_mtl_version": __version__,
        "grids": asdict(done.plan),
        "channels": ["suv", "ct_hu"] if done.ct else ["suv"],
        "suv": _SUV,
        **({"ct_hu": _CT} if done.ct else {}),
        **({"elsewhere": done.elsewhere} if done.elsewhere else {}),
        "labels": labels,
        "label_rules": _label_rules(config),
        # Absent where nobody named classes: the response then has two, and is read as before.
        **_response_classes(columns),
        **({"groups": list(done.groups)} if done.groups else {}),
        **({"folds_by": config.folds_by} if config.folds_by else {}),
        "covariates": list(done.covariates),
        "covariate_schema": _covariate_schema(done),
        "counts": done.counts(),
        "folds": done.shards.folds,
        "seed": config.seed,
        "fingerprint": done.fingerprint,
        "shards": [
            {"file": f.shard.name, "records": len(f.shard.sample_ids), "sha256": f.sha256}
            for f in done.files
        ],
        "features": table(done.dimensions),
    }


def _response_classes(columns: ClinicalColumns | None) -> dict[str, Any]:
    """Names of the classes of the response, if they were given."""
    if columns is None or not columns.response_classes:
        return {}
    return {"response_classes": list(columns.response_classes)}


def _label_rules(config: ConvertConfig) -> dict[str, Any]:
    """How labels were made of the table's cells, as far as the user had a say."""
    rules: dict[str, Any] = {}
    if config.columns and config.columns.time:
        unit = config.columns.time_unit
        rules |= {"time_unit": unit, "days_per_time_unit": DAYS_PER[unit]}
    if config.columns and config.columns.response_positive:
        rules["response_positive"] = list(config.columns.response_positive)
    return rules


def _covariate_schema(done: Finished) -> list[dict[str, Any]]:
    """The covariates as the patients of the dataset have them."""
    rows = [accepted.outcome.covariates if accepted.outcome else {} for accepted in done.accepted]
    return [covariate.described(rows).to_json() for covariate in done.schema]


def study_rows(done: Finished) -> list[dict[str, Any]]:
    """Rows of studies.csv in the order of the records."""
    twins = duplicates(done.accepted)
    by_id = {a.sample_id: a for a in done.accepted}
    rows = []
    for shard in done.shards.shards:
        for name in shard.sample_ids:
            accepted = by_id[name]
            warnings = (*accepted.facts.warnings, *((DUPLICATE,) if name in twins else ()))
            patient = done.shards.patient_of.get(name, name)
            row: dict[str, Any] = {"sample_id": name, "patient": patient}
            row |= {"fold": shard.fold, "shard": shard.name}
            row |= _study_cells(accepted, warnings) | _covariates(accepted, done.covariates)
            row |= _groups(accepted, done.groups)
            row |= {CT_COLUMN: int(accepted.facts.has_ct)} if done.ct else {}
            rows.append(row)
    return rows


def _study_cells(accepted: Accepted, warnings: Iterable[str]) -> dict[str, Any]:
    """The cells of one study that do not depend on its place."""
    facts, outcome = accepted.facts, accepted.outcome or Outcome()
    grid = grid_appearance(facts.shape, facts.fingerprint.spacing_mm)
    return {
        "has_mask": int(facts.has_mask),
        "has_survival": int(has_survival(outcome)),
        "has_response": int(outcome.response is not None),
        "time_days": _number(outcome.time_days),
        "event": None if outcome.event is None else int(outcome.event),
        "response": outcome.response,
        "suv_max": _number(facts.suv_max),
        "mtv_ml": _number(facts.mtv_ml),
        "centre_source": facts.centre_source,
        "scanner": accepted.scanner,
        "warnings": " ".join(warning_codes(warnings)),
        **{name: _number(value) for name, value in grid.items()},
    }


def warning_codes(warnings: Iterable[str]) -> list[str]:
    """The stable codes only: the text may quote dates, which have no place in a dataset."""
    return sorted({code_of(warning) for warning in warnings})


def count_warnings(accepted: Sequence[Accepted]) -> Counter[str]:
    """How many studies have each warning."""
    counts = Counter(code for a in accepted for code in warning_codes(a.facts.warnings))
    twins = len(duplicates(accepted))
    return counts + Counter({"DUPLICATE_IMAGE": twins})


def duplicates(accepted: Sequence[Accepted]) -> set[str]:
    """Pseudonyms of studies that share their image with another.

    Args:
        accepted: The studies.

    Returns:
        Their pseudonyms.
    """
    by_content: dict[str, list[str]] = defaultdict(list)
    for a in accepted:
        by_content[a.facts.content].append(a.sample_id)
    return {name for names in by_content.values() if len(names) > 1 for name in names}


def group_column(name: str) -> str:
    """The column of studies.csv that holds a group of the clinical table."""
    return f"{GROUP}{name}"


def _groups(accepted: Accepted, names: Sequence[str]) -> dict[str, str | None]:
    """The cells of one study's groups."""
    known = accepted.outcome.groups if accepted.outcome else {}
    return {group_column(name): known.get(name) for name in names}


def _covariates(accepted: Accepted, names: Sequence[str]) -> dict[str, Any]:
    known = accepted.outcome.covariates if accepted.outcome else {}
    return {f"cov_{name}": _number(known.get(name)) for name in names}


def has_survival(outcome: Outcome) -> bool:
    """Whether time and event are both known."""
    return outcome.time_days is not None and outcome.event is not None


def _number(value: float | None) -> str | None:
    """A cell that reads the same everywhere, without binary noise."""
    return None if value is None else f"{value:.9g}"
