"""Patients by a covariate, a column of the dataset, or one of the clinical table."""

import numpy as np
import pytest

from pet_mtl.covariates import Covariate
from pet_mtl.errors import ClinicalError, UsageError
from pet_mtl.evaluation.cohort import Patients
from pet_mtl.evaluation.grouping import Columns
from pet_mtl.evaluation.predictions import Known
from pet_mtl.readers.clinical import ClinicalColumns
from pet_mtl.study import StudySource

NAN = float("nan")


def _patients(count=8, mtv=None, **covariates):
    nothing = np.full(count, np.nan)
    return Patients(
        tuple(f"p{i}" for i in range(count)), nothing, nothing, nothing, nothing, nothing,
        nothing if mtv is None else np.array(mtv, float),
        {name.replace("__", "="): np.array(v, float) for name, v in covariates.items()},
    )  # fmt: skip


SEX = Covariate("sex", "categorical", levels=("F", "M"), indicators=("M",))
STAGE = Covariate("stage", "categorical", levels=("I", "II", "III"), indicators=("I", "II", "III"))
AGE = Covariate("age", unit="years")


def test_numbers_are_cut_at_their_median():
    columns = Columns(_patients(age=[40, 45, 50, 55, 60, 65, 70, NAN]), (AGE,))
    grouping = columns.grouping("age")
    assert grouping.groups() == ("below 55 years", "55 years or above")
    assert grouping.labels == (*["below 55 years"] * 3, *["55 years or above"] * 4, "")


def test_bands_begin_where_they_are_asked_for():
    columns = Columns(_patients(age=[40, 45, 50, 55, 60, 65, 70, 102]), (AGE,))
    grouping = columns.grouping("age:50:65")
    assert grouping.groups() == (
        "below 50 years", "50 to below 65 years", "65 years or above",
    )  # fmt: skip
    assert [grouping.labels.count(group) for group in grouping.groups()] == [2, 3, 3]


def test_indicators_become_levels_again():
    patients = _patients(
        sex__M=[0, 1, NAN, 0, 1, 0, 1, 0],
        stage__I=[1, 0, 0, NAN, 1, 0, 0, 0],
        stage__II=[0, 1, 0, NAN, 0, 1, 0, 0],
        stage__III=[0, 0, 1, NAN, 0, 0, 1, 1],
    )
    columns = Columns(patients, (SEX, STAGE))
    assert columns.grouping("sex").labels == ("F", "M", "", "F", "M", "F", "M", "F")
    assert columns.grouping("stage").labels[:4] == ("I", "II", "III", "")


def test_a_chosen_level_stands_against_all_others():
    chosen = Covariate("site", "categorical", indicators=("lung",))
    columns = Columns(_patients(site__lung=[0, 1, 0, 0, 0, 0, 0, NAN]), (chosen,))
    assert columns.grouping("site").labels[:2] == ("another", "lung")


def test_codes_of_few_values_are_groups():
    columns = Columns(_patients(ecog=[0, 1, 2, 0, 1, 2, NAN, 0]))
    assert columns.grouping("ecog").groups() == ("0", "1", "2")


def test_columns_of_the_dataset_and_its_groups():
    rows = {
        f"p{i}": {"group_centre": "North" if i % 2 else "South", "scanner": "GE-1", "fold": "0",
                  "voxel_z_mm": f"{2 + i / 10}"}
        for i in range(7)
    }  # fmt: skip
    columns = Columns(_patients(), rows=rows, folds_by="centre")
    centre = columns.grouping("centre")
    assert centre.variable == "centre (left out of its training)"
    assert centre.labels[:2] == ("South", "North") and centre.labels[7] == ""
    assert columns.grouping("scanner").groups() == ("GE-1",)
    assert columns.grouping("voxel_z_mm").groups() == ("below 2.3", "2.3 or above")


def test_the_usual_ones_are_those_that_are_there():
    rows = {f"p{i}": {"group_arm": "a", "scanner": f"GE-{i % 2}"} for i in range(8)}
    patients = _patients(mtv=range(8), age=range(8), sex__M=[0, 1] * 4)
    columns = Columns(patients, (SEX, AGE), rows)
    assert columns.usual() == ("sex", "age", "arm", "scanner", "lesion volume")
    assert Columns(_patients()).usual() == ()
    assert Columns(_patients(Gender=[0, 1] * 4, age_years=range(8))).usual() == (
        "Gender", "age_years",
    )  # fmt: skip


@pytest.mark.parametrize(
    "asked", ["weight", "sex:1:2", "age:young", "age:60:50", "age:50:50", "name"]
)
def test_what_makes_no_groups_is_refused(asked):
    rows = {f"p{i}": {"name": f"patient {i}"} for i in range(40)}
    patients = _patients(40, age=range(40), sex__M=[0, 1] * 20)
    with pytest.raises(UsageError, match="EVALUATE_SUBGROUPS"):
        Columns(patients, (SEX, AGE), rows).grouping(asked)


@pytest.fixture
def table(tmp_path):
    """Predictions beside a clinical table with more columns than were named."""
    path = tmp_path / "clinical.csv"
    lines = [f"p{i},{100 + i},{i % 2},{'AB'[i % 2]},{20 + i / 3:.2f},2020-01-0{i + 1}"
             for i in range(8)]  # fmt: skip
    path.write_text("\n".join(["id,days,dead,arm,bmi,scanned", *lines]) + "\n")
    known = Known(path, ClinicalColumns("id", "days", "dead"))
    sources = {f"p{i}": StudySource(f"p{i}", "image", tmp_path) for i in range(8)}
    return Columns(_patients(), known=known, sources=sources)


def test_columns_of_the_clinical_table(table):
    assert table.grouping("arm").labels == ("A", "B") * 4
    assert table.grouping("bmi").groups() == ("below 21.2", "21.2 or above")
    assert table.grouping("bmi:22").groups() == ("below 22", "22 or above")


def test_dates_and_missing_columns_of_the_table_are_refused(table):
    for name in ("scanned", "weight"):
        with pytest.raises(ClinicalError):
            table.grouping(name)
