"""Options of the clinical table become its columns."""

from pathlib import Path

from pet_mtl.cli._clinical import take_columns


def test_classes_of_the_response_are_a_list_in_order() -> None:
    options = {"id_column": "id", "response": "r", "response_classes": 'CR, PR,"SD, stable",PD'}
    columns = take_columns(Path("clinical.csv"), options)
    assert columns is not None
    assert columns.response_classes == ("CR", "PR", "SD, stable", "PD")
    assert options == {}
