"""`pet-mtl predict`."""

from pathlib import Path
from typing import Any

import click

from pet_mtl.cli._clinical import decimal_option
from pet_mtl.cli._point import point_or_table
from pet_mtl.cli._progress import progress
from pet_mtl.cli._search import layout_option, search_for
from pet_mtl.errors import UsageError
from pet_mtl.preprocess.crop import Point
from pet_mtl.readers.clinical import ClinicalColumns


@click.command(name="predict")
@click.argument("model", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("src", type=click.Path(path_type=Path, exists=True))
@click.option(
    "-o", "--output", "out", required=True, type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the predictions.",
)  # fmt: skip
@click.option("--use-mask", is_flag=True, help="Take the lesion's place from the study's own mask.")
@click.option("--mask", "outline", is_flag=True, help="Its outline, too: statistics are of it.")
@click.option("--roi", metavar="R,R", help="Of that mask: regions, by name or number.")
@click.option(
    "--center", metavar="X,Y,Z|CSV", callback=point_or_table,
    help="Where the lesion is: DICOM patient coordinates (LPS), mm; or id, x_mm, y_mm, z_mm.",
)  # fmt: skip
@click.option(
    "--clinical", type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="CSV with the model's clinical inputs; without it they count as unknown.",
)  # fmt: skip
@click.option("--id-column", metavar="C", help="Column of --clinical that names the patient.")
@decimal_option
@layout_option
@click.option("--tta", is_flag=True, help="Average the eight mirrored views; 8 times as slow.")
@click.option("--overview/--no-overview", default=True, help="Whether to draw overview.png.")
@click.option("--overwrite", is_flag=True, help="Predict finished studies again.")
def command(
    model: Path,
    src: Path,
    out: Path,
    use_mask: bool,
    outline: bool,
    roi: str | None,
    center: Point | Path | None,
    clinical: Path | None,
    id_column: str | None,
    decimal: str | None,
    layout: str,
    tta: bool,
    overview: bool,
    overwrite: bool,
) -> int:
    """Predict mask, survival and response for new studies.

    MODEL is a run directory or a SavedModel; SRC is any study, or folder of studies, that
    `pet-mtl convert` reads. No outcomes and no masks are needed: the model finds the lesion.
    The same command again skips the finished studies.
    """
    masked = use_mask or outline
    _check(src, out, (masked, center), (clinical, id_column))
    search = search_for(src, layout, isinstance(center, tuple))
    from pet_mtl.export import load_predictor  # TensorFlow is loaded only now
    from pet_mtl.prediction.batch import PredictConfig, predict_studies
    from pet_mtl.prediction.centres import read_centres
    from pet_mtl.prediction.clinical import read_inputs

    predictor = load_predictor(model, tta)
    columns = ClinicalColumns(id_column or "", decimal=decimal or "")
    inputs = read_inputs(clinical, columns, predictor, search)
    for notice in inputs.warnings if inputs else ():
        click.echo(notice, err=True)
    names = {source.name for source in search.sources}
    config = PredictConfig(
        out=out,
        centre=center if isinstance(center, tuple) else "mask" if masked else "found",
        centres=read_centres(center, names) if isinstance(center, Path) else {},
        outline=outline,
        roi=roi,
        clinical=inputs,
        overview=overview,
        overwrite=overwrite,
        passed_over=search.passed_over,
        ignored=search.ignored,
    )
    with progress(len(search.sources), "predicting") as advance:
        summary = predict_studies(search.sources, predictor, config, advance)
    for name, problem in summary.refused:
        click.echo(f"{name}: {problem.sentence()} [{problem.code}]", err=True)
    click.echo(
        f"{summary.predicted} predicted, {summary.skipped} done before, "
        f"{len(summary.refused)} refused: {out / 'predictions.csv'}"
    )
    if search.ignored:
        click.echo(
            f"{len(search.ignored)} entries are no study: {out / 'passed_over.csv'}", err=True
        )
    return (8 if summary.predicted + summary.skipped else 1) if summary.refused else 0


def _check(
    src: Path, out: Path, place: tuple[bool, Point | Path | None], table: tuple[Any, Any]
) -> None:
    """Refuses options that contradict each other or lack their partner."""
    if all(place):
        raise UsageError("PREDICT_CENTRE", "a mask and --center exclude each other")
    if sum(part is None for part in table) == 1:
        raise UsageError("PREDICT_CLINICAL", "--clinical and --id-column belong together")
    if out.resolve().is_relative_to(src.resolve()):
        raise UsageError(
            "PREDICT_OUT",
            "the output folder lies among the studies, where its masks would count as outlined",
            todo="Choose a folder outside SRC",
        )
