"""A place in the patient, given as an option."""

import math

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
