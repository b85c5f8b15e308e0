"""The JSON beside a PET image file: from Bq/ml to SUVbw, or refused.

Read are the fields of BIDS, and those that dcm2niix and PET2BIDS write beside them. Sources:
    [B]  BIDS 1.10, Modality specific files, Positron Emission Tomography: times are in seconds
         after TimeZero; values were corrected for decay to ImageDecayCorrectionTime
    [D]  dcm2niix, PET attributes of DICOM under their keywords: RadionuclideTotalDose (Bq),
         RadionuclideHalfLife (s), PatientWeight (kg), DecayCorrection
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pet_mtl.errors import ReadError, SuvError
from pet_mtl.readers.drugs import tracer_named
from pet_mtl.readers.images import stem_of
from pet_mtl.readers.json_file import read_json
from pet_mtl.readers.participants import body_weight_kg, weight_files
from pet_mtl.suv import FrameTiming, SuvAttributes, SuvFactor, suv_factor
from pet_mtl.suv.nuclides import HALF_LIVES_S, by_meaning, half_life_s, longest_wait_s

Fields = dict[str, Any]

# Units as written, without blanks and case: DICOM's code, and how many of it one is.
_UNITS = {
    "bq/ml": ("BQML", 1.0), "bqml": ("BQML", 1.0), "bq/cc": ("BQML", 1.0),
    "bq/cm3": ("BQML", 1.0), "becquerels/milliliter": ("BQML", 1.0),
    "kbq/ml": ("BQML", 1e3), "mbq/ml": ("BQML", 1e6),
    "gml": ("GML", 1.0), "g/ml": ("GML", 1.0), "suv": ("GML", 1.0), "suvbw": ("GML", 1.0),
}  # fmt: skip
_DOSE_BQ = {
    "bq": 1.0, "kbq": 1e3, "mbq": 1e6, "gbq": 1e9, "uci": 3.7e4, "µci": 3.7e4, "mci": 3.7e7,
}  # fmt: skip
_DECAY_RULES = {
    "ADMIN": "from injection to the time of decay correction",
    "NONE": "not corrected, from injection to the first frame",
}
_ATTENUATION = ("AttenuationCorrection", "AttenuationCorrectionMethod")
_ABSENT = ("", "n/a", "none", "no", "null", "unknown")
# BIDS names no day; any will do, as only differences count. Not midnight, which is doubted.
_DAY = datetime(2000, 1, 1, 12)
# Dynamic scans start before the injection, and are corrected to their start.
_EARLY_S = 900.0
# Clocks of scan and first frame may be rounded to whole seconds.
_ROUNDING_S = 1.0


def sidecar_of(pet: Path) -> Path | None:
    """The JSON beside an image file, if it says in what unit the values are.

    Args:
        pet: The image file.

    Returns:
        Its path, also if it cannot be read: then nobody knows the unit. Else None.
    """
    path = pet.with_name(stem_of(pet) + ".json")
    if not path.is_file():
        return None
    try:
        return path if "Units" in read_json(path) else None
    except ReadError:
        return path


def sidecar_factor(pet: Path, sidecar: Path) -> SuvFactor:
    """The factor from the values of an image file to SUVbw.

    Args:
        pet: The image file.
        sidecar: Its JSON, or the one it inherits from ([B], the inheritance principle).

    Returns:
        The factor; no reference time, as BIDS tells no date.

    Raises:
        ReadError: JSON_UNREADABLE.
        SuvError: As `pet_mtl.suv.suv_factor`; what is missing or unclear is not guessed.
    """
    told = _inherited(pet, sidecar)
    code, scale = _units(told)
    if code == "GML":
        _require_body_weight(told)
        return SuvFactor(1.0, rule="JSON: SUVbw as stored")
    attributes, decay, odd = _attributes(told, body_weight_kg(pet, told))
    found = suv_factor(attributes)
    return replace(
        found,
        factor=found.factor * decay * scale,
        reference_time="",
        rule=f"JSON: Bq/ml, decay {_DECAY_RULES[attributes.decay_correction]}",
        warnings=found.warnings + odd,
    )


def sidecar_maker(pet: Path, sidecar: Path) -> tuple[str, str]:
    """Manufacturer and model of the scanner.

    Args:
        pet: The image file.
        sidecar: As in `sidecar_factor`.

    Returns:
        Free text of the source; "" where nothing tells.

    Raises:
        ReadError: JSON_UNREADABLE.
    """
    told = _inherited(pet, sidecar)
    return _text(told, "Manufacturer"), _text(told, "ManufacturersModelName")


def sidecar_files(pet: Path, sidecar: Path) -> tuple[Path, ...]:
    """All files that `sidecar_factor` reads.

    Args:
        pet: The image file.
        sidecar: As in `sidecar_factor`.

    Returns:
        The files that are there, in a stable order, each once.
    """
    files = (*inherited_sidecars(pet), sidecar, *weight_files(pet))
    return tuple(dict.fromkeys(path for path in files if path.is_file()))


def _inherited(pet: Path, sidecar: Path) -> Fields:
    """The fields of all JSON files that hold for an image, the nearest last."""
    told: Fields = {}
    for path in inherited_sidecars(pet):
        told |= read_json(path)
    return told | read_json(sidecar)


def inherited_sidecars(pet: Path) -> Iterator[Path]:
    """The `_pet.json` files above a BIDS image whose entities are all its own.

    Args:
        pet: The image file.

    Yields:
        The files from the dataset's folder down to the image's; none if it is no BIDS image.
    """
    entities = set(stem_of(pet).split("_"))
    folders = list(pet.parents)
    subject = next((i for i, p in enumerate(folders) if p.name.startswith("sub-")), None)
    if subject is None:
        return
    for folder in reversed(folders[: subject + 2]):
        for path in sorted(folder.glob("*pet.json")):
            if set(path.stem.split("_")) <= entities:
                yield path


def _units(told: Fields) -> tuple[str, float]:
    """The unit of the values."""
    text = re.sub(r"\s", "", str(told.get("Units", ""))).lower()
    found = _UNITS.get(text)
    if found is None:
        raise SuvError(
            "SUV_UNITS",
            "the unit of the stored values cannot be turned into SUVbw",
            expected="Units Bq/mL, kBq/mL, or SUV (g/ml) by body weight",
            found="another unit" if text else "nothing",
            todo="Correct Units in the JSON file, or give the DICOM series",
        )
    return found


def _require_body_weight(told: Fields) -> None:
    """Refuses SUV of another normalisation; DICOM's SUVType may be kept beside the unit ([D])."""
    if _text(told, "SUVType").upper() not in ("", "BW"):
        raise SuvError(
            "SUV_TYPE",
            "the JSON file beside the PET says that its SUV is not by body weight",
            expected="SUVType BW, or none",
            todo="Give the image as SUVbw or in Bq/ml, or give the DICOM series",
        )


