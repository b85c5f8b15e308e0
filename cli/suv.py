"""`pet-mtl suv`: one study as an SUV volume, in the scanner's own grid."""

import json
from pathlib import Path
from typing import Any

import click

from pet_mtl.cli._listing import chosen, print_regions, print_series
from pet_mtl.cli._search import layout_option
from pet_mtl.cli._suv_summary import normalised, summary
from pet_mtl.errors import MaskError, StudyError
from pet_mtl.preprocess.isotropic import resample_report, resample_study
from pet_mtl.readers import read_study
from pet_mtl.study import Study, StudySource
from pet_mtl.suv import NORMALISATIONS
from pet_mtl.writers.images import require_image_suffix, write_image

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("suv")
@click.argument("study", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=_FILE, help="SUV volume to write: .nii.gz, .nii, .nrrd or .mha.")
@click.option("--mask-out", type=_FILE, help="Lesion mask to write, in the same grid.")
@click.option("--roi", metavar="R,R", help="Regions: names (* and ? allowed) or numbers.")
@layout_option
@click.option("--spacing-mm", type=click.FloatRange(0, min_open=True), help="Cubic voxels (IBSI).")
@click.option(
    "--normalise",
    type=click.Choice(NORMALISATIONS),
    default="bw",
    show_default=True,
    help="SUV by body weight, lean body mass (James or Janmahasatian), body surface, ideal weight.",
)
@click.option("--list-rois", is_flag=True, help="Only list the names of the regions.")
@click.option("--series", type=int, metavar="N", help="SeriesNumber of the PET, if several.")
@click.option("--list-series", is_flag=True, help="Only list the PET series.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(study: Path, out: Path | None, mask_out: Path | None, **options: Any) -> int:
    """Write the SUV volume of one study, in the scanner's own grid.

    STUDY is a folder with a PET series (DICOM, any file names), or a NIfTI, NRRD or MHA file
    whose values are SUVbw. The factor, its reference time and rule, warnings and the values within
    the mask are printed, also without -o. Normalisations other than by body weight need height,
    and mostly sex, in the header of the series. A study whose SUV would need a guess is refused:
    exit code 1.
    """
    as_json, roi, only_list = (options[name] for name in ("as_json", "roi", "list_rois"))
    normalisation = options["normalise"]
    if options["list_series"]:
        return print_series(chosen(study, None, options["layout"]), as_json)
    for path in (out, mask_out):
        if path is not None:
            require_image_suffix(path)
    try:
        if only_list:
            return print_regions(chosen(study, options["series"], options["layout"]), as_json)
        mask_wanted = roi is not None or mask_out is not None
        source = chosen(study, options["series"], options["layout"])
        found, odd = _read(source, roi, mask_wanted, options["spacing_mm"])
        found = normalised(found, normalisation)
        _write(found, out, mask_out)
    except StudyError as error:
        if not as_json:
            raise
        refused = {"code": error.code, "message": str(error)}
        click.echo(json.dumps({"refused": refused}, indent=2))
        return 1
    content = summary(found, normalisation)
    content["warnings"] = [*content["warnings"], *odd]
    content |= {"resampled": resample_report(found)} if options["spacing_mm"] else {}
    click.echo(json.dumps(content, indent=2) if as_json else _lines(content))
    return 0


def _read(
    source: StudySource, roi: str | None, mask_wanted: bool, spacing_mm: float | None
) -> tuple[Study, tuple[str, ...]]:
    """The study; a mask nobody asked for may be unusable without spoiling the SUV."""
    try:
        study = resample_study(read_study(source, roi), spacing_mm)
    except MaskError as error:
        if mask_wanted:
            raise
        study = resample_study(read_study(source, with_mask=False), spacing_mm)
        return study, (f"{error.code}: {error.problem.sentence()}",)
    if mask_wanted and study.mask is None:
        todo = "Leave out --mask-out and --roi, or add the RTSTRUCT or mask file"
        raise MaskError("MASK_NONE", "the study has no mask", todo=todo, subject=source.name)
    return study, ()


def _write(study: Study, out: Path | None, mask_out: Path | None) -> None:
    for array, path in ((study.suv, out), (study.mask, mask_out)):
        if array is not None and path is not None:
            write_image(array, study.grid, path)


def _lines(content: dict[str, Any]) -> str:
    """The same for a person."""
    flat = {name: value for name, value in content.items() if not isinstance(value, list | dict)}
    flat |= {f"resampled_{name}": value for name, value in content.get("resampled", {}).items()}
    rows = [*(flat | content.get("mask", {})).items()]
    rows += [("warning", text) for text in content["warnings"]]
    rows += [("passed over", text) for text in content.get("passed_over", ())]
    return "\n".join(f"{name:15} {'-' if value is None else value}" for name, value in rows)
