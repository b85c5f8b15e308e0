"""`pet-mtl ablate`."""

import shutil
from pathlib import Path

import click

from pet_mtl.cli._progress import reports
from pet_mtl.config import load_train_config

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_ANY = click.Path(exists=True, path_type=Path)


@click.command(name="ablate")
@click.argument("dataset", type=_FOLDER)
@click.option(
    "-o", "--output", "out", required=True, type=click.Path(path_type=Path),
    help="Folder of the ablation.",
)  # fmt: skip
@click.option("--test", type=_FOLDER, help="Dataset to judge on; default: the dataset's own folds.")
@click.option("--arms", default="", metavar="A,A", help="Arms beside the base; default: all.")
@click.option("--seeds", type=click.IntRange(1), default=5, show_default=True, help="Seeds.")
@click.option(
    "--jobs", type=click.IntRange(1), default=1, show_default=True,
    help="Processes side by side, each with its share of the cores.",
)  # fmt: skip
@click.option("--config", "config_file", type=_FILE, help="TOML file of the base configuration.")
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override one configuration key."
)
@click.option(
    "--clinical", type=_ANY, multiple=True,
    help="Tables of outcomes, one a seed, or their folder; columns as the dataset's.",
)  # fmt: skip
@click.option("--test-clinical", type=_ANY, multiple=True, help="Likewise of the test set.")
@click.option("--id-column", default="patient_id", show_default=True, help="Their patients.")
@click.option("--ids", type=_FILE, help="<DATASET>.ids.csv, if not beside the dataset.")
@click.option("--test-ids", type=_FILE, help="Likewise of the test set.")
@click.option("--truth", type=_FILE, help="truth.csv of the judged, simulated patients.")
@click.option("--samples", type=click.IntRange(1), default=2000, show_default=True,
              help="Bootstrap resamples.")  # fmt: skip
@click.option(
    "--resume/--overwrite", default=True, show_default=True,
    help="Go on where a killed ablation stood, or begin anew.",
)  # fmt: skip
def command(
    dataset: Path,
    out: Path,
    test: Path | None,
    arms: str,
    seeds: int,
    jobs: int,
    config_file: Path | None,
    overrides: tuple[str, ...],
    clinical: tuple[Path, ...],
    test_clinical: tuple[Path, ...],
    id_column: str,
    ids: Path | None,
    test_ids: Path | None,
    truth: Path | None,
    samples: int,
    resume: bool,
) -> int:
    """Tell what each part of the model adds, by matched arms.

    DATASET is what `pet-mtl convert` wrote. Every arm differs from the base configuration by a
    few keys; all share patients, seeds, updates, heads and the mask of one frozen segmenter a
    seed. Simple rules are fitted on the same patients. Differences are paired, with 95 %
    bootstrap intervals over patients. The same command goes on where it stood.
    """
    base = load_train_config(config_file, overrides)
    if not resume and (out / "plan.json").exists():
        shutil.rmtree(out)
    # TensorFlow is loaded only now.
    from pet_mtl.ablation import AblateRequest, Outside, ablate, summary_lines, write_tables

    outside = Outside(clinical, test_clinical, id_column, ids, test_ids, truth)
    keys = tuple(key.strip() for key in arms.split(",") if key.strip())
    request = AblateRequest(dataset, out, base, test, keys, seeds, jobs, samples, outside)
    with reports() as report:
        found = ablate(request, report)
    table = write_tables(found, out)
    for line in summary_lines(found):
        click.echo(line)
    click.echo(f"table: {table}")
    click.echo(f"figure: {table.with_suffix('.svg')}")
    return 0
