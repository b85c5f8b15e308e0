import dataclasses
from datetime import datetime, time, timedelta

import pytest

from pet_mtl.suv import FrameTiming, SuvAttributes, suv_factor

START = datetime(2024, 3, 1, 10)
BASE = SuvAttributes(
    units="BQML",
    corrected=("DECY", "ATTN"),
    decay_correction="START",
    dose_bq=370e6,
    weight_kg=70.0,
    half_life_s=6586.2,
    injection_time=time(9),
    series=START,
    frames=(FrameTiming(START, 0.0, 120.0),),
)
GML = SuvAttributes(
    units="GML", corrected=("ATTN",), injection_time=time(9), series=START, frames=BASE.frames
)


def _codes(attributes: SuvAttributes, **changes: object) -> list[str]:
    found = suv_factor(dataclasses.replace(attributes, **changes))
    return [warning.split(":")[0] for warning in found.warnings]


@pytest.mark.parametrize("attributes", [BASE, GML])
@pytest.mark.parametrize(
    ("clock", "odd"),
    [(time(9, 15), False), (time(9, 16), True), (time(8, 30), False), (time(8, 29), True)],
)
def test_uptake_time_in_every_unit(attributes: SuvAttributes, clock: time, odd: bool) -> None:
    assert _codes(attributes, injection_time=clock) == ["SUV_UPTAKE_TIME"] * odd


@pytest.mark.parametrize(
    "changes",
    [
        {"injection": START + timedelta(days=1, hours=-1)},  # a date shifted by a day
        {"injection": START - timedelta(days=1, hours=1)},
        {"injection": START - timedelta(days=4000)},
        {"injection_time": time(10, 1)},
        {"injection_time": None},
        {"series": None, "frames": ()},
        {"frames": (FrameTiming(START + timedelta(days=300)),)},
    ],
)
def test_times_that_make_no_sense_are_no_uptake(changes: dict[str, object]) -> None:
    assert _codes(GML, **changes) == []


def test_uptake_ends_where_the_scan_begins_not_where_the_slices_at_hand_do() -> None:
    late = FrameTiming(START + timedelta(minutes=40))
    assert _codes(GML, frames=(late,)) == []
    assert _codes(GML, frames=(late,), series=None) == ["SUV_UPTAKE_TIME"]
    overwritten = START + timedelta(hours=5)
    assert _codes(GML, series=overwritten) == []


def test_uptake_past_midnight() -> None:
    scan = datetime(2024, 3, 2, 0, 20)
    frames = (FrameTiming(scan),)
    assert _codes(GML, series=scan, frames=frames, injection_time=time(23, 20)) == []
    assert _codes(GML, series=scan, frames=frames, injection_time=time(22)) == ["SUV_UPTAKE_TIME"]


@pytest.mark.parametrize(
    ("changes", "odd"),
    [
        ({"tracer": "FDG"}, False),
        ({"tracer": ""}, False),
        ({"tracer": "other"}, True),
        ({"nuclides": ("F-18",), "tracer": "FDG"}, False),
        ({"nuclides": ("Ga-68",)}, True),
    ],
)
def test_tracer(changes: dict[str, object], odd: bool) -> None:
    assert _codes(GML, **changes) == ["SUV_TRACER"] * odd


@pytest.mark.parametrize(
    ("changes", "odd"),
    [
        ({"dose_bq": 70e6}, False),
        ({"dose_bq": 69e6}, True),
        ({"dose_bq": 1050e6}, False),
        ({"dose_bq": 1051e6}, True),
        ({"dose_bq": 3.7e6}, True),  # ten MBq short of a digit, or a tenth of a child's dose
        ({"dose_bq": 37e6, "half_life_s": 282276.0, "injection": START - timedelta(days=3),
          "injection_time": None}, False),
        ({"dose_bq": 2e9, "half_life_s": 122.0, "injection_time": time(9, 58)}, False),
        ({"dose_bq": 8e9, "half_life_s": 122.0, "injection_time": time(9, 58)}, True),
    ],
)  # fmt: skip
def test_dose(changes: dict[str, object], odd: bool) -> None:
    assert ("SUV_DOSE_ODD" in _codes(BASE, **changes)) == odd
