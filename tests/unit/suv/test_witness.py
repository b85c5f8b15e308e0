"""DecayFactor held against the other attributes."""

import dataclasses
import math
from datetime import datetime, time, timedelta

import pytest

from pet_mtl.errors import SuvError
from pet_mtl.suv import FrameTiming, SuvAttributes, SuvFactor, suv_factor

HALF_LIFE = 6586.2
DECAY = math.log(2) / HALF_LIFE
START = datetime(2024, 3, 1, 10)
LATE = START + timedelta(hours=1)
BASE = SuvAttributes(
    units="BQML",
    corrected=("DECY", "ATTN"),
    decay_correction="START",
    dose_bq=370e6,
    weight_kg=70.0,
    half_life_s=HALF_LIFE,
    injection_time=time(9),
    series=START,
    frames=(FrameTiming(START, 0.0, 240.0),),
)


def _frame(acquired_s: float, since_s: float, reference_s: float = 0.0) -> FrameTiming:
    """A frame of 240 s whose DecayFactor says that it began `since_s` after the reference."""
    within = DECAY * 240 / (1 - math.exp(-DECAY * 240))
    moment = START + timedelta(seconds=acquired_s)
    return FrameTiming(moment, reference_s, 240.0, within * math.exp(DECAY * since_s))


def _read(**changes: object) -> tuple[SuvFactor, list[str]]:
    found = suv_factor(dataclasses.replace(BASE, **changes))
    return found, [warning.split(":")[0] for warning in found.warnings]


def test_decay_within_the_frame_may_be_part_of_the_factor_or_not() -> None:
    for factor in (1.0, _frame(0, 0).decay_factor):
        assert _read(frames=(FrameTiming(START, 0.0, 240.0, factor),))[1] == []
    assert _read(frames=(_frame(0, 600),))[1] == ["SUV_DECAY_FACTOR"]


def test_one_acquisition_time_for_all_beds_as_ge_writes_it() -> None:
    beds = tuple(_frame(0, since, since) for since in (0.0, 243.0, 486.0, 1215.0))
    found, codes = _read(series=LATE, frames=beds)
    assert (found.reference_time, codes) == ("2024-03-01T10:00:00", ["SUV_REFERENCE_TIME"])
    assert found.factor == pytest.approx(suv_factor(BASE).factor, rel=1e-12)


def test_without_a_witness_one_acquisition_time_for_all_beds_is_refused() -> None:
    beds = tuple(_frame(0, since, since) for since in (0.0, 1215.0))
    silent = tuple(dataclasses.replace(bed, decay_factor=None) for bed in beds)
    against = (beds[0], dataclasses.replace(beds[1], decay_factor=1.5))
    for frames in (silent, against):
        with pytest.raises(SuvError, match="different decay reference times"):
            _read(series=LATE, frames=frames)


def test_the_witness_decides_between_series_and_scan_datetime() -> None:
    early = START - timedelta(minutes=10)
    found, codes = _read(series=early, ge_scan=START, frames=(_frame(0, 0),))
    assert (found.reference_time, codes) == ("2024-03-01T10:00:00", ["SUV_REFERENCE_TIME"])
    found, codes = _read(series=START, ge_scan=early, frames=(_frame(0, 0),))
    assert (found.reference_time, codes) == ("2024-03-01T10:00:00", ["SUV_REFERENCE_TIME"])
    found, codes = _read(series=START, ge_scan=START, frames=(_frame(0, 0),))
    assert codes == []
    found, codes = _read(series=START, ge_scan=early)
    assert (found.reference_time, codes) == ("2024-03-01T10:00:00", ["SUV_REFERENCE_TIME"])


def test_admin_is_held_against_the_injection() -> None:
    admin = {"decay_correction": "ADMIN"}
    assert _read(**admin, frames=(_frame(0, 3600),))[1] == []
    assert _read(**admin, frames=(_frame(0, 0),))[1] == ["SUV_DECAY_FACTOR"]
    assert _read(**admin, frames=(FrameTiming(START, 0.0, 240.0, 1.0),))[1] == []
    assert _read(**admin, frames=(_frame(0, 0),), injection_time=None)[1] == []
    assert _read(**admin, frames=(_frame(0, 0),), half_life_s=None)[1] == []


def test_none_with_decy_listed_needs_the_witness() -> None:
    none = {"decay_correction": "NONE"}
    plain, _ = _read(**none, corrected=("ATTN",))
    ones = (FrameTiming(START, 0.0, 240.0, 1.0),)
    found, codes = _read(**none, frames=ones)
    assert (found.factor, codes) == (plain.factor, ["SUV_DECAY_FLAG"])
    for frames in ((_frame(0, 0),), BASE.frames, (*ones, BASE.frames[0])):
        with pytest.raises(SuvError, match="SUV_DECAY"):
            _read(**none, frames=frames)


def test_none_with_a_factor_applied_is_told() -> None:
    _, codes = _read(decay_correction="NONE", corrected=("ATTN",), frames=(_frame(0, 600),))
    assert codes == ["SUV_DECAY_FACTOR"]


def test_without_a_factor_a_frame_later_than_its_reference_time_is_told() -> None:
    """One-sided: the other way round proves nothing, and DecayFactor settles it."""
    early = START - timedelta(minutes=10)
    alone = (FrameTiming(START, 120.0, 240.0),)
    assert _read(series=early, frames=alone)[1] == ["SUV_FRAME_TIME"]
    assert _read(series=START, frames=alone)[1] == []
    assert _read(series=early, frames=(FrameTiming(START, 720.0, 240.0),))[1] == []
    assert _read(series=early, frames=(FrameTiming(START, None, 240.0),))[1] == []
    assert _read(series=early, frames=(_frame(0, 600),))[1] == []
