"""Wrong, shifted, missing and unusual times; values are changed with them where they must be."""

import datetime

import numpy as np
from pydicom.dataset import Dataset

from mutations.expected import Mutation as M
from mutations.expected import doubtful, refused, right, warned
from mutations.study import Break, Study, both, drop, put, put_drug, rewrite, scan, suv_of
from pet_mtl.phantom.dicom import HALF_LIFE_S

_LAMBDA = float(np.log(2.0)) / HALF_LIFE_S
_FRAME_S = 150.0
_LATER = datetime.timedelta(hours=5)


def _date(moment: datetime.datetime) -> str:
    return f"{moment:%Y%m%d}"


def _time(moment: datetime.datetime) -> str:
    return f"{moment:%H%M%S}"


def _stamp(moment: datetime.datetime) -> str:
    return f"{moment:%Y%m%d%H%M%S}"


def _injection() -> list[M]:
    start, injection = scan().start, scan().injection
    day = datetime.timedelta(days=1)
    return [
        M("injection-time-only", "only RadiopharmaceuticalStartTime",
          put_drug(RadiopharmaceuticalStartDateTime=None), right()),
        M("injection-datetime-only", "only RadiopharmaceuticalStartDateTime",
          put_drug(RadiopharmaceuticalStartTime=None), right()),
        M("injection-removed", "both times of injection removed",
          put_drug(RadiopharmaceuticalStartTime=None, RadiopharmaceuticalStartDateTime=None),
          refused("SUV_TIME")),
        M("injection-garbage", "both times of injection unreadable",
          put_drug(RadiopharmaceuticalStartTime="9999", RadiopharmaceuticalStartDateTime="x"),
          refused("SUV_TIME")),
        M("injection-after-scan", "injection after the scan", _injected(start + _LATER / 5),
          refused("SUV_TIME")),
        M("injection-next-day", "date of injection shifted by a day", _injected(injection + day),
          refused("SUV_TIME")),
        M("injection-day-before", "date of injection shifted a day back",
          _injected(injection - day), refused("SUV_TIME")),
        M("injection-ten-hours-before", "injection ten hours before the scan, of F-18",
          _injected(start - 2 * _LATER), refused("SUV_TIME")),
        M("injection-midnight", "time of injection 00:00:00, scan in the morning",
          both(_moved(_to_morning()), put_drug(RadiopharmaceuticalStartTime="000000",
               RadiopharmaceuticalStartDateTime=None)), refused("SUV_TIME")),
        M("injection-hour", "StartDateTime to the hour only, no StartTime",
          put_drug(RadiopharmaceuticalStartTime=None,
                   RadiopharmaceuticalStartDateTime=f"{injection:%Y%m%d%H}"),
          refused("SUV_TIME")),
        M("injection-offset", "StartDateTime with an offset, no StartTime, no zone of the scan",
          put_drug(RadiopharmaceuticalStartTime=None,
                   RadiopharmaceuticalStartDateTime=f"{_stamp(injection)}+0000"),
          refused("SUV_TIMEZONE")),
        M("injection-offset-time", "StartDateTime with an offset, and StartTime of the same clock",
          put_drug(RadiopharmaceuticalStartDateTime=f"{_stamp(injection)}+0000"), right()),
        M("injection-offset-zone", "StartDateTime in UTC, the zone of the scan told",
          both(put(TimezoneOffsetFromUTC="+0200"),
               put_drug(RadiopharmaceuticalStartTime=None, RadiopharmaceuticalStartDateTime=
                        f"{_stamp(injection - 2 * _LATER / 5)}+0000")), right()),
        M("injection-offset-scan", "StartDateTime and AcquisitionDateTime with the same offset",
          both(put(AcquisitionDateTime=f"{_stamp(start)}+0200"),
               put_drug(RadiopharmaceuticalStartTime=None, RadiopharmaceuticalStartDateTime=
                        f"{_stamp(injection)}+0200")), right()),
        M("injection-years-before", "date of injection shifted by years",
          _injected(injection - 3000 * day), refused("SUV_TIME")),
        M("injection-times-differ", "StartDateTime and StartTime contradict each other",
          put_drug(RadiopharmaceuticalStartTime=_time(injection - _LATER / 5)),
          refused("SUV_TIME")),
        M("injection-shifted-suv", "date of injection shifted, values are SUVbw already",
          both(_injected(injection + day), _as_suv), right()),
        M("past-midnight", "scan after midnight, injection before, only its time given",
          both(_moved(_to_midnight()), put_drug(RadiopharmaceuticalStartDateTime=None)), right()),
        M("injection-colons", "times written with colons",
          put_drug(RadiopharmaceuticalStartTime=f"{injection:%H:%M:%S}"), right()),
    ]  # fmt: skip


