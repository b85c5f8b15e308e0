import json
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from pet_mtl.cli import main
from pet_mtl.covariates import Covariate
from pet_mtl.errors import ModelError
from pet_mtl.files import read_csv
from pet_mtl.geometry import Grid
from pet_mtl.sample import GridPlan
from pet_mtl.writers.images import write_image

GRID = Grid((20, 20, 20), (5.0, 5.0, 5.0), (-50.0, -50.0, 200.0))


class Model(SimpleNamespace):
    plan = GridPlan(16, 3.0, 6.0)
    covariates = ("age",)
    schema = (Covariate("age", unit="years"),)
    edges_days = (100.0, 200.0)
    ct = False
    versions = {}  # noqa: RUF012
    fingerprint = "f"

    def context_mask(self, tiles, ct=None):
        return (tiles > 3).astype(np.float32)

    def predict(self, fine, context, clinical=None, clinical_known=None, ct=None):
        return {
            "mask": (np.concatenate([fine, context], -1) > 3).astype(np.float32),
            "survival": np.array([[0.8, 0.6]]),
            "risk": clinical[:, 0] * clinical_known[:, 0] + 0.5,
            "response": np.array([0.1]),
        }


@pytest.fixture
def model_path(tmp_path, monkeypatch):
    """A model folder that loads without TensorFlow."""

    def load(path, tta=False):
        if path.name != "run":
            raise ModelError("MODEL_NOT_FOUND", "there is no trained model here")
        return Model()

    export = ModuleType("pet_mtl.export")
    export.load_predictor = load
    monkeypatch.setitem(sys.modules, "pet_mtl.export", export)
    (tmp_path / "run").mkdir()
    return tmp_path / "run"


@pytest.fixture
def write_study(tmp_path):
    def write(name):
        suv = np.ones(GRID.shape, np.float32)
        suv[8:12, 8:12, 6:10] = 9
        path = tmp_path / "src" / name / "PET_image.nii.gz"
        write_image(suv, GRID, path)
        return path

    return write


@pytest.fixture
def predict(tmp_path, model_path, capsys):
    """Runs the command; gives exit code, standard output and standard error."""

    def run(*options, src=tmp_path / "src", out=tmp_path / "out", model=model_path):
        arguments = ["predict", str(model), str(src), "-o", str(out), "--no-overview", *options]
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        return caught.value.code, *capsys.readouterr()

    return run


def test_all_good_is_0_and_again_skips(predict, write_study, tmp_path):
    write_study("one"), write_study("two")
    code, text, _ = predict()
    assert code == 0 and "2 predicted, 0 done before, 0 refused" in text
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "one", "two", "predictions.csv", "rejected.csv",
    }  # fmt: skip
    code, text, _ = predict()
    assert code == 0 and "0 predicted, 2 done before" in text
    code, text, _ = predict("--overwrite")
    assert code == 0 and "2 predicted, 0 done before" in text


def test_a_refused_study_is_8(predict, write_study):
    write_study("one")
    write_study("two").write_bytes(b"broken")
    code, text, err = predict()
    assert code == 8 and "1 predicted, 0 done before, 1 refused" in text
    assert "two: " in err


def test_nothing_usable_is_1(predict, write_study, tmp_path):
    write_study("two").write_bytes(b"broken")
    assert predict()[0] == 1
    assert len(read_csv(tmp_path / "out" / "rejected.csv")) == 1


def test_empty_folder_says_what_to_do(predict, tmp_path):
    (tmp_path / "src").mkdir()
    code, _, err = predict()
    assert code == 1 and "SOURCE_EMPTY" in err


def test_one_study_by_its_folder_or_its_file(predict, write_study, tmp_path):
    path = write_study("one")
    for number, src in enumerate((path.parent, path)):
        out = tmp_path / f"out{number}"
        assert predict(src=src, out=out)[0] == 0
        assert [row["id"] for row in read_csv(out / "predictions.csv")] == ["one"]


def test_place_given_by_the_user(predict, write_study, tmp_path):
    write_study("one")
    assert predict("--center", "-10,-2,247")[0] == 0
    (row,) = read_csv(tmp_path / "out" / "predictions.csv")
    assert [float(row[f"centre_{a}_mm"]) for a in "xyz"] == [-10, -2, 247]