def _require_attenuation(told: Fields) -> None:
    """Refuses values that are not told to be corrected for attenuation."""
    written = _text(told, *_ATTENUATION)
    if written.lower() in _ABSENT:
        raise SuvError(
            "SUV_ATTENUATION",
            "the JSON file beside the PET does not say that attenuation was corrected",
            expected=f"the method in {_ATTENUATION[0]}",
            found="none" if written else "nothing",
            todo="Give the attenuation-corrected image, or add the method to the JSON file",
        )


def _attributes(
    told: Fields, weight_kg: float | None
) -> tuple[SuvAttributes, float, tuple[str, ...]]:
    """What the rules need; the decay they cannot know of, from injection to reference; warnings."""
    times = _times(told)
    _require_attenuation(told)
    nuclide = by_meaning(written := _text(told, "TracerRadionuclide"))
    attributes = SuvAttributes(
        units="BQML",
        corrected=("ATTN",),
        dose_bq=_dose_bq(told),
        weight_kg=weight_kg,
        # [B] has no half-life, only the nuclide; none is missing.
        half_life_s=_number(told, "RadionuclideHalfLife") or HALF_LIVES_S.get(nuclide),
        nuclides=(nuclide,) if nuclide else (),
        # A nuclide that nobody knows is none that a tracer can stand in for.
        tracer=tracer_named(_text(told, "TracerName")) if nuclide or not written else "",
        injection=times.injection,
        frames=(times.frame,),
    )
    if times.corrected_to is None:
        return replace(attributes, decay_correction="NONE"), 1.0, ()
    # SUVbw = C w / (D exp(-lambda (t_corrected - t_injected))): the rule for values corrected to
    # the injection, times what decayed until the time they really were corrected to.
    corrected = replace(attributes, decay_correction="ADMIN", corrected=("ATTN", "DECY"))
    elapsed = (times.corrected_to - times.injection).total_seconds()
    if elapsed == 0:
        return corrected, 1.0, ()
    half_life, odd = half_life_s(attributes)
    most = longest_wait_s(half_life)
    if not -_EARLY_S <= elapsed <= most:
        raise _no_time(f"an injection less than {most / 3600:.3g} h before the scan")
    known = replace(corrected, half_life_s=half_life)
    return known, math.exp(math.log(2.0) * elapsed / half_life), odd


