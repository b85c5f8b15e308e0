"""Which rows of the clinical table and which studies belong together, and the list of the rest."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pet_mtl.conversion.folder import DatasetFolder
from pet_mtl.conversion.work import Rejection
from pet_mtl.errors import Problem
from pet_mtl.pseudonym import write_private
from pet_mtl.readers import Search
from pet_mtl.readers.clinical import ClinicalTable, no_study

UNMATCHED_COLUMNS = ("kind", "name", "code", "file")


@dataclass(frozen=True)
class Unmatched:
    """What the private list tells.

    Attributes:
        rows: Identifiers of rows that belong to no study.
        studies: Names of converted studies that have no row.
        refused: Studies that cannot be used.
        ignored: Files and folders that are no study, by their path, and why.
    """

    rows: tuple[str, ...] = ()
    studies: tuple[str, ...] = ()
    refused: tuple[Rejection, ...] = ()
    ignored: tuple[tuple[str, Problem], ...] = ()


def rows_without_study(table: ClinicalTable, search: Search) -> tuple[str, ...]:
    """Identifiers of rows to which nothing in the source belongs, not even a refused folder.

    Args:
        table: The clinical table.
        search: What was found.

    Returns:
        The identifiers, in the order of the rows.
    """
    refused = {table.aliases.get(n.strip(), n.strip()) for n in search.refused_names}
    return tuple(key for key in table.unmatched(search.sources) if key not in refused)


def check_match(table: ClinicalTable, search: Search, id_column: str) -> None:
    """Refuses a table of other patients before anything is read.

    Args:
        table: The clinical table.
        search: What was found.
        id_column: The column of identifiers.

    Raises:
        ClinicalError: CLINICAL_NO_STUDY; not one row belongs to a study.
    """
    if not search.sources or len(rows_without_study(table, search)) < len(table.ids):
        return
    without = "the studies are converted without labels"
    raise no_study(table, len(search.sources), id_column, without)


def write_unmatched(folder: DatasetFolder, unmatched: Unmatched, names: Mapping[str, str]) -> None:
    """Writes the private list, readable by its owner only.

    Args:
        folder: The dataset.
        unmatched: What to tell.
        names: Pseudonym to name.
    """
    rows: list[tuple[str, str, str, str]] = [
        *_plain("row_without_study", unmatched.rows),
        *_plain("study_without_row", unmatched.studies),
        *sorted(("refused", names[r.sample_id], r.problem.code, r.file) for r in unmatched.refused),
        *(("no_study", name, problem.code, "") for name, problem in unmatched.ignored),
    ]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(UNMATCHED_COLUMNS)
    writer.writerows(rows)
    write_private(folder.unmatched, text.getvalue())


def _plain(kind: str, names: Iterable[str]) -> list[tuple[str, str, str, str]]:
    return [(kind, name, "", "") for name in sorted(names)]
