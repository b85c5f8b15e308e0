import csv
from pathlib import Path

import pytest

from pet_mtl.errors import ClinicalError
from pet_mtl.readers.clinical import ClinicalColumns, read_clinical
from pet_mtl.study import Outcome, StudySource

COLUMNS = ClinicalColumns("id", "days", "dead", "mets", ("age",))
HEADER = "id,days,dead,mets,age\n"


def _write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "clinical.csv"
    path.write_bytes(text.encode(encoding))
    return path


def _source(name: str, patient_id: str = "") -> StudySource:
    return StudySource(name, "dicom", Path(name), None, patient_id)


def test_rows_and_absent_cells(tmp_path: Path) -> None:
    text = HEADER + "a,10,1,yes,61\nb,NA,0,N/A,nan\nc,0.5,False,,\n\n,,,,\n"
    table = read_clinical(_write(tmp_path, text), COLUMNS)
    assert table.outcomes == {
        "a": Outcome(10.0, True, 1, {"age": 61.0}),
        "b": Outcome(None, False, None, {}),
        "c": Outcome(0.5, False, None, {}),
    }
    assert table.covariates == ("age",)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_delimiters_and_marks(tmp_path: Path, delimiter: str, encoding: str) -> None:
    text = (HEADER + "a,10,1,0,61\r\n").replace(",", delimiter)
    table = read_clinical(_write(tmp_path, text, encoding), COLUMNS)
    assert table.outcomes == {"a": Outcome(10.0, True, 0, {"age": 61.0})}


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("id,days,dead,met,age\n", "CLINICAL_COLUMN", "Did you mean 'met'"),
        (HEADER + "a,-1,1,0,61\n", "CLINICAL_VALUE", "'days', line 2"),
        (HEADER + "a,soon,1,0,61\n", "CLINICAL_VALUE", "'days', line 2"),
        (HEADER + "a,inf,1,0,61\n", "CLINICAL_VALUE", "'days', line 2"),
        (HEADER + "a,1,maybe,0,61\n", "CLINICAL_VALUE", "'dead', line 2"),
        (HEADER + "a,1,1,2,61\n", "CLINICAL_VALUE", "'mets', line 2"),
        (HEADER + "a,1,1,1,61\nb,1,1,1,old\n", "CLINICAL_VALUE", "'age', line 3"),
        (HEADER + ",1,1,1,61\n", "CLINICAL_VALUE", "'id', line 2"),
        (HEADER + "a,1,1,1,61\nb,1,1,1,6\na,,,,\n", "CLINICAL_TWICE", "lines 2 and 4"),
        (HEADER + "a,1,1,1,61,9\n", "CLINICAL_LINE", "line 2"),
        ("id,days,days,mets,age\n", "CLINICAL_HEADER", "once"),
        ("", "CLINICAL_HEADER", "header"),
    ],
)
def test_refusals_name_column_and_line(tmp_path: Path, text: str, code: str, says: str) -> None:
    with pytest.raises(ClinicalError) as caught:
        read_clinical(_write(tmp_path, text), COLUMNS)
    assert (caught.value.code, caught.value.exit_code) == (code, 2)
    assert says in str(caught.value)
    assert caught.value.problem.todo


def test_text_becomes_indicators(tmp_path: Path) -> None:
    text = "id,sex,grade\na,F,High\nb,M,\nc,M,Low\nd,F,Intermediate\ne,F,Low\n"
    path = _write(tmp_path, text)
    table = read_clinical(path, ClinicalColumns("id", covariates=("sex", "grade")))
    assert table.covariates == ("sex=M", "grade=High", "grade=Intermediate", "grade=Low")
    assert table.outcomes["b"].covariates == {"sex=M": 1.0}
    assert table.outcomes["a"].covariates["grade=High"] == 1.0
    # A table can be read by the names of the indicators, too.
    again = read_clinical(path, ClinicalColumns("id", covariates=table.covariates))
    assert (again.outcomes, again.covariates) == (table.outcomes, table.covariates)
    one = _write(tmp_path, "id,sex\na,M\n")
    again = read_clinical(one, ClinicalColumns("id", covariates=("sex=M",)))
    assert again.outcomes["a"].covariates == {"sex=M": 1.0}


