"""A table of places."""

import pytest

from pet_mtl.errors import UsageError
from pet_mtl.prediction.centres import read_centres

HEAD = "id,x_mm,y_mm,z_mm"


@pytest.fixture
def table(tmp_path):
    def write(*rows, head=HEAD):
        path = tmp_path / "places.csv"
        path.write_text("\ufeff" + "\n".join([head, *rows]) + "\n", encoding="utf-8")
        return path

    return write


def test_places_by_study_in_any_order_of_columns(table):
    path = table("4,x,B,-1.5,3", "2,y, A ,0,1e2", head="y_mm,note,id,x_mm,z_mm")
    assert read_centres(path, {"A", "B", "C"}) == {"B": (-1.5, 4.0, 3.0), "A": (0.0, 2.0, 100.0)}


@pytest.mark.parametrize(
    ("rows", "head", "found"),
    [
        (["A,1,2"], "id,x_mm,y_mm", "x_mm"),
        (["A,1,2,"], HEAD, "line 2"),
        (["A,1,2"], HEAD, "line 2"),
        (["B,1,2,3", "A,1,2,nan"], HEAD, "line 3"),
        (["A,1,2,3", "A,1,2,3"], HEAD, "twice"),
        (["D,1,2,3"], HEAD, "not there"),
    ],
)
def test_what_cannot_be_meant_is_refused(table, rows, head, found):
    with pytest.raises(UsageError, match=found) as caught:
        read_centres(table(*rows, head=head), {"A", "B"})
    assert caught.value.code == "PREDICT_CENTRES"


def test_a_table_that_is_no_text(tmp_path):
    path = tmp_path / "places.csv"
    path.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(UsageError, match="PREDICT_CENTRES"):
        read_centres(path, {"A"})
