"""The attributes of PET images that decide SUV, taken from their DICOM headers."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime

import pydicom

from pet_mtl.errors import SuvError
from pet_mtl.readers import drugs, values
from pet_mtl.readers.private import GE_PET, PHILIPS_PET, private_tag
from pet_mtl.suv import FrameTiming, SuvAttributes, nearest_day

_SEXES = ("M", "F", "O")
# What decides the factor, by unit: dose and times do not matter to values that already are SUV.
_DECIDES_SUV = ("units", "suv_type", "corrected", "attenuation_denied")
_DECIDES_BY_UNIT = {
    "GML": _DECIDES_SUV,
    "CM2ML": (*_DECIDES_SUV, "weight_kg", "height_m"),
    "CNTS": ("units", "corrected", "attenuation_denied", "philips_suv"),
}
_NO_METHOD = ("NONE", "NO")


def suv_attributes(dataset: pydicom.Dataset) -> SuvAttributes:
    """What one PET image says that matters for SUV.

    Args:
        dataset: Its header.

    Returns:
        The attributes, with one frame.
    """
    given = values.raw(dataset, "RadiopharmaceuticalInformationSequence") or [pydicom.Dataset()]
    drug = given[0]
    zone = _zone(dataset)
    start = values.text(drug, "RadiopharmaceuticalStartDateTime")
    series = values.moment(values.text(dataset, "SeriesDate"), values.text(dataset, "SeriesTime"))
    return SuvAttributes(
        units=values.text(dataset, "Units").upper(),
        suv_type=values.text(dataset, "SUVType").upper(),
        corrected=values.texts(dataset, "CorrectedImage"),
        attenuation_denied=_is_denied(values.text(dataset, "AttenuationCorrectionMethod")),
        decay_correction=values.text(dataset, "DecayCorrection").upper(),
        injections=len(given),
        dose_bq=values.number(drug, "RadionuclideTotalDose"),
        weight_kg=values.number(dataset, "PatientWeight"),
        height_m=values.number(dataset, "PatientSize"),
        sex=_sex(values.text(dataset, "PatientSex").upper()),
        half_life_s=values.number(drug, "RadionuclideHalfLife"),
        nuclides=drugs.nuclides(drug),
        tracer=drugs.tracer(drug),
        injection=values.date_time(start, zone),
        injection_zoned=bool(values.offset(start)) and not values.offset(zone),
        injection_time=values.clock(values.text(drug, "RadiopharmaceuticalStartTime")),
        series=series,
        ge_scan=values.date_time(values.text(dataset, private_tag(dataset, GE_PET, 0x0D)), zone),
        philips_suv=values.number(dataset, private_tag(dataset, PHILIPS_PET, 0x00)),
        philips_activity=values.number(dataset, private_tag(dataset, PHILIPS_PET, 0x09)),
        frames=(_timing(dataset, series),),
    )


def series_attributes(slices: Sequence[SuvAttributes]) -> SuvAttributes:
    """The attributes of a whole series.

    Args:
        slices: Of each slice, in the order of the volume.

    Returns:
        Those of the first slice, with the timing of all.

    Raises:
        SuvError: SUV_INCONSISTENT; an attribute that decides the factor differs in it. Of
            values that already are SUV, dose and times do not.
    """
    first = slices[0]
    for name in _deciding(first):
        different = len({getattr(one, name) for one in slices})
        if different > 1:
            raise SuvError(
                "SUV_INCONSISTENT",
                "the slices of the series contradict each other",
                expected=f"the same {name} in every slice",
                found=f"{different} different values",
                todo="Give one series a study, as the scanner exported it",
            )
    return dataclasses.replace(first, frames=tuple(s.frames[0] for s in slices))


def _deciding(first: SuvAttributes) -> tuple[str, ...]:
    """The attributes that decide the factor of a series."""
    if first.units == "GML" and first.suv_type not in ("", "BW"):
        return (*_DECIDES_SUV, "weight_kg", "height_m", "sex")
    if first.units in _DECIDES_BY_UNIT and (first.units != "CNTS" or first.philips_suv):
        return _DECIDES_BY_UNIT[first.units]
    return tuple(f.name for f in dataclasses.fields(first) if f.name not in ("frames", "tracer"))


def _zone(dataset: pydicom.Dataset) -> str:
    """The zone of the clock that times without an offset were read from; "" where none is told."""
    names = ("TimezoneOffsetFromUTC", "DecayCorrectionDateTime", "AcquisitionDateTime")
    return next((zone for n in names if (zone := values.offset(values.text(dataset, n)))), "")


def _is_denied(method: str) -> bool:
    """Whether a method of attenuation correction says that there was none."""
    return method.upper() in _NO_METHOD


def _sex(value: str) -> str:
    return value if value in _SEXES else ""


def _timing(dataset: pydicom.Dataset, series: datetime | None) -> FrameTiming:
    """When one slice was measured."""
    reference_ms = values.number(dataset, "FrameReferenceTime")
    duration_ms = values.number(dataset, "ActualFrameDuration")
    return FrameTiming(
        acquired=_acquired(dataset, series),
        reference_s=None if reference_ms is None else reference_ms / 1000.0,
        duration_s=None if duration_ms is None else duration_ms / 1000.0,
        decay_factor=values.number(dataset, "DecayFactor"),
    )


def _acquired(dataset: pydicom.Dataset, series: datetime | None) -> datetime | None:
    """AcquisitionDate and Time, or AcquisitionDateTime, or the time near the series."""
    date, clock = (values.text(dataset, key) for key in ("AcquisitionDate", "AcquisitionTime"))
    zone = _zone(dataset)
    known = values.moment(date, clock)
    known = known or values.date_time(values.text(dataset, "AcquisitionDateTime"), zone)
    time_ = values.clock(clock)
    if known is None and time_ is not None and series is not None:
        return nearest_day(time_, series)
    return known
