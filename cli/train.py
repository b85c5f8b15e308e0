"""`pet-mtl train`."""

import shutil
from pathlib import Path

import click

from pet_mtl.cli._progress import reports
from pet_mtl.config import load_train_config
from pet_mtl.errors import UsageError


def _folds(text: str) -> tuple[int, ...] | None:
    """ "all", or numbers with commas."""
    if text == "all":
        return None
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError("FOLD_UNKNOWN", "--fold is a number, or all", found=text) from error


@click.command(name="train")
@click.argument("dataset", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "-o", "--output", "run", required=True, type=click.Path(path_type=Path), help="Run directory."
)
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="TOML file; docs/configuration.md lists the keys.",
)
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override one configuration key."
)
@click.option(
    "--fold", default="all", show_default=True, help="Fold(s) to hold out: 0, 0,2 or all."
)
@click.option(
    "--jobs", type=click.IntRange(1), default=1, show_default=True,
    help="Folds trained side by side, each with its share of the cores.",
)  # fmt: skip
@click.option("--deterministic", is_flag=True, help="Bit-equal results when repeated; slower.")
@click.option(
    "--resume/--overwrite",
    default=True,
    show_default=True,
    help="Go on where a killed run stood, or begin anew.",
)
def command(
    dataset: Path,
    run: Path,
    config_file: Path | None,
    overrides: tuple[str, ...],
    fold: str,
    jobs: int,
    deterministic: bool,
    resume: bool,
) -> int:
    """Train the multi-task, multi-scale model on a dataset.

    DATASET is what `pet-mtl convert` wrote. For each fold one model is trained on the other
    folds and predicts the patients of this one, so that every patient is judged by a model that
    has never seen it. The exported model averages the folds.
    """
    if deterministic:
        overrides = (*overrides, "deterministic=true")
    config = load_train_config(config_file, overrides)
    folds = _folds(fold)
    if not resume and (run / "plan.json").exists():
        shutil.rmtree(run)
    from pet_mtl.training.run import Selection, train  # TensorFlow is loaded only now

    with reports() as report:
        result = train(dataset, run, config, Selection(folds, jobs), report)
    click.echo(f"model: {result.run / 'saved_model'}")
    click.echo(f"out-of-fold predictions: {result.run / 'out_of_fold.csv'}")
    click.echo(f"next: pet-mtl evaluate {result.run}")
    return 0