def _odd() -> list[M]:
    return [
        M("uptake-short", "scan 20 minutes after the injection", _uptake(20),
          warned("SUV_UPTAKE_TIME")),
        M("uptake-long", "scan three hours after the injection", _uptake(180),
          warned("SUV_UPTAKE_TIME")),
        M("dose-odd", "a dose ten times the usual", _dose(10.0), warned("SUV_DOSE_ODD")),
        M("tracer-unknown", "a tracer other than FDG",
          put_drug(Radiopharmaceutical="Fluorothymidine", RadiopharmaceuticalCodeSequence=None),
          warned("SUV_TRACER")),
    ]  # fmt: skip


def _uptake(minutes: float) -> Break:
    """Another time of injection, and the activity that is left of the same dose."""
    injection = scan().start - datetime.timedelta(minutes=minutes)
    more = float(np.exp(_LAMBDA * (_wait_s() - 60 * minutes)))
    return both(_injected(injection), _activity(more))


def _dose(factor: float) -> Break:
    dose = put_drug(RadionuclideTotalDose=f"{scan().dose_bq * factor:.0f}")
    return both(dose, _activity(factor))


def _activity(factor: float) -> Break:
    per_suv = factor / scan().suv_per_bqml
    return lambda study: study.each(lambda d, n: rewrite(d, suv_of(d) * per_suv))


def _injected(moment: datetime.datetime) -> Break:
    return put_drug(
        RadiopharmaceuticalStartTime=_time(moment), RadiopharmaceuticalStartDateTime=_stamp(moment)
    )


def _as_suv(study: Study) -> None:
    def change(dataset: Dataset, number: int) -> None:
        rewrite(dataset, suv_of(dataset))
        dataset.Units, dataset.SUVType = "GML", "BW"

    study.each(change)


def _to_midnight() -> datetime.timedelta:
    """How far all times are moved so that the scan starts ten minutes into a day."""
    start = scan().start
    return datetime.datetime.combine(start.date(), datetime.time(0, 10)) - start


def _to_morning() -> datetime.timedelta:
    """How far all times are moved so that the scan starts at eight, 4.4 half-lives into a day."""
    start = scan().start
    return datetime.datetime.combine(start.date(), datetime.time(8)) - start


def _moved(by: datetime.timedelta) -> Break:
    """All times moved alike."""
    start, injection = scan().start + by, scan().injection + by
    return both(
        put(SeriesDate=_date(start), SeriesTime=_time(start), AcquisitionDate=_date(start),
            AcquisitionTime=_time(start)),
        _injected(injection),
    )  # fmt: skip


def _series() -> list[M]:
    start = scan().start
    later = put(SeriesDate=_date(start + _LATER), SeriesTime=_time(start + _LATER))
    day = datetime.timedelta(days=1)
    return [
        M("series-time-overwritten", "SeriesTime is that of a later processing", later,
          warned("SUV_REFERENCE_TIME")),
        M("series-time-overwritten-alone", "the same, and FrameReferenceTime removed",
          both(later, drop("FrameReferenceTime")), refused("SUV_TIME")),
        M("series-time-overwritten-frame", "the same, and ActualFrameDuration removed",
          both(later, drop("ActualFrameDuration")), refused("SUV_TIME")),
        M("ge-scan-time", "SeriesTime overwritten, GE's private scan time given",
          both(later, _ge(start)), warned("SUV_REFERENCE_TIME")),
        M("series-time-early", "SeriesTime 40 minutes early, DecayFactor denies it",
          put(SeriesTime=_time(start - _LATER / 7.5)),
          doubtful("SUV_DECAY_FACTOR", _left(_LATER.total_seconds() / 7.5))),
        M("series-time-early-frame", "the same, DecayFactor removed, FrameReferenceTime denies it",
          both(put(SeriesTime=_time(start - _LATER / 7.5)), drop("DecayFactor")),
          doubtful("SUV_FRAME_TIME", _left(_LATER.total_seconds() / 7.5))),
        M("series-removed", "SeriesDate and SeriesTime removed", drop("SeriesDate", "SeriesTime"),
          warned("SUV_REFERENCE_TIME")),
        M("series-date-shifted", "SeriesDate a day too early",
          put(SeriesDate=_date(start - day)), refused("SUV_TIME")),
        M("series-time-garbage", "SeriesTime unreadable", put(SeriesTime="noon"),
          warned("SUV_REFERENCE_TIME")),
        M("acquisition-removed", "AcquisitionDate and AcquisitionTime removed",
          drop("AcquisitionDate", "AcquisitionTime"), refused("SUV_TIME")),
        M("acquisition-date-removed", "AcquisitionDate removed", drop("AcquisitionDate"), right()),
        M("acquisition-one-removed", "one slice without AcquisitionTime", _one_without_time,
          refused("SUV_TIME")),
    ]  # fmt: skip


