"""Enhanced (multi-frame) PET objects as if each frame were a file of its own.

A frame's attributes lie in functional groups, shared by all frames or its own, and in the object
itself; merged, they read like a single-frame PET image. What a Legacy Converted object could not
place is kept in its "unassigned" groups under its old name. The Enhanced PET object names some
things anew, which are put under the names of the single-frame image here.

Sources: DICOM PS3.3 A.35.4, A.70.3 (IODs), C.7.6.16 (functional groups), C.8.22 (Enhanced PET),
C.7.6.16.2.11 (Real World Value Mapping); PS3.16 CID 85 (units of SUV).
"""

import math
from collections.abc import Sequence
from typing import Any

import pydicom
from pydicom.dataset import Dataset

from pet_mtl.errors import ReadError
from pet_mtl.readers import values

LEGACY_PET = "1.2.840.10008.5.1.4.1.1.128.1"
ENHANCED_PET = "1.2.840.10008.5.1.4.1.1.130"

# Groups of one item whose attributes belong to the frame.
_GROUPS = (
    "UnassignedSharedConvertedAttributesSequence",
    "UnassignedPerFrameConvertedAttributesSequence",
    "PixelMeasuresSequence",
    "PlanePositionSequence",
    "PlaneOrientationSequence",
    "PixelValueTransformationSequence",
    "FrameContentSequence",
    "PETFrameTypeSequence",
    "PETFrameCorrectionFactorsSequence",
    "CardiacSynchronizationSequence",
)
# PS3.3 C.8.22.5 (Enhanced PET Corrections) to the terms of CorrectedImage (C.8.9.1).
_CORRECTIONS = {
    "AttenuationCorrected": "ATTN",
    "DecayCorrected": "DECY",
    "ScatterCorrected": "SCAT",
    "DeadTimeCorrected": "DTIM",
    "RandomsCorrected": "RAN",
    "DetectorNormalizationCorrection": "NORM",
}
# UCUM code of the unit to Units and SUVType.
_UNITS = {
    "Bq/ml": ("BQML", ""),
    "Bq/mL": ("BQML", ""),
    "g/ml{SUVbw}": ("GML", "BW"),
    "{SUVbw}g/ml": ("GML", "BW"),
    "g/ml{SUVlbm}": ("GML", "LBM"),
    "{SUVlbm}g/ml": ("GML", "LBM"),
    "g/ml{SUVlbm(James128)}": ("GML", "LBMJAMES128"),
    "g/ml{SUVlbm(Janma)}": ("GML", "LBMJANMA"),
    "g/ml{SUVibw}": ("GML", "IBW"),
    "{SUVibw}g/ml": ("GML", "IBW"),
    "cm2/ml{SUVbsa}": ("CM2ML", "BSA"),
    "{SUVbsa}cm2/ml": ("CM2ML", "BSA"),
}
_RESCALE_TYPES = ("BQML", "GML", "CM2ML")
# C.8.22.3 counts the dose in MBq, but converters write Bq as in single-frame images; no dose of
# a patient is a number that could be both.
_MBQ_BELOW = 1e5
# A DS of 16 characters rounds a slope by less.
_SAME_SLOPE = 1e-5


def flat_frames(dataset: Dataset) -> list[Dataset]:
    """Each frame of an enhanced PET object as the header of a single-frame image.

    Args:
        dataset: The whole header.

    Returns:
        One data set a frame, in the order of the pixels.

    Raises:
        ReadError: DICOM_MULTIFRAME; the groups of the frames are missing or do not fit.
    """
    shared = values.raw(dataset, "SharedFunctionalGroupsSequence") or []
    frames = values.raw(dataset, "PerFrameFunctionalGroupsSequence") or []
    if not frames or len(shared) > 1 or len(frames) != values.number(dataset, "NumberOfFrames"):
        raise ReadError(
            "DICOM_MULTIFRAME",
            "the frames of a multi-frame PET object cannot be told apart",
            expected="one item of PerFrameFunctionalGroupsSequence (5200,9230) a frame",
            found=f"{len(frames)} items",
            todo="Export the series again, or as single-frame PET images",
        )
    base = Dataset()
    base.update({e.tag: e for e in dataset if e.tag.group < 0x5200})
    if shared:
        _merge(base, shared[0])
    return [_flat(base, frame) for frame in frames]


