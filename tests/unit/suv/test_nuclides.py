import dataclasses
import math
import re
from datetime import datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.sr._snomed_dict import mapping
from pydicom.sr.codedict import codes

from pet_mtl.errors import SuvError
from pet_mtl.suv import FrameTiming, SuvAttributes, suv_factor
from pet_mtl.suv.nuclides import HALF_LIVES_S, by_code, by_meaning, half_life_s

START = datetime(2024, 3, 1, 10)
BASE = SuvAttributes(
    units="BQML",
    corrected=("DECY", "ATTN"),
    decay_correction="START",
    dose_bq=370e6,
    weight_kg=70.0,
    half_life_s=6586.2,
    nuclides=("F-18",),
    injection_time=time(9),
    series=START,
    frames=(FrameTiming(START, 0.0, 120.0),),
)
CID_4020 = [
    value
    for name in codes.cid4020.dir()
    if hasattr(value := getattr(codes.cid4020, name), "scheme_designator")
]
SNOMED_RT = {sct: srt for srt, sct in mapping["SRT"].items()}


def _half_life(told: float | None, *named: str) -> tuple[float, list[str]]:
    found, warnings = half_life_s(SuvAttributes(half_life_s=told, nuclides=named))
    return found, [warning.split(":")[0] for warning in warnings]


def _found(told: float | None, *named: str) -> str:
    with pytest.raises(SuvError) as caught:
        half_life_s(SuvAttributes(half_life_s=told, nuclides=named))
    assert caught.value.code == "SUV_HALF_LIFE"
    return caught.value.problem.found


def test_every_code_of_the_standard_is_known() -> None:
    """Against pydicom's copy of DICOM PS3.16 CID 4020 and its map from SNOMED RT."""
    assert len(CID_4020) >= 36
    for code in CID_4020:
        mass, element = re.fullmatch(r"\^(\d+m?)\^(\w+)", code.meaning).groups()
        name = by_code(code.scheme_designator, code.value)
        assert name.split("-")[1] == mass, code
        assert by_meaning(code.meaning) == name, element
        if code.scheme_designator == "SCT":
            assert by_code("SNM3", SNOMED_RT[code.value]) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("^18^Fluorine", "F-18"),
        ("Fluorine F^18^", "F-18"),
        ("18F", "F-18"),
        ("f-18", "F-18"),
        ("Cobalt-55", "Co-55"),
        ("^94m^Technetium", "Tc-94m"),
        ("F-18 of Mr Smith", ""),
        ("Smith", ""),
        ("", ""),
    ],
)
def test_meanings_are_a_closed_list(text: str, name: str) -> None:
    assert by_meaning(text) == name


@pytest.mark.parametrize(("scheme", "value"), [("SCT", "1"), ("99X", "77004003"), ("", "")])
def test_unknown_codes_name_nothing(scheme: str, value: str) -> None:
    assert by_code(scheme, value) == ""


# What real series carry: the manual's table 10, whole seconds.
@pytest.mark.parametrize(
    ("told", "name"),
    [(598, "N-13"), (1223, "C-11"), (4057, "Ga-68"), (6586, "F-18"), (6588, "F-18"),
     (23400000, "Ge-68")],
)  # fmt: skip
def test_half_lives_of_real_series_pass(told: float, name: str) -> None:
    assert _half_life(told, name) == (told, [])
    assert _half_life(told) == (told, [])


def test_a_half_life_near_the_nuclides_is_told_one_far_off_refused() -> None:
    assert _half_life(6586.2 * 1.03, "F-18") == (6586.2 * 1.03, ["SUV_HALF_LIFE_OFF"])
    assert "F-18" in _found(6586.2 * 1.06, "F-18")
    assert "F-18" in _found(109.77, "F-18")  # minutes
    assert "Ga-68" in _found(6586.2, "Ga-68")
    assert _half_life(8000.0) == (8000.0, ["SUV_HALF_LIFE_UNKNOWN"])


def test_a_missing_half_life_is_that_of_the_nuclide_named() -> None:
    assert _half_life(None, "Cu-64") == (HALF_LIVES_S["Cu-64"], ["SUV_HALF_LIFE_MISSING"])
    assert _half_life(0.0, "F-18") == (6586.2, ["SUV_HALF_LIFE_MISSING"])
    _found(None)
    _found(None, "Ga-66", "Ga-68")
    found, _ = half_life_s(SuvAttributes(tracer="FDG"))
    assert found == 6586.2
    with pytest.raises(SuvError):
        half_life_s(SuvAttributes(tracer="other"))


def test_code_and_meaning_that_differ_are_settled_by_the_half_life() -> None:
    assert _half_life(4057.7, "Ga-66", "Ga-68") == (4057.7, ["SUV_NUCLIDE"])
    _found(6586.2, "Ga-66", "Ga-68")


@pytest.mark.parametrize("told", [-1.0, 1.8, math.nan, math.inf])
def test_impossible_half_lives_are_refused(told: float) -> None:
    _found(told, "F-18")


def test_the_nuclides_half_life_decays_the_dose() -> None:
    without = dataclasses.replace(BASE, half_life_s=None)
    assert suv_factor(without).factor == pytest.approx(suv_factor(BASE).factor, rel=1e-12)
    assert suv_factor(without).warnings[0].startswith("SUV_HALF_LIFE_MISSING")


def test_a_nuclide_that_lives_for_days_needs_the_date() -> None:
    zirconium = dataclasses.replace(BASE, half_life_s=None, nuclides=("Zr-89",))
    with pytest.raises(SuvError, match="lives for days"):
        suv_factor(zirconium)
    dated = dataclasses.replace(
        zirconium, injection=START - timedelta(days=4), injection_time=None, dose_bq=40e6
    )
    expected = 70e3 / (40e6 * 0.5 ** (4 * 86400 / HALF_LIVES_S["Zr-89"]))
    assert suv_factor(dated).factor == pytest.approx(expected, rel=1e-12)


def test_the_half_life_does_not_matter_where_nothing_decays() -> None:
    odd = dataclasses.replace(BASE, half_life_s=1.8, decay_correction="ADMIN")
    assert suv_factor(odd).factor == pytest.approx(70e3 / 370e6)


@given(
    name=st.sampled_from([n for n, s in HALF_LIVES_S.items() if 1000 < s < 21600]),
    wait=st.floats(0, 5),
)
def test_decay_law_of_each_nuclide(name: str, wait: float) -> None:
    """Each half-life of waiting doubles the SUV per Bq/ml."""
    half_life = HALF_LIVES_S[name]
    injected = START - timedelta(seconds=wait * half_life)
    told = dataclasses.replace(
        BASE, half_life_s=half_life, nuclides=(name,), injection=injected, injection_time=None
    )
    assert suv_factor(told).factor == pytest.approx(70e3 / 370e6 * 2**wait, rel=1e-6)
