"""Covariates: what a column is, and a table read by a known schema."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pet_mtl.covariates import CATEGORICAL, NUMERIC, Covariate
from pet_mtl.errors import ClinicalError

SCHEMA = (
    Covariate("age", NUMERIC, "years", known=30, mean=60.0, sd=10.0),
    Covariate("sex", CATEGORICAL, "", ("F", "M"), ("M",)),
    Covariate("grade", CATEGORICAL, "", ("High", "Low", "Mid"), ("High", "Low", "Mid")),
)


def refusal(read, text: str, *names, **columns) -> ClinicalError:
    with pytest.raises(ClinicalError) as caught:
        read(text, *names, **columns)
    assert caught.value.problem.todo
    return caught.value


def test_what_a_column_is(read) -> None:
    text = "id,age,w [kg],stage,sex\na,61,70 kg,1,F\nb,NA,80,2,M\nc,50,,2,\nd,NA,,1,F\n"
    table = read(text, covariates=("age[years]", "w", "stage[category]", "sex"))
    assert table.schema == (
        Covariate("age", NUMERIC, "years"),
        Covariate("w", NUMERIC, "kg"),
        Covariate("stage", CATEGORICAL, "", ("1", "2"), ("2",)),
        Covariate("sex", CATEGORICAL, "", ("F", "M"), ("M",)),
    )
    assert table.outcomes["a"].covariates == {"age": 61, "w": 70, "stage=2": 0, "sex=M": 0}
    assert table.outcomes["c"].covariates == {"age": 50, "stage=2": 1}


@pytest.mark.parametrize(
    ("header", "asked", "name", "unit"),
    [
        ("w", "w", "w", ""),
        ("w", "w[kg]", "w", "kg"),
        ("w", "w [kg]", "w", "kg"),
        ("w [kg]", "w", "w", "kg"),
        ("w [kg]", "w [kg]", "w", "kg"),
        ("w[kg]", "w[kilogram]", "w", "kilogram"),
        ("w (kg)", "w", "w", "kg"),
        ("w (kg)", "w (kg)", "w", "kg"),
        ("w (baseline)", "w (baseline)", "w (baseline)", ""),
        ("HER2=pos", "HER2=pos", "HER2=pos", ""),
    ],
)
def test_units_and_plain_names(read, header: str, asked: str, name: str, unit: str) -> None:
    (covariate,) = read(f"id,{header}\na,1\nb,2\n", covariates=(asked,)).schema
    assert (covariate.name, covariate.unit, covariate.kind) == (name, unit, NUMERIC)


@pytest.mark.parametrize(
    ("text", "asked", "code", "says"),
    [
        ("id,w [g]\na,1\n", "w[kg]", "CLINICAL_UNIT", "'g'"),
        ("id,w [g],w [kg]\na,1,1\n", "w", "CLINICAL_HEADER", "2 columns"),
        ("id,w\na,70 kg\nb,60 kg\n", "w", "CLINICAL_VALUE", "[UNIT]"),
        ("id,w\na,70 kg\nb,6000 g\n", "w[kg]", "CLINICAL_VALUE", "line 3"),
        ("id,w\na,70\nb,heavy\n", "w", "CLINICAL_VALUE", "line 3"),
        ("id,w\na,70\nb,heavy\n", "w[kg]", "CLINICAL_VALUE", "line 3"),
        ("id,w\na,2020-01-01\nb,2021-01-01\n", "w", "CLINICAL_DATE", "line 2"),
        ("id,w\na,2020-01-01\nb,1\n", "w", "CLINICAL_DATE", "line 2"),
        ("id,w\na,x\nb,y\n", "w=z", "CLINICAL_LEVEL", "2 levels"),
        ("id,w\na,x\nb,y\n", "v=x", "CLINICAL_COLUMN", "'v'"),
        ("id,w\na,x\nb,y\nc,z\nd,q\n", "w", "CLINICAL_COVARIATE", "4 different texts in 4 rows"),
        ("id,w\na,x\nb,y\nc,z\n", "w", "CLINICAL_COVARIATE", "3 different texts in 3 rows"),
        ("id,w\na,x\nb,y\n", "w", "CLINICAL_COVARIATE", "2 different texts in 2 rows"),
        ("id,w\na,\nb,19510403\n", "w", "CLINICAL_DATE", "line 3"),
        ("id,w\na,1\nb,19510403\nc,20240229.0\n", "w[x]", "CLINICAL_DATE", "line 3"),
        ("id,w\na,03041951\nb,31121951\n", "w", "CLINICAL_DATE", "line 2"),
        ("id,w\na,12311951\nb,12311951\nc,1\n", "w[category]", "CLINICAL_DATE", "line 2"),
        (f"id,w\na,x\nb,{'y' * 81}\n", "w", "CLINICAL_VALUE", "line 3"),
    ],
)
def test_refusals(read, text: str, asked: str, code: str, says: str) -> None:
    error = refusal(read, text, covariates=(asked,))
    assert error.code == code
    assert says in str(error)


def test_numbers_of_eight_digits_are_no_dates(read) -> None:
    """A volume, a month 13, a day 32, a year 1899; and one that is a date by chance among three."""
    text = "id,v\na,12345678\nb,19511301\nc,19510132\nd,18991231\ne,19510403\n"
    table = read(text, covariates=("v",))
    assert table.outcomes["e"].covariates == {"v": 19510403}


def test_a_covariate_twice(read) -> None:
    text = "id,w\na,x\nb,y\n"
    assert refusal(read, text, covariates=("w", "w=x")).code == "CLINICAL_COVARIATE"
    assert refusal(read, text, covariates=("w", "w")).code == "CLINICAL_COVARIATE"


def test_levels_are_one_whatever_their_case(read, codes) -> None:
    table = read("id,g\na,High\nb,high\nc,High\nd,  low\ne,low  grade\n", covariates=("g",))
    assert table.schema[0].levels == ("High", "low", "low grade")
    assert codes(table) == ["CLINICAL_LEVEL_CASE"]
    assert table.outcomes["b"].covariates["g=High"] == 1.0


def test_levels_asked_for_one_by_one(read) -> None:
    text = "id,g\n" + "".join(f"p{i},level {i % 20}\n" for i in range(40))
    table = read(text, covariates=("g=Level 1", "g=level 2"))
    # The other eighteen are not listed: nobody asked for them.
    assert table.schema == (Covariate("g", CATEGORICAL, "", (), ("level 1", "level 2")),)
    assert table.outcomes["p21"].covariates == {"g=level 1": 1.0, "g=level 2": 0.0}
    assert table.outcomes["p3"].covariates == {"g=level 1": 0.0, "g=level 2": 0.0}


def test_levels_that_nobody_asked_for_are_not_kept(read) -> None:
    table = read(
        "id,comment\na,ok\nb,Ann Example\nc,ok\nd,1950-01-02\n", covariates=("comment=ok",)
    )
    assert table.schema == (Covariate("comment", CATEGORICAL, "", (), ("ok",)),)
    assert [o.covariates["comment=ok"] for o in table.outcomes.values()] == [1.0, 0.0, 1.0, 0.0]


def test_none_is_a_level_and_no_number(read) -> None:
    table = read("id,g,x\na,none,1\nb,some,None\nc,none,\n", covariates=("g", "x"))
    assert table.schema[0].levels == ("none", "some")
    assert table.outcomes["b"].covariates == {"g=some": 1.0}


def test_an_empty_column_is_told(read, codes) -> None:
    table = read("id,x\na,\nb,NA\n", covariates=("x",))
    assert (table.covariates, codes(table)) == (("x",), ["CLINICAL_EMPTY"])


def test_a_table_read_by_a_schema(read, codes) -> None:
    text = "ID;Sex;Age (years);grade\na;m;61,5;low\nb;F;;Huge\nc;?;70;MID\n"
    table = read(text, "ID", schema=SCHEMA)
    assert table.schema == SCHEMA
    assert table.outcomes["a"].covariates == {
        "age": 61.5, "sex=M": 1, "grade=High": 0, "grade=Low": 1, "grade=Mid": 0,
    }  # fmt: skip
    # A level that was never seen makes all its indicators unknown, never a row of zeros.
    assert table.outcomes["b"].covariates == {"sex=M": 0}
    assert table.outcomes["c"].covariates == {
        "age": 70, "grade=High": 0, "grade=Low": 0, "grade=Mid": 1,
    }  # fmt: skip
    assert codes(table) == ["CLINICAL_UNSEEN_LEVEL"]
    assert "'grade': 1 row holds" in table.warnings[0]


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("id,age,sex,grade\na,61,1,Low\n", "CLINICAL_VALUE", "'sex', line 2"),
        ("id,age,sex,grade\na,old,F,Low\n", "CLINICAL_VALUE", "'age', line 2"),
        ("id,age [months],sex,grade\na,1,F,Low\n", "CLINICAL_UNIT", "'years'"),
        ("id,age,sex,grad\na,1,F,Low\n", "CLINICAL_COLUMN_NEAR", "'grad'"),
        ("id,x,y\na,1,F\n", "CLINICAL_COLUMN", "'age'"),
        ("id,age,AGE,sex,grade\na,1,2,F,Low\n", "", ""),
        ("id,Age,AGE,sex,grade\na,1,2,F,Low\n", "CLINICAL_HEADER", "2 columns"),
    ],
)
def test_a_table_that_does_not_fit_the_schema(read, text: str, code: str, says: str) -> None:
    if not code:
        assert read(text, schema=SCHEMA).outcomes["a"].covariates["age"] == 1
        return
    error = refusal(read, text, schema=SCHEMA)
    assert error.code == code
    assert says in str(error)


def test_a_missing_column_is_unknown_and_told(read, codes) -> None:
    table = read("id,age\na,61\n", schema=SCHEMA)
    assert table.outcomes["a"].covariates == {"age": 61}
    assert codes(table) == ["CLINICAL_COLUMN_ABSENT"] * 2
    assert "'sex'" in table.warnings[0]


def test_values_far_from_the_training_data_are_told(read, codes) -> None:
    table = read("id,age,sex,grade\na,61,F,Low\nb,732,F,Low\n", schema=SCHEMA)
    assert codes(table) == ["CLINICAL_FAR"]
    assert "mean 60 years" in table.warnings[0]


def test_levels_of_a_schema_that_differ_in_case_stay_apart(read) -> None:
    schema = (Covariate("x", CATEGORICAL, "", ("A", "a", "b"), ("A", "a", "b")),)
    table = read("id,x\np,A\nq,a\n", schema=schema)
    ones = [[k for k, v in o.covariates.items() if v] for o in table.outcomes.values()]
    assert ones == [["x=A"], ["x=a"]]


def test_covariates_named_beside_a_schema(read) -> None:
    text = "id,age,sex\na,61,F\n"
    assert read(text, covariates=("age",), schema=SCHEMA).schema == SCHEMA[:1]
    assert read(text, covariates=("age[yr]", "sex=M"), schema=SCHEMA).schema == SCHEMA[:2]
    assert refusal(read, text, covariates=("agee",), schema=SCHEMA).code == "CLINICAL_NOT_IN_SCHEMA"
    assert refusal(read, text, covariates=("age[kg]",), schema=SCHEMA).code == "CLINICAL_UNIT"
    assert read(text, schema=()).covariates == ()


levels = st.lists(st.text("abcAB 1-", min_size=1, max_size=3), min_size=2, max_size=12)


@given(levels, st.lists(st.text("abcAB 1-x", max_size=3), min_size=1, max_size=6))
def test_no_text_becomes_another_level(trained: list[str], asked: list[str]) -> None:
    found = tuple(sorted({" ".join(text.split()) for text in trained} - {""}))
    covariate = Covariate("g", CATEGORICAL, "", found, found[1:] if len(found) == 2 else found)
    for text in asked:
        code = covariate.encode(text)
        if found and text not in found:
            assert code == {}
        elif found:
            ones = [name for name, value in code.items() if value == 1]
            assert ones == ([f"g={text}"] if text in covariate.indicators else [])
