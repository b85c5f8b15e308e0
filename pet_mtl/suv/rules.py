"""From stored PET values to SUVbw: pure arithmetic on a handful of attributes.

SUVbw = activity concentration * body weight / dose at the time the values stand for. Which
dose that is depends on Units, on DecayCorrection and, for START, on the decay reference time.
Whatever cannot be decided from the attributes is refused with an `SuvError`, never guessed.

Sources, cited below as
    [M]  M. Vácha et al., Comprehensive Manual for SUV Computation and Digital Reference Objects
    [C]  DICOM PS3.3, section C.8.9.1 (PET Series) and C.8.9.4 (PET Image), and C.8.9.2 (Isotope)
    [Q]  QIBA, FDG-PET/CT SUV Technical Committee, vendor-neutral pseudo-code
"""

import math
from collections.abc import Callable
from datetime import datetime

from pet_mtl.errors import SuvError
from pet_mtl.suv.attributes import FrameTiming, SuvAttributes, SuvFactor
from pet_mtl.suv.times import (
    DECAY_TOLERANCE,
    frame_decay,
    injection_before,
    no_time,
    reference_for_start,
)

DOSE_BQ = (1e6, 1e11)
WEIGHT_KG = (2.0, 500.0)
HALF_LIFE_S = (60.0, 5e7)
# Decay beyond ten half-lives leaves nothing to image: then a date or a unit is wrong.
MAX_HALF_LIVES = 10.0
# Defined terms of Units, CorrectedImage, SUVType and DecayCorrection ([C] C.8.9.1, C.8.9.2).
_CODES = frozenset(
    "CNTS NONE CM2 CM2ML PCNT CPS BQML MGMINML UMOLMINML MLMING MLG 1CM UMOLML PROPCNTS PROPCPS "
    "MLMINML MLML GML STDDEV DECY ATTN SCAT DTIM MOTN PMOT CLN RAN RADL DCAL NORM BSA BW LBM "
    "LBMJAMES128 LBMJANMA IBW START ADMIN".split()
)


def suv_factor(attributes: SuvAttributes) -> SuvFactor:
    """The factor from rescaled stored values to SUVbw.

    Args:
        attributes: What the series says.

    Returns:
        The factor, with its reference time and warnings.

    Raises:
        SuvError: SUV_ATTENUATION, SUV_UNITS, SUV_TYPE, SUV_DOSE, SUV_WEIGHT, SUV_HALF_LIFE,
            SUV_DECAY or SUV_TIME: computing it would need a guess.

    Source: [M] "Voxel values (P) and their unit"; [C] C.8.9.1.1.3 (Units).
    """
    _require_attenuation(attributes)
    rule = _RULES.get(attributes.units)
    if rule is None:
        raise SuvError(
            "SUV_UNITS",
            "the unit of the stored values cannot be turned into SUVbw",
            expected=f"Units (0054,1001) one of {', '.join(_RULES)}",
            found=_shown(attributes.units),
            todo="Export the series in Bq/ml (BQML) or as SUVbw (GML)",
        )
    return rule(attributes)


def _shown(value: str) -> str:
    """A coded value for a message; what is none of DICOM's codes may be anything, even a name."""
    return value if value in _CODES else ("another value" if value else "nothing")


def _require_attenuation(attributes: SuvAttributes) -> None:
    """Refuses values without attenuation correction ([C] C.8.9.2.1.2; [M] "Methods")."""
    if "ATTN" not in attributes.corrected:
        raise SuvError(
            "SUV_ATTENUATION",
            "the series is not marked as corrected for attenuation",
            expected="ATTN in CorrectedImage (0028,0051)",
            found=", ".join(_shown(c) for c in attributes.corrected) or "nothing",
            todo="Give the attenuation-corrected series",
        )


