"""Units and SUVTypes against hand-solved cases."""

import dataclasses
import math
from datetime import datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pet_mtl.errors import SuvError
from pet_mtl.study import Body
from pet_mtl.suv import FrameTiming, SuvAttributes, per_suvbw, suv_factor

START = datetime(2024, 3, 1, 10)
GML = SuvAttributes(
    units="GML", corrected=("ATTN", "DECY"), weight_kg=80.0, height_m=1.6, sex="M"
)  # fmt: skip
COUNTS = SuvAttributes(
    units="CNTS",
    corrected=("ATTN", "DECY"),
    decay_correction="START",
    dose_bq=400e6,
    weight_kg=80.0,
    half_life_s=6600.0,
    injection_time=time(8, 10),
    series=START,
    frames=(FrameTiming(START, 0.0, 120.0),),
)


def _factor(attributes: SuvAttributes, **changes: object) -> float:
    return suv_factor(dataclasses.replace(attributes, **changes)).factor


def _codes(attributes: SuvAttributes, **changes: object) -> list[str]:
    found = suv_factor(dataclasses.replace(attributes, **changes))
    return [warning.split(":")[0] for warning in found.warnings]


# 80 kg and 160 cm: W/H = 0.5, (W/H)^2 = 0.25, BMI = 31.25.
@pytest.mark.parametrize(
    ("suv_type", "sex", "lean_kg"),
    [
        ("LBM", "M", 88.0 - 30.0),
        ("LBM", "F", 85.6 - 37.0),
        ("LBMJAMES128", "M", 88.0 - 32.0),
        ("LBMJAMES128", "F", 85.6 - 37.0),
        ("LBMJANMA", "M", 741600 / 13430),
        ("LBMJANMA", "F", 741600 / 16405),
        ("IBW", "M", 48.0 + 8.48),
        ("IBW", "F", 45.5 + 7.28),
        ("LBM", "O", (58.0 + 48.6) / 2),
        ("IBW", "O", (56.48 + 52.78) / 2),
    ],
)
def test_gml_of_each_type(suv_type: str, sex: str, lean_kg: float) -> None:
    assert _factor(GML, suv_type=suv_type, sex=sex) == pytest.approx(80.0 / lean_kg, rel=1e-12)
    assert _codes(GML, suv_type=suv_type, sex=sex) == (["SUV_SEX_OTHER"] if sex == "O" else [])


@pytest.mark.parametrize(("suv_type", "codes"), [("", []), ("BW", [])])
def test_gml_of_body_weight_needs_no_body(suv_type: str, codes: list[str]) -> None:
    none = {"weight_kg": None, "height_m": None, "sex": ""}
    assert _factor(GML, suv_type=suv_type, **none) == 1.0
    assert _codes(GML, suv_type=suv_type, **none) == codes


@pytest.mark.parametrize("sex", ["M", "F", "O", ""])
@pytest.mark.parametrize("suv_type", ["", "BSA"])
def test_body_surface_in_cm2(suv_type: str, sex: str) -> None:
    # Du Bois, by the logarithms of 160 and 80.
    surface_m2 = 0.007184 * math.exp(0.725 * 5.0751738 + 0.425 * 4.3820266)
    found = _factor(GML, units="CM2ML", suv_type=suv_type, sex=sex)
    assert found == pytest.approx(80e3 / (surface_m2 * 1e4), rel=1e-7)


def test_body_surface_in_gml_is_told() -> None:
    assert _codes(GML, suv_type="BSA") == ["SUV_UNITS_TYPE"]
    assert _factor(GML, suv_type="BSA") == _factor(GML, units="CM2ML")


def test_a_weight_in_grams_is_told_where_it_counts() -> None:
    assert _codes(GML, suv_type="LBMJANMA", weight_kg=80000.0) == ["SUV_WEIGHT_GRAMS"]
    assert _codes(GML, weight_kg=80000.0) == []


def test_philips_suv_factor_comes_first() -> None:
    assert _factor(COUNTS, philips_suv=0.0007) == 0.0007
    assert _factor(COUNTS, philips_suv=0.0007, philips_activity=1.6) == 0.0007
    bare = SuvAttributes(units="CNTS", corrected=("ATTN",), philips_suv=0.0007)
    assert suv_factor(bare).factor == 0.0007