@pytest.mark.parametrize("levels", [1, 9])
def test_texts_that_are_no_covariate(tmp_path: Path, levels: int) -> None:
    rows = "".join(f"p{i},name{i}\n" for i in range(levels))
    path = _write(tmp_path, "id,name\n" + rows)
    with pytest.raises(ClinicalError) as caught:
        read_clinical(path, ClinicalColumns("id", covariates=("name",)))
    assert caught.value.code == "CLINICAL_COVARIATE"
    assert "name0" not in str(caught.value)


def test_belongs_by_folder_or_patient_id(tmp_path: Path) -> None:
    table = read_clinical(
        _write(tmp_path, "id,days\na,1\nb,2\nc,3\n"), ClinicalColumns("id", "days")
    )
    sources = [_source("a"), _source("folder", "b"), _source("x", "y")]
    found = [table.outcome_of(source) for source in sources]
    assert [outcome and outcome.time_days for outcome in found] == [1.0, 2.0, None]
    assert table.unmatched(sources) == ("c",)
    assert table.ids == ("a", "b", "c")
    with pytest.raises(ClinicalError, match="CLINICAL_AMBIGUOUS"):
        table.outcome_of(_source("a", "b"))


@pytest.mark.real_data
def test_real_table(shared_data: Path) -> None:
    path = shared_data / "sts_cohort" / "clinical.csv"
    covariates = ("age[years]", "sex", "grade", "days_diagnosis_to_pet")
    columns = ClinicalColumns("patient_id", "os_days", "os_event", "lung_mets", covariates)
    table = read_clinical(path, columns)
    assert table.warnings == ()
    assert table.covariates == (
        "age", "sex=M", "grade=High", "grade=Intermediate", "grade=Low", "days_diagnosis_to_pet",
    )  # fmt: skip
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(table.ids) == len(rows)
    grade = {"grade=High": 1.0, "grade=Intermediate": 0.0, "grade=Low": 0.0}
    assert table.outcomes["STS_001"] == Outcome(
        845.0, True, 0, {"age": 59.0, "sex=M": 1.0, **grade, "days_diagnosis_to_pet": -3.0}
    )
    # Two patients have no grade: the columns of their row are unknown, not zero.
    without = [key for key, o in table.outcomes.items() if "grade=High" not in o.covariates]
    assert without == [row["patient_id"] for row in rows if not row["grade"]]
    assert len(without) == 2
    assert sum(o.response or 0 for o in table.outcomes.values()) == sum(
        int(row["lung_mets"]) for row in rows
    )


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("covariate", "found"),
    [("histology", "27 different texts in 34 rows"), ("site", "different texts in 34 rows")],
)
def test_real_columns_of_free_text_are_refused(
    shared_data: Path, covariate: str, found: str
) -> None:
    path = shared_data / "sts_cohort" / "clinical.csv"
    with pytest.raises(ClinicalError) as caught:
        read_clinical(path, ClinicalColumns("patient_id", covariates=(covariate,)))
    assert caught.value.code == "CLINICAL_COVARIATE"
    assert found in str(caught.value)
    assert "sarcoma" not in str(caught.value)


@pytest.mark.real_data
def test_the_real_table_as_a_european_spreadsheet_saves_it(
    shared_data: Path, tmp_path: Path
) -> None:
    path = shared_data / "sts_cohort" / "clinical.csv"
    columns = ClinicalColumns(
        "patient_id", "os_days", "os_event", "lung_mets", ("age", "sex", "mskcc_type=MFH")
    )
    with path.open(newline="", encoding="utf-8") as file:
        rows = [[cell.replace(".0", ",0") for cell in row] for row in csv.reader(file)]
    other = tmp_path / "clinical.csv"
    with other.open("w", newline="", encoding="cp1252") as file:
        csv.writer(file, delimiter=";").writerows(rows)
    table = read_clinical(other, columns)
    assert table.outcomes == read_clinical(path, columns).outcomes
    assert [text.partition(":")[0] for text in table.warnings] == ["CLINICAL_ENCODING"]