def test_clinical_inputs_reach_the_model(predict, write_study, tmp_path):
    write_study("one"), write_study("two")
    table = tmp_path / "clinical.csv"
    table.write_text("who,age\none,61\n")
    assert predict("--clinical", str(table), "--id-column", "who")[0] == 0
    rows = read_csv(tmp_path / "out" / "predictions.csv")
    assert [float(row["risk"]) for row in rows] == [61.5, 0.5]
    table.write_text("who;Age [yr]\none;61,25\nTWO;1,125\n")
    options = ("--clinical", str(table), "--id-column", "who", "--overwrite")
    code, _, err = predict(*options)
    assert code == 0 and "CLINICAL_ID_NEAR" in err
    rows = read_csv(tmp_path / "out" / "predictions.csv")
    assert [float(row["risk"]) for row in rows] == [61.75, 1.625]
    code, _, err = predict(*options, "--decimal", "point")
    assert code == 2 and "'Age [yr]', line 2" in err


def test_places_of_several_studies_in_a_table(predict, write_study, tmp_path):
    for name in ("one", "two", "three"):
        write_study(name)
    table = tmp_path / "places.csv"
    table.write_text("id,x_mm,y_mm,z_mm\ntwo,-12.5,0,250\none,-12,1,251\n")
    code, text, _ = predict("--center", str(table))
    assert code == 0 and "3 predicted" in text
    sources = {}
    for name in ("one", "two", "three"):
        record = json.loads((tmp_path / "out" / name / "prediction.json").read_text())
        sources[name] = record["centre_source"]
        if name == "two":
            assert record["request"]["centre"] == record["centre_mm"] == [-12.5, 0, 250]
    assert sources == {"one": "point", "two": "point", "three": "found"}
    table.write_text("id,x_mm,y_mm,z_mm\ntwo,-12.5,0,250\n")
    assert "1 predicted, 2 done before" in predict("--center", str(table))[1]


def test_the_outline_of_the_study_itself(predict, write_study, tmp_path):
    mask = np.zeros(GRID.shape, np.uint8)
    mask[9:11, 9:11, 7:9] = 1
    write_image(mask, GRID, write_study("one").with_name("PET_mask.nii.gz"))
    for number, option in enumerate(("--use-mask", "--mask")):
        assert predict(option, "--overwrite")[0] == 0
        volume = float(read_csv(tmp_path / "out" / "predictions.csv")[0]["volume_ml"])
        assert volume == pytest.approx((8, 1)[number], rel=0.3)


@pytest.mark.parametrize(
    "options, said",
    [
        (("--use-mask", "--center", "1,2,3"), "PREDICT_CENTRE"),
        (("--mask", "--center", "1,2,3"), "PREDICT_CENTRE"),
        (("--center", __file__), "PREDICT_CENTRES"),
        (("--center", "1,2,3"), "PREDICT_CENTRE"),
        (("--center", "1,2"), "three numbers"),
        (("--center", "nan,2,3"), "three numbers"),
        (("--id-column", "who"), "PREDICT_CLINICAL"),
        (("--clinical", __file__), "PREDICT_CLINICAL"),
    ],
)
def test_wrong_usage_is_2(predict, write_study, tmp_path, options, said):
    write_study("one"), write_study("two")
    code, _, err = predict(*options)
    assert code == 2 and said in err
    assert not (tmp_path / "out").exists()


def test_missing_clinical_column_is_2(predict, write_study, tmp_path):
    write_study("one")
    table = tmp_path / "clinical.csv"
    table.write_text("who,sex\none,1\n")
    code, _, err = predict("--clinical", str(table), "--id-column", "who")
    assert code == 2 and "age" in err


def test_a_table_of_other_patients_is_2(predict, write_study, tmp_path):
    write_study("one")
    table = tmp_path / "clinical.csv"
    table.write_text("who,age\nX,1\n")
    code, _, err = predict("--clinical", str(table), "--id-column", "who")
    assert code == 2 and "CLINICAL_NO_STUDY" in err and "X" not in err


@pytest.mark.parametrize("inside", ["", "one", "predictions"])
def test_output_among_the_studies_is_refused(predict, write_study, tmp_path, inside):
    write_study("one")
    code, _, err = predict(out=tmp_path / "src" / inside)
    assert code == 2 and "PREDICT_OUT" in err


def test_no_model_is_1(predict, write_study, tmp_path):
    write_study("one")
    code, _, err = predict(model=tmp_path / "src")
    assert code == 1 and "MODEL_NOT_FOUND" in err
