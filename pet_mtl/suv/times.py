"""When the injection was, and to what time the values were corrected for decay.

Sources: [M], [C] and [Q] as in `pet_mtl.suv.rules`.
"""

import math
from datetime import datetime, time, timedelta
from typing import NamedTuple

from pet_mtl.errors import SuvError
from pet_mtl.suv.attributes import FrameTiming, SuvAttributes
from pet_mtl.suv.nuclides import SAME_DAY_S, longest_wait_s
from pet_mtl.suv.witness import DECAY_TOLERANCE, contradiction, frame_decay

# SeriesTime is often rounded to whole seconds, AcquisitionTime is not.
_ROUNDING = timedelta(seconds=1)
_CLOCK_TOLERANCE_S = 60.0
_DAY_S = 86400.0
_LONGEST_S = 1e6
# A series starts hours before its last bed at most; more means that a date was shifted.
LONGEST_SERIES = timedelta(hours=12)
# An injection at 00:00:00 longer before the scan was not at midnight: its time was removed.
_MIDNIGHT_WAIT_S = 3 * 3600.0


_FROM_GE = "SUV_REFERENCE_TIME: from GE's scan_datetime, not SeriesTime"
_FROM_WITNESS = "SUV_REFERENCE_TIME: from AcquisitionTime and DecayFactor, not SeriesTime"
_BACK_COMPUTED = "SUV_REFERENCE_TIME: back-computed from FrameReferenceTime, not SeriesTime"


class Reference(NamedTuple):
    """The moment the values were corrected for decay to.

    Attributes:
        moment: The moment.
        source: The attribute it comes from.
        warnings: What was odd.
    """

    moment: datetime
    source: str
    warnings: tuple[str, ...] = ()


def plausible(frame: FrameTiming) -> FrameTiming:
    """The same without numbers that no scan has: below 0, above eleven days, not numbers.

    Args:
        frame: As the header has it.

    Returns:
        A frame whose numbers can be reckoned with.
    """
    reference, duration, factor = (
        value if value is not None and 0 <= value <= _LONGEST_S else None
        for value in (frame.reference_s, frame.duration_s, frame.decay_factor)
    )
    return FrameTiming(frame.acquired, reference, duration, factor or None)


def nearest_day(clock: time, anchor: datetime) -> datetime:
    """The moment within twelve hours of `anchor` at which a clock shows `clock`.

    Args:
        clock: Time of day without a date.
        anchor: A moment known to be near.

    Returns:
        Date and time; on the day before or after where midnight lies between.

    >>> nearest_day(time(0, 10), datetime(2020, 1, 1, 23, 50))
    datetime.datetime(2020, 1, 2, 0, 10)
    """
    moment = datetime.combine(anchor.date(), clock)
    half_day, day = timedelta(hours=12), timedelta(days=1)
    # Dates at the ends of the calendar (00010101) are written where they were removed.
    if moment - anchor > half_day and moment - datetime.min >= day:
        return moment - day
    if anchor - moment > half_day and datetime.max - moment >= day:
        return moment + day
    return moment


def injection_before(attributes: SuvAttributes, until: datetime) -> datetime:
    """The moment of injection.

    RadiopharmaceuticalStartDateTime counts; StartTime alone is taken on the day of `until`, or
    the day before where the scan passed midnight ([M] "Radiopharmaceutical start time"). More than
    twelve hours before, the clocks do not fit rather than that midnight lay between.

    Args:
        attributes: What the series says.
        until: The moment the dose is decayed to.

    Returns:
        The injection, not checked against `until` where its date is given.

    Raises:
        SuvError: SUV_TIME; neither is given, they contradict each other, the nuclide lives so
            long that a time without a date says nothing, or the time is just after `until`.
            SUV_TIMEZONE; StartDateTime alone, of a time zone that may not be that of the scan.
    """
    if attributes.injection is not None:
        if attributes.injection_zoned and attributes.injection_time is None:
            raise _lone_zone()
        _require_same_clock(attributes.injection, attributes.injection_time)
        return attributes.injection
    if attributes.injection_time is None:
        raise no_time("RadiopharmaceuticalStartDateTime (0018,1078) or StartTime (0018,1072)")
    # Nuclides that are imaged on later days (Cu-64, Zr-89, I-124) need the date of injection.
    if (attributes.half_life_s or 0.0) > SAME_DAY_S[1]:
        raise no_time("RadiopharmaceuticalStartDateTime (0018,1078), as the nuclide lives for days")
    moment = datetime.combine(until.date(), attributes.injection_time)
    if moment <= until:
        return moment
    if moment - until < timedelta(hours=12):
        raise _injected_later(moment - until)
    if moment - datetime.min < timedelta(days=1):
        raise no_time("a date that is not at the end of the calendar")
    return moment - timedelta(days=1)


