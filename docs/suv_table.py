"""Writes the tables of suv.md: reference objects, the rule that reads each, and the result.

The real data lie beside the checkout (../shared/data); a test holds the page against a fresh run.

    .venv/bin/python docs/suv_table.py
"""

import csv
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from pet_mtl.files import write_text
from pet_mtl.readers import find_one, read_study
from pet_mtl.readers.attributes import series_attributes, suv_attributes
from pet_mtl.readers.dicom import choose_series
from pet_mtl.readers.headers import scan_headers
from pet_mtl.suv import SuvFactor, body_of, per_suvbw, suv_factor

PAGE = Path(__file__).resolve().parent / "suv.md"
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
BLOCK = r"<!-- {0} -->\n(.*)<!-- end of {0} -->\n"
_HEAD = ["| Object | Rule | Expected | Result | Warnings |", "|---|---|---|---|---|"]
_DRUG = (
    "RadionuclideTotalDose",
    "RadionuclideHalfLife",
    "RadiopharmaceuticalStartTime",
    "RadiopharmaceuticalStartDateTime",
)
_PHILIPS = {"SUVScaleFactor": 0x70531000, "ActivityConcentrationScaleFactor": 0x70531009}
_NAMES = {"suvbsa": "bsa", "suvlbm_james": "lbm", "suvlbm_janma": "lbm-janma"}


@dataclass(frozen=True)
class Row:
    """One object read.

    Attributes:
        name: The object.
        rule: Which rule gave its factor.
        expected: Published numbers.
        found: Ours.
        tolerance: How far they may be apart, relative; of objects rounded to two decimals 0.
        warnings: Codes.
    """

    name: str
    rule: str
    expected: tuple[float, ...]
    found: tuple[float, ...]
    tolerance: float = 1e-6
    warnings: tuple[str, ...] = ()


def read(data: Path = DATA) -> dict[str, list[Row]]:
    """Reads every object anew; the rows of each table."""
    parts = {"objects": objects(data), "headers": headers(data), "normalised": normalised(data)}
    return {name: list(rows) for name, rows in parts.items()}


def table(rows: list[Row]) -> str:
    """The lines between the two marks of a table."""
    return "\n".join([*_HEAD, *map(_line, rows), ""])


def objects(data: Path) -> Iterator[Row]:
    """The digital reference objects: minimum, median and maximum SUVbw in their mask."""
    with (data / "suv_dro" / "expected.csv").open(encoding="utf-8") as file:
        for line in csv.DictReader(file):
            folder = data / "suv_dro" / line["ID"]
            study = read_study(find_one(folder))
            inside = study.suv[study.mask] if study.mask is not None else study.suv
            statistics = (inside.min(), np.median(inside), inside.max())
            yield Row(
                f"{line['ID']}: {line['Description'].strip()}",
                _read(folder).rule,
                tuple(float(line[f"SUV{name}_expected"]) for name in ("min", "med", "max")),
                tuple(round(float(value), 2) for value in statistics),
                0.0,
                _codes(study.warnings),
            )


def headers(data: Path) -> Iterator[Row]:
    """Headers of real series of four vendors, and one whole series: the factor to SUVbw."""
    expected = json.loads((data / "suv_headers" / "expected.json").read_text(encoding="utf-8"))
    for name, factor in sorted(expected["suvbw_factor"].items()):
        found = suv_factor(series_attributes(_of_instances(data, name)))
        yield Row(name, found.rule, (factor,), (found.factor,), warnings=_codes(found.warnings))
    folder = data / "sts_001_raw_ge"
    told = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    found = _read(folder)
    yield Row(
        "sts_001_raw_ge",
        found.rule,
        (told["suvbw_factor"],),
        (found.factor,),
        warnings=_codes(found.warnings),
    )


def normalised(data: Path) -> Iterator[Row]:
    """The same headers under other normalisations."""
    expected = json.loads((data / "suv_headers" / "expected.json").read_text(encoding="utf-8"))
    for name, factors in sorted(expected["other_normalisations"].items()):
        attributes = series_attributes(_of_instances(data, name))
        factor, body = suv_factor(attributes).factor, body_of(attributes)
        for key, value in sorted(factors.items()):
            found = factor * per_suvbw(_NAMES[key], body)[0]
            yield Row(name, f"--normalise {_NAMES[key]}", (value,), (found,))


def _of_instances(data: Path, name: str) -> list[Any]:
    """The attributes of a series that is given as JSON, read the way of DICOM headers."""
    path = data / "suv_headers" / f"{name}-instances.json"
    return [suv_attributes(dataset_of(i)) for i in json.loads(path.read_text(encoding="utf-8"))]


def dataset_of(instance: dict[str, Any]) -> Dataset:
    """A DICOM header with the attributes of one instance."""
    dataset, drug = Dataset(), Dataset()
    for name, value in instance.items():
        if name == "PhilipsPETPrivateGroup":
            dataset.add_new(0x70530010, "LO", "Philips PET Private Group")
            for key, number in value.items():
                dataset.add_new(_PHILIPS[key], "UN", number.encode("ascii"))
        else:
            setattr(drug if name in _DRUG else dataset, name, value)
    dataset.RadiopharmaceuticalInformationSequence = [drug]
    return dataset


def _read(folder: Path) -> SuvFactor:
    slices = choose_series(scan_headers(folder)).slices
    return suv_factor(series_attributes([header.suv for header in slices if header.suv]))


def _codes(warnings: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(warning.partition(":")[0] for warning in warnings)


def _line(row: Row) -> str:
    show = "{:.2f}" if row.tolerance == 0 else "{:.6e}"
    expected, found = (" / ".join(map(show.format, v)) for v in (row.expected, row.found))
    codes = ", ".join(f"`{code}`" for code in row.warnings)
    return f"| {row.name} | {row.rule} | {expected} | {found} | {codes} |"


def main() -> int:
    """Puts fresh tables into the page."""
    text = PAGE.read_text(encoding="utf-8")
    for name, rows in read().items():
        mark = f"<!-- {name} -->\n{table(rows)}<!-- end of {name} -->\n"
        text = re.sub(BLOCK.format(name), lambda _, mark=mark: mark, text, flags=re.DOTALL)  # type: ignore[misc]
    write_text(PAGE, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
