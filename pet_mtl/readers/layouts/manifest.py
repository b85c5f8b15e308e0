"""A manifest: a CSV with a row a study, for studies that lie in no layout of their own.

Columns, of which `study` and `pet` are needed; any order, comma, semicolon or tab:
    study    name of the study, each once (also called `id`)
    pet      a PET image file, or a folder of DICOM (also called `path`)
    mask     a mask image, or a DICOM RTSTRUCT or SEG file; takes the place of the folder's own
    ct       a CT image in HU, or a folder of DICOM; takes the place of the folder's own
    series   SeriesNumber of the PET, where a folder of DICOM holds several
    roi      which labels or regions are the lesion, as --roi says it
    units    of a PET image: `SUV`, or `Bq/ml` with a sidecar; empty: as the JSON beside it says, or
             else SUV
    sidecar  JSON that states units, dose and times as BIDS does
    patient  what a clinical table calls the patient, where several studies are theirs
Paths are relative to the manifest's folder.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pet_mtl.errors import ReadError, StudyError, UsageError
from pet_mtl.readers.ct import CT_IMAGE, MULTIFRAME_CT
from pet_mtl.readers.headers import RT_STRUCTURE_SET, SEGMENTATION, files_below
from pet_mtl.readers.images import is_image
from pet_mtl.readers.layouts.collection import Collection
from pet_mtl.readers.layouts.found import Progress, Search
from pet_mtl.readers.layouts.inventory import take_inventory
from pet_mtl.readers.layouts.naming import safe
from pet_mtl.readers.layouts.peek import peek_files
from pet_mtl.readers.layouts.single import single_study
from pet_mtl.readers.sidecar import sidecar_of
from pet_mtl.study import StudySource

COLUMNS = ("study", "pet", "mask", "ct", "series", "roi", "units", "sidecar", "patient")
_ALIASES = {"id": "study", "path": "pet", "image": "pet", "json": "sidecar", "case": "patient"}
_SUV, _BECQUEREL = ("suv", "suvbw", "g/ml"), ("bq/ml", "bqml")
_PATHS = ("pet", "mask", "ct", "sidecar")
# SOP classes and modalities of the DICOM files that a column names.
_KINDS = {
    "mask": {RT_STRUCTURE_SET, SEGMENTATION, "RTSTRUCT", "SEG"},
    "ct": {CT_IMAGE, *MULTIFRAME_CT, "CT"},
}


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

    @property
    def case(self) -> str:
        """What the source calls the patient; "" if that is the study's name."""
        case = self.cells.get("patient", "")
        return "" if case == self.cells.get("study") else case


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
            found.refuse(row.cells["study"], error.problem, row.case)
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
    pet = row.path("pet") or row.folder
    source = _folder(row, pet, progress) if pet.is_dir() else _image(row, pet)
    source = replace(
        source,
        name=row.cells["study"],
        case=row.case,
        roi=row.cells.get("roi", source.roi),
        series=_series(row, source),
    )
    for column in _KINDS:
        source = _with(column, source, row, progress)
    return source


def _folder(row: _Row, pet: Path, progress: Progress) -> StudySource:
    """The study of a folder, its image in the units that the row states."""
    source = single_study(take_inventory(pet), progress)
    if source.layout == "image":
        return replace(source, sidecar_path=_sidecar(row, source.path))
    if row.cells.keys() & {"units", "sidecar"}:
        raise _refused(row, "DICOM states its own units; leave columns units and sidecar empty")
    return source


def _image(row: _Row, pet: Path) -> StudySource:
    """A PET image in the units that the row states."""
    if not is_image(pet):
        raise _refused(row, "column pet names neither an image file nor a folder of DICOM")
    return StudySource("", "image", pet, sidecar_path=_sidecar(row, pet))


def _sidecar(row: _Row, pet: Path) -> Path | None:
    """The JSON by which a PET image becomes SUV; None if the row, or nobody, says it is SUV."""
    unit = row.cells.get("units", "").lower().replace(" ", "")
    sidecar = row.path("sidecar") or sidecar_of(pet)
    if unit in _SUV:
        return None
    if unit in _BECQUEREL and sidecar is None:
        raise _refused(row, "values in Bq/ml need a sidecar with dose, weight and times")
    if unit and unit not in _BECQUEREL:
        raise _refused(row, "column units is neither SUV nor Bq/ml")
    return sidecar


def _series(row: _Row, source: StudySource) -> int | None:
    """The SeriesNumber that the row chooses."""
    text = row.cells.get("series")
    if text is None:
        return None
    if source.layout != "dicom" or not re.fullmatch(r"[+-]?\d{1,12}", text):
        raise _refused(row, "column series takes the SeriesNumber of a PET in a folder of DICOM")
    return int(text)


def _with(column: str, source: StudySource, row: _Row, progress: Progress) -> StudySource:
    """The study with the mask or CT that the row names, in place of those in its folder."""
    path = row.path(column)
    if path is None:
        return source
    own = _of_kind(column, source.files, progress)
    files = tuple(file for file in source.files if file not in own)
    image: dict[str, Path | None] = {f"{column}_path": path}
    if is_image(path):
        return replace(source, files=files, **image)  # type: ignore[arg-type]
    if source.layout != "dicom":
        raise _refused(row, f"column {column} of an image file must be an image file")
    more = _of_kind(column, files_below(path) if path.is_dir() else (path,), progress)
    if not more:
        what = "RTSTRUCT or SEG" if column == "mask" else "CT"
        raise _refused(row, f"column {column} names neither an image file nor DICOM {what}")
    image = {f"{column}_path": None}
    return replace(source, files=(*files, *sorted(more)), **image)  # type: ignore[arg-type]


def _of_kind(column: str, paths: Iterable[Path], progress: Progress) -> set[Path]:
    """The DICOM files among some that a column may name."""
    peeks = peek_files(paths, progress).values()
    return {peek.path for peek in peeks if {peek.sop_class, peek.modality} & _KINDS[column]}


def _refused(row: _Row, what: str) -> ReadError:
    return ReadError(
        "MANIFEST_STUDY",
        f"line {row.line} of the manifest: {what}",
        expected="files that exist and belong together; paths relative to the manifest",
        todo="Correct the line",
    )
