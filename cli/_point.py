"""A place in the patient, given as an option."""

import math
from pathlib import Path

import click

from pet_mtl.preprocess.crop import Point


def point(_context: click.Context, _option: click.Parameter, text: str | None) -> Point | None:
    """ "x,y,z" as three numbers."""
    if text is None:
        return None
    try:
        x, y, z = (float(part) for part in text.split(","))
    except ValueError:
        x = y = z = math.nan
    if not math.isfinite(x + y + z):
        raise click.BadParameter("expected three numbers with commas, such as 12.5,-40,310")
    return (x, y, z)


def point_or_table(
    context: click.Context, option: click.Parameter, text: str | None
) -> Point | Path | None:
    """ "x,y,z", or a table of places of several studies."""
    if text is not None and Path(text).is_file():
        return Path(text)
    return point(context, option, text)
