"""`pet-mtl predict`."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from pet_mtl.cli._asked import Asked, study_options
from pet_mtl.cli._progress import progress
from pet_mtl.cli._search import search_for
from pet_mtl.cli._told import tell


@click.command(name="predict")
@click.argument("model", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("src", type=click.Path(path_type=Path, exists=True))
@click.option(
    "-o", "--output", "out", required=True, type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the predictions.",
)  # fmt: skip
@study_options
@click.option("--tta", is_flag=True, help="Average the eight mirrored views; 8 times as slow.")
@click.option(
    "--abstain/--no-abstain",
    default=True,
    show_default=True,
    help="Withhold outcomes for a hard reason.",
)
@click.option("--overview/--no-overview", default=True, help="Whether to draw overview.png.")
@click.option("--overwrite", is_flag=True, help="Predict finished studies again.")
def command(
    model: Path,
    src: Path,
    out: Path,
    tta: bool,
    abstain: bool,
    overview: bool,
    overwrite: bool,
    **asked: Any,
) -> int:
    """Predict mask, survival and response for new studies.

    MODEL is a run directory or a SavedModel; SRC is any study, or folder of studies, that
    `pet-mtl convert` reads. No outcomes and no masks are needed: the model finds the lesion.
    The same command again skips the finished studies.
    """
    question = Asked(**asked)
    question.check(src, out)
    search = search_for(src, question.layout, isinstance(question.center, tuple))
    from pet_mtl.export import load_predictor  # TensorFlow is loaded only now
    from pet_mtl.prediction.batch import predict_studies

    predictor = load_predictor(model, tta)
    config = replace(
        question.config(search, predictor, out),
        abstain=abstain,
        overview=overview,
        overwrite=overwrite,
    )
    with progress(len(search.sources), "predicting") as advance:
        summary = predict_studies(search.sources, predictor, config, advance)
    counts = (("predicted", summary.predicted), ("done before", summary.skipped))
    code = tell(counts, summary.refused, search, out / "predictions.csv")
    if summary.abstained:
        click.echo(f"outcomes withheld: {summary.abstained}; the column abstained says why")
    return code
