"""A manifest: a CSV with a row a study, for studies that lie in no layout of their own.

Columns, of which `study` and `pet` are needed; any order, comma, semicolon or tab:
    study    name of the study, each once (also called `id`)
    pet      a PET image file, or a folder of DICOM (also called `path`)
    mask     a mask image, or a DICOM RTSTRUCT or SEG file
    ct       a CT image in HU, or a folder of DICOM
    roi      which labels or regions are the lesion, as --roi says it
    units    of a PET image: `SUV`, or `Bq/ml` with a sidecar; empty: as the JSON beside it says, or
             else SUV
    sidecar  JSON that states units, dose and times as BIDS does
    patient  what a clinical table calls the patient, where several studies are theirs
Paths are relative to the manifest's folder.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pet_mtl.errors import ReadError, StudyError, UsageError
from pet_mtl.readers.headers import files_below
from pet_mtl.readers.images import is_image
from pet_mtl.readers.layouts.collection import Collection
from pet_mtl.readers.layouts.found import Progress, Search
from pet_mtl.readers.layouts.naming import safe
from pet_mtl.readers.layouts.single import single_study
from pet_mtl.readers.sidecar import sidecar_of
from pet_mtl.study import StudySource

COLUMNS = ("study", "pet", "mask", "ct", "roi", "units", "sidecar", "patient")
_ALIASES = {"id": "study", "path": "pet", "image": "pet", "json": "sidecar", "case": "patient"}
_SUV, _BECQUEREL = ("suv", "suvbw", "g/ml"), ("bq/ml", "bqml")
_PATHS = ("pet", "mask", "ct", "sidecar")


@dataclass(frozen=True)
class _Row:
    """One line of a manifest.

    Attributes:
        line: Its number in the file, the header being 1.
        cells: What it says, by column; empty cells are left out.
        folder: Where its paths begin.
    """

    line: int
    cells: dict[str, str]
    folder: Path

    def path(self, column: str) -> Path | None:
        """A path; None where the cell is empty."""
        text = self.cells.get(column)
        return self.folder / text if text else None


def is_manifest(path: Path) -> bool:
    """Whether a file is a table, by its suffix."""
    return path.suffix.lower() in (".csv", ".tsv")


def read_manifest(path: Path, progress: Progress) -> Search:
    """The studies of a manifest.

    Args:
        path: The CSV file.
        progress: Shows how many DICOM files were looked at.

    Returns:
        The studies; those whose files are missing or contradict each other are refused by name.

    Raises:
        UsageError: MANIFEST_UNREADABLE, MANIFEST_COLUMNS, MANIFEST_LINE.
    """
    found = Collection(path.parent)
    for row in _rows(path):
        try:
            found.add(_source(row, progress))
        except StudyError as error:
            found.refuse(row.cells["study"], error.problem)
    return found.search()


def _rows(path: Path) -> list[_Row]:
    """The rows, their cells stripped."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "MANIFEST_UNREADABLE", "the manifest cannot be read", expected="a CSV file in UTF-8",
            todo="Check the path, or save it as CSV UTF-8", subject=path.name,
        ) from error  # fmt: skip
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header = _header(next(lines, []), path.name)
    rows, names = [], dict[str, int]()
    for cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        line = lines.line_num
        if len(cells) > len(header):
            raise _bad_line(path, line, "it has more cells than the header")
        told = {name: cell.strip() for name, cell in zip(header, cells, strict=False)}
        told = {name: cell for name, cell in told.items() if name in COLUMNS and cell}
        rows.append(_checked(_Row(line, told, path.parent), names, path))
    return rows


def _header(cells: Sequence[str], name: str) -> list[str]:
    """The columns by their own names."""
    header = [cell.strip().lower() for cell in cells]
    header = [_ALIASES.get(cell, cell) for cell in header]
    known = [cell for cell in header if cell in COLUMNS]
    if not {"study", "pet"} <= set(known) or len(known) > len(set(known)):
        raise UsageError(
            "MANIFEST_COLUMNS",
            "the first line of the manifest does not name its columns",
            expected=f"study and pet, and any of {', '.join(COLUMNS[2:])}, each once",
            found=f"{len(known)} of these names in {len(header)} columns",
            todo="Give the manifest a header line",
            subject=name,
        )
    return header


def _checked(row: _Row, names: dict[str, int], path: Path) -> _Row:
    """The row, refused where its study is missing, named twice, or no name for a folder."""
    name = row.cells.get("study", "")
    if not name or not row.cells.get("pet"):
        raise _bad_line(path, row.line, "study or pet is empty")
    if safe(name) != name:
        raise _bad_line(path, row.line, "the study's name cannot be that of a folder")
    if name in names:
        raise _bad_line(path, row.line, f"line {names[name]} has the same study")
    names[name] = row.line
    return row


def _bad_line(path: Path, line: int, what: str) -> UsageError:
    return UsageError(
        "MANIFEST_LINE",
        f"line {line} of the manifest cannot be used: {what}",
        expected="one row a study, with study and pet",
        todo="Correct the line",
        subject=path.name,
    )


def _source(row: _Row, progress: Progress) -> StudySource:
    """The study of a row."""
    for column in _PATHS:
        path = row.path(column)
        if path is not None and not path.exists():
            raise _refused(row, f"the file or folder of column {column} does not exist")
    name, pet = row.cells["study"], row.path("pet") or row.folder
    source = single_study(pet, progress) if pet.is_dir() else _image(row, pet)
    case = row.cells.get("patient", "")
    source = replace(source, name=name, case="" if case == name else case)
    roi = row.cells.get("roi", source.roi)
    source = replace(source, roi=roi)
    return _with_ct(_with_mask(source, row), row)


def _image(row: _Row, pet: Path) -> StudySource:
    """A PET image in the units that the row states."""
    if not is_image(pet):
        raise _refused(row, "column pet names neither an image file nor a folder of DICOM")
    unit = row.cells.get("units", "").lower().replace(" ", "")
    sidecar = row.path("sidecar") or sidecar_of(pet)
    if unit in _SUV:
        sidecar = None
    elif unit in _BECQUEREL and sidecar is None:
        raise _refused(row, "values in Bq/ml need a sidecar with dose, weight and times")
    elif unit and unit not in _BECQUEREL:
        raise _refused(row, "column units is neither SUV nor Bq/ml")
    return StudySource("", "image", pet, sidecar_path=sidecar)


def _with_mask(source: StudySource, row: _Row) -> StudySource:
    """The study with the mask that the row names."""
    mask = row.path("mask")
    if mask is None:
        return source
    if is_image(mask):
        return replace(source, mask_path=mask)
    if source.layout != "dicom":
        raise _refused(row, "the mask of an image file must be an image file")
    files = tuple(files_below(mask)) if mask.is_dir() else (mask,)
    return replace(source, files=tuple(dict.fromkeys((*source.files, *files))))


def _with_ct(source: StudySource, row: _Row) -> StudySource:
    """The study with the CT that the row names."""
    ct = row.path("ct")
    if ct is None:
        return source
    if is_image(ct):
        return replace(source, ct_path=ct)
    if source.layout != "dicom" or not ct.is_dir():
        raise _refused(row, "the CT of an image file must be an image file")
    return replace(source, files=tuple(dict.fromkeys((*source.files, *files_below(ct)))))


def _refused(row: _Row, what: str) -> ReadError:
    return ReadError(
        "MANIFEST_STUDY",
        f"line {row.line} of the manifest: {what}",
        expected="files that exist and belong together; paths relative to the manifest",
        todo="Correct the line",
    )
