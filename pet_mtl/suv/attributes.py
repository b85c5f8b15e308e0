"""What a PET series says that matters for SUV, and what comes of it."""

from dataclasses import dataclass
from datetime import datetime, time


@dataclass(frozen=True)
class FrameTiming:
    """When one slice was measured.

    Attributes:
        acquired: Start of the acquisition (AcquisitionDate and Time), or None.
        reference_s: FrameReferenceTime in seconds, or None.
        duration_s: ActualFrameDuration in seconds, or None.
        decay_factor: DecayFactor (0054,1321), or None.
    """

    acquired: datetime | None = None
    reference_s: float | None = None
    duration_s: float | None = None
    decay_factor: float | None = None


@dataclass(frozen=True)
class SuvAttributes:
    """What a PET series says that matters for SUV; None or empty where it says nothing.

    Attributes:
        units: Units (0054,1001).
        suv_type: SUVType (0054,1006).
        corrected: Values of CorrectedImage (0028,0051).
        attenuation_denied: Whether AttenuationCorrectionMethod (0054,1101) says there was none.
        decay_correction: DecayCorrection (0054,1102).
        injections: Items of RadiopharmaceuticalInformationSequence (0054,0016).
        dose_bq: RadionuclideTotalDose (0018,1074), as stored; Bq by the standard.
        weight_kg: PatientWeight (0010,1030), as stored; kg by the standard.
        height_m: PatientSize (0010,1020), as stored; m by the standard.
        sex: PatientSex (0010,0040): "M", "F", "O", or "" for anything else.
        half_life_s: RadionuclideHalfLife (0018,1075).
        nuclides: What RadionuclideCodeSequence (0054,0300) names, of `pet_mtl.suv.nuclides`.
        tracer: "FDG", "other", or "" where no radiopharmaceutical is named.
        injection: RadiopharmaceuticalStartDateTime (0018,1078), local clock.
        injection_zoned: Whether `injection` bears an offset from UTC that nothing relates to the
            clock of the other times.
        injection_time: RadiopharmaceuticalStartTime (0018,1072).
        series: SeriesDate and SeriesTime.
        ge_scan: GE private PET scan_datetime (0009,100D).
        philips_suv: Philips private SUV Scale Factor (7053,1000).
        philips_activity: Philips private Activity Concentration Scale Factor (7053,1009).
        frames: Timing of each slice, in the order of the volume.
    """

    units: str = ""
    suv_type: str = ""
    corrected: tuple[str, ...] = ()
    attenuation_denied: bool = False
    decay_correction: str = ""
    injections: int = 1
    dose_bq: float | None = None
    weight_kg: float | None = None
    height_m: float | None = None
    sex: str = ""
    half_life_s: float | None = None
    nuclides: tuple[str, ...] = ()
    tracer: str = ""
    injection: datetime | None = None
    injection_zoned: bool = False
    injection_time: time | None = None
    series: datetime | None = None
    ge_scan: datetime | None = None
    philips_suv: float | None = None
    philips_activity: float | None = None
    frames: tuple[FrameTiming, ...] = ()


@dataclass(frozen=True)
class SuvFactor:
    """How rescaled values become SUVbw.

    Attributes:
        factor: SUVbw (g/ml) per rescaled unit, e.g. per Bq/ml.
        reference_time: ISO 8601 time the dose was decayed to, or "" where none was needed.
        warnings: What was odd but not wrong, each starting with a stable code.
        slice_weights: Further factor of each slice; empty where all are 1.
        rule: Which rule gave the factor, in a few words.
    """

    factor: float
    reference_time: str = ""
    warnings: tuple[str, ...] = ()
    slice_weights: tuple[float, ...] = ()
    rule: str = ""
