"""Clinical inputs of new patients, by the model's schema."""

from pathlib import Path

import pytest

from pet_mtl.covariates import CATEGORICAL, Covariate
from pet_mtl.errors import ClinicalError
from pet_mtl.prediction.clinical import read_inputs
from pet_mtl.readers import Search
from pet_mtl.readers.clinical import ClinicalColumns
from pet_mtl.study import StudySource

GRADE = Covariate("grade", CATEGORICAL, "", ("High", "Low"), ("Low",))


class Model:
    schema = (Covariate("age", unit="years"), GRADE)


@pytest.fixture
def inputs(tmp_path: Path):
    def read(text: str, *names: str, model=Model):
        path = tmp_path / "clinical.csv"
        path.write_text(text)
        sources = tuple(StudySource(name, "dicom", Path(name)) for name in names)
        return read_inputs(path, ClinicalColumns("id"), model, Search(sources, ()))

    return read


def codes(table) -> list[str]:
    return [text.partition(":")[0] for text in table.warnings]


def test_levels_of_the_model_and_not_of_the_table(inputs):
    # The table alone would make `grade=Medium` of its two levels.
    table = inputs("id,grade,age\na,Medium,60\nb,Low,\n", "a", "b")
    assert table.outcomes["a"].covariates == {"age": 60.0}
    assert table.outcomes["b"].covariates == {"grade=Low": 1.0}
    assert codes(table) == ["CLINICAL_UNSEEN_LEVEL"]


def test_who_has_no_row(inputs):
    table = inputs("id,grade,age\na,Low,60\nz,Low,1\n", "a", "b", "c")
    assert codes(table) == ["CLINICAL_NO_ROW"]
    assert "2 studies" in table.warnings[0]
    with pytest.raises(ClinicalError) as caught:
        inputs("id,grade,age\nz,Low,60\n", "a")
    assert caught.value.code == "CLINICAL_NO_STUDY"


def test_a_model_without_clinical_inputs_says_so(inputs):
    class Plain:
        schema = ()

    assert codes(inputs("whatever", "a", model=Plain)) == ["CLINICAL_NOT_USED"]
    assert read_inputs(None, ClinicalColumns(""), Model, Search((), ())) is None
