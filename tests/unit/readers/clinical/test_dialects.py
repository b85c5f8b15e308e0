"""One table in every dialect; and anything at all as a table."""

import csv
import io
import itertools
import math
from pathlib import Path

import pandas
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pet_mtl.covariates import CATEGORICAL, Covariate
from pet_mtl.errors import ClinicalError
from pet_mtl.readers.clinical import ClinicalColumns, ClinicalTable, read_clinical
from pet_mtl.study import Outcome

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252")
MISSING = (
    "",
    "NA",
    "n/a",
    "N/A",
    "NaN",
    "null",
    "-",
    "?",
    "unknown",
    "Unknown",
    ".",
    "#N/A",
    "\u2013",
)
EVENTS = (
    ("0", "1"), ("no", "yes"), ("FALSE", "TRUE"), ("alive", "dead"), ("0:LIVING", "1:DECEASED"),
    ("0.0", "1.0"), ("N", "Y"), ("LIVING", "Deceased"),
)  # fmt: skip
COLUMNS = ClinicalColumns("Größe id", "time", "event", covariates=("weight[kg]", "grade"))
QUOTES = (csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC)

# id, time (days), event, weight (kg), grade
ROW = tuple[float | None, bool | None, float | None, str | None]
rows_ = st.lists(
    st.tuples(
        st.none() | st.integers(0, 9999) | st.floats(0, 9999).map(lambda v: round(v, 2)),
        st.none() | st.booleans(),
        st.none() | st.floats(1, 200).map(lambda v: round(v, 1)),
        st.none() | st.sampled_from(["High", "Inter\"med", "naïve, mixed; x"]),
    ),
    min_size=8, max_size=12,
)  # fmt: skip


def _dialect(draw: st.DrawFn) -> dict:
    return {
        "delimiter": draw(st.sampled_from(",;\t|")),
        "decimal": draw(st.sampled_from(".,")),
        "encoding": draw(st.sampled_from(ENCODINGS)),
        "quoting": draw(st.sampled_from(QUOTES)),
        "end": draw(st.sampled_from(["\n", "\r\n", "\r"])),
        "missing": draw(st.sampled_from(MISSING)),
        "event": draw(st.sampled_from(EVENTS)),
        "unit": draw(st.sampled_from(["", " kg", "kg"])),
        "before": draw(st.sampled_from(["", "# made by hand\n", "\n\n", "sep=DELIMITER\n"])),
        "trailing": draw(st.booleans()),
        "blank": draw(st.booleans()),
    }


dialects = st.composite(_dialect)()


def write(path: Path, rows: list[ROW], dialect: dict) -> None:
    """The rows as a table in one dialect."""

    def number(value: float | None, unit: str = "") -> str:
        if value is None:
            return dialect["missing"]
        return str(value).replace(".", dialect["decimal"]) + unit

    text = io.StringIO()
    writer = csv.writer(
        text, delimiter=dialect["delimiter"], quoting=dialect["quoting"], lineterminator="\n"
    )
    more = [""] if dialect["trailing"] else []
    writer.writerow([" Größe id ", "time", "event", "other", "weight", "grade", *more])
    for i, (time, event, weight, grade) in enumerate(rows):
        told = dialect["missing"] if event is None else dialect["event"][event]
        cells = [f" é{i:02d}", number(time), told, "x", number(weight, dialect["unit"])]
        writer.writerow([*cells, dialect["missing"] if grade is None else grade, *more])
        if dialect["blank"]:
            text.write("\n")
    before = dialect["before"].replace("DELIMITER", dialect["delimiter"])
    content = (before + text.getvalue()).replace("\n", dialect["end"])
    path.write_bytes(content.encode(dialect["encoding"], errors="strict"))


def expected(rows: list[ROW]) -> dict[str, tuple]:
    return {
        f"é{i:02d}": (time, event, weight, grade)
        for i, (time, event, weight, grade) in enumerate(rows)
    }


def told(table: ClinicalTable) -> dict[str, tuple]:
    """The outcomes in the terms of the rows."""
    grade = table.schema[1]

    def level(outcome: Outcome) -> str | None:
        known = [outcome.covariates.get(feature) for feature in grade.features]
        if None in known:
            return None
        ones = [one for one, value in zip(grade.indicators, known, strict=True) if value]
        rest = [one for one in grade.levels if one not in grade.indicators]
        assert len(ones) + (not ones) * len(rest) == 1
        return (ones or rest)[0]

    return {
        key: (o.time_days, o.event, o.covariates.get("weight"), level(o))
        for key, o in table.outcomes.items()
    }


def usable(rows: list[ROW]) -> bool:
    """Whether the grades are a covariate: two levels, and rows that share one."""
    grades = [row[3] for row in rows if row[3] is not None]
    return len(grades) > len(set(grades)) >= 2


@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150
)
@given(rows_.filter(usable), dialects)
def test_every_dialect_says_the_same(tmp_path: Path, rows: list[ROW], dialect: dict) -> None:
    # A comma as delimiter parts unquoted decimal commas: no program writes that.
    if dialect["delimiter"] == "," and dialect["decimal"] == ",":
        dialect["quoting"] = csv.QUOTE_ALL
    path = tmp_path / "table.csv"
    if dialect["encoding"] == "cp1252" and dialect["missing"] == "\u2013":
        dialect["missing"] = "-"
    write(path, rows, dialect)
    table = read_clinical(path, COLUMNS)
    assert told(table) == expected(rows)
    assert table.schema[0].unit == "kg"
    coded = [text.partition(":")[0] for text in table.warnings]
    assert ("CLINICAL_ENCODING" in coded) == (dialect["encoding"] == "cp1252")


