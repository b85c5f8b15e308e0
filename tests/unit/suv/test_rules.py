import dataclasses
import math
from datetime import datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pet_mtl.errors import SuvError
from pet_mtl.suv import FrameTiming, SuvAttributes, suv_factor

HALF_LIFE = 6586.2
DECAY = math.log(2) / HALF_LIFE
START = datetime(2024, 3, 1, 10)
FRAME = FrameTiming(START, 0.0, 120.0)
BASE = SuvAttributes(
    units="BQML",
    corrected=("DECY", "ATTN"),
    decay_correction="START",
    dose_bq=370e6,
    weight_kg=70.0,
    half_life_s=HALF_LIFE,
    injection_time=time(9),
    series=START,
    frames=(FRAME, FRAME),
)


def _but(**changes: object) -> SuvAttributes:
    return dataclasses.replace(BASE, **changes)


def _code(**changes: object) -> str:
    with pytest.raises(SuvError) as caught:
        suv_factor(_but(**changes))
    assert caught.value.problem.todo, "a refusal says what to do"
    return caught.value.code


def test_start_decays_the_dose_to_the_series_time() -> None:
    found = suv_factor(BASE)
    assert found.factor == pytest.approx(70e3 / (370e6 * 0.5 ** (3600 / HALF_LIFE)), rel=1e-12)
    assert found.reference_time == "2024-03-01T10:00:00"
    assert found.warnings == ()


def test_admin_needs_no_time() -> None:
    found = suv_factor(
        _but(decay_correction="ADMIN", half_life_s=None, frames=(), injection_time=None)
    )
    assert (found.factor, found.reference_time) == (70e3 / 370e6, "")


def test_gml_needs_nothing_and_odd_dates_do_not_matter() -> None:
    odd = SuvAttributes(
        units="GML", corrected=("ATTN",), injection=START + timedelta(days=1), series=START
    )
    assert suv_factor(odd).factor == 1.0
    assert suv_factor(dataclasses.replace(odd, suv_type="BW")).factor == 1.0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"units": "CNTS"}, "SUV_UNITS"),
        ({"units": "CNTS", "philips_suv": 0.0, "philips_activity": 0.0}, "SUV_UNITS"),
        ({"units": "CNTS", "philips_suv": -1.0}, "SUV_UNITS"),
        ({"units": "CNTS", "philips_suv": math.nan}, "SUV_UNITS"),
        ({"units": "CNTS", "philips_activity": 2.0, "dose_bq": None}, "SUV_DOSE"),
        ({"units": "CNTS", "philips_suv": 2.0, "corrected": ("DECY",)}, "SUV_ATTENUATION"),
        ({"units": "CPS"}, "SUV_UNITS"),
        ({"units": "PROPCNTS"}, "SUV_UNITS"),
        ({"units": "PROPCPS"}, "SUV_UNITS"),
        ({"units": ""}, "SUV_UNITS"),
        ({"units": "CM2ML", "suv_type": "BW", "height_m": 1.75}, "SUV_TYPE"),
        ({"units": "CM2ML"}, "SUV_HEIGHT"),
        ({"units": "CM2ML", "height_m": 1.75, "weight_kg": None}, "SUV_WEIGHT"),
        ({"units": "GML", "suv_type": "SMITH"}, "SUV_TYPE"),
        ({"units": "GML", "suv_type": "LBM", "sex": "M"}, "SUV_HEIGHT"),
        ({"units": "GML", "suv_type": "LBM", "sex": "M", "height_m": 175.0}, "SUV_HEIGHT"),
        ({"units": "GML", "suv_type": "LBM", "height_m": 1.75}, "SUV_SEX"),
        ({"units": "GML", "suv_type": "IBW", "sex": "F", "height_m": 1.0}, "SUV_BODY"),
        ({"corrected": ("DECY",)}, "SUV_ATTENUATION"),
        ({"corrected": ()}, "SUV_ATTENUATION"),
        ({"units": "GML", "corrected": ()}, "SUV_ATTENUATION"),
        ({"dose_bq": 370.0}, "SUV_DOSE"),
        ({"dose_bq": 370e3}, "SUV_DOSE"),
        ({"dose_bq": None}, "SUV_DOSE"),
        ({"dose_bq": 0.0}, "SUV_DOSE"),
        ({"dose_bq": math.nan}, "SUV_DOSE"),
        ({"weight_kg": None}, "SUV_WEIGHT"),
        ({"weight_kg": 0.0}, "SUV_WEIGHT"),
        ({"weight_kg": 1500.0}, "SUV_WEIGHT"),
        ({"weight_kg": 700000.0}, "SUV_WEIGHT"),
        ({"weight_kg": 7000.0, "height_m": 1.75}, "SUV_WEIGHT"),
        ({"weight_kg": 1.75}, "SUV_WEIGHT"),
        ({"weight_kg": math.nan}, "SUV_WEIGHT"),
        ({"half_life_s": None}, "SUV_HALF_LIFE"),
        ({"half_life_s": 0.0}, "SUV_HALF_LIFE"),
        ({"half_life_s": 109.77}, "SUV_TIME"),
        ({"decay_correction": ""}, "SUV_DECAY"),
        ({"decay_correction": "SOMETIME"}, "SUV_DECAY"),
        ({"decay_correction": "NONE"}, "SUV_DECAY"),
        ({"corrected": ("ATTN",)}, "SUV_DECAY"),
        ({"injection_time": None}, "SUV_TIME"),
        ({"injection": START + timedelta(days=1, hours=-1)}, "SUV_TIME"),
        ({"injection": START - timedelta(days=1, hours=1)}, "SUV_TIME"),
        ({"injection": START - timedelta(hours=2)}, "SUV_TIME"),  # against injection_time
        ({"frames": ()}, "SUV_TIME"),
        ({"frames": (FrameTiming(),)}, "SUV_TIME"),
        ({"half_life_s": 282000.0}, "SUV_TIME"),  # Zr-89 with a time but no date
    ],
)
def test_refuses_what_would_be_a_guess(changes: dict[str, object], code: str) -> None:
    assert _code(**changes) == code


