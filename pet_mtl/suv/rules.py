"""From stored PET values to SUVbw: pure arithmetic on a handful of attributes.

SUVbw = activity concentration * body weight / dose at the time the values stand for. Which
dose that is depends on Units, on DecayCorrection and, for START, on the decay reference time.
Whatever cannot be decided from the attributes is refused with an `SuvError`, never guessed.

Sources, cited here and in the other modules as
    [M]  M. Vácha et al., Comprehensive Manual for SUV Computation and Digital Reference Objects
    [C]  DICOM PS3.3, section C.8.9.1 (PET Series) and C.8.9.4 (PET Image), and C.8.9.2 (Isotope)
    [Q]  QIBA, FDG-PET/CT SUV Technical Committee, vendor-neutral pseudo-code
    [P]  Philips DICOM conformance statements, private attributes (7053,1000) and (7053,1009)
"""

import dataclasses
import math
from collections.abc import Callable

from pet_mtl.errors import SuvError
from pet_mtl.suv.attributes import SuvAttributes, SuvFactor
from pet_mtl.suv.body import body_of, per_suvbw, weight_kg
from pet_mtl.suv.codes import shown
from pet_mtl.suv.decay import decayed
from pet_mtl.suv.nuclides import half_life_s
from pet_mtl.suv.oddities import odd_dose, oddities
from pet_mtl.suv.times import plausible

DOSE_BQ = (1e6, 1e11)
_LIKE_MBQ = (20.0, 3000.0)
# Two ways to one factor may differ by the rounding of factors, times and dose.
_SAME_FACTOR = 0.02
# [C] C.8.9.1.1.3.1: of each SUVType the normalisation; [M] "Units = GML": BW if empty.
_GML_TYPES = {
    "": "bw",
    "BW": "bw",
    "LBM": "lbm-morgan",
    "LBMJAMES128": "lbm",
    "LBMJANMA": "lbm-janma",
    "IBW": "ibw",
    "BSA": "bsa",
}


def suv_factor(attributes: SuvAttributes) -> SuvFactor:
    """The factor from rescaled stored values to SUVbw.

    Args:
        attributes: What the series says.

    Returns:
        The factor, with its reference time and warnings.

    Raises:
        SuvError: SUV_ATTENUATION, SUV_UNITS, SUV_TYPE, SUV_DOSE, SUV_WEIGHT, SUV_HEIGHT, SUV_SEX,
            SUV_BODY, SUV_HALF_LIFE, SUV_DECAY or SUV_TIME: computing it would need a guess.

    Source: [M] "Voxel values (P) and their unit"; [C] C.8.9.1.1.3 (Units).
    """
    _require_attenuation(attributes)
    rule = _RULES.get(attributes.units)
    if rule is None:
        raise SuvError(
            "SUV_UNITS",
            "the unit of the stored values cannot be turned into SUVbw",
            expected=f"Units (0054,1001) one of {', '.join(_RULES)}",
            found=shown(attributes.units),
            todo="Export the series in Bq/ml (BQML) or as SUVbw (GML)",
        )
    frames = tuple(plausible(frame) for frame in attributes.frames)
    attributes = dataclasses.replace(attributes, frames=frames)
    found = rule(attributes)
    return dataclasses.replace(
        found,
        warnings=found.warnings + oddities(attributes),
        rule=f"{attributes.units}: {found.rule}",
    )


def _require_attenuation(attributes: SuvAttributes) -> None:
    """Refuses values without attenuation correction ([C] C.8.9.2.1.2; [M] "Methods")."""
    if "ATTN" not in attributes.corrected:
        raise SuvError(
            "SUV_ATTENUATION",
            "the series is not marked as corrected for attenuation",
            expected="ATTN in CorrectedImage (0028,0051)",
            found=", ".join(shown(c) for c in attributes.corrected) or "nothing",
            todo="Give the attenuation-corrected series",
        )
    if attributes.attenuation_denied:
        raise SuvError(
            "SUV_ATTENUATION",
            "the series contradicts itself on whether it was corrected for attenuation",
            expected="ATTN in CorrectedImage (0028,0051), and a method of it if any is named",
            found="ATTN, and AttenuationCorrectionMethod (0054,1101) NONE",
            todo="Give the attenuation-corrected series, or correct the wrong attribute",
        )


def _from_suv(attributes: SuvAttributes) -> SuvFactor:
    """Units GML: already SUV; [M] "Units = GML": to SUVbw by weight over the normalisation."""
    normalisation = _GML_TYPES.get(attributes.suv_type)
    if normalisation is None:
        raise _unknown_type(attributes, ", ".join(name for name in _GML_TYPES if name))
    found = _renormalised(attributes, normalisation)
    if normalisation == "bsa":
        # Of this type the standard knows one unit, cm2/ml, so the value is not in doubt.
        odd = "SUV_UNITS_TYPE: SUVType BSA with Units GML; the values were taken as cm2/ml"
        return dataclasses.replace(found, warnings=(*found.warnings, odd))
    return found


def _from_surface(attributes: SuvAttributes) -> SuvFactor:
    """Units CM2ML: SUVbsa; [M] "Units = CM2ML": SUVbw = m P W 10^3 / (BSA 10^4)."""
    if attributes.suv_type not in ("", "BSA"):
        raise _unknown_type(attributes, "BSA, as Units is CM2ML")
    return _renormalised(attributes, "bsa")


