"""Rows of one patient, and rows of which study."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pet_mtl.errors import ClinicalError
from pet_mtl.readers.clinical import ClinicalTable
from pet_mtl.readers.clinical.table import loosely
from pet_mtl.study import Outcome, StudySource


def source(name: str, patient_id: str = "") -> StudySource:
    return StudySource(name, "dicom", Path(name), None, patient_id)


def rows_of(ids: list[str], *sources: StudySource) -> list[str | None]:
    table = ClinicalTable({key: Outcome() for key in ids}).bound_to(sources)
    return [table.row_of(one) for one in sources]


@pytest.mark.parametrize(
    ("row", "study"),
    [("7", "007"), ("007", "7"), ("7.0", "007"), ("sts_1", "STS_001"), ("Pat  3", "pat 3"),
     ("STS_001", " STS_001 "), ("\uff17", "7"), ("P10.0", "p10.0")],
)  # fmt: skip
def test_identifiers_that_differ_a_little(row: str, study: str) -> None:
    assert rows_of([row, "other"], source(study)) == [row]
    assert rows_of([row, "other"], source("folder", study)) == [row]


@pytest.mark.parametrize(("row", "study"), [("10", "1"), ("1.5", "1.05"), ("a", "ab"), ("", "")])
def test_identifiers_that_differ(row: str, study: str) -> None:
    assert rows_of([row], source(study)) == [None]


def test_between_two_nothing_is_guessed() -> None:
    assert rows_of(["7", "07"], source("007")) == [None]
    assert rows_of(["7"], source("007"), source("07")) == [None, None]
    # The one that is written alike has the row; the other has none.
    assert rows_of(["7"], source("007"), source("7")) == [None, "7"]
    assert rows_of(["7", "07"], source("07"), source("7")) == ["07", "7"]
    # One study may be alike twice; two scans of one PatientID are alike once.
    assert rows_of(["sts_1"], source("STS_1", "STS_001")) == ["sts_1"]
    assert rows_of(["7"], source("x", "007"), source("y", "007")) == ["7", "7"]


def test_the_row_of_a_refused_study_is_taken() -> None:
    table = ClinicalTable({"7": Outcome()})
    for refused in ("7", "07"):
        assert table.bound_to([source("007")], [refused]).row_of(source("007")) is None
    assert table.bound_to([source("8")], ["007"]).aliases == {"007": "7"}


def test_near_identifiers_are_told() -> None:
    table = ClinicalTable({"7": Outcome()}).bound_to([source("007")])
    assert table.warnings == (
        "CLINICAL_ID_NEAR: 1 rows belong to studies by identifiers that differ in case, blanks or "
        "leading zeros",
    )
    assert table.unmatched([source("007")]) == ()
    assert ClinicalTable({"7": Outcome()}).bound_to([source("7")]).warnings == ()


@given(st.lists(st.text("0aA ._1", max_size=4), max_size=5, unique=True), st.data())
def test_a_row_is_alike_and_is_one_study_s(ids: list[str], data: st.DataObject) -> None:
    ids = [key for key in dict.fromkeys(key.strip() for key in ids) if key]
    names = data.draw(st.lists(st.text("0aA ._1", min_size=1, max_size=4), max_size=5, unique=True))
    sources = [source(name) for name in dict.fromkeys(n.strip() for n in names)]
    found = rows_of(ids, *sources)
    for one, row in zip(sources, found, strict=True):
        if one.name in ids:
            assert row == one.name
        elif row is not None:
            assert loosely(row) == loosely(one.name)
    taken = [row for row in found if row is not None]
    assert len(taken) == len(set(taken))


def test_identifiers_of_a_spreadsheet(read) -> None:
    assert read("id,x\n 007 ,1\n\u00a08\u00a0,2\n").ids == ("007", "8")


def test_rows_that_say_the_same_count_once(read, codes) -> None:
    text = "id,t,e,note\na,10,1,x\nb,5,0,\na,10.0,yes,y\na,10,1,z\n"
    table = read(text, "id", "t", "e")
    assert table.ids == ("a", "b")
    assert table.outcomes["a"] == Outcome(10.0, True)
    assert table.warnings[0].startswith("CLINICAL_ROWS_MERGED: 2 rows")


@pytest.mark.parametrize("again", ["a,11,1", "a,10,0", "a,,1"])
def test_rows_that_contradict_are_refused(read, again: str) -> None:
    with pytest.raises(ClinicalError) as caught:
        read(f"id,t,e\na,10,1\n\nb,1,1\n{again}\n", "id", "t", "e")
    assert caught.value.code == "CLINICAL_TWICE"
    assert "lines 2 and 5" in str(caught.value)


@pytest.mark.parametrize("cell", ["", "NA", "-"])
def test_a_row_needs_an_identifier(read, cell: str) -> None:
    with pytest.raises(ClinicalError, match="'id', line 3"):
        read(f"id,t\na,10\n{cell},5\n", "id", "t")
