"""Columns of groups of patients."""

import pytest

from pet_mtl.errors import ClinicalError

TABLE = "id,days,dead,centre\na,1,1,North\nb,2,0,north\nc,3,1,South\nd,4,0,\ne,5,0,North\n"


def test_groups_are_kept_as_they_are_written(read, codes):
    table = read(TABLE, groups=("centre",))
    groups = {key: outcome.groups for key, outcome in table.outcomes.items()}
    north, south = {"centre": "North"}, {"centre": "South"}
    assert groups == {"a": north, "b": north, "c": south, "d": {}, "e": north}
    assert codes(table) == ["CLINICAL_LEVEL_CASE"]
    assert table.covariates == ()


def test_rows_of_one_patient_in_two_groups_contradict_each_other(read):
    with pytest.raises(ClinicalError, match="CLINICAL_TWICE"):
        read(TABLE + "a,1,1,South\n", groups=("centre",))


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ([f"Jane Doe {i}" for i in range(6)], "CLINICAL_GROUP"),
        ([f"c{i // 2}" for i in range(130)], "CLINICAL_GROUP"),
        (["x" * 81] * 3, "CLINICAL_VALUE"),
        (["2019-07-23"] * 3, "CLINICAL_DATE"),
    ],
    ids=["names", "many", "long", "dates"],
)
def test_what_may_name_patients_is_refused(read, cells, code):
    rows = "".join(f"p{i},{cell}\n" for i, cell in enumerate(cells))
    with pytest.raises(ClinicalError) as caught:
        read(f"id,centre\n{rows}", groups=("centre",))
    assert caught.value.code == code
    assert "Jane" not in str(caught.value)


def test_a_missing_column_is_refused(read):
    with pytest.raises(ClinicalError, match="CLINICAL_COLUMN"):
        read(TABLE, groups=("center",))
