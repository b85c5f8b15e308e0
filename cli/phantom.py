"""`pet-mtl phantom`: simulate a cohort."""

import shutil
import sys
from pathlib import Path

import click

from pet_mtl.errors import UsageError
from pet_mtl.phantom.cohort import FORMATS, PhantomConfig, write_cohort
from pet_mtl.phantom.patient import FIELDS

_OWN = ("studies", "draws", "clinical.csv", "truth.csv")


@click.command()
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option("--patients", type=click.IntRange(1), required=True, help="Number of patients.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(FORMATS),
    default="dicom",
    show_default=True,
    help="DICOM with RTSTRUCT, or NIfTI pairs.",
)
@click.option(
    "--mask-fraction",
    type=click.FloatRange(0.0, 1.0),
    default=1.0,
    show_default=True,
    help="Share of the patients whose lesion is outlined.",
)
@click.option(
    "--outcome-draws",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Further clinical tables from the same law over the same images.",
)
@click.option("--ct", is_flag=True, help="Add a CT in the PET's frame of reference.")
@click.option(
    "--ct-fraction",
    type=click.FloatRange(0.0, 1.0),
    default=1.0,
    show_default=True,
    help="Share of the patients with a CT, with --ct.",
)
@click.option(
    "--field",
    type=click.Choice(FIELDS),
    default="trunk",
    show_default=True,
    help="Trunk; body with brain, heart and urinary tract; or half of each.",
)
@click.option("--workers", type=click.IntRange(1), help="Processes; default: every core.")
@click.option("--overwrite", is_flag=True, help="Replace a cohort that is already in OUT.")
def command(
    out: Path,
    patients: int,
    seed: int,
    kind: str,
    mask_fraction: float,
    outcome_draws: int,
    ct: bool,
    ct_fraction: float,
    field: str,
    workers: int | None,
    overwrite: bool,
) -> int:
    """Simulate a PET cohort with a known outcome law.

    Writes OUT/studies/ID, OUT/clinical.csv, OUT/truth.csv (the true log hazard and logit of
    every patient) and OUT/draws/clinical_NN.csv.
    """
    share = ct_fraction if ct else 0.0
    config = PhantomConfig(
        patients, seed, kind, mask_fraction, outcome_draws, workers, share, field
    )
    _clear(out, overwrite)
    with click.progressbar(length=patients, label="simulating", file=sys.stderr) as bar:
        write_cohort(out, config, lambda: bar.update(1))
    click.echo(f"{patients} patients in {out}")
    return 0


def _clear(out: Path, overwrite: bool) -> None:
    """Refuses a folder that is in use, or removes the cohort in it."""
    if not out.exists() or not any(out.iterdir()):
        return
    if not overwrite:
        raise UsageError(
            "OUT_NOT_EMPTY",
            "the folder for the cohort is not empty",
            todo="Choose another folder, or add --overwrite",
            subject=str(out),
        )
    for name in _OWN:
        path = out / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