@pytest.mark.parametrize(
    "changes",
    [
        {"units": "SMITH"},
        {"units": "John Smith, born 1950"},
        {"units": "GML", "suv_type": "SMITH"},
        {"decay_correction": "SMITH"},
        {"corrected": ("SMITH",)},
    ],
)
def test_found_never_repeats_free_text(changes: dict[str, object]) -> None:
    with pytest.raises(SuvError) as caught:
        suv_factor(_but(**changes))
    assert "another value" in caught.value.problem.found
    assert "smith" not in str(caught.value).lower()


def test_found_names_a_known_code() -> None:
    with pytest.raises(SuvError) as caught:
        suv_factor(_but(units="PROPCPS"))
    assert caught.value.problem.found == "PROPCPS"


def test_dose_in_mbq_is_refused_and_named() -> None:
    with pytest.raises(SuvError, match="as if in MBq"):
        suv_factor(_but(dose_bq=370.0))


def test_weight_in_grams_is_divided_as_the_manual_says() -> None:
    found = suv_factor(_but(weight_kg=70000.0, height_m=1.75))
    assert found.factor == pytest.approx(suv_factor(BASE).factor, rel=1e-12)
    assert [warning.split(":")[0] for warning in found.warnings] == ["SUV_WEIGHT_GRAMS"]


def test_not_corrected_equals_the_manual() -> None:
    frames = tuple(FrameTiming(START + timedelta(seconds=180 * i), None, 180.0) for i in range(3))
    found = suv_factor(_but(decay_correction="NONE", corrected=("ATTN",), frames=frames))
    mean = DECAY * 180 / (1 - math.exp(-DECAY * 180))
    for index, weight in enumerate(found.slice_weights):
        expected = 70e3 / 370e6 * mean * math.exp(DECAY * (3600 + 180 * index))
        assert found.factor * weight == pytest.approx(expected, rel=1e-12)
    assert found.warnings[0].startswith("SUV_DECAY_PER_SLICE")
    assert found.reference_time == "2024-03-01T10:00:00"


def test_one_bed_not_corrected_has_one_factor() -> None:
    found = suv_factor(_but(decay_correction="NONE", corrected=("ATTN",)))
    assert (found.slice_weights, found.warnings) == ((), ())


def test_ge_scan_time_replaces_an_overwritten_series_time() -> None:
    late = _but(series=START + timedelta(hours=2), ge_scan=START - timedelta(minutes=1))
    found = suv_factor(late)
    assert found.reference_time == "2024-03-01T09:59:00"
    assert found.warnings[0].startswith("SUV_REFERENCE_TIME")