def _from_suv(attributes: SuvAttributes) -> SuvFactor:
    """Units GML: already SUV; [M] "Units = GML": body weight if SUVType is empty."""
    if attributes.suv_type not in ("", "BW"):
        raise SuvError(
            "SUV_TYPE",
            "the values are SUV of another normalisation than body weight",
            expected="SUVType (0054,1006) BW or empty",
            found=_shown(attributes.suv_type),
            todo="Export the series in Bq/ml (BQML) or as SUVbw",
        )
    return SuvFactor(1.0)


def _from_becquerel(attributes: SuvAttributes) -> SuvFactor:
    """Units BQML: [M] "Decay correction = ADMIN / START / NONE"; [C] C.8.9.1.1.5."""
    dose, weight = _dose_bq(attributes), _weight_kg(attributes)
    rule = _DECAY.get(attributes.decay_correction)
    marked = "DECY" in attributes.corrected
    if rule is None or marked == (attributes.decay_correction == "NONE"):
        raise SuvError(
            "SUV_DECAY",
            "it is unclear to what time the values were corrected for decay",
            expected="DecayCorrection START or ADMIN with DECY in CorrectedImage, or NONE without",
            found=f"{_shown(attributes.decay_correction)}, DECY {'' if marked else 'not '}listed",
            todo="Correct the attributes at the source, or export the series as SUVbw (GML)",
        )
    result = rule(attributes, 1000.0 * weight / dose)
    return SuvFactor(
        result.factor,
        result.reference_time,
        _body_warnings(attributes, weight) + result.warnings,
        result.slice_weights,
    )


def _dose_bq(attributes: SuvAttributes) -> float:
    """[M] "Radiopharmaceutical dose": often in MBq; the number alone does not prove it."""
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
            found="nothing" if dose is None else f"{dose:g}",
            todo="Write the dose in Bq into the series (370 MBq is 370000000)",
        )
    return dose


def _weight_kg(attributes: SuvAttributes) -> float:
    """[M] "Patient's weight": "present and != 0. Otherwise, SUV can't be computed"."""
    weight = attributes.weight_kg
    if weight is None or not WEIGHT_KG[0] <= weight <= WEIGHT_KG[1]:
        raise SuvError(
            "SUV_WEIGHT",
            "the body weight is missing or cannot be in kg",
            expected=f"PatientWeight (0010,1030) of {WEIGHT_KG[0]:g} to {WEIGHT_KG[1]:g} kg",
            found="nothing" if weight is None else f"{weight:g}",
            todo="Write the weight in kg into the series",
        )
    return weight


def _half_life_s(attributes: SuvAttributes) -> float:
    """[M] "Radiopharmaceutical half-life": in seconds; all real series carry it."""
    half_life = attributes.half_life_s
    if half_life is None or not HALF_LIFE_S[0] <= half_life <= HALF_LIFE_S[1]:
        raise SuvError(
            "SUV_HALF_LIFE",
            "the half-life of the radionuclide is missing or cannot be in seconds",
            expected=f"RadionuclideHalfLife (0018,1075) of {HALF_LIFE_S[0]:g} s or more",
            found="nothing" if half_life is None else f"{half_life:g}",
            todo="Write the half-life in seconds into the series (F-18: 6586.2)",
        )
    return half_life


def _body_warnings(attributes: SuvAttributes, weight: float) -> tuple[str, ...]:
    """Weight and height that hardly belong to one body ([M]: both are typed by hand)."""
    height = attributes.height_m
    if not height or 8 <= weight / height**2 <= 90:
        return ()
    return ("SUV_BODY: PatientWeight and PatientSize hardly belong to one body; check the weight",)


def _corrected_to_injection(attributes: SuvAttributes, per_bq: float) -> SuvFactor:
    """[M] "Decay correction = ADMIN": SUVbw = m P W / D, no further correction."""
    time_ = attributes.injection.isoformat() if attributes.injection else ""
    return SuvFactor(per_bq, time_)


