"""`pet-mtl compare`."""

from pathlib import Path
from typing import Any

import click

from pet_mtl.cli._clinical import coding_options, take_columns
from pet_mtl.cli._search import layout_option

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("compare")
@click.argument("targets", nargs=-1, required=True, metavar="[NAME=]RUN [NAME=]RUN...")
@click.option(
    "-o", "--out", required=True, type=click.Path(file_okay=False, path_type=Path),
    help="Folder for comparison.json, .csv, .svg, .png and .html.",
)  # fmt: skip
@click.option("--reference", metavar="NAME", help="Whom the others are beside; default: the first.")
@click.option("--all-pairs", is_flag=True, help="Compare all pairs, not with one reference.")
@click.option("--common", is_flag=True, help="Judge the patients that all have; default: refuse.")
@click.option("--clinical", type=_FILE, help="Predictions: table of the patients' outcomes.")
@click.option("--id-column", help="Clinical table: column that names the patient.")
@click.option("--time", help="Clinical table: time to event or censoring.")
@click.option("--event", help="Clinical table: 1 event, 0 censored.")
@click.option("--response", help="Clinical table: class of the response.")
@coding_options
@click.option("--studies", type=click.Path(exists=True, path_type=Path),
              help="Predictions: folder or manifest of the studies with true masks.")  # fmt: skip
@layout_option
@click.option("--roi", metavar="R,R", help="Regions of the true masks, by name or number.")
@click.option("--horizons", metavar="D,D", help="Days at which survival is judged. Default: "
              "rounded quartiles of the events' times.")  # fmt: skip
@click.option("--samples", type=click.IntRange(min=1), default=2000, show_default=True,
              help="Bootstrap resamples.")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True,
              help="Seed of the bootstrap.")  # fmt: skip
def command(targets: tuple[str, ...], out: Path, **options: Any) -> int:
    """Compare runs or predictions on the same patients.

    Each target is a run, a folder that `pet-mtl predict` wrote, or a table of predictions, all of
    the same patients; NAME=PATH gives it a name. Harrell's C, integrated Brier score, AUC (with
    DeLong's test), Brier score and Dice stand beside each other, with paired 95 % intervals of
    their differences over patients and p-values adjusted by Holm's method.
    """
    columns = take_columns(options["clinical"], options)
    # Loads lifelines, pandas and matplotlib, which --help can do without.
    from pet_mtl.comparison import (
        CompareRequest,
        compare,
        named_targets,
        summary_lines,
        write_comparison,
    )
    from pet_mtl.evaluation import Known, Settings, horizons_in

    known = Known(
        options["clinical"], columns, options["studies"], options["roi"], layout=options["layout"]
    )
    days = horizons_in(options["horizons"] or "")
    request = CompareRequest(
        named_targets(targets),
        known,
        options["reference"],
        options["all_pairs"],
        options["common"],
        Settings(options["samples"], options["seed"], days),
    )
    found = compare(request)
    page = write_comparison(found, out)
    for line in summary_lines(found):
        click.echo(line)
    click.echo(f"page: {page}")
    if not found.has_numbers:
        click.echo("error: no difference could be computed; the page says why", err=True)
        return 1
    return 0
