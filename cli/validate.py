"""`pet-mtl validate`: what `convert` would refuse or warn about, writing nothing."""

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pet_mtl.cli._progress import progress
from pet_mtl.cli._show import show_facts, show_table
from pet_mtl.cli.convert import command as convert
from pet_mtl.cli.convert import config_of

if TYPE_CHECKING:
    from pet_mtl.inspection.validation import Validation

# All that `convert` takes but its output, so that its command can be tried by changing one word.
_SHARED = [parameter for parameter in convert.params if parameter.name != "dataset"]


@click.command(name="validate")
@click.option("--json", "as_data", is_flag=True, help="Print JSON.")
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False, path_type=Path),
    help="Also write a CSV, a row a study; it holds the studies' names.",
)  # fmt: skip
def command(
    src: Path,
    as_data: bool,
    out: Path | None,
    clinical: Path | None,
    key: Path | None,
    **options: Any,
) -> int:
    """Tell what convert would refuse or warn about, writing nothing.

    Takes the options of `pet-mtl convert` and goes through its own steps: every study is read,
    its SUV and mask computed, the table matched, cubes and folds planned. Exit code 0: all are
    usable; 8: some would be refused; 1: none is usable; 2: the command or the table is wrong.
    """
    # What reads and computes is loaded only now; help comes at once.
    from pet_mtl.inspection.cohort import as_json
    from pet_mtl.inspection.validation import validate

    found = validate(src, config_of(clinical, key, options), progress)
    if out is not None:
        _write_report(out, found)
    if as_data:
        click.echo(json.dumps(as_json(found), indent=2))
    else:
        _tell(found)
    return found.exit_code


command.params[:0] = _SHARED


def _write_report(path: Path, found: "Validation") -> None:
    """A row a study, for its owner only, as it holds names."""
    from pet_mtl.inspection.cohort import REPORT_COLUMNS, report_rows
    from pet_mtl.pseudonym import write_private

    text = io.StringIO()
    writer = csv.DictWriter(text, REPORT_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(report_rows(found.verdicts))
    write_private(path, text.getvalue())


def _tell(found: "Validation") -> None:
    """Every study, then what the codes mean, then the cohort; the worst last."""
    from pet_mtl.inspection.cohort import notices
    from pet_mtl.inspection.told import summary, tables, verdict_line

    for title, columns, rows in tables(found):
        show_table(title, columns, rows)
    show_facts("Cohort", summary(found))
    for line in notices(found):
        click.echo(f"note: {line}", err=True)
    if found.table is not None:
        click.echo(f"error: the table is refused: {found.table}", err=True)
    click.echo(verdict_line(found))