def _ge(moment: datetime.datetime) -> Break:
    """GE's private PET scan_datetime (0009,100D)."""

    def change(dataset: Dataset, number: int) -> None:
        block = dataset.private_block(0x0009, "GEMS_PETD_01", create=True)
        block.add_new(0x0D, "DT", f"{_stamp(moment)}.00")

    return lambda study: study.each(change)


def _one_without_time(study: Study) -> None:
    def change(dataset: Dataset, number: int) -> None:
        if number == 5:
            del dataset.AcquisitionTime

    study.each(change)


def _decay() -> list[M]:
    return [
        M("decay-admin", "values corrected to the injection (ADMIN)", _to_injection, right()),
        M("decay-none", "values not corrected for decay (NONE)", _undecayed(1), right()),
        M("decay-none-beds", "values of three beds not corrected for decay", _undecayed(3),
          warned("SUV_DECAY_PER_SLICE")),
        M("decay-none-no-duration", "not corrected, ActualFrameDuration removed",
          both(_undecayed(1), drop("ActualFrameDuration")), refused("SUV_TIME")),
        M("decay-none-no-time", "not corrected, AcquisitionTime removed",
          both(_undecayed(1), drop("AcquisitionTime", "AcquisitionDate")), refused("SUV_TIME")),
        M("decay-admin-claimed", "DecayCorrection ADMIN, but values and DecayFactor say START",
          put(DecayCorrection="ADMIN"), doubtful("SUV_DECAY_FACTOR", _left(_wait_s()))),
        M("decay-start-claimed", "DecayCorrection START, but values and DecayFactor say ADMIN",
          both(_to_injection, put(DecayCorrection="START")),
          doubtful("SUV_DECAY_FACTOR", 1 / _left(_wait_s()))),
        M("beds", "three beds, each acquired later", _beds, right()),
    ]  # fmt: skip


def _left(seconds: float) -> float:
    """What is left of F-18 after some time."""
    return float(np.exp(-_LAMBDA * seconds))


def _wait_s() -> float:
    return (scan().start - scan().injection).total_seconds()


def _to_injection(study: Study) -> None:
    """Activity as it was at the injection: higher by the decay since."""
    per_suv = scan().dose_bq / (scan().weight_kg * 1000.0)

    def change(dataset: Dataset, number: int) -> None:
        rewrite(dataset, suv_of(dataset) * per_suv)
        dataset.DecayCorrection = "ADMIN"
        factor = float(dataset.DecayFactor) * float(np.exp(_LAMBDA * _wait_s()))
        dataset.DecayFactor = f"{factor:.6f}"

    study.each(change)


def _bed_start(number: int, beds: int) -> datetime.datetime:
    return scan().start + datetime.timedelta(seconds=_FRAME_S * (number * beds // 12))


def _undecayed(beds: int) -> Break:
    """Mean activity during each bed's frame, as measured."""
    per_suv = scan().dose_bq / (scan().weight_kg * 1000.0)
    mean = float(-np.expm1(-_LAMBDA * _FRAME_S) / (_LAMBDA * _FRAME_S))

    def change(dataset: Dataset, number: int) -> None:
        begin = _bed_start(number, beds)
        wait = (begin - scan().injection).total_seconds()
        rewrite(dataset, suv_of(dataset) * per_suv * mean * float(np.exp(-_LAMBDA * wait)))
        dataset.AcquisitionTime, dataset.AcquisitionDate = _time(begin), _date(begin)
        dataset.DecayCorrection, dataset.DecayFactor = "NONE", "1"
        dataset.CorrectedImage = ["NORM", "DTIM", "ATTN", "SCAT"]

    return lambda study: study.each(change)


def _beds(study: Study) -> None:
    """Later beds, all corrected to the start of the series."""
    mean = float(-np.expm1(-_LAMBDA * _FRAME_S) / (_LAMBDA * _FRAME_S))

    def change(dataset: Dataset, number: int) -> None:
        begin = _bed_start(number, 3)
        since = (begin - scan().start).total_seconds()
        dataset.AcquisitionTime, dataset.AcquisitionDate = _time(begin), _date(begin)
        dataset.DecayFactor = f"{float(np.exp(_LAMBDA * since)) / mean:.6f}"
        reference_s = since - float(np.log(mean)) / _LAMBDA
        dataset.FrameReferenceTime = f"{1000 * reference_s:.3f}"

    study.each(change)


def mutations() -> list[M]:
    return [*_injection(), *_series(), *_decay(), *_odd()]
