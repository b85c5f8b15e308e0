"""info: every kind of path is recognised by itself, and told in the numbers it holds."""

import json
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest

from pet_mtl.cli import main
from pet_mtl.conversion import ConvertConfig, convert
from pet_mtl.errors import DatasetError, ModelError, UsageError
from pet_mtl.export import export_bundle
from pet_mtl.files import read_csv, write_json
from pet_mtl.inspection.kinds import info
from pet_mtl.models import ModelSpec, build_model
from pet_mtl.preprocess.plan import GridOptions
from pet_mtl.sample import GridPlan
from pet_mtl.tfrecords.frames import read_frames
from pet_mtl.training.checkpoint import StageState

UPTAKE_MIN, DOSE_BQ, WEIGHT_KG, HEIGHT_M = 60, 370e6, 70, 1.75


@pytest.fixture
def dataset(zoo, tmp_path):
    config = ConvertConfig(folds=2, jobs=1, grids=GridOptions(size=8), shard_bytes=1)
    convert(zoo, tmp_path / "set", config)
    return tmp_path / "set"


@pytest.fixture
def run(capsys):
    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["info", *map(str, arguments)])
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return call


def test_a_dicom_study(zoo):
    facts = info(zoo / "dicom_mask")
    assert facts["kind"] == "study" and facts["layout"] == "dicom"
    assert facts["series"] == {
        "PT": {"series": 1, "files": 5}, "RTSTRUCT": {"series": 1, "files": 1}
    }  # fmt: skip
    pet, grid = facts["pet"], facts["grid"]
    assert (pet["units"], pet["slices"], pet["decay_correction"]) == ("BQML", 5, "START")
    assert pet["uptake_min"] == pytest.approx(UPTAKE_MIN)
    assert (pet["dose_bq"], pet["weight_kg"], pet["height_m"]) == (DOSE_BQ, WEIGHT_KG, HEIGHT_M)
    assert pet["frame_s"] == [120, 120]
    assert grid["shape_zyx"] == [5, 6, 7] and grid["voxel_zyx_mm"] == [3, 4, 5]
    assert grid["field_of_view_zyx_mm"] == [15, 24, 35]
    assert grid["axes"] == "SPL"
    # 70 kg over what an hour of decay has left of the dose.
    left = DOSE_BQ * 0.5 ** (3600 / 6586.2)
    assert facts["suv"]["factor"] == pytest.approx(70e3 / left, rel=1e-6)
    assert facts["suv"]["reference_time"] == "2024-03-01T10:00:00"
    assert facts["regions"] == ["GTV"] and facts["mask"]["voxels"] > 0
    assert facts["refused"] is None and facts["ct"] is None


def test_a_study_with_ct_beside_it(zoo):
    for path in sorted((zoo / "dicom_ct").iterdir())[:3]:
        shutil.copy(path, zoo / "dicom_mask")
    facts = info(zoo / "dicom_mask")
    assert facts["series"]["CT"] == {"series": 1, "files": 3}
    assert facts["ct"]


def test_a_refused_study_is_told_as_far_as_it_goes(zoo):
    facts = info(zoo / "dicom_units")
    assert facts["refused"]["code"] == "SUV_UNITS" and facts["refused"]["todo"]
    assert facts["pet"]["units"] == "CPS" and facts["grid"]["shape_zyx"] == [5, 6, 7]
    assert "suv" not in facts
    assert info(zoo / "dicom_missing_slice")["refused"]["code"] == "GEOMETRY_MISSING_SLICE"


def test_a_mask_that_cannot_be_used_is_a_warning(zoo):
    facts = info(zoo / "dicom_two_regions")
    assert facts["refused"] is None and facts["mask"] is None
    assert facts["regions"] == ["GTV", "Heart"]
    assert facts["warnings"][0].startswith("MASK_WHICH: ")


def test_an_image_study(zoo):
    for path in (zoo / "image_plain", zoo / "image_plain" / "PET_image.nii.gz"):
        facts = info(path)
        assert facts["layout"] == "image"
        assert facts["mask"]["voxels"] == 64
        assert facts["mask"]["volume_ml"] == pytest.approx(64 * 4 * 4 * 3 / 1000)


