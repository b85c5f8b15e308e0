import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pet_mtl.errors import ClinicalError
from pet_mtl.readers.clinical.numbers import (
    canonical,
    is_date,
    parse_number,
    readings,
    without_unit,
)

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(FINITE)
def test_numbers_round_trip(value: float) -> None:
    assert parse_number(repr(value), ".") == value
    assert parse_number(repr(value).replace(".", ","), ",") == value


@given(st.text(max_size=12))
def test_a_number_is_one_that_python_reads_or_grouped(text: str) -> None:
    value = parse_number(text)
    if value is None:
        return
    plain = "".join(c for c in text if c not in " ,'\u00a0\u2009\u202f\u2019")
    assert value == float(plain.replace("\u2212", "-").replace("\u2013", "-"))


@pytest.mark.parametrize(
    "text",
    ["", "1_000", "inf", "-Infinity", "nan", "0x1f", "1e999", "١٢", "1,23,4", "12,34.5", "1..2",
     "5-10", "<5", "70 kg", "1 2", "0,123,456.1", ".", "-", "e5"],
)  # fmt: skip
def test_no_number(text: str) -> None:
    assert parse_number(text) is None


@pytest.mark.parametrize(
    ("text", "point", "comma"),
    [
        ("12", 12, 12),
        ("10,5", None, 10.5),
        ("10.5", 10.5, None),
        ("1,234", 1234, 1.234),
        ("1.234", 1.234, 1234),
        ("0,123", None, 0.123),
        ("1.234,5", None, 1234.5),
        ("1,234,567", 1234567, None),
        ("1 234,5", None, 1234.5),
        ("1\u202f234", 1234, 1234),
        ("1'234.5", 1234.5, None),
        ("\u22123", -3, -3),
        ("1e-3", 0.001, 0.001),
    ],
)
def test_readings(text: str, point: float | None, comma: float | None) -> None:
    wanted = {sign: v for sign, v in ((".", point), (",", comma)) if v is not None}
    assert readings(text) == wanted


@pytest.mark.parametrize(
    "text",
    ["2020-01-31", "2020/1/3", "31.01.2020", "1/31/20", "31-Jan-2020", "31 January 2020",
     "Jan 31, 2020", "2020-01-31 10:00:00", "2020-01-31T10:00"],
)  # fmt: skip
def test_dates(text: str) -> None:
    assert is_date(text)
    assert not readings(text)


@pytest.mark.parametrize("text", ["12", "1.5", "1.234.567", "High", "T2 N1", "2b", "1-2", "May"])
def test_no_dates(text: str) -> None:
    assert not is_date(text)


def test_units() -> None:
    assert without_unit("70 kg") == ("70", "kg")
    assert without_unit("1,73m²") == ("1,73", "m²")
    assert without_unit("-3.5 %") == ("-3.5", "%")
    assert without_unit("70") == ("70", "")
    assert canonical("Years") == canonical("yr") == "years"
    assert canonical("kg / x") != canonical("kg")
    assert canonical("mL") == canonical("cc")


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (["10,5", "1,234", "7"], [10.5, 1.234, 7]),
        (["10.5", "1.234", "7"], [10.5, 1.234, 7]),
        (["1.234,5", "10,5"], [1234.5, 10.5]),
        (["1 234,5", "1 234"], [1234.5, 1234]),
        (["1'234.5", "2"], [1234.5, 2]),
        (["7 ", "none", "-"], [7, None, None]),
    ],
)
def test_a_column_tells_its_decimal_sign(read, column, values) -> None:
    text = "id;x\n" + "".join(f"p{i};{cell}\n" for i, cell in enumerate(column))
    found = [o.covariates.get("x") for o in read(text, covariates=("x",)).outcomes.values()]
    assert found == values


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("id;x\na;1,234\nb;2\n", "'x', line 2"),
        ("id;x\na;10,5\nb;1.234\n", "'x', line 3"),
        ("id;x\na;1.234\nb;845\n", "'x', line 2"),
        ("id;x\na;10,5\nb;9\nc;1.5\n", "points (line 4) and decimal commas (line 2)"),
        ('id,x\na,"1,234"\n', "'x', line 2"),
        ('id,x\na,10.5\nb,"1,234"\n', "'x', line 3"),
    ],
)
def test_ambiguous_numbers_are_refused(read, text: str, says: str) -> None:
    with pytest.raises(ClinicalError) as caught:
        read(text, covariates=("x",))
    assert caught.value.code == "CLINICAL_NUMBER"
    assert says in str(caught.value)


def test_what_tells_an_ambiguous_number(read) -> None:
    def x(text: str, **columns) -> float:
        return read(text, covariates=("x",), **columns).outcomes["a"].covariates["x"]

    # Another column of the table, the comma that is the delimiter, or the user.
    assert x("id;x;y\na;1,234;0,5\n") == 1.234
    assert x("id;x;y\na;1.234;0.5\n") == 1.234
    assert x("id,x\na,1.234\n") == 1.234
    assert x("id;x\na;1.234\n", decimal="point") == 1.234
    assert x("id;x\na;1.234\n", decimal="comma") == 1234
    assert x("id;x\na;1,234\n", decimal="point") == 1234


@given(st.lists(FINITE, min_size=1, max_size=5))
def test_readings_never_lose_a_number(values: list[float]) -> None:
    for value in values:
        assert any(math.isclose(v, value) for v in readings(repr(value)).values())