def elapsed_s(attributes: SuvAttributes, until: datetime, half_life: float) -> float:
    """Seconds from the injection to `until`.

    Args:
        attributes: What the series says.
        until: The moment the dose is decayed to.
        half_life: Of the nuclide, in seconds.

    Returns:
        The seconds.

    Raises:
        SuvError: SUV_TIME; as `injection_before`, or no patient can have waited so long.
            SUV_TIMEZONE.
    """
    injection = injection_before(attributes, until)
    elapsed = (until - injection).total_seconds()
    most = longest_wait_s(half_life)
    if injection.time() == time() and elapsed > _MIDNIGHT_WAIT_S:
        raise _apart("an injection that is not at 00:00:00, as where the time was removed", elapsed)
    if not 0 <= elapsed <= most:
        raise _apart(f"an injection less than {most / 3600:.3g} h before the scan", elapsed)
    return elapsed


def _apart(expected: str, elapsed: float) -> SuvError:
    """The refusal of an injection that lies where none can have been."""
    return SuvError(
        "SUV_TIME",
        "injection and scan do not fit together",
        expected=expected,
        found=f"{elapsed / 3600:.2f} h between injection and decay reference time",
        todo="Correct RadiopharmaceuticalStartDateTime (0018,1078) or StartTime (0018,1072)",
    )


def _lone_zone() -> SuvError:
    """The refusal of an offset from UTC that says nothing of the clock of the scan."""
    return SuvError(
        "SUV_TIMEZONE",
        "the time of injection bears an offset from UTC, and the zone of the scan's clock is not "
        "told",
        expected="TimezoneOffsetFromUTC (0008,0201), or StartTime (0018,1072) beside StartDateTime",
        found="neither of them",
        todo="Add one of them at the source, or write StartDateTime (0018,1078) without an offset",
    )


def _injected_later(gap: timedelta) -> SuvError:
    """The refusal of an injection after what it made visible."""
    return SuvError(
        "SUV_TIME",
        "the time of injection, given without a date, is after the decay reference time",
        expected="an injection at most twelve hours before",
        found=f"{gap.total_seconds():.0f} s after",
        todo="Correct RadiopharmaceuticalStartTime (0018,1072), or give "
        "RadiopharmaceuticalStartDateTime (0018,1078)",
    )


def _require_same_clock(moment: datetime, clock: time | None) -> None:
    """Refuses a StartDateTime and a StartTime that differ in the time of day."""
    if clock is None:
        return
    gap = abs((moment - datetime.combine(moment.date(), clock)).total_seconds())
    if min(gap, _DAY_S - gap) > _CLOCK_TOLERANCE_S:
        raise SuvError(
            "SUV_TIME",
            "the two times of injection contradict each other",
            expected="StartDateTime (0018,1078) and StartTime (0018,1072) of the same time of day",
            found=f"{min(gap, _DAY_S - gap):.0f} s apart",
            todo="Correct the wrong one at the source",
        )


def reference_for_start(attributes: SuvAttributes, decay_per_s: float) -> Reference:
    """The moment that DecayCorrection START refers to.

    SeriesDate and SeriesTime, unless later than the earliest acquisition (then a post-processing
    overwrote them); then GE's private scan_datetime; then back-computation.

    Args:
        attributes: What the series says.
        decay_per_s: Decay constant of the nuclide.

    Returns:
        The moment, where it comes from, and warnings.

    Raises:
        SuvError: SUV_TIME; it cannot be told, or differs between slices.

    Source: [Q]; [M] "Determining the reference time", option A; [C] C.8.9.1.1.5.
    """
    starts = [frame.acquired for frame in attributes.frames if frame.acquired is not None]
    if not starts or len(starts) < len(attributes.frames):
        raise no_time("AcquisitionDate (0008,0022) and AcquisitionTime (0008,0032) of each slice")
    earliest = min(starts)
    told = [
        Reference(moment, source, warnings)
        for moment, source, warnings in (
            (attributes.series, "SeriesTime", ()),
            (attributes.ge_scan, "GE scan_datetime", (_FROM_GE,)),
        )
        if moment is not None and moment - earliest <= _ROUNDING
    ]
    if told:
        return _likelier(told, attributes.frames, earliest, decay_per_s)
    by_witness = _by_decay_factor(attributes.frames, decay_per_s)
    if by_witness is not None:
        return Reference(by_witness, "AcquisitionTime and DecayFactor", (_FROM_WITNESS,))
    moment = _back_computed(attributes.frames, decay_per_s)
    return Reference(moment, "FrameReferenceTime", (_BACK_COMPUTED,))


