"""pet-mtl evaluate."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pet_mtl.cli._clinical import coding_options, take_columns
from pet_mtl.cli._search import layout_option
from pet_mtl.errors import UsageError

if TYPE_CHECKING:
    from pet_mtl.evaluation import Request

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command("evaluate")
@click.argument("target", type=click.Path(exists=True, path_type=Path))
@click.option(
    "-o", "--out", type=click.Path(file_okay=False, path_type=Path),
    help="Folder for evaluation.json, report.html, tables and figures. Default: the target's own.",
)  # fmt: skip
@click.option("--dataset", type=_FOLDER, help="Run: its dataset, if its plan no longer finds it.")
@click.option("--clinical", type=_FILE, help="Predictions: table of the patients' outcomes.")
@click.option("--id-column", help="Clinical table: column that names the patient.")
@click.option("--time", help="Clinical table: time to event or censoring.")
@click.option("--event", help="Clinical table: 1 event, 0 censored.")
@click.option("--response", help="Clinical table: class of the response.")
@click.option("--covariates", help="Clinical table: columns, separated by commas.")
@coding_options
@click.option("--studies", type=click.Path(exists=True, path_type=Path),
              help="Predictions: folder or manifest of the studies with true masks.")  # fmt: skip
@layout_option
@click.option("--roi", metavar="R,R", help="Regions of the true masks, by name or number.")
@click.option("--baselines-from", type=_FOLDER, help="Predictions: dataset to fit baselines on.")
@click.option("--truth", type=_FILE, help="truth.csv of a simulated cohort, for the oracle.")
@click.option("--ids", type=_FILE, help="Run: <DATASET>.ids.csv, to find patients in the truth.")
@click.option("--gallery", type=click.IntRange(min=0, max=10), default=4, show_default=True,
              help="Patients shown with images and volumes, chosen by rule.")  # fmt: skip
@click.option("--ablation", type=_FOLDER, help="What `pet-mtl ablate` wrote, for the report.")
@click.option("--pdf", is_flag=True, help="Write report.pdf, too.")
@click.option("--samples", type=click.IntRange(min=1), default=2000, show_default=True,
              help="Bootstrap resamples.")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True,
              help="Seed of the bootstrap.")  # fmt: skip
def command(target: Path, out: Path | None, **options: Any) -> int:
    """Judge a run or predictions, with intervals and baselines.

    TARGET is a run (its out-of-fold predictions), a folder that `pet-mtl predict` wrote, or a
    predictions table. Harrell's C, AUC and Dice come with 95 % bootstrap intervals over
    patients, beside SUVmax, MTV and clinical baselines, and beside the oracle where the truth
    is known (truth.csv beside the clinical table is found by itself).
    """
    # Loads lifelines, pandas and matplotlib, which --help can do without.
    from pet_mtl.evaluation import Outputs, evaluate, summary_lines, write_evaluation

    request = _request(target, options)
    evaluation = evaluate(request)
    folder = out or (target if target.is_dir() else target.parent)
    outputs = Outputs(options["gallery"], options["ablation"], options["pdf"])
    report = write_evaluation(evaluation, folder, request, outputs)
    for line in summary_lines(evaluation):
        click.echo(line)
    click.echo(f"report: {report}")
    if not evaluation.has_numbers:
        click.echo("error: no number could be computed; the report says why", err=True)
        return 1
    return 8 if evaluation.cohort.refused else 0


def _request(target: Path, options: dict[str, Any]) -> "Request":
    """The options as one request."""
    from pet_mtl.evaluation import Known, Request, Settings

    columns = take_columns(options["clinical"], options)
    if columns and not (columns.time or columns.event or columns.response):
        raise UsageError(
            "CLINICAL_NO_OUTCOME",
            "--clinical gives the outcomes, but no column of any is named",
            todo="Give --time and --event, or --response; masks need no --clinical",
        )
    return Request(
        target=target,
        known=Known(
            options["clinical"],
            columns,
            options["studies"],
            options["roi"],
            options["truth"],
            layout=options["layout"],
        ),
        dataset=options["dataset"],
        ids=options["ids"],
        baselines_from=options["baselines_from"],
        settings=Settings(options["samples"], options["seed"]),
    )