def test_a_folder_of_studies(zoo):
    facts = info(zoo)
    assert facts["kind"] == "studies"
    assert facts["studies"] == sum(facts["layouts"].values()) > 20
    assert facts["passed_over"] == {"STUDY_EMPTY": 1, "STUDY_NO_IMAGE": 1}


def test_nothing_that_is_known(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.txt").write_text("x")
    (tmp_path / "file.txt").write_text("x")
    for name in ("folder", "file.txt", "absent"):
        with pytest.raises(UsageError) as refused:
            info(tmp_path / name)
        assert refused.value.code == "INFO_UNKNOWN"
        for word in ("study", "dataset", "run", "model"):
            assert word in refused.value.problem.expected


def test_a_dataset(dataset):
    facts, stored = info(dataset), json.loads((dataset / "dataset.json").read_text())
    for name in ("grids", "counts", "folds", "covariates", "fingerprint", "channels"):
        assert facts[name] == stored[name]
    studies = sum(fold["studies"] for fold in facts["per_fold"].values())
    assert studies == facts["shards"]["records"] == stored["counts"]["studies"]
    assert sum(f["has_mask"] for f in facts["per_fold"].values()) == stored["counts"]["with_mask"]
    twins = [r for r in read_csv(dataset / "studies.csv") if "DUPLICATE_IMAGE" in r["warnings"]]
    assert facts["warnings"]["DUPLICATE_IMAGE"] == len(twins) >= 4
    assert facts["shards"]["verified"] is False


def flip(path, place):
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def test_the_shards_of_a_dataset_are_verified(dataset, run):
    code, out, _ = run(dataset, "--verify", "--json")
    assert code == 0 and json.loads(out)["shards"]["verified"] is True
    first, second, third, *_ = sorted(dataset.glob("*.tfrecord*"))
    flip(first, 40)
    second.write_bytes(second.read_bytes()[:-30])
    third.unlink()
    code, out, _ = run(dataset, "--verify", "--json")
    shards = json.loads(out)["shards"]
    assert code == 1
    assert sorted(shards["damaged"]) == [first.name, second.name]
    assert shards["missing"] == [third.name] and not shards["verified"]
    code, out, _ = run(dataset)
    assert code == 1 and third.name in out


def test_a_dataset_json_of_another_dataset_is_noticed(dataset):
    content = json.loads((dataset / "dataset.json").read_text())
    write_json(dataset / "dataset.json", content | {"fingerprint": "0" * 64})
    assert info(dataset, verify=True)["shards"]["damaged"] == ["dataset.json"]
    (dataset / "dataset.json").write_text("{")
    with pytest.raises(DatasetError) as refused:
        info(dataset)
    assert refused.value.code == "DATASET_DAMAGED"


def test_frames_are_those_of_tensorflow(dataset):
    import tensorflow as tf

    for path in sorted(dataset.glob("*.tfrecord*")):
        theirs = [record.numpy() for record in tf.data.TFRecordDataset(str(path))]
        assert list(read_frames(path)) == theirs


SPEC = ModelSpec(GridPlan(16, 3.0, 6.0), ("age",), (100.0, 300.0, 900.0))


@pytest.fixture(scope="module")
def model_run(tmp_path_factory):
    """A run with one fold trained, one begun, and its model."""
    from pet_mtl.config import ModelConfig

    folder = tmp_path_factory.mktemp("run") / "run"
    keras.utils.set_random_seed(0)
    model = build_model(ModelConfig(learned=True, filters=(4, 8), groups=2), SPEC)
    export_bundle([model], SPEC, folder / "saved_model", {"folds": [0]})
    plan = {"config": {"seed": 3}, "seed": 3, "dataset_fingerprint": "ab", "versions": {"x": "1"}}
    write_json(folder / "plan.json", plan | {"dataset_path": "../secret name"})
    write_json(folder / "dataset.json", {"folds": 2})
    (folder / "fold_0").mkdir()
    (folder / "fold_0" / "predictions.csv").write_text("sample_id\n")
    history = "stage,epoch,loss,val_loss\nmask,1,0.5,0.6\nmask,2,0.4,0.45\njoint,1,0.7,nan\n"
    (folder / "fold_0" / "metrics.csv").write_text(history)
    StageState(epoch=4, history=[[3, 0.9, 0.8], [4, 0.7, 0.75]]).save(
        folder / "fold_1" / "state" / "mask.npz"
    )
    return folder


def test_a_run(model_run, run):
    facts = info(model_run)
    assert facts["kind"] == "run" and facts["model"] is True
    assert (facts["seed"], facts["dataset_fingerprint"], facts["folds_planned"]) == (3, "ab", 2)
    assert facts["folds"]["0"] == {
        "trained": True,
        "mask": {"epoch": 2, "loss": 0.4, "val_loss": 0.45},
        "joint": {"epoch": 1, "loss": 0.7, "val_loss": None},
    }
    assert facts["folds"]["1"] == {
        "trained": False, "mask": {"epoch": 4, "loss": 0.7, "val_loss": 0.75}
    }  # fmt: skip
    assert facts["evaluation"] is None
    write_json(model_run / "evaluation" / "evaluation.json", {"metrics": {"auc": 0.7}})
    assert info(model_run)["evaluation"] == {"auc": 0.7}
    code, out, _ = run(model_run)
    assert code == 0 and "folds.1.mask.epoch\t4" in out


def test_a_model_is_told_as_tensorflow_tells_it(model_run):
    import tensorflow as tf

    facts = info(model_run / "saved_model")
    assert facts["about"]["edges_days"] == list(SPEC.edges_days)
    assert facts["bytes"] == sum(
        p.stat().st_size for p in (model_run / "saved_model").rglob("*") if p.is_file()
    )
    loaded = tf.saved_model.load(str(model_run / "saved_model")).signatures
    assert set(facts["signatures"]) == set(loaded)
    for name, signature in loaded.items():
        inputs = signature.structured_input_signature[1]
        for told, theirs in (("inputs", inputs), ("outputs", signature.structured_outputs)):
            ours = facts["signatures"][name][told]
            assert set(ours) == set(theirs)
            for tensor, spec in theirs.items():
                assert ours[tensor] == {"dtype": spec.dtype.name, "shape": list(spec.shape)}


def test_a_model_of_the_zoo_shows_its_card(model_run, tmp_path):
    shutil.copytree(model_run / "saved_model", tmp_path / "lung" / "1")
    write_json(tmp_path / "lung" / "card.json", {"intended_use": "research"})
    for path in (tmp_path / "lung", tmp_path / "lung" / "1"):
        assert info(path)["card"] == {"intended_use": "research"}


@pytest.mark.parametrize(
    "content", [b"", b"no model", b"\x08\x01\x12\xff\xff\xff\x7f", b"\x08\x01"]
)
def test_a_damaged_model(tmp_path, content):
    (tmp_path / "saved_model.pb").write_bytes(content)
    with pytest.raises(ModelError) as refused:
        info(tmp_path)
    assert refused.value.code == "MODEL_DAMAGED"


def test_a_damaged_run(tmp_path):
    (tmp_path / "plan.json").write_text("[]")
    with pytest.raises(ModelError) as refused:
        info(tmp_path)
    assert refused.value.code == "RUN_DAMAGED"


def test_no_kind_needs_tensorflow(zoo, dataset, model_run):
    paths = [zoo / "dicom_mask", zoo, dataset, model_run, model_run / "saved_model"]
    code = (
        "import sys; from pathlib import Path; from pet_mtl.inspection.kinds import info\n"
        "for path in sys.argv[1:]: info(Path(path), verify=True)\n"
        "sys.exit(bool({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code, *map(str, paths)], check=False)
    assert done.returncode == 0


def test_json_is_one_object_of_finite_numbers(zoo, run):
    code, out, _ = run(zoo / "image_plain", "--json")
    assert code == 0
    assert np.isfinite(json.loads(out)["suv"]["max"])


def test_outlines_of_dicom_are_not_counted_as_none(zoo):
    assert info(zoo)["with_mask_file"] > 0
    for path in [path for path in zoo.iterdir() if not path.name.startswith("dicom_")]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    facts = info(zoo)
    assert set(facts["layouts"]) == {"dicom"}
    assert facts["with_mask_file"] is None