@dataclass(frozen=True)
class _Times:
    """Moments of a scan; `corrected_to` is None where decay was not corrected."""

    injection: datetime
    corrected_to: datetime | None
    frame: FrameTiming


def _times(told: Fields) -> _Times:
    """Injection, the time of decay correction, and the first frame."""
    if "ImageDecayCorrected" not in told and _text(told, "DecayCorrection") == "ADMIN":
        return _Times(_DAY, _DAY, FrameTiming())  # [D]: corrected to the injection
    injected, corrected = _number(told, "InjectionStart"), told.get("ImageDecayCorrected")
    if injected is None:
        raise _no_time("InjectionStart")
    if corrected not in (True, False):
        raise _no_time("ImageDecayCorrected true or false")
    start = _frame_start(told, bool(corrected))
    acquired = None if start is None else _moment(start)
    frame = FrameTiming(acquired, duration_s=_first(told, "FrameDuration"))
    if not corrected:
        return _Times(_moment(injected), None, frame)
    until = _number(told, "ImageDecayCorrectionTime")
    if until is None:
        raise _no_time("ImageDecayCorrectionTime")
    return _Times(_moment(injected), _moment(until), frame)


def _frame_start(told: Fields, is_corrected: bool) -> float | None:
    """When the first frame began, seconds after TimeZero; None where the scan's start is missing.

    [B]: FrameTimesStart counts from TimeZero, as ScanStart does. Many files have 0 in it for the
    start of the scan, wherever TimeZero is; or a frame before the scan. Then nobody knows which of
    the two was meant: refused where SUV hangs on it; else only the uptake is told from the scan.
    """
    scan, first = _number(told, "ScanStart"), _first(told, "FrameTimesStart")
    if scan is None or first is None:
        return scan
    is_near = abs(first - scan) <= _ROUNDING_S
    if is_near or (first > scan and first != 0):
        return first
    if is_corrected:
        return scan
    raise _no_time("FrameTimesStart after TimeZero, as ScanStart, and not before it")


def _moment(seconds: float) -> datetime:
    return _DAY + timedelta(seconds=seconds)


def _no_time(expected: str) -> SuvError:
    return SuvError(
        "SUV_TIME",
        "the JSON file beside the PET does not tell the times that decay needs",
        expected=expected,
        todo="Add it to the JSON file (seconds after TimeZero), or give the DICOM series",
    )


def _dose_bq(told: Fields) -> float | None:
    """The injected activity; refused in a unit that is not known."""
    dose = _number(told, "InjectedRadioactivity")
    if dose is None:
        return _number(told, "RadionuclideTotalDose")
    scale = _DOSE_BQ.get(_text(told, "InjectedRadioactivityUnits").lower())
    if scale is None:
        raise SuvError(
            "SUV_DOSE",
            "the unit of the injected activity is missing or not known",
            expected="InjectedRadioactivityUnits MBq, Bq, kBq, GBq, uCi or mCi",
            todo="Correct it in the JSON file",
        )
    return dose * scale


def _text(told: Fields, *names: str) -> str:
    """The first text of some names that is there."""
    values = (told.get(name) for name in names)
    return next((str(value).strip() for value in values if value not in (None, "")), "")


def _number(told: Fields, name: str) -> float | None:
    """A finite number; None where it is missing or none."""
    value = told.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _first(told: Fields, name: str) -> float | None:
    """The first number of a list."""
    values = told.get(name)
    return _number({name: values[0]}, name) if isinstance(values, list) and values else None