def test_all_pairs_of_delimiter_and_encoding(tmp_path: Path) -> None:
    rows: list[ROW] = [
        (10.5, True, 61.25, "High"),
        (None, False, None, "Low"),
        (3, None, 7.5, None),
        (4, True, 8.5, "Low"),
    ]
    for delimiter, encoding, decimal in itertools.product(",;\t|", ENCODINGS, ".,"):
        dialect = {
            "delimiter": delimiter, "encoding": encoding, "decimal": decimal, "quoting": 1,
            "end": "\r\n", "missing": "n/a", "event": ("no", "yes"), "unit": "", "before": "",
            "trailing": False, "blank": False,
        }  # fmt: skip
        write(tmp_path / "t.csv", rows, dialect)
        assert told(read_clinical(tmp_path / "t.csv", COLUMNS)) == expected(rows)


@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200
)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@example(b'id,age\n"a\n')
@example(b'id,age\na,"1"2\n')
@example(b"\xff\xfe\x00")
@example(b"id\0,age\n")
@example(b"sep=;\n")
def test_anything_is_read_or_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(ClinicalError) as caught:
        read_clinical(path, ClinicalColumns("id", "time", "event", "resp", ("age",)))
    assert caught.value.problem.todo


cells = st.text(max_size=6) | st.sampled_from(
    ["1", "0", "12.5", "1,5", "1,234", "70 kg", "12 %", "NA", "-", "2020-01-01", "High", "yes", "²"]
)
CHARACTERS = st.lists(st.lists(cells, min_size=5, max_size=5), max_size=8)


@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300
)
@given(CHARACTERS, st.sampled_from(",;\t|"))
def test_any_cells_are_read_or_refused(tmp_path: Path, rows: list, delimiter: str) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(["id", "time", "event", "resp", "age"])
    writer.writerows([[f"p{i}", *row[1:]] for i, row in enumerate(rows)])
    path = tmp_path / "table.csv"
    path.write_bytes(text.getvalue().encode("utf-8", errors="replace"))
    try:
        table = read_clinical(path, ClinicalColumns("id", "time", "event", "resp", ("age",)))
    except ClinicalError as error:
        assert error.problem.todo
        if error.code in ("CLINICAL_VALUE", "CLINICAL_DATE"):
            assert "line" in error.problem.what
    else:
        assert len(table.outcomes) == len(rows)


SCHEMA = (
    Covariate("age", unit="years", mean=60.0, sd=9.0),
    Covariate("time", CATEGORICAL, "", ("High", "Low", "yes"), ("High", "Low", "yes")),
)
ASKED = st.sampled_from(
    [(), ("age",), ("age[kg]",), ("age[category]",), ("age=High",), ("time", "age[%]"), ("x",)]
)


@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200
)
@given(CHARACTERS, ASKED, st.booleans(), st.sampled_from(["", "comma", "point"]))
def test_any_covariates_are_read_or_refused(
    tmp_path: Path, rows: list, asked: tuple[str, ...], by_schema: bool, decimal: str
) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([["id", "time", "event", "resp", "age"], *rows])
    path = tmp_path / "table.csv"
    path.write_bytes(text.getvalue().encode("utf-16", errors="replace"))
    columns = ClinicalColumns(
        "id", response="resp", covariates=asked, decimal=decimal, response_positive=("High", "1")
    )
    try:
        table = read_clinical(path, columns, SCHEMA if by_schema else None)
    except ClinicalError as error:
        assert error.problem.todo
        return
    names = set(table.covariates)
    for outcome in table.outcomes.values():
        assert outcome.covariates.keys() <= names
        assert all(math.isfinite(value) for value in outcome.covariates.values())


numeric = st.lists(
    st.tuples(st.integers(0, 9999), st.none() | st.floats(-1e6, 1e6, width=32)),
    min_size=1, max_size=10,
)  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numeric, st.sampled_from([(",", "."), (";", "."), (";", ","), ("\t", "."), ("\t", ",")]))
def test_as_pandas_reads_it(tmp_path: Path, rows: list, style: tuple[str, str]) -> None:
    delimiter, decimal = style
    path = tmp_path / "table.csv"
    frame = pandas.DataFrame({"id": [f"p{i}" for i in range(len(rows))]}).assign(
        time=[t for t, _ in rows], age=[a for _, a in rows]
    )
    frame.to_csv(path, sep=delimiter, decimal=decimal, index=False, na_rep="NA")
    again = pandas.read_csv(path, sep=delimiter, decimal=decimal, float_precision="round_trip")
    columns = ClinicalColumns(
        "id", "time", covariates=("age",), decimal="comma" if decimal == "," else "point"
    )
    table = read_clinical(path, columns)
    for row in again.itertuples():
        outcome = table.outcomes[row.id]
        assert outcome.time_days == row.time
        assert outcome.covariates.get("age") == (None if pandas.isna(row.age) else row.age)
