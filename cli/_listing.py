"""What `pet-mtl suv` lists of a study to choose from: regions and PET series."""

import dataclasses
import json
from pathlib import Path

import click

from pet_mtl.readers import find_one, list_regions, list_series
from pet_mtl.study import StudySource

_HEAD = ("number", "images", "size", "units", "corrected", "kind", "original", "start")
# Free text: on the user's own terminal, never in what may be passed on.
_FREE = "reconstruction"


def chosen(study: Path, series: int | None, layout: str = "auto") -> StudySource:
    """A study, and the PET series in it that was chosen.

    Args:
        study: Its folder or file.
        series: SeriesNumber; None leaves what a manifest says.
        layout: How the study lies.
    """
    source = find_one(study, layout)
    return source if series is None else dataclasses.replace(source, series=series)


def print_regions(source: StudySource, as_json: bool) -> int:
    """Prints the names of the regions.

    Args:
        source: The study.
        as_json: Whether to print JSON.

    Returns:
        Exit code 0.
    """
    names = list_regions(source)
    click.echo(json.dumps({"rois": names}) if as_json else "\n".join(names) or "no regions")
    return 0


def print_series(source: StudySource, as_json: bool) -> int:
    """Prints what tells the PET series apart; in JSON nothing that identifies.

    Args:
        source: The study.
        as_json: Whether to print JSON.

    Returns:
        Exit code 0.
    """
    found = [dataclasses.asdict(one) for one in list_series(source)]
    if as_json:
        told = [{name: one[name] for name in _HEAD} for one in found]
        click.echo(json.dumps({"series": told}, indent=2))
        return 0
    head = (*_HEAD, _FREE)
    for cells in (head, *([_shown(one[name]) for name in head] for one in found)):
        click.echo("  ".join(f"{cell:9}" for cell in cells).rstrip())
    return 0


def _shown(value: object) -> str:
    """A value for a person."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return " x ".join(map(str, value))
    return "-" if value in (None, "") else str(value)
