import json
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pet_mtl.covariates import CATEGORICAL, Covariate, encode, features_of, schema_from

AGE = Covariate("age", unit="years")
SEX = Covariate("sex", CATEGORICAL, "", ("F", "M"), ("M",))
GRADE = Covariate("grade", CATEGORICAL, "", ("High", "Low", "Mid"), ("High", "Low", "Mid"))
MARGIN = Covariate("margin", CATEGORICAL, "", (), ("R0",))
SCHEMA = (AGE, SEX, GRADE, MARGIN)


def document(schema) -> dict:
    names = list(features_of(schema))
    return {"covariates": names, "covariate_schema": [c.to_json() for c in schema]}


def test_encoding() -> None:
    assert features_of(SCHEMA) == (
        "age", "sex=M", "grade=High", "grade=Low", "grade=Mid", "margin=R0",
    )  # fmt: skip
    assert encode(SCHEMA, (61, "F", "Low", "R2")) == {
        "age": 61.0, "sex=M": 0.0, "grade=High": 0.0, "grade=Low": 1.0, "grade=Mid": 0.0,
        "margin=R0": 0.0,
    }  # fmt: skip
    assert encode(SCHEMA, (None, "X", None, None)) == {}


names = st.text("abc= []é", min_size=1, max_size=5)
schemas = st.lists(
    st.builds(
        lambda name, levels, number, unit: Covariate(name, unit=unit, known=7)
        if number else Covariate(name, CATEGORICAL, "", tuple(levels), tuple(levels[1:])),
        names, st.lists(names, min_size=2, max_size=4, unique=True), st.booleans(), names,
    ),
    max_size=4,
)  # fmt: skip


@given(schemas)
def test_json_round_trip(schema: list[Covariate]) -> None:
    assert schema_from(json.loads(json.dumps(document(schema)))) == tuple(schema)


def test_a_document_that_contradicts_itself() -> None:
    content = document(SCHEMA)
    content["covariates"][0] = "weight"
    with pytest.raises(ValueError, match="differ"):
        schema_from(content)
    with pytest.raises(KeyError):
        schema_from({"covariate_schema": []})


def test_names_alone_tell_what_they_can() -> None:
    found = schema_from({"covariates": list(features_of(SCHEMA))})
    assert features_of(found) == features_of(SCHEMA)
    # Of one indicator, nobody knows which other texts there were.
    assert found[1] == Covariate("sex", CATEGORICAL, "", (), ("M",))
    assert found[2] == GRADE


def test_described() -> None:
    ages = [61.0, 50.5, 70.0, 44.0, 58.0, 66.25]
    rows = [encode(SCHEMA, (age, "F", "Low", None)) for age in ages]
    rows[0] |= encode(SCHEMA, (None, None, "High", None))
    rows.append({})
    age, sex, grade, margin = (covariate.described(rows) for covariate in SCHEMA)
    assert (age.known, age.unit) == (6, "years")
    assert age.mean == pytest.approx(statistics.fmean(ages), rel=1e-5)
    assert age.sd == pytest.approx(statistics.pstdev(ages), rel=1e-5)
    # M and Mid are nobody's here: a model learns nothing of them, so they count as never seen.
    assert (sex.levels, sex.known, sex.encode("M")) == (("F",), 6, {})
    assert (grade.levels, grade.features) == (("High", "Low"), GRADE.features)
    assert (margin.levels, margin.known) == ((), 0)


@pytest.mark.parametrize("count", [0, 1, 4])
def test_a_few_patients_are_not_described(count: int) -> None:
    age = AGE.described([{"age": 61.0}] * count)
    assert (age.known, age.mean, age.sd) == (count, None, None)
    assert "mean" not in age.to_json()