def _corrected_to_start(attributes: SuvAttributes, per_bq: float) -> SuvFactor:
    """[M] "Decay correction = START": SUVbw = m P W / (D exp(-lambda (t_ref - t_adm)))."""
    decay_per_s = math.log(2.0) / _half_life_s(attributes)
    reference, warnings = reference_for_start(attributes, decay_per_s)
    elapsed = _elapsed_s(attributes, reference, decay_per_s)
    witness = _decay_factor_warning(attributes.frames, reference, decay_per_s)
    return SuvFactor(
        per_bq * math.exp(decay_per_s * elapsed), reference.isoformat(), warnings + witness
    )


def _not_corrected(attributes: SuvAttributes, per_bq: float) -> SuvFactor:
    """[M] "Decay correction = NONE": each slice by its own start and duration.

    SUVbw = m P W / D * lambda T / (1 - exp(-lambda T)) * exp(lambda (t_acq - t_adm))
    """
    decay_per_s = math.log(2.0) / _half_life_s(attributes)
    factors = [per_bq * _undecayed(attributes, f, decay_per_s) for f in attributes.frames]
    starts = [frame.acquired for frame in attributes.frames if frame.acquired]
    if not factors:
        raise no_time("AcquisitionTime")
    weights = tuple(factor / factors[0] for factor in factors)
    varies = any(not math.isclose(weight, 1.0, rel_tol=1e-12) for weight in weights)
    warning = "SUV_DECAY_PER_SLICE: not corrected for decay; each slice has its own factor"
    return SuvFactor(
        factors[0],
        min(starts).isoformat(),
        (warning,) if varies else (),
        weights if varies else (),
    )


def _undecayed(attributes: SuvAttributes, frame: FrameTiming, decay_per_s: float) -> float:
    """How much higher the slice would be, had nothing decayed since the injection."""
    if frame.acquired is None or not frame.duration_s:
        raise no_time("AcquisitionTime or ActualFrameDuration")
    elapsed = _elapsed_s(attributes, frame.acquired, decay_per_s)
    return frame_decay(frame.duration_s, decay_per_s) * math.exp(decay_per_s * elapsed)


def _elapsed_s(attributes: SuvAttributes, until: datetime, decay_per_s: float) -> float:
    """Seconds from injection to `until`, refused if no patient can have waited so long."""
    injection = injection_before(attributes, until)
    elapsed = (until - injection).total_seconds()
    if elapsed < 0 or elapsed * decay_per_s > MAX_HALF_LIVES * math.log(2.0):
        raise SuvError(
            "SUV_TIME",
            "injection and scan do not fit together",
            expected=f"an injection less than {MAX_HALF_LIVES:g} half-lives before the scan",
            found=f"{elapsed / 3600:.2f} h between injection and decay reference time",
            todo="Correct RadiopharmaceuticalStartDateTime (0018,1078) or StartTime (0018,1072)",
        )
    return elapsed


def _decay_factor_warning(
    frames: tuple[FrameTiming, ...], reference: datetime, decay_per_s: float
) -> tuple[str, ...]:
    """Holds DecayFactor of the earliest slice against the reference time ([C] C.8.9.4.1.8)."""
    told = [f for f in frames if f.acquired and f.decay_factor and f.decay_factor > 0]
    if not told:
        return ()
    first = min(told, key=lambda f: (f.acquired, f.decay_factor))
    if first.acquired is None or first.decay_factor is None:
        return ()
    since = (first.acquired - reference).total_seconds()
    expected = math.exp(decay_per_s * since) * frame_decay(first.duration_s or 0.0, decay_per_s)
    if abs(math.log(first.decay_factor / expected)) <= DECAY_TOLERANCE:
        return ()
    return (
        f"SUV_DECAY_FACTOR: DecayFactor {first.decay_factor:g} of the earliest slice does not fit "
        f"the decay reference time ({expected:.5f} expected)",
    )


# How each unit and each decay correction becomes SUVbw; further ones slot in here.
_RULES: dict[str, Callable[[SuvAttributes], SuvFactor]] = {
    "BQML": _from_becquerel,
    "GML": _from_suv,
}
_DECAY: dict[str, Callable[[SuvAttributes, float], SuvFactor]] = {
    "START": _corrected_to_start,
    "ADMIN": _corrected_to_injection,
    "NONE": _not_corrected,
}