def test_back_computes_the_reference_time() -> None:
    # PixelMed's frames: consecutive beds whose FrameReferenceTime counts to the mean.
    acquired = (793.671, 670.062, 917.468)
    offsets = (182.9368546726, 59.936854672596, 306.9368546726)
    frames = tuple(
        FrameTiming(datetime(2024, 3, 1, 12) + timedelta(seconds=a), r, 120.0)
        for a, r in zip(acquired, offsets, strict=True)
    )
    found = suv_factor(_but(series=START + timedelta(hours=9), frames=frames))
    reference = datetime.fromisoformat(found.reference_time)
    assert abs((reference - datetime(2024, 3, 1, 12, 11, 10, 62000)).total_seconds()) < 0.01


def test_back_computation_that_differs_between_slices_is_refused() -> None:
    # GE writes one AcquisitionTime while FrameReferenceTime runs on.
    frames = (FrameTiming(START, 0.0, 240.0), FrameTiming(START, 1215.0, 240.0))
    assert _code(series=START + timedelta(hours=1), frames=frames) == "SUV_TIME"


def test_overwritten_series_time_without_frame_times_is_refused() -> None:
    frames = (FrameTiming(START),)
    assert _code(series=START + timedelta(hours=1), frames=frames) == "SUV_TIME"


def test_decay_factor_is_a_witness() -> None:
    mean = DECAY * 120 / (1 - math.exp(-DECAY * 120))
    right = dataclasses.replace(FRAME, decay_factor=mean)
    wrong = dataclasses.replace(FRAME, decay_factor=mean * math.exp(DECAY * 600))
    assert suv_factor(_but(frames=(right,))).warnings == ()
    (warning,) = suv_factor(_but(frames=(wrong,))).warnings
    assert warning.startswith("SUV_DECAY_FACTOR")


def test_scan_past_midnight() -> None:
    scan = datetime(2024, 3, 2, 0, 20)
    late = _but(series=scan, frames=(FrameTiming(scan),), injection_time=time(23, 20))
    assert suv_factor(late).factor == pytest.approx(suv_factor(BASE).factor, rel=1e-12)


def test_injection_just_after_the_reference_is_not_of_the_day_before() -> None:
    """Cu-61 lives 3.3 h: a day is 7.2 half-lives, which no check of decay refuses."""
    assert _code(half_life_s=12020.0, injection_time=time(10, 5)) == "SUV_TIME"
    assert _code(half_life_s=12020.0, injection_time=time(21, 59)) == "SUV_TIME"
    found = suv_factor(_but(half_life_s=12020.0, injection_time=time(22, 0)))
    assert found.factor == pytest.approx(70e3 / 370e6 * 2 ** (43200 / 12020), rel=1e-12)


@pytest.mark.parametrize(
    ("weight", "height", "odd"),
    [(70.0, 1.75, False), (70.0, 175.0, True), (187.0, 1.75, True), (30.0, 1.75, True)],
)
def test_implausible_body_is_a_warning(weight: float, height: float, odd: bool) -> None:
    found = suv_factor(_but(weight_kg=weight, height_m=height, dose_bq=5e6 * weight))
    assert [warning.split(":")[0] for warning in found.warnings] == ["SUV_BODY"] * odd


@given(
    dose=st.floats(2e6, 1e10),
    weight=st.floats(4.0, 240.0),
    wait_s=st.floats(0, 26000),
    times=st.floats(1.01, 2.0),
)
def test_laws(dose: float, weight: float, wait_s: float, times: float) -> None:
    def factor(dose_bq: float, weight_kg: float, waited: float) -> float:
        moment = START - timedelta(seconds=waited)
        changed = _but(dose_bq=dose_bq, weight_kg=weight_kg, injection=moment, injection_time=None)
        return suv_factor(changed).factor

    base = factor(dose, weight, wait_s)
    assert factor(dose * times, weight, wait_s) == pytest.approx(base / times, rel=1e-9)
    assert factor(dose, weight * times, wait_s) == pytest.approx(base * times, rel=1e-9)
    assert factor(dose, weight, wait_s + HALF_LIFE) == pytest.approx(2 * base, rel=1e-9)


@pytest.mark.parametrize(
    ("changes", "says"), [({"height_m": 172.0}, "172"), ({"weight_kg": 1.0, "height_m": 1.7}, "1")]
)
def test_an_impossible_body_is_named(changes: dict[str, object], says: str) -> None:
    with pytest.raises(SuvError) as caught:
        suv_factor(_but(units="GML", suv_type="LBM", sex="M", **changes))
    assert caught.value.problem.found == says
