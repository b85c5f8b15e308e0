"""What lies at a path: a study, several, a dataset, a run or a model."""

from pathlib import Path
from typing import Any

from pet_mtl.errors import ReadError, UsageError
from pet_mtl.inspection.bundle import bundle_facts
from pet_mtl.inspection.dataset import dataset_facts
from pet_mtl.inspection.run import run_facts
from pet_mtl.inspection.study import studies_facts, study_facts
from pet_mtl.readers import find_studies

_EXPECTED = (
    "a study (DICOM folder or image file), a folder of studies, a dataset (dataset.json), "
    "a run (plan.json) or a model (saved_model.pb)"
)
_NOT_THERE = {
    "SOURCE_MISSING", "SOURCE_EMPTY", "SOURCE_FILE", "STUDY_EMPTY", "STUDY_NO_IMAGE",
}  # fmt: skip


def info(path: Path, verify: bool = False) -> dict[str, Any]:
    """Tells what a path holds.

    Args:
        path: A study, a folder of studies, a dataset, a run or a model.
        verify: Whether the records of a dataset are hashed.

    Returns:
        Plain data for JSON; `kind` says which of them it is. No name, identifier, date of birth
        or UID of a patient.

    Raises:
        UsageError: INFO_UNKNOWN; it is nothing of the kind.
        PetMtlError: It is, but cannot be read.
    """
    if (path / "plan.json").is_file():
        return run_facts(path)
    if (path / "saved_model.pb").is_file():
        return bundle_facts(path)
    if (path / "card.json").is_file() and (versions := sorted(path.glob("*/saved_model.pb"))):
        return bundle_facts(versions[-1].parent)
    if (path / "dataset.json").is_file():
        return dataset_facts(path, verify)
    try:
        return _studies(path)
    except ReadError as error:
        if error.code not in _NOT_THERE:
            raise
        raise UsageError(
            "INFO_UNKNOWN",
            "there is nothing here that pet-mtl knows",
            expected=_EXPECTED,
            found="nothing at all" if not path.exists() else "other files",
            todo="Check the path; an interrupted `pet-mtl convert` is finished by giving it again",
            subject=str(path),
        ) from error


def _studies(path: Path) -> dict[str, Any]:
    """One study, or the count of several."""
    search = find_studies(path)
    if len(search.sources) == 1 and not search.passed_over:
        return study_facts(search.sources[0])
    if not search.sources and {problem.code for _, problem in search.passed_over} <= _NOT_THERE:
        raise ReadError("SOURCE_EMPTY", "the folder holds no study")
    return studies_facts(search)
