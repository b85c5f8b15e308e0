from datetime import datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pet_mtl.errors import SuvError
from pet_mtl.study import Body
from pet_mtl.suv import (
    NORMALISATIONS,
    FrameTiming,
    SuvAttributes,
    body_of,
    per_suvbw,
    suv_factor,
    unit_of,
)

MAN = Body(80.0, 1.6, "M")


def _code(normalisation: str, body: Body) -> str:
    with pytest.raises(SuvError) as caught:
        per_suvbw(normalisation, body)
    assert caught.value.problem.todo
    return caught.value.code


def test_body_weight_needs_nothing() -> None:
    assert per_suvbw("bw", Body()) == (1.0, ())


@pytest.mark.parametrize("normalisation", NORMALISATIONS[1:])
def test_missing_or_impossible_is_refused(normalisation: str) -> None:
    assert _code(normalisation, Body(None, 1.6, "M")) == "SUV_WEIGHT"
    assert _code(normalisation, Body(1.6, 1.6, "M")) == "SUV_WEIGHT"
    assert _code(normalisation, Body(80.0, None, "M")) == "SUV_HEIGHT"
    assert _code(normalisation, Body(80.0, 160.0, "M")) == "SUV_HEIGHT"
    assert _code(normalisation, Body(300.0, 1.5, "M")) == "SUV_BODY"
    if normalisation == "bsa":
        assert per_suvbw(normalisation, Body(80.0, 1.6, ""))[1] == ()
    else:
        assert _code(normalisation, Body(80.0, 1.6, "")) == "SUV_SEX"


def test_james_for_the_very_obese_and_ideal_weight_for_a_child_are_refused() -> None:
    # 200 kg and 160 cm: James gives 214 - 231 kg for a woman, below nothing.
    assert _code("lbm", Body(200.0, 1.6, "F")) == "SUV_BODY"
    assert per_suvbw("lbm-janma", Body(200.0, 1.6, "F"))[0] == pytest.approx(9270 / 27842.5)
    assert _code("ibw", Body(17.0, 1.05, "M")) == "SUV_BODY"


# D. Clunie's PixelMed unit tests (facts), on QIBA's reference object; tolerance 1e-4.
@pytest.mark.parametrize(
    ("normalisation", "expected"),
    [("bw", 1.0), ("lbm-morgan", 1.0), ("ibw", 2.7726), ("bsa", 0.3806)],
)
def test_reference_object_of_qiba(normalisation: str, expected: float) -> None:
    start = datetime(2011, 10, 31, 14, 1)
    told = SuvAttributes(
        units="BQML",
        corrected=("ATTN", "DECY"),
        decay_correction="START",
        dose_bq=370000000,
        weight_kg=70,
        height_m=2.898275349237887,
        sex="M",
        half_life_s=6586,
        injection_time=time(13, 1),
        series=start,
        frames=(FrameTiming(start),),
    )
    suvbw = 7972 * 0.453901487278775 * suv_factor(told).factor
    assert suvbw * per_suvbw(normalisation, body_of(told))[0] == pytest.approx(expected, abs=1e-4)


def test_units() -> None:
    assert [unit_of(n) for n in ("bw", "lbm", "bsa")] == ["g/ml", "g/ml", "cm2/ml"]


@given(weight=st.floats(40, 150), height=st.floats(1.4, 2.1))
def test_other_sex_lies_in_the_middle(weight: float, height: float) -> None:
    for normalisation in ("lbm-janma", "ibw"):
        men, women, other = (
            per_suvbw(normalisation, Body(weight, height, sex))[0] for sex in "MFO"
        )
        assert other == pytest.approx((men + women) / 2)
        assert men >= women


def test_body_of_a_header() -> None:
    told = SuvAttributes(weight_kg=71.0, height_m=1.63, sex="F")
    assert body_of(told) == Body(71.0, 1.63, "F")
    assert body_of(SuvAttributes(weight_kg=71000.0, height_m=1.63)) == Body(71.0, 1.63, "")
    assert body_of(SuvAttributes(weight_kg=0.0, height_m=163.0)) == Body(0.0, 163.0, "")
    assert body_of(SuvAttributes()) == Body()
