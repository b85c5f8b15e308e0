"""What `pet-mtl suv` lists of a study to choose from: regions and PET series."""

import dataclasses
import json
from pathlib import Path

import click

from pet_mtl.readers import find_one, list_pet_series, list_regions


def print_list(study: Path, what: str, series: int | None, as_json: bool) -> int:
    """Prints a list.

    Args:
        study: The study's folder.
        what: "rois" or "series".
        series: SeriesNumber of the PET whose regions are meant, or None.
        as_json: Whether to print JSON.

    Returns:
        Exit code 0.
    """
    if what == "series":
        _print_series(study, as_json)
        return 0
    names = list_regions(find_one(study), series)
    click.echo(json.dumps({"rois": names}) if as_json else "\n".join(names) or "no regions")
    return 0


def _print_series(study: Path, as_json: bool) -> None:
    """Prints what tells the PET series apart, and nothing that identifies."""
    found = list_pet_series(find_one(study))
    if as_json:
        click.echo(json.dumps({"series": [dataclasses.asdict(one) for one in found]}, indent=2))
        return
    head = ("number", "images", "size", "units", "corrected", "kind", "original", "start")
    rows = [head]
    for one in found:
        size = f"{one.size[0]} x {one.size[1]}"
        flags = ["yes" if flag else "no" for flag in (one.corrected, one.original)]
        number = "-" if one.number is None else str(one.number)
        cells = (number, str(one.images), size, one.units or "-", flags[0], one.kind, flags[1])
        rows.append((*cells, one.start or "-"))
    for row in rows:
        click.echo("  ".join(f"{cell:9}" for cell in row).rstrip())
