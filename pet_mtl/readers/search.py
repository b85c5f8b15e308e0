"""Finding studies in any tree of files, without reading pixels.

DICOM files are told apart by what they say, image files by names and folders. A DICOM study takes
precedence over image files beside it: DICOM states its units, an image file does not.
"""

from dataclasses import replace
from pathlib import Path

from pet_mtl.errors import Problem, ReadError, UsageError
from pet_mtl.readers.images import is_image
from pet_mtl.readers.layouts.detection import (
    AUTO,
    LAYOUTS,
    MANIFEST,
    TREE,
    detect,
    search_layout,
)
from pet_mtl.readers.layouts.found import Progress, Search, no_progress
from pet_mtl.readers.layouts.inventory import Inventory, take_inventory
from pet_mtl.readers.layouts.manifest import is_manifest, read_manifest
from pet_mtl.readers.layouts.naming import folder_name
from pet_mtl.readers.layouts.single import several, single_image, single_study
from pet_mtl.study import StudySource

__all__ = ["LAYOUTS", "Progress", "Search", "find_one", "find_studies", "no_progress"]


def find_studies(src: Path, layout: str = AUTO, progress: Progress = no_progress) -> Search:
    """All studies of a folder, a manifest or an image file.

    Args:
        src: A folder of any files; a single study's folder also does, and names the study. It is
            known as such by DICOM of one patient in it, by sub-folders that are series of one
            DICOM study, bear the names of parts (`PET`, `mask`) or its PatientID.
        layout: One of `LAYOUTS`; "auto" tells it by the names of the files.
        progress: Shows how many files were looked at.

    Returns:
        Every study, every place where one was expected, and all that was passed over.

    Raises:
        ReadError: SOURCE_MISSING, SOURCE_EMPTY, SOURCE_FILE; or what the layout's own files lack.
        UsageError: LAYOUT_UNKNOWN, LAYOUT_MANIFEST, or a line of a manifest.
    """
    _check(src, layout)
    if src.is_file():
        return _of_file(src, progress)
    inventory = take_inventory(src)
    return _of_folder(inventory, detect(inventory) if layout == AUTO else layout, progress)


def find_one(path: Path, layout: str = AUTO, progress: Progress = no_progress) -> StudySource:
    """The study of one folder or image file.

    Args:
        path: A study's folder, or its PET image file.
        layout: As in `find_studies`.
        progress: As in `find_studies`.

    Returns:
        The study; a folder's study is called as the folder.

    Raises:
        ReadError: SOURCE_MISSING, STUDY_SEVERAL, STUDY_EMPTY, STUDY_NO_IMAGE, IMAGE_WHICH,
            SOURCE_FILE.
        UsageError: As `find_studies`.
    """
    _check(path, layout)
    if path.is_dir():
        inventory = take_inventory(path)
        known = detect(inventory) if layout == AUTO else layout
        if known in (TREE, "dicom", "pairs"):
            return single_study(inventory, progress)
        search = _of_folder(inventory, known, progress)
    else:
        search = _of_file(path, progress)
    if len(search.sources) > 1:
        raise several(f"{len(search.sources)} studies")
    if not search.sources:
        raise _refused(*search.passed_over[0])
    source = search.sources[0]
    return replace(source, name=folder_name(path)) if path.is_dir() else source


def _check(src: Path, layout: str) -> None:
    """Refuses what is not there, and a layout that the path cannot have."""
    if layout not in LAYOUTS:
        raise UsageError(
            "LAYOUT_UNKNOWN",
            "there is no such layout",
            expected=f"one of {', '.join(LAYOUTS)}",
            todo="Leave --layout out: layouts are recognised",
        )
    if not src.exists():
        raise _missing(src)
    is_table = src.is_file() and not is_image(src) and is_manifest(src)
    if layout != AUTO and is_table != (layout == MANIFEST):
        raise _no_manifest(src)


def _of_folder(inventory: Inventory, layout: str, progress: Progress) -> Search:
    """The studies of a folder of a known layout."""
    search = search_layout(inventory, layout, progress)
    if not search.sources and not search.passed_over:
        raise _empty(inventory.root)
    return search


def _of_file(path: Path, progress: Progress) -> Search:
    """The study of an image file, or the studies of a manifest."""
    if is_image(path):
        return Search((single_image(path),), ())
    if is_manifest(path):
        return read_manifest(path, progress)
    raise ReadError(
        "SOURCE_FILE",
        "a single file is no study, unless it is a NIfTI, NRRD or MHA image",
        expected="a folder, an image file, or a manifest (.csv)",
        todo="Give the folder that holds the DICOM series",
        subject=path.name,
    )


def _refused(name: str, problem: Problem) -> ReadError:
    """The refusal of the only study there is."""
    return ReadError(
        problem.code, problem.what, expected=problem.expected, found=problem.found,
        todo=problem.todo, subject=name,
    )  # fmt: skip


def _no_manifest(path: Path) -> UsageError:
    return UsageError(
        "LAYOUT_MANIFEST",
        "a manifest is a table, and every other layout is a folder",
        expected="SRC a .csv file with --layout manifest, else a folder or an image file",
        todo="Leave --layout out: layouts are recognised",
        subject=path.name,
    )


def _missing(path: Path) -> ReadError:
    return ReadError(
        "SOURCE_MISSING",
        "there is no such folder or file",
        todo="Check the path",
        subject=str(path),
    )


def _empty(path: Path) -> ReadError:
    return ReadError(
        "SOURCE_EMPTY",
        "the folder holds no study",
        expected="a PET series (DICOM) or a PET image, in any of the layouts",
        found="nothing of the kind",
        todo="Give the folder that contains the patients' folders",
        subject=str(path),
    )