def _renormalised(attributes: SuvAttributes, normalisation: str) -> SuvFactor:
    """SUV of some normalisation to SUVbw."""
    ratio, warnings = per_suvbw(normalisation, body_of(attributes))
    if normalisation == "bw":
        return SuvFactor(1.0, rule="SUVbw as stored")
    grams = weight_kg(attributes)[1]
    return SuvFactor(1.0 / ratio, "", grams + warnings, rule=f"SUV {normalisation} to SUVbw")


def _unknown_type(attributes: SuvAttributes, expected: str) -> SuvError:
    return SuvError(
        "SUV_TYPE",
        "the values are SUV of an unknown normalisation, or of one that does not fit the unit",
        expected=f"SUVType (0054,1006) empty or {expected}",
        found=shown(attributes.suv_type),
        todo="Export the series in Bq/ml (BQML) or as SUVbw (GML)",
    )


def _from_counts(attributes: SuvAttributes) -> SuvFactor:
    """Units CNTS: [M] "Units = CNTS"; [P]: first the SUV factor, then the activity factor.

    A factor of 0 says that the values cannot be converted by it. Counts without a factor are
    refused: whether they are calibrated and what was corrected is not told.
    """
    suv, activity = (
        factor if factor and 0 < factor < math.inf else None
        for factor in (attributes.philips_suv, attributes.philips_activity)
    )
    if suv is not None:
        odd = _scale_factors_warning(attributes, suv, activity)
        if attributes.decay_correction == "NONE":
            odd += ("SUV_DECAY_NONE: counts not corrected for decay; Philips' factor was taken",)
        return SuvFactor(suv, "", odd, rule="Philips SUV factor")
    if activity is None:
        raise SuvError(
            "SUV_UNITS",
            "the values are counts without a factor to SUV or Bq/ml",
            expected="Philips private (7053,1000) or (7053,1009) above 0 with Units CNTS",
            found="CNTS and neither of them",
            todo="Export the series in Bq/ml, or from the archive with its private attributes",
        )
    found = _from_becquerel(attributes)
    return dataclasses.replace(
        found, factor=activity * found.factor, rule=f"Philips activity factor, {found.rule}"
    )


def _scale_factors_warning(
    attributes: SuvAttributes, suv: float, activity: float | None
) -> tuple[str, ...]:
    """Holds Philips' two factors against each other, where dose and times allow."""
    if activity is None:
        return ()
    try:
        found = _from_becquerel(attributes)
    except SuvError:
        return ()
    other = activity * found.factor
    if found.slice_weights or abs(other / suv - 1) <= _SAME_FACTOR:
        return ()
    return (
        f"SUV_SCALE_FACTORS: the SUV factor is {suv:g}, but {other:g} by activity factor, dose and "
        "weight; the SUV factor was taken",
    )


def _from_becquerel(attributes: SuvAttributes) -> SuvFactor:
    """Units BQML: [M] "Units = BQML": SUVbw = m P W / D, D at the time the values stand for."""
    dose = _dose_bq(attributes)
    weight, odd_weight = weight_kg(attributes)
    odd: tuple[str, ...] = ()
    if attributes.decay_correction != "ADMIN":
        half_life, odd = half_life_s(attributes)
        attributes = dataclasses.replace(attributes, half_life_s=half_life)
    found = decayed(attributes, 1000.0 * weight / dose)
    odd = odd_weight + found.warnings + odd + odd_dose(attributes, dose, weight)
    return dataclasses.replace(found, warnings=odd)


def _dose_bq(attributes: SuvAttributes) -> float:
    """[M] "Radiopharmaceutical dose": Bq in the PET IOD ([C] C.8.9.2), but MBq in many files.

    The manual tells the unit by the number. The number alone does not prove it (37 may be MBq or
    mCi), so one that cannot be Bq is refused.
    """
    dose = attributes.dose_bq
    if attributes.injections > 1:
        raise SuvError(
            "SUV_DOSE",
            "several radiopharmaceuticals were given",
            expected="one item in RadiopharmaceuticalInformationSequence (0054,0016)",
            found=str(attributes.injections),
            todo="SUV of a multi-tracer study is not defined; leave it out",
        )
    if dose is None or not DOSE_BQ[0] <= dose <= DOSE_BQ[1]:
        raise SuvError(
            "SUV_DOSE",
            "the injected dose is missing or cannot be in Bq",
            expected=f"RadionuclideTotalDose (0018,1074) of {DOSE_BQ[0]:.0e} to {DOSE_BQ[1]:.0e}",
            found="nothing" if dose is None else f"{dose:g}{_hint(dose)}",
            todo="Write the dose in Bq into the series (370 MBq is 370000000)",
        )
    return dose


def _hint(dose: float) -> str:
    """What a dose that is not in Bq looks like; [M]: around 4e2 in the files that hold MBq."""
    return ", as if in MBq" if _LIKE_MBQ[0] <= dose <= _LIKE_MBQ[1] else ""


# How each unit becomes SUVbw; further ones slot in here.
_RULES: dict[str, Callable[[SuvAttributes], SuvFactor]] = {
    "BQML": _from_becquerel,
    "GML": _from_suv,
    "CM2ML": _from_surface,
    "CNTS": _from_counts,
}
