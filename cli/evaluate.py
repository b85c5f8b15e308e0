"""pet-mtl evaluate."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pet_mtl.cli._checks import check_options, take_checks
from pet_mtl.cli._clinical import coding_options, take_columns
from pet_mtl.cli._report import report_options, take_outputs
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
@click.option("--horizons", metavar="D,D", help="Days at which survival is judged. Default: "
              "rounded quartiles of the events' times.")  # fmt: skip
@click.option("--threshold", type=float, help="Probability from which a patient is called "
              "positive. Default: chosen on other folds.")  # fmt: skip
@click.option("--threshold-from", type=_FOLDER, metavar="RUN",
              help="Predictions: the model's run; its out-of-fold predictions choose.")  # fmt: skip
@click.option("--tolerance-mm", type=click.FloatRange(min=0.0),
              help="Predictions: tolerance of surface Dice. Default: 2.")  # fmt: skip
@click.option("--radiomics/--no-radiomics", default=True, show_default=True,
              help="Statistics of the images, if at hand, as a baseline.")  # fmt: skip
@check_options
@report_options
@click.option("--samples", type=click.IntRange(min=1), default=2000, show_default=True,
              help="Bootstrap resamples.")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True,
              help="Seed of the bootstrap.")  # fmt: skip
def command(target: Path, out: Path | None, **options: Any) -> int:
    """Judge a run or predictions, with intervals and baselines.

    TARGET is a run (its out-of-fold predictions), a folder that `pet-mtl predict` wrote, or any
    table of predictions (id, risk, response, survival_<days>). Ranking, calibration, net benefit
    and masks are judged with 95 % intervals, beside SUVmax, MTV, radiomics and clinical
    baselines, shuffled outcomes, and the oracle where the truth is known (truth.csv beside the
    clinical table is found by itself).
    """
    # Loads lifelines, pandas and matplotlib, which --help can do without.
    from pet_mtl.evaluation import evaluate, failed, summary_lines, write_evaluation

    folder = out or (target if target.is_dir() else target.parent)
    request = _request(target, folder, options)
    evaluation = evaluate(request)
    report = write_evaluation(evaluation, folder, request, take_outputs(options))
    for line in summary_lines(evaluation):
        click.echo(line)
    click.echo(f"report: {report}")
    leaks = failed(evaluation.findings.leaks)
    if leaks and not options["allow_leaks"]:
        click.echo(f"error: leak checks failed: {', '.join(check.key for check in leaks)}; the "
                   "report says why. Mend what they found, or give --allow-leaks to let these "
                   "numbers pass", err=True)  # fmt: skip
        return 1
    if not evaluation.has_numbers:
        click.echo("error: no number could be computed; the report says why", err=True)
        return 1
    return 8 if evaluation.cohort.refused else 0


def _request(target: Path, folder: Path, options: dict[str, Any]) -> "Request":
    """The options as one request."""
    from pet_mtl.evaluation import Known, RadiomicsPlan, Request, Settings, horizons_in

    columns = take_columns(options["clinical"], options)
    if columns and not (columns.time or columns.event or columns.response):
        raise UsageError(
            "CLINICAL_NO_OUTCOME",
            "--clinical gives the outcomes, but no column of any is named",
            todo="Give --time and --event, or --response; masks need no --clinical",
        )
    days = horizons_in(options["horizons"] or "")
    return Request(
        target=target,
        known=Known(
            options["clinical"],
            columns,
            options["studies"],
            options["roi"],
            options["truth"],
            layout=options["layout"],
            tolerance_mm=options["tolerance_mm"],
        ),
        dataset=options["dataset"],
        ids=options["ids"],
        baselines_from=options["baselines_from"],
        settings=Settings(options["samples"], options["seed"], days),
        threshold=options["threshold"],
        threshold_from=options["threshold_from"],
        radiomics=RadiomicsPlan(options["radiomics"], folder / "radiomics.csv"),
        **take_checks(options),
    )
