"""What is unusual for an FDG study but not wrong: told as warnings.

Source of the limits: Boellaard et al., EANM procedure guidelines for tumour imaging, version 2.0,
doi:10.1007/s00259-014-2961-x: FDG, an uptake of 60 min, and doses around 3 to 7 MBq/kg.
"""

from datetime import datetime, timedelta

from pet_mtl.suv.attributes import SuvAttributes
from pet_mtl.suv.nuclides import HALF_LIVES_S, TOLERANCE, longest_wait_s
from pet_mtl.suv.times import LONGEST_SERIES, nearest_day

UPTAKE_MIN = (45.0, 90.0)
# Of F-18, per body weight; children are given more of it than adults.
F18_MBQ_PER_KG = (1.0, 15.0)
# Of any nuclide: from Zr-89 (some 40 MBq) to Rb-82 and O-15 (a few GBq).
MBQ_PER_KG = (0.2, 100.0)


def oddities(attributes: SuvAttributes) -> tuple[str, ...]:
    """What is unusual about tracer and uptake time, whatever the unit.

    Args:
        attributes: What the series says.

    Returns:
        Warnings, each starting with a stable code.
    """
    found: tuple[str, ...] = ()
    if attributes.tracer == "other" or (attributes.nuclides and "F-18" not in attributes.nuclides):
        found += ("SUV_TRACER: the tracer is not known as FDG",)
    minutes = uptake_min(attributes)
    if minutes is not None and not UPTAKE_MIN[0] <= minutes <= UPTAKE_MIN[1]:
        found += (
            f"SUV_UPTAKE_TIME: {minutes:.0f} min from injection to scan, outside "
            f"{UPTAKE_MIN[0]:g} to {UPTAKE_MIN[1]:g} min",
        )
    return found


def odd_dose(attributes: SuvAttributes, dose_bq: float, weight_kg: float) -> tuple[str, ...]:
    """A dose that is possible but hardly given.

    Args:
        attributes: What the series says, with the half-life that counts.
        dose_bq: The dose.
        weight_kg: The body weight.

    Returns:
        Warnings.
    """
    half_life, f18 = attributes.half_life_s, HALF_LIVES_S["F-18"]
    limits = F18_MBQ_PER_KG if _near(half_life or f18, f18) else MBQ_PER_KG
    per_kg = dose_bq / 1e6 / weight_kg
    if limits[0] <= per_kg <= limits[1]:
        return ()
    return (
        f"SUV_DOSE_ODD: {per_kg:.3g} MBq a kg of body weight; {limits[0]:g} to {limits[1]:g} usual",
    )


def _near(one: float, other: float) -> bool:
    return abs(one / other - 1) <= TOLERANCE


def uptake_min(attributes: SuvAttributes) -> float | None:
    """Minutes from injection to the start of the scan.

    Where no decay correction is needed, times may be missing or their dates shifted; that is
    no fault of the uptake.

    Args:
        attributes: What the series says.

    Returns:
        Minutes; None where the times make no sense.
    """
    scan = _scan_start(attributes)
    if scan is None:
        return None
    injection = attributes.injection
    if attributes.injection_zoned:
        injection = None
    if injection is None and attributes.injection_time is not None:
        injection = nearest_day(attributes.injection_time, scan)
    if injection is None:
        return None
    elapsed = (scan - injection).total_seconds()
    half_life = attributes.half_life_s or HALF_LIVES_S["F-18"]
    return elapsed / 60.0 if 0 <= elapsed <= longest_wait_s(half_life) else None


def _scan_start(attributes: SuvAttributes) -> datetime | None:
    """SeriesTime, or the earliest acquisition where a post-processing wrote a later SeriesTime.

    The slices at hand may be of a late bed only, so the series comes first.
    """
    starts = [frame.acquired for frame in attributes.frames if frame.acquired]
    earliest = min(starts) if starts else attributes.series
    series = attributes.series
    if earliest is None or series is None:
        return earliest
    return series if timedelta() <= earliest - series <= LONGEST_SERIES else earliest
