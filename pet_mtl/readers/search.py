"""Finding studies in a folder without reading pixels.

A study is a folder of its own (DICOM of any names and nesting, or a PET image file with or
without a mask), or an image file `ID.nii.gz` beside `ID_mask.nii.gz`. A folder that holds both
DICOM and image files is a DICOM study: DICOM states its units, an image file does not; an image
mask in it is used if there is no structure set.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from pet_mtl.errors import Problem, ReadError, StudyError
from pet_mtl.readers import values
from pet_mtl.readers.headers import PET_IMAGE, Header, files_below, is_dicom, read_header
from pet_mtl.readers.images import images_below, is_image, pick_pair, split_role, stem_of
from pet_mtl.study import StudySource

# What people call the folders within one patient's folder; no patient is called so.
_PARTS = frozenset(
    "pet pt nm suv ct mr mri image images img dicom dicoms dcm nifti nii mask masks seg segs "
    "segmentation segmentations label labels roi rois rtstruct rtss rs contour contours gtv".split()
)


@dataclass(frozen=True)
class Search:
    """What a folder holds.

    Attributes:
        sources: The studies, sorted by name.
        passed_over: Folders and files that hold no study, by name, and why.
    """

    sources: tuple[StudySource, ...]
    passed_over: tuple[tuple[str, Problem], ...]


def find_studies(src: Path) -> Search:
    """All studies of a folder.

    Args:
        src: A folder of patient folders or of image files; a single study's folder also does,
            and names the study. It is known as such by files of its own, by sub-folders that are
            series of one DICOM study, bear the names of parts (`PET`, `mask`) or its PatientID.

    Returns:
        Every study, and every folder that holds none, with the reason.

    Raises:
        ReadError: SOURCE_MISSING, SOURCE_EMPTY.
    """
    children = _children(src)
    if any(path.is_file() and is_dicom(path) for path in children):
        return Search((find_one(src),), ())
    sources: dict[str, StudySource] = {}
    passed_over: list[tuple[str, Problem]] = []
    peeks: list[Header] = []
    for folder in (path for path in children if path.is_dir()):
        try:
            sources[folder.name], peek = _study_folder(folder)
            peeks += [peek] if peek else []
        except StudyError as error:
            passed_over.append((folder.name, error.problem))
    if _is_one_study(src, children, list(sources.values()), peeks):
        return Search((find_one(src),), ())
    flat, alone = _flat_pairs([path for path in children if path.is_file() and is_image(path)])
    for source in flat:
        if sources.setdefault(source.name, source) is not source:
            alone.append((source.name, _twice()))
    passed_over += alone
    if not sources and not passed_over:
        raise _empty(src)
    return Search(tuple(sources[name] for name in sorted(sources)), tuple(sorted(passed_over)))


def find_one(path: Path) -> StudySource:
    """The study of one folder or image file.

    Args:
        path: A study's folder, or its PET image file.

    Returns:
        The study.

    Raises:
        ReadError: SOURCE_MISSING, STUDY_EMPTY, STUDY_NO_IMAGE, IMAGE_WHICH, SOURCE_FILE.
    """
    if path.is_dir():
        return _study_folder(path)[0]
    if not path.exists():
        raise _missing(path)
    if not is_image(path):
        raise ReadError(
            "SOURCE_FILE",
            "a single file is no study, unless it is a NIfTI, NRRD or MHA image",
            todo="Give the folder that holds the DICOM series",
            subject=path.name,
        )
    name = split_role(stem_of(path))[0]
    beside = [p for p in sorted(path.parent.iterdir()) if is_image(p)]
    masks = [p for p in beside if split_role(stem_of(p)) == (name, "mask") and p != path]
    return StudySource(name or path.parent.name, "image", path, masks[0] if masks else None)


def _children(src: Path) -> list[Path]:
    """What lies directly in a folder, sorted, without hidden entries."""
    if not src.is_dir():
        raise _missing(src)
    return sorted(path for path in src.iterdir() if not path.name.startswith("."))


def _study_folder(folder: Path) -> tuple[StudySource, Header | None]:
    """A folder's study, and its first DICOM header if it is DICOM."""
    files = list(files_below(folder))
    masks = [p for p in files if is_image(p) and split_role(stem_of(p))[1] == "mask"]
    first = next((path for path in files if not is_image(path) and is_dicom(path)), None)
    if first is not None:
        peek = _peek(first)
        mask = masks[0] if len(masks) == 1 else None
        patient = peek.patient_id if peek else ""
        return StudySource(_name(folder), "dicom", folder, mask, patient), peek
    if not files:
        raise ReadError(
            "STUDY_EMPTY",
            "the folder is empty",
            expected="a PET series",
            todo="Copy the patient's PET into it, or remove the folder",
        )
    images = images_below(folder)
    if not images:
        raise ReadError(
            "STUDY_NO_IMAGE",
            "the folder holds no image",
            expected="DICOM files, or a NIfTI, NRRD or MHA image",
            found=f"{len(files)} other files",
            todo="Copy the patient's PET into it, or remove the folder",
        )
    pet, mask = pick_pair(images)
    return StudySource(_name(folder), "image", pet, mask), None


def _name(folder: Path) -> str:
    """The folder's own name, also of `.`."""
    return folder.name or folder.resolve().name


def _peek(path: Path) -> Header | None:
    """One header, or None where it cannot be read; reading the study will say so."""
    try:
        with values.lenient():
            return read_header(path)
    except StudyError:
        return None


def _is_one_study(
    src: Path, children: list[Path], sources: list[StudySource], peeks: list[Header]
) -> bool:
    """Whether what lies below a folder are the parts of its own study and not patients."""
    if any(path.is_file() and is_image(path) for path in children):
        return False
    are_parts = all(_is_part(path.name) for path in children if path.is_dir())
    if len(sources) == 1:
        return are_parts or sources[0].name != sources[0].patient_id == _name(src)
    pets = [header for header in peeks if header.sop_class == PET_IMAGE]
    studies = {header.series[0] for header in peeks}
    return len(peeks) == len(sources) and len(pets) == 1 and (are_parts or len(studies) == 1)


def _is_part(name: str) -> bool:
    """Whether a folder's name says what lies in it, such as `PET` or `PET_image`."""
    return _PARTS.issuperset(re.split(r"[-_. ]+", name.lower()))


def _flat_pairs(
    paths: list[Path],
) -> tuple[list[StudySource], list[tuple[str, Problem]]]:
    """Image files that lie side by side, paired by name."""
    groups: dict[str, list[Path]] = {}
    for path in paths:
        groups.setdefault(split_role(stem_of(path))[0], []).append(path)
    sources, alone = [], []
    for name, group in sorted(groups.items()):
        try:
            pet, mask = pick_pair(group)
            sources.append(StudySource(name or _name(pet.parent), "image", pet, mask))
        except StudyError as error:
            alone.append((name, error.problem))
    return sources, alone


def _twice() -> Problem:
    return Problem(
        "STUDY_TWICE",
        "a folder and an image file have the same name",
        expected="one study a name",
        todo="Remove one of them",
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
        expected="a folder a patient with a PET series (DICOM), or NIfTI pairs",
        found="nothing of the kind",
        todo="Give the folder that contains the patients' folders",
        subject=str(path),
    )
