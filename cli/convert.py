"""`pet-mtl convert`: a folder of studies to a TFRecord dataset."""

from pathlib import Path
from typing import Any

import click

from pet_mtl.cli._clinical import coding_options, group_options, take_columns
from pet_mtl.cli._progress import progress
from pet_mtl.cli._search import layout_option
from pet_mtl.conversion import ConvertConfig, ConvertResult
from pet_mtl.conversion.folder import DatasetFolder
from pet_mtl.preprocess.plan import DEFAULT_SIZE, GridOptions

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(name="convert")
@click.argument("src", type=click.Path(exists=True, path_type=Path))
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option("--clinical", type=_FILE, help="Clinical table (CSV); without it, no labels.")
@click.option("--id-column", metavar="C", help="Its column of folder names or PatientIDs.")
@click.option("--time", metavar="C", help="Its column of time to event or censoring.")
@click.option("--event", metavar="C", help="Its column of event seen (1) or censored (0).")
@click.option("--response", metavar="C", help="Its column of the response.")
@click.option("--covariates", metavar="C,C", help="Its covariates: C, C[UNIT], C[category].")
@coding_options
@group_options
@click.option("--roi", metavar="R,R", help="Regions: names ('GTV*') or numbers ('1,2').")
@click.option("--ct", is_flag=True, help="Add the CT, where a patient has one.")
@layout_option
@click.option("--folds", type=click.IntRange(1), default=5, show_default=True, help="Folds.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed.")
@click.option("--size", type=int, default=DEFAULT_SIZE, show_default=True, help="Voxels an axis.")
@click.option("--fine-mm", type=float, help="Voxel edge of the fine cube; default: planned.")
@click.option("--context-mm", type=float, help="Voxel edge of the context cube.")
@click.option(
    "--elsewhere", type=click.IntRange(0), default=3, show_default=True,
    help="Context cubes away from each outlined lesion, to learn what is none.",
)  # fmt: skip
@click.option("--jobs", type=click.IntRange(1), help="Processes; default: every core.")
@click.option("--key", type=_FILE, help="Key of the pseudonyms; default: DATASET.key.")
def command(
    src: Path,
    dataset: Path,
    clinical: Path | None,
    key: Path | None,
    **options: Any,
) -> int:
    """Turn a folder of PET studies into a TFRecord dataset.

    SRC is any tree of files (DICOM; NIfTI, NRRD or MHA; HECKTOR, BIDS, nnU-Net, MOOSE) or a
    manifest (.csv). A row of the table belongs to a study by its folder's name or PatientID.
    Refused studies are listed in DATASET/rejected.csv. Beside DATASET lie its private files:
    DATASET.key, DATASET.ids.csv, DATASET.unmatched.csv (rows and studies that do not meet, refused
    studies and what is no study, by name) and DATASET.work, by which an interrupted run goes on.
    """
    config = config_of(clinical, key, options)
    # Loads TensorFlow; worker processes must not.
    from pet_mtl.conversion.run import convert

    result = convert(src, dataset, config, progress)
    _tell(result)
    return result.exit_code


def config_of(clinical: Path | None, key: Path | None, options: dict[str, Any]) -> ConvertConfig:
    """The options as a configuration."""
    table = take_columns(clinical, options)
    given = {name: value for name, value in options.items() if value is not None}
    grids = GridOptions(
        **{n: given.pop(n) for n in ("size", "fine_mm", "context_mm") if n in given}
    )
    return ConvertConfig(clinical=clinical, columns=table, grids=grids, key=key, **given)


def _tell(result: ConvertResult) -> None:
    """What became of the studies; refusals and oddities go to standard error."""
    counts, plan = result.counts, result.plan
    with_ct = f", {counts['with_ct']} with CT" if "with_ct" in counts else ""
    if result.done_before:
        click.echo(f"{result.dataset} is complete and nothing changed: nothing to do.")
    click.echo(
        f"{counts['studies']} studies converted ({counts['with_mask']} with mask, "
        f"{counts['with_survival']} with survival, {counts['with_response']} with response"
        f"{with_ct}), "
        f"{counts['rejected']} refused; {result.folds} folds; cubes of {plan.size} voxels, "
        f"{plan.fine_mm} and {plan.context_mm} mm."
    )
    if counts["rejected"]:
        click.echo(f"refused studies and what to do: {result.dataset / 'rejected.csv'}", err=True)
    if result.unmatched_rows:
        click.echo(f"{result.unmatched_rows} rows of the table match no study", err=True)
    if result.unmatched_studies:
        click.echo(f"{result.unmatched_studies} studies have no row: kept, no labels", err=True)
    if counts["rejected"] or result.unmatched_rows or result.unmatched_studies:
        folder = DatasetFolder(result.dataset)
        click.echo(f"their names (private): {folder.unmatched}", err=True)
        click.echo(f"names of all pseudonyms (private): {folder.names}", err=True)
    for notice in result.notices:
        click.echo(notice, err=True)
