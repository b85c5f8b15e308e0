"""What readers return: one patient's PET in SUV, its mask, and what is known beside it."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pet_mtl.errors import Problem
from pet_mtl.geometry import Grid


@dataclass(frozen=True)
class Body:
    """What the image's header says of the patient's body; None or "" where it says nothing.

    Attributes:
        weight_kg: Body weight.
        height_m: Body height.
        sex: "M", "F", "O" (DICOM's other) or "".
    """

    weight_kg: float | None = None
    height_m: float | None = None
    sex: str = ""


@dataclass(frozen=True)
class Study:
    """One PET study, in the scanner's own grid.

    Attributes:
        name: The study's name in its source: folder or file stem. May identify the patient,
            so it goes only where the user reads it, never into a dataset or a log.
        patient_id: DICOM PatientID, or "" for image files. The same caution holds.
        suv: (z, y, x) float32, SUVbw in g/ml.
        grid: Its grid.
        suv_factor: SUVbw per rescaled unit (e.g. per Bq/ml); 1 for values that already are SUVbw.
        suv_rule: Which rule of docs/suv.md gave the factor, in a few words.
        reference_time: ISO 8601 decay reference, or "" where no decay was needed. Shown to the
            user of `pet-mtl suv` and `info` only.
        mask: (z, y, x) bool lesion mask on the same grid, or None.
        warnings: What was odd but not wrong, each starting with a stable code.
        body: The patient's body, which normalisations other than SUVbw need.
        ct: (z, y, x) float32 CT in Hounsfield units on a grid of its own, NaN where the image
            says nothing (padding outside the circle of reconstruction), or None.
        ct_grid: The CT's grid; None without CT.
        passed_over: The study's other PET images, and why they were not taken.
        case: As in `StudySource`.
        maker: Manufacturer and model of the scanner, "" where nothing tells. The same caution
            holds: it is free text.
    """

    name: str
    patient_id: str
    suv: NDArray[np.float32]
    grid: Grid
    suv_factor: float = 1.0
    reference_time: str = ""
    suv_rule: str = ""
    mask: NDArray[np.bool_] | None = None
    warnings: tuple[str, ...] = ()
    body: Body = Body()
    ct: NDArray[np.float32] | None = None
    ct_grid: Grid | None = None
    passed_over: tuple[Problem, ...] = ()
    case: str = ""
    maker: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class StudySource:
    """Where one study lies, found without reading pixels.

    Attributes:
        name: Folder name or file stem; unique within one search.
        layout: "dicom" or "image".
        path: The study's folder (DICOM) or PET image file.
        mask_path: A mask image beside it, if any.
        patient_id: DICOM PatientID, or "".
        files: The study's DICOM files, of whatever modality; empty means all below `path`.
        ct_path: A CT image in HU, beside a PET image or named for a DICOM study by a manifest.
        sidecar_path: JSON beside a PET image that tells units, dose and times, if any.
        roi: Which regions or labels the layout itself says are the lesion, as `--roi` would
            say it; None where the layout says nothing.
        series: SeriesNumber of the PET to take where a DICOM study has several; None lets the
            study decide.
        case: What the source calls the patient, where several studies are theirs and `name` is
            only this one's (`ID_2` of `ID`); a clinical table has one row for all. Else "".
    """

    name: str
    layout: str
    path: Path
    mask_path: Path | None = None
    patient_id: str = ""
    files: tuple[Path, ...] = ()
    ct_path: Path | None = None
    sidecar_path: Path | None = None
    roi: str | None = None
    series: int | None = None
    case: str = ""

    @property
    def patient(self) -> str:
        """What the source calls the patient; equal for all studies of one."""
        return self.case or self.name


@dataclass(frozen=True)
class Outcome:
    """What the clinical table says of one patient; None where it says nothing.

    Attributes:
        time_days: Time to event or censoring, in days, >= 0.
        event: True if the event was seen at `time_days`, False if censored.
        response: Class of the response, from 0.
        covariates: Name to value; absent where the table is empty.
        groups: Column to the group the patient is in, such as a centre; absent likewise.
    """

    time_days: float | None = None
    event: bool | None = None
    response: int | None = None
    covariates: dict[str, float] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
