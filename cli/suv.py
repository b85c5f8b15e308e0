"""`pet-mtl suv`: one study as an SUV volume, in the scanner's own grid."""

import json
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from pet_mtl.cli._search import layout_option
from pet_mtl.errors import MaskError, StudyError, UsageError
from pet_mtl.geometry import Grid
from pet_mtl.readers import find_one, list_regions, read_study
from pet_mtl.study import Study, StudySource
from pet_mtl.writers.images import require_image_suffix, write_image

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("suv")
@click.argument("study", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=_FILE, help="SUV volume to write: .nii.gz, .nii, .nrrd or .mha.")
@click.option("--mask-out", type=_FILE, help="Lesion mask to write, in the same grid.")
@click.option("--roi", metavar="PATTERN", help="Name of the region, * and ? allowed, any case.")
@layout_option
@click.option("--list-rois", is_flag=True, help="Only list the names of the regions.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(study: Path, out: Path | None, mask_out: Path | None, **options: Any) -> int:
    """Write the SUV volume of one study, in the scanner's own grid.

    STUDY is a folder with a PET series (DICOM, any file names), or a NIfTI, NRRD or MHA file
    whose values are SUVbw. The factor, its reference time, warnings and the values within the
    mask are printed. A study whose SUV would need a guess is refused: exit code 1.
    """
    as_json, roi, only_list = (options[name] for name in ("as_json", "roi", "list_rois"))
    layout = options["layout"]
    if out is None and not as_json and not only_list:
        raise UsageError("SUV_OUT", "nothing to do", todo="Give -o FILE, --json or --list-rois")
    for path in (out, mask_out):
        if path is not None:
            require_image_suffix(path)
    try:
        if only_list:
            return _list(study, layout, as_json)
        source = find_one(study, layout)
        found, odd = _read(source, roi, roi is not None or mask_out is not None)
        _write(found, out, mask_out)
    except StudyError as error:
        if not as_json:
            raise
        refused = {"code": error.code, "message": str(error)}
        click.echo(json.dumps({"refused": refused}, indent=2))
        return 1
    content = summary(found)
    content["warnings"] = [*content["warnings"], *odd]
    click.echo(json.dumps(content, indent=2) if as_json else _lines(content))
    return 0


def summary(study: Study) -> dict[str, Any]:
    """What the command prints of a study.

    Args:
        study: The study.

    Returns:
        `suv_factor` (per rescaled unit), `reference_time` (or null), `warnings`, perhaps `mask`.
    """
    content: dict[str, Any] = {
        "suv_factor": study.suv_factor,
        "reference_time": study.reference_time or None,
        "warnings": list(study.warnings),
    }
    if study.mask is not None:
        content["mask"] = _statistics(study.suv, study.mask, study.grid)
    return content


def _statistics(suv: NDArray[np.float32], mask: NDArray[np.bool_], grid: Grid) -> dict[str, Any]:
    """SUV within the mask; `read_study` gives no empty one."""
    inside = suv[mask].astype(np.float64)
    values = {name: getattr(np, name)(inside) for name in ("min", "mean", "median", "max")}
    size: dict[str, Any] = {"voxels": inside.size, "volume_ml": inside.size * grid.voxel_ml}
    return size | {f"suv_{name}": float(value) for name, value in values.items()}


def _read(source: StudySource, roi: str | None, mask_wanted: bool) -> tuple[Study, tuple[str, ...]]:
    """The study; a mask nobody asked for may be unusable without spoiling the SUV."""
    try:
        study = read_study(source, roi)
    except MaskError as error:
        if mask_wanted:
            raise
        return read_study(source, with_mask=False), (f"{error.code}: {error.problem.sentence()}",)
    if mask_wanted and study.mask is None:
        todo = "Leave out --mask-out and --roi, or add the RTSTRUCT or mask file"
        raise MaskError("MASK_NONE", "the study has no mask", todo=todo, subject=source.name)
    return study, ()


def _write(study: Study, out: Path | None, mask_out: Path | None) -> None:
    for array, path in ((study.suv, out), (study.mask, mask_out)):
        if array is not None and path is not None:
            write_image(array, study.grid, path)


def _list(path: Path, layout: str, as_json: bool) -> int:
    names = list_regions(find_one(path, layout))
    click.echo(json.dumps({"rois": names}) if as_json else "\n".join(names) or "no regions")
    return 0


def _lines(content: dict[str, Any]) -> str:
    """The same for a person."""
    flat = {name: value for name, value in content.items() if name not in ("warnings", "mask")}
    rows = [*(flat | content.get("mask", {})).items()]
    rows += [("warning", text) for text in content["warnings"]]
    return "\n".join(f"{name:15} {'-' if value is None else value}" for name, value in rows)