def _flat(base: Dataset, frame: Dataset) -> Dataset:
    """One frame: what is shared, what is its own, under the names of a single-frame image."""
    flat = Dataset()
    flat.update(base)
    _merge(flat, frame)
    _rename(flat, "FrameAcquisitionDateTime", "AcquisitionDateTime")
    _rename(flat, "FrameType", "ImageType")
    if "ActualFrameDuration" not in flat:
        _rename(flat, "FrameAcquisitionDuration", "ActualFrameDuration")
    if values.text(flat, "SOPClassUID") == ENHANCED_PET:
        _as_single_frame(flat)
    real_world(flat)
    return flat


def _merge(target: Dataset, groups: Dataset) -> None:
    """Takes over the attributes of the functional groups of all frames, or of one."""
    for name in _GROUPS:
        items = values.raw(groups, name)
        if items:
            target.update(items[0])
    mapping = values.raw(groups, "RealWorldValueMappingSequence")
    if mapping:
        target.RealWorldValueMappingSequence = mapping


def _rename(dataset: Dataset, old: str, new: str) -> None:
    value = values.raw(dataset, old)
    if value is not None:
        setattr(dataset, new, value)


def _as_single_frame(flat: Dataset) -> None:
    """The corrections, times and dose of an Enhanced PET object under their older names."""
    done = [term for name, term in _CORRECTIONS.items() if values.text(flat, name) == "YES"]
    flat.CorrectedImage = done
    moment = values.date_time(
        values.text(flat, "DecayCorrectionDateTime"), values.text(flat, "TimezoneOffsetFromUTC")
    )
    if values.text(flat, "DecayCorrected") == "NO":
        flat.DecayCorrection = "NONE"
    elif moment is not None:
        # The object says itself to what time it was corrected, whenever the series began.
        flat.DecayCorrection = "START"
        flat.SeriesDate, flat.SeriesTime = f"{moment:%Y%m%d}", f"{moment:%H%M%S.%f}"
    kind = values.text(flat, "RescaleType").upper()
    if "Units" not in flat and kind in _RESCALE_TYPES:
        flat.Units = kind
    drugs = values.raw(flat, "RadiopharmaceuticalInformationSequence") or []
    flat.RadiopharmaceuticalInformationSequence = [_in_becquerel(drug) for drug in drugs]


def _in_becquerel(drug: Dataset) -> Dataset:
    """A radiopharmaceutical with its dose in Bq."""
    dose = values.number(drug, "RadionuclideTotalDose")
    if dose is None or not 0 < dose < _MBQ_BELOW:
        return drug
    copy = Dataset()
    copy.update(drug)
    copy.RadionuclideTotalDose = f"{dose * 1e6:.10g}"
    return copy


def real_world(dataset: Dataset) -> None:
    """Takes slope and unit from a Real World Value Mapping where the image itself has none.

    Args:
        dataset: A header, changed in place. It is left without RescaleSlope, which is refused
            later, where no single mapping to a known unit is given or it contradicts the image.
    """
    if "RealWorldValueMappingSequence" not in dataset:
        return
    own, kind = values.number(dataset, "RescaleSlope"), values.text(dataset, "Units").upper()
    known = [
        (_UNITS[code], item)
        for item in values.raw(dataset, "RealWorldValueMappingSequence") or []
        if (code := _unit_code(item)) in _UNITS and values.raw(item, "RealWorldValueSlope")
    ]
    (units, suv_type), item = _preferred(known)
    slope = values.number(item, "RealWorldValueSlope") if item is not None else None
    if item is None or slope is None or kind not in ("", units):
        return
    if own is not None and kind:
        if not math.isclose(own, slope, rel_tol=_SAME_SLOPE):
            del dataset.RescaleSlope
        return
    dataset.Units, dataset.SUVType = units, suv_type
    dataset.RescaleSlope = f"{slope:.10g}"
    dataset.RescaleIntercept = f"{values.number(item, 'RealWorldValueIntercept') or 0.0:.10g}"


def _unit_code(item: Dataset) -> str:
    codes = values.raw(item, "MeasurementUnitsCodeSequence") or [pydicom.Dataset()]
    return values.text(codes[0], "CodeValue")


def _preferred(
    known: Sequence[tuple[tuple[str, str], Dataset]],
) -> tuple[tuple[str, str], Any]:
    """The one mapping to Bq/ml, else the only one to SUV; nothing where several compete."""
    becquerel = [one for one in known if one[0][0] == "BQML"]
    chosen = becquerel or known
    return chosen[0] if len(chosen) == 1 else (("", ""), None)
