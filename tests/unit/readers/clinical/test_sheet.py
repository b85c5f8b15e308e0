"""Files, encodings, headers and lines."""

import io
import zipfile
from pathlib import Path

import pytest

from pet_mtl.errors import ClinicalError
from pet_mtl.readers.clinical import ClinicalColumns, read_clinical, split_names


def refusal(read, text: str | bytes, *names, **columns) -> ClinicalError:
    with pytest.raises(ClinicalError) as caught:
        read(text, *names, **columns)
    assert caught.value.problem.todo
    return caught.value


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ClinicalError, match=r"no file.*CLINICAL_UNREADABLE"):
        read_clinical(tmp_path / "none.csv", ClinicalColumns("id"))
    with pytest.raises(ClinicalError, match="CLINICAL_UNREADABLE"):
        read_clinical(tmp_path, ClinicalColumns("id"))


def test_spreadsheets_are_refused(read) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("xl/workbook.xml", "<workbook/>")
    assert refusal(read, content.getvalue()).code == "CLINICAL_SPREADSHEET"
    assert refusal(read, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1").code == "CLINICAL_SPREADSHEET"


def test_windows_1252_only_where_it_is_no_damaged_utf8(read, codes) -> None:
    table = read("id;x\nJosé;1\nMüller;2\n".encode("cp1252"))
    assert table.ids == ("José", "Müller")
    assert codes(table) == ["CLINICAL_ENCODING"]
    assert "line 2" in table.warnings[0]
    broken = "id;x\nJosé;1\nMüll".encode() + b"\xfcr;2\n"
    assert refusal(read, broken).code == "CLINICAL_UNREADABLE"
    assert refusal(read, b"id;x\n\x81;2\n").code == "CLINICAL_UNREADABLE"
    assert refusal(read, b"id;x\na\0b;2\n").code == "CLINICAL_UNREADABLE"


def test_comments_blank_lines_and_short_rows(read) -> None:
    text = "#Patient\tAge\n#a\tb\n\nid\tx\ty\t\n\n# a remark\np1\t1\n\t\t\np2\t2\t3\t\t\n#3\t4\n"
    table = read(text, covariates=("x",))
    assert {key: o.covariates["x"] for key, o in table.outcomes.items()} == {
        "p1": 1, "p2": 2, "#3": 4,
    }  # fmt: skip


def test_a_cell_may_hold_line_breaks_and_lines_are_counted_in_the_file(read) -> None:
    text = 'id,note,x\na,"two\nlines; and a ""quote""",1\nb,,old\n'
    error = refusal(read, text, covariates=("x",))
    assert (error.code, "line 4" in str(error)) == ("CLINICAL_VALUE", True)


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("id,x\na,1,2\n", "CLINICAL_LINE", "line 2"),
        ("id,x\na,1\nb,2", "", ""),
        ("id,x\na,1\nb", "CLINICAL_LINE", "line 3"),  # what an interrupted copy leaves
        ('id,x\na,"1\nb,2\n', "CLINICAL_LINE", "line 2"),
        ('id,x\na,"1"2\n', "CLINICAL_LINE", "line 2"),
        ("id,x,x\na,1,2\n", "CLINICAL_HEADER", "2 columns"),
        ("\n\n", "CLINICAL_HEADER", "header"),
        (";;\n1;2;3\n", "CLINICAL_HEADER", "header"),
        ("# nothing\n", "CLINICAL_HEADER", "header"),
        ("id,X \na,1\n", "CLINICAL_COLUMN", "Did you mean 'X'"),
        ("id,the_x\na,1\n", "CLINICAL_COLUMN", "one of id, the_x"),
    ],
)
def test_lines_and_headers(read, text: str, code: str, says: str) -> None:
    if not code:
        assert read(text, covariates=("x",)).ids == ("a", "b")
        return
    error = refusal(read, text, covariates=("x",))
    assert error.code == code
    assert says in str(error)


def test_a_header_with_line_breaks(read) -> None:
    table = read('"ID"," Age\nat  scan (years)"\na,61\n', "ID", covariates=("Age at scan",))
    assert table.schema[0].unit == "years"


def test_a_column_that_is_not_used_may_occur_twice(read) -> None:
    assert read("id,note,note,x\na,b,c,1\n", covariates=("x",)).ids == ("a",)


def test_the_columns_asked_for_tell_the_delimiter(read) -> None:
    # The commas part the header into more cells than the semicolons do.
    table = read("id;x, y, and z;x\na;b;1\n", covariates=("x",))
    assert table.outcomes["a"].covariates == {"x": 1.0}


def test_a_long_header_is_not_listed_whole(read) -> None:
    error = refusal(read, "id," + ",".join(f"c{i}" for i in range(500)) + "\n", covariates=("x",))
    assert len(str(error)) < 500
    assert "471 more" in str(error)


def test_names_of_options() -> None:
    assert split_names('age[years], "stage, clinical",sex,,') == (
        "age[years]", "stage, clinical", "sex",
    )  # fmt: skip
    assert split_names("") == split_names(" , ") == ()
    assert split_names("a\nb") == ("a b",)
