"""Whatever a header says: a factor that is a number above zero, or a refusal with a code."""

import dataclasses
import math
from datetime import datetime, time

from hypothesis import given, settings
from hypothesis import strategies as st

from pet_mtl.errors import SuvError
from pet_mtl.suv import NORMALISATIONS, FrameTiming, SuvAttributes, body_of, per_suvbw, suv_factor
from pet_mtl.suv.nuclides import HALF_LIVES_S

MOMENTS = st.one_of(
    st.sampled_from([datetime(2024, 1, 1, hour) for hour in (9, 10, 10, 10, 11)]),
    st.datetimes(datetime(2024, 1, 1), datetime(2024, 1, 2)),
    st.datetimes(),
    st.sampled_from([datetime.min, datetime.max]),
)


def _maybe(*usual: float) -> st.SearchStrategy[float | None]:
    """Mostly the usual: every attribute odd at once is refused at the first."""
    odd = st.one_of(st.none(), st.floats())
    return st.integers(0, 9).flatmap(lambda i: odd if i == 9 else st.sampled_from(usual))


FRAMES = st.builds(
    FrameTiming,
    st.one_of(st.none(), MOMENTS),
    _maybe(0.0, 60.0, 915.0),
    _maybe(120.0, 240.0),
    _maybe(1.0, 1.0063, 1.13),
)
ATTRIBUTES = st.builds(
    SuvAttributes,
    units=st.sampled_from(["BQML", "BQML", "BQML", "GML", "CM2ML", "CNTS", "CPS"]),
    suv_type=st.sampled_from(["", "BW", "LBM", "LBMJAMES128", "LBMJANMA", "IBW", "BSA", "X"]),
    corrected=st.sampled_from([("ATTN", "DECY")] * 4 + [("ATTN",), ()]),
    decay_correction=st.sampled_from(["START", "START", "ADMIN", "NONE", ""]),
    injections=st.sampled_from([1, 1, 1, 2]),
    dose_bq=_maybe(370e6, 37e6),
    weight_kg=_maybe(70.0, 70000.0),
    height_m=_maybe(1.75, 175.0),
    sex=st.sampled_from(["M", "F", "O", ""]),
    half_life_s=_maybe(6586.2, 4062.6, 282276.0),
    nuclides=st.lists(st.sampled_from(sorted(HALF_LIVES_S)), max_size=2, unique=True).map(tuple),
    tracer=st.sampled_from(["FDG", "other", ""]),
    injection=st.one_of(st.none(), MOMENTS),
    injection_zoned=st.sampled_from([False, False, False, True]),
    injection_time=st.one_of(st.none(), st.times(), st.just(time(9))),
    series=st.one_of(st.none(), MOMENTS),
    ge_scan=st.one_of(st.none(), st.none(), MOMENTS),
    philips_suv=_maybe(0.0, 5e-4),
    philips_activity=_maybe(0.0, 1.6),
    frames=st.lists(FRAMES, max_size=3).map(tuple),
)


@settings(max_examples=600, deadline=None)
@given(ATTRIBUTES)
def test_a_factor_or_a_refusal(attributes: SuvAttributes) -> None:
    try:
        found = suv_factor(attributes)
    except SuvError as error:
        assert error.code.startswith("SUV_")
        return
    assert 0 < found.factor < math.inf
    assert all(0 < weight < math.inf for weight in found.slice_weights)
    assert all(warning.startswith("SUV_") for warning in found.warnings)
    assert found.rule


TIMED = st.builds(
    dataclasses.replace,
    st.just(SuvAttributes("BQML", "", ("ATTN", "DECY"), dose_bq=370e6, weight_kg=70.0)),
    decay_correction=st.sampled_from(["START", "START", "ADMIN", "NONE"]),
    half_life_s=_maybe(6586.2, 4062.6, 282276.0),
    nuclides=st.sampled_from([(), (), ("F-18",), ("Zr-89",)]),
    injection=st.one_of(st.none(), MOMENTS),
    injection_zoned=st.sampled_from([False, False, False, True]),
    injection_time=st.one_of(st.none(), st.times(), st.just(time(9))),
    series=st.one_of(st.none(), MOMENTS),
    ge_scan=st.one_of(st.none(), st.none(), MOMENTS),
    frames=st.lists(FRAMES, min_size=1, max_size=3).map(tuple),
)


@settings(max_examples=600, deadline=None)
@given(TIMED)
def test_times_of_any_kind(attributes: SuvAttributes) -> None:
    test_a_factor_or_a_refusal.hypothesis.inner_test(attributes)


@given(ATTRIBUTES, st.sampled_from(NORMALISATIONS))
def test_a_ratio_or_a_refusal(attributes: SuvAttributes, normalisation: str) -> None:
    try:
        ratio, _ = per_suvbw(normalisation, body_of(attributes))
    except SuvError:
        return
    assert 0 < ratio < 5
