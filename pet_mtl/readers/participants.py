"""Body weight of a BIDS subject: in the JSON of the scan, or in the tables of the dataset."""

import csv
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pet_mtl.errors import SuvError
from pet_mtl.readers.json_file import read_json

_IN_JSON = ("PatientWeight", "BodyWeight")
_IN_TABLE = ("weight", "weight_kg", "body_weight", "bodyweight", "patient_weight")
_KILOGRAM = ("", "kg", "kilogram", "kilograms")


def body_weight_kg(pet: Path, told: Mapping[str, Any]) -> float | None:
    """The weight on the day of the scan, as far as a dataset tells it.

    Args:
        pet: The image file; its folders name subject and session.
        told: The fields of its JSON.

    Returns:
        kg; from the JSON, the sessions' table of the subject, or the participants' table. None
        where none of them has it.

    Raises:
        SuvError: SUV_WEIGHT; a table gives it in another unit.
    """
    unit = str(told.get("BodyWeightUnit", told.get("BodyWeightUnits", ""))).lower()
    for name in _IN_JSON:
        if name in told:
            _require_kg(unit)
            return _number(told[name])
    for table, column, key in _tables(pet):
        weight = _from_table(table, column, key)
        if weight is not None:
            return weight
    return None


def weight_files(pet: Path) -> Iterator[Path]:
    """The tables that may tell the weight, and their descriptions.

    Args:
        pet: The image file.

    Yields:
        The files, whether they are there or not.
    """
    for table, _, _ in _tables(pet):
        yield from (table, table.with_suffix(".json"))


def _tables(pet: Path) -> Iterator[tuple[Path, str, str]]:
    """The tables that may tell it, the nearest first: file, column of keys, key."""
    names = [folder.name for folder in pet.parents]
    at = next((i for i, name in enumerate(names) if name.startswith("sub-")), None)
    if at is None:
        return
    subject = pet.parents[at]
    session = next((name for name in names[:at] if name.startswith("ses-")), "")
    if session:
        yield subject / f"{subject.name}_sessions.tsv", "session_id", session
    yield subject.parent / "participants.tsv", "participant_id", subject.name


def _from_table(path: Path, column: str, key: str) -> float | None:
    """The weight in the row of one subject or session."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
    except (OSError, UnicodeDecodeError, csv.Error):
        return None
    for row in rows:
        if (row.get(column) or "").strip() in (key, key.partition("-")[2]):
            cells = {name.strip().lower(): name for name in row if name}
            name = next((cells[n] for n in _IN_TABLE if n in cells), None)
            if name is None:
                return None
            _require_kg(_unit(path.with_suffix(".json"), name))
            return _number(row[name])
    return None


def _unit(description: Path, column: str) -> str:
    """The unit of a column, as the JSON beside the table says; "" where it says nothing."""
    if not description.is_file():
        return ""
    told = read_json(description).get(column)
    return str(told.get("Units", "")).lower() if isinstance(told, Mapping) else ""


def _require_kg(unit: str) -> None:
    if unit.strip() not in _KILOGRAM:
        raise SuvError(
            "SUV_WEIGHT",
            "the body weight is in a unit other than kg",
            expected="kg",
            todo="Give the weight in kg",
        )


def _number(value: Any) -> float | None:
    try:
        number = float(str(value).strip().replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
