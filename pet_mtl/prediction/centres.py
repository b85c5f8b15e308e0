"""A table of places: where the lesions of several studies are, as the user saw them."""

import csv
import math
from collections.abc import Collection
from pathlib import Path

from pet_mtl.errors import UsageError
from pet_mtl.preprocess.crop import Point

COLUMNS = ("id", "x_mm", "y_mm", "z_mm")


def read_centres(path: Path, names: Collection[str]) -> dict[str, Point]:
    """Reads a CSV with the columns id, x_mm, y_mm, z_mm; others are ignored.

    Args:
        path: The table; a study has at most one row, studies without one are searched.
        names: The studies there are.

    Returns:
        Study to world point (x, y, z), LPS, mm.

    Raises:
        UsageError: PREDICT_CENTRES; a column is missing, a number is none, a study is unknown
            or named twice.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows, columns = list(reader), reader.fieldnames or ()
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _wrong(path, "cannot be read", type(error).__name__) from error
    absent = [name for name in COLUMNS if name not in columns]
    if absent:
        raise _wrong(path, f"lacks the column {absent[0]}", ", ".join(columns))
    centres: dict[str, Point] = {}
    for line, row in enumerate(rows, start=2):
        name = (row["id"] or "").strip()
        if name not in names or name in centres:
            kind = "names a study twice" if name in centres else "names a study that is not there"
            raise _wrong(path, kind, f"line {line}")
        centres[name] = _point(path, row, line)
    return centres


def _point(path: Path, row: dict[str, str], line: int) -> Point:
    """The place of one row."""
    try:
        x, y, z = (float(row[name]) for name in COLUMNS[1:])
    except (TypeError, ValueError):
        x = y = z = math.nan
    if not math.isfinite(x + y + z):
        raise _wrong(path, "holds a place that is not three numbers", f"line {line}")
    return (x, y, z)


def _wrong(path: Path, what: str, found: str) -> UsageError:
    return UsageError(
        "PREDICT_CENTRES",
        f"the table of places {what}",
        expected="a row a study: id, x_mm, y_mm, z_mm (DICOM patient coordinates, LPS)",
        found=found,
        todo="Give the ids of predictions.csv, and one row a study",
        subject=path.name,
    )
