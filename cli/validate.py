"""`pet-mtl validate`: what `convert` would refuse or warn about, writing nothing."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import click

from pet_mtl.cli._progress import progress
from pet_mtl.cli._show import show_facts, show_table
from pet_mtl.cli.convert import command as convert
from pet_mtl.cli.convert import config_of
from pet_mtl.inspection.cohort import REPORT_COLUMNS, as_json, cohort, notices, report_rows
from pet_mtl.inspection.validation import ACCEPTED, REFUSED, WARNED, Validation, Verdict, validate
from pet_mtl.pseudonym import write_private

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
    found = validate(src, config_of(clinical, key, options), progress)
    if out is not None:
        text = io.StringIO()
        writer = csv.DictWriter(text, REPORT_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(report_rows(found.verdicts))
        write_private(out, text.getvalue())
    if as_data:
        click.echo(json.dumps(as_json(found), indent=2))
    else:
        _tell(found)
    return found.exit_code


command.params[:0] = _SHARED


def _tell(found: Validation) -> None:
    """Every study, then what the codes mean, then the cohort; the worst last."""
    show_table("Studies", ("study", "", "", "", "codes"), map(_row, found.verdicts))
    refused = [v for v in found.verdicts if v.problem is not None]
    show_table("Refused", ("study", "code", "why, and what to do"), map(_why, refused))
    show_table("Warnings", ("code", "studies", "such as"), _meanings(found))
    show_facts("Cohort", _summary(found))
    for line in notices(found):
        click.echo(f"note: {line}", err=True)
    if found.table is not None:
        click.echo(f"error: the table is refused: {found.table}", err=True)
    counts = {status: len(found.of_status(status)) for status in (ACCEPTED, WARNED, REFUSED)}
    click.echo(
        f"{len(found.verdicts)} studies: {counts[ACCEPTED]} accepted, {counts[WARNED]} accepted "
        f"with a warning, {counts[REFUSED]} refused"
    )


def _row(verdict: Verdict) -> tuple[Any, ...]:
    facts = verdict.facts
    if verdict.problem is not None or facts is None:
        return verdict.name, verdict.status, None, None, verdict.problem and verdict.problem.code
    volume = None if facts.mtv_ml is None else f"{facts.mtv_ml:.1f} ml"
    top = None if facts.suv_max is None else f"SUVmax {facts.suv_max:.2f}"
    codes = dict.fromkeys(warning.partition(":")[0] for warning in verdict.warnings)
    return verdict.name, verdict.status, volume, top, list(codes)


def _why(verdict: Verdict) -> tuple[Any, ...]:
    problem = verdict.problem
    return verdict.name, problem and problem.code, problem and problem.sentence()


def _meanings(found: Validation) -> list[tuple[Any, ...]]:
    """Each code with the text of the first warning that bears it."""
    texts = [text.partition(": ") for v in found.verdicts for text in v.warnings]
    first = {code: text for code, _, text in reversed(texts)}
    return [(code, count, first[code]) for code, count in found.codes(WARNED).items()]


def _summary(found: Validation) -> dict[str, Any]:
    """The cohort in words."""
    facts = cohort(found)
    for name in ("volume_ml", "suv_max", "time_days"):
        if (known := facts[name]) is not None:
            facts[name] = f"{known[0]:.4g} to {known[2]:.4g}, median {known[1]:.4g}"
    facts["voxels_mm"] = [
        f"{' x '.join(f'{edge:g}' for edge in one['zyx'])} ({one['studies']})"
        for one in facts["voxels_mm"]
    ]
    facts["scanners"] = [
        f"{one['manufacturer'] or '?'} {one['model']} {one['units']} ({one['studies']})"
        for one in facts["scanners"]
    ]
    if found.plan is not None:
        facts["cubes_mm"] = [found.plan.fine_mm, found.plan.context_mm]
        facts["folds"] = found.folds
    return facts