def _likelier(
    told: list[Reference],
    frames: tuple[FrameTiming, ...],
    earliest: datetime,
    decay_per_s: float,
) -> Reference:
    """The first reference that DecayFactor does not contradict, or simply the first."""
    fitting = [one for one in told if not contradiction(frames, one.moment, decay_per_s)]
    chosen = (fitting or told)[0]
    _require_near(chosen.moment, earliest)
    apart_s = abs((told[0].moment - told[-1].moment).total_seconds())
    if apart_s * decay_per_s <= DECAY_TOLERANCE or chosen.warnings:
        return chosen
    warning = (
        f"SUV_REFERENCE_TIME: GE's scan_datetime is {apart_s:.0f} s off SeriesTime, which was taken"
    )
    return chosen._replace(warnings=(warning,))


def _require_near(moment: datetime, earliest: datetime) -> None:
    """Refuses a series time that lies too far before its own acquisitions."""
    if earliest - moment > LONGEST_SERIES:
        hours = (earliest - moment).total_seconds() / 3600
        raise SuvError(
            "SUV_TIME",
            "series and acquisition do not fit together",
            expected="a SeriesTime within 12 h before the earliest AcquisitionTime",
            found=f"{hours:.1f} h between them",
            todo="Correct SeriesDate and AcquisitionDate at the source",
        )


def _by_decay_factor(frames: tuple[FrameTiming, ...], decay_per_s: float) -> datetime | None:
    """The reference time where all slices bear the AcquisitionTime of the first bed, as GE writes.

    FrameReferenceTime runs on from bed to bed then, and back-computation would be wrong. Where
    DecayFactor of every slice is that of FrameReferenceTime after the reference, with a slice at
    0, the reference is the start of that slice: its AcquisitionTime.
    """
    moments = {frame.acquired for frame in frames}
    if len(moments) > 1 or len({frame.reference_s for frame in frames}) < 2:
        return None
    if min(frame.reference_s or 0.0 for frame in frames) != 0:
        return None
    for frame in frames:
        if frame.reference_s is None or not frame.duration_s or not frame.decay_factor:
            return None
        expected = math.log(frame_decay(frame.duration_s, decay_per_s))
        expected += decay_per_s * frame.reference_s
        if abs(math.log(frame.decay_factor) - expected) > DECAY_TOLERANCE:
            return None
    return moments.pop()


def _back_computed(frames: tuple[FrameTiming, ...], decay_per_s: float) -> datetime:
    """[M] option A, item 4: t_ref = t_acq + T_ave - FrameReferenceTime, the same for all slices."""
    if any(frame.reference_s is None or not frame.duration_s for frame in frames):
        raise no_time("FrameReferenceTime and ActualFrameDuration, as SeriesTime was overwritten")
    # A first frame at 0 can only mean that the vendor counts to the start of each frame and
    # not to its mean ([C] C.8.9.4.1.5 allows both in practice).
    from_start = min(frame.reference_s or 0.0 for frame in frames) == 0
    moments = [_reference_of(frame, decay_per_s, from_start) for frame in frames]
    spread = (max(moments) - min(moments)).total_seconds() * decay_per_s
    if spread > DECAY_TOLERANCE:
        raise SuvError(
            "SUV_TIME",
            "SeriesTime was overwritten and the slices give different decay reference times",
            expected="one reference time for the series",
            found=f"{spread / decay_per_s:.0f} s between the slices",
            todo="Give the original series, or export it as SUVbw (GML)",
        )
    earliest = min(frames, key=lambda frame: frame.acquired or datetime.max)
    return _reference_of(earliest, decay_per_s, from_start)


def _reference_of(frame: FrameTiming, decay_per_s: float, from_start: bool) -> datetime:
    """The reference time that one slice gives."""
    if frame.acquired is None or frame.reference_s is None or frame.duration_s is None:
        raise no_time("AcquisitionTime, FrameReferenceTime and ActualFrameDuration")
    mean_s = math.log(frame_decay(frame.duration_s, decay_per_s)) / decay_per_s
    offset = (0.0 if from_start else mean_s) - frame.reference_s
    try:
        return frame.acquired + timedelta(seconds=offset)
    except OverflowError as error:
        raise no_time("FrameReferenceTime within the scan") from error


def no_time(what: str) -> SuvError:
    """The refusal for a time that is not there.

    Args:
        what: The attributes that are missing.

    Returns:
        The error to raise.
    """
    return SuvError(
        "SUV_TIME",
        "a time that the decay correction needs is missing",
        expected=what,
        found="nothing",
        todo="Export the series again with its times",
    )