@pytest.mark.parametrize("suv", [None, 0.0])
def test_philips_activity_factor_goes_the_way_of_becquerels(suv: float | None) -> None:
    # 110 min are one half-life of 6600 s: 80000 g / 200 MBq = 4e-4.
    found = suv_factor(dataclasses.replace(COUNTS, philips_suv=suv, philips_activity=1.6))
    assert found.factor == pytest.approx(1.6 * 4e-4, rel=1e-12)
    assert found.reference_time == "2024-03-01T10:00:00"
    late = dataclasses.replace(
        COUNTS, philips_activity=1.6, decay_correction="ADMIN", injection_time=None
    )
    assert suv_factor(late).factor == pytest.approx(1.6 * 2e-4, rel=1e-12)


def test_factors_of_philips_that_contradict_each_other_are_told() -> None:
    fits, other = 1.6 * 4e-4, 1.6 * 5e-4
    uptake = ["SUV_UPTAKE_TIME"]
    assert _codes(COUNTS, philips_suv=fits, philips_activity=1.6) == uptake
    assert _codes(COUNTS, philips_suv=other, philips_activity=1.6) == ["SUV_SCALE_FACTORS", *uptake]
    without = {"dose_bq": None, "philips_suv": other, "philips_activity": 1.6}
    assert _codes(COUNTS, **without) == uptake


def test_counts_without_decay_correction_are_told() -> None:
    assert "SUV_DECAY_NONE" in _codes(COUNTS, philips_suv=1e-3, decay_correction="NONE")


def test_factors_of_philips_count_for_counts_only() -> None:
    assert _factor(GML, philips_suv=0.0007, philips_activity=1.6) == 1.0
    assert _factor(COUNTS, units="BQML", philips_suv=0.1, philips_activity=1.6) == pytest.approx(
        4e-4
    )


@pytest.mark.parametrize("kind", ["LBM", "LBMJAMES128", "LBMJANMA", "IBW", "BSA"])
@given(weight=st.floats(45, 130), height=st.floats(1.5, 2.0), sex=st.sampled_from("MFO"))
def test_normalised_values_come_back(kind: str, weight: float, height: float, sex: str) -> None:
    """SUVbw turned into SUV of the kind with per_suvbw, and read back, is SUVbw."""
    names = {"LBM": "lbm-morgan", "LBMJAMES128": "lbm", "LBMJANMA": "lbm-janma"}
    ratio, _ = per_suvbw(names.get(kind, kind.lower()), Body(weight, height, sex))
    units = "CM2ML" if kind == "BSA" else "GML"
    body = {"weight_kg": weight, "height_m": height, "sex": sex}
    assert ratio * _factor(GML, units=units, suv_type=kind, **body) == pytest.approx(1, rel=1e-12)


@given(days=st.integers(-20000, 300000), minutes=st.integers(0, 1439), dated=st.booleans())
def test_any_shift_of_dates_and_clock_changes_nothing(days: int, minutes: int, dated: bool) -> None:
    """Of series, acquisition and injection together; the scan may pass midnight anywhere."""
    shift = timedelta(days=days, minutes=minutes)
    injected, begun = START - timedelta(minutes=73) + shift, START + shift
    frames = tuple(FrameTiming(begun + timedelta(minutes=3 * i), 0.0, 180.0) for i in range(4))
    moved = dataclasses.replace(
        COUNTS,
        units="BQML",
        series=begun,
        injection=injected if dated else None,
        injection_time=injected.time(),
        frames=frames,
    )
    expected = 80e3 / (400e6 * 0.5 ** (73 * 60 / 6600))
    assert suv_factor(moved).factor == pytest.approx(expected, rel=1e-9)
    assert suv_factor(moved).warnings == ()


def test_refusals_of_counts_say_what_is_missing() -> None:
    with pytest.raises(SuvError, match=r"7053,1000.*7053,1009"):
        suv_factor(COUNTS)
