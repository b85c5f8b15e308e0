"""`pet-mtl explain`."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from pet_mtl.cli._asked import Asked, study_options
from pet_mtl.cli._progress import progress
from pet_mtl.cli._search import search_for
from pet_mtl.cli._told import tell


@click.command(name="explain")
@click.argument("run", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("src", type=click.Path(path_type=Path, exists=True))
@click.option(
    "-o", "--output", "out", required=True, type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the explanations.",
)  # fmt: skip
@click.option(
    "--method", type=click.Choice(("integrated_gradients", "grad_cam")), show_default=True,
    default="integrated_gradients", help="grad_cam needs a run with model.learned.",
)  # fmt: skip
@click.option(
    "--baseline", type=click.Choice(("tissue", "blur", "zero")), default="tissue",
    show_default=True, help="What integrated gradients compare the study with: uptake cut at "
    "that of soft tissue, the study smoothed, or no uptake.",
)  # fmt: skip
@click.option(
    "--steps",
    type=click.IntRange(2, 4096),
    default=64,
    show_default=True,
    help="Points from baseline to study; more are slower and more exact.",
)
@click.option(
    "--response-class", metavar="NAME", default="",
    help="Of a response with several classes: which one. Default: the last.",
)  # fmt: skip
@study_options
@click.option("--pictures/--no-pictures", default=True, help="Whether to draw the pictures.")
@click.option("--overwrite", is_flag=True, help="Explain finished studies again.")
def command(run: Path, src: Path, out: Path, pictures: bool, overwrite: bool, **given: Any) -> int:
    """Show which uptake raises or lowers risk and response.

    RUN is the output folder of `pet-mtl train`, whose models have gradients; SRC is any study, or
    folder of studies, that `pet-mtl convert` reads. What is attributed is SUV; the outline, CT and
    clinical inputs are held fixed. The same command again skips the finished studies.
    """
    how = {name: given.pop(name) for name in ("method", "baseline", "steps", "response_class")}
    question = Asked(**given)
    question.check(src, out)
    search = search_for(src, question.layout, isinstance(question.center, tuple))
    from pet_mtl.explanation.batch import explain_studies
    from pet_mtl.explanation.explainer import load_explainer
    from pet_mtl.explanation.settings import Settings

    explainer = load_explainer(run, Settings(**how))
    config = replace(
        question.config(search, explainer.predictor, out), overview=pictures, overwrite=overwrite
    )
    with progress(len(search.sources), "explaining") as advance:
        summary = explain_studies(search.sources, explainer, config, advance)
    counts = (("explained", summary.explained), ("done before", summary.skipped))
    return tell(counts, summary.refused, search, out / "explanations.csv")
