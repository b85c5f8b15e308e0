"""`pet-mtl explain` from a run of untrained folds to files, by the command a user types."""

import json
import shutil

import keras
import numpy as np
import pytest
import SimpleITK as sitk

from pet_mtl.cli import main
from pet_mtl.config import ModelConfig
from pet_mtl.export import export_bundle
from pet_mtl.files import read_csv, write_json
from pet_mtl.geometry import Grid
from pet_mtl.models import ModelSpec, build_model
from pet_mtl.sample import GridPlan
from pet_mtl.writers.images import write_image

# Making, exporting and differentiating networks; no training.
pytestmark = pytest.mark.slow

GRID = Grid((20, 20, 20), (5.0, 5.0, 5.0), (-50.0, -50.0, 200.0))
SPEC = ModelSpec(GridPlan(16, 3.0, 6.0), (), (100.0, 200.0))
# Without the statistics, whose graph takes seconds to make.
CONFIG = ModelConfig(filters=(4, 8), groups=2, learned=True, radiomics=False)
FILES = {
    f"attribution_{outcome}.{suffix}"
    for outcome in ("survival", "response")
    for suffix in ("nii.gz", "png")
}


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    """A run of two folds, whose outcome heads are not 0."""
    run = tmp_path_factory.mktemp("run") / "run"
    rng = np.random.default_rng(0)
    models = []
    for fold in range(2):
        keras.utils.set_random_seed(fold)
        model = build_model(CONFIG, SPEC)
        for name in ("survival", "response"):
            slopes = model.get_layer(name).slopes
            slopes.assign(rng.normal(scale=0.1, size=slopes.shape))
        (run / f"fold_{fold}").mkdir(parents=True)
        model.save(run / f"fold_{fold}" / "best.keras")
        models.append(model)
    export_bundle(models, SPEC, run / "saved_model", {"folds": [0, 1]})
    write_json(run / "plan.json", {"config": {"model": {"ring_mm": [0.0, 10.0]}}})
    return run


@pytest.fixture
def explain(tmp_path, run_dir, capsys):
    """Runs the command; gives exit code, standard output and standard error."""

    def run(*options, model=run_dir):
        src, out = tmp_path / "src", tmp_path / "out"
        arguments = ["explain", str(model), str(src), "-o", str(out), "--steps", "4", *options]
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        return caught.value.code, *capsys.readouterr()

    return run


@pytest.fixture
def studies(tmp_path):
    """Study `one`, which is whole, and `two`, which is not."""
    suv = np.ones(GRID.shape, np.float32)
    suv[8:12, 8:12, 6:10] = 9
    write_image(suv, GRID, tmp_path / "src" / "one" / "PET_image.nii.gz")
    broken = tmp_path / "src" / "two" / "PET_image.nii.gz"
    broken.parent.mkdir()
    broken.write_bytes(b"broken")
    return tmp_path / "src"


def test_from_run_to_files(explain, studies, tmp_path):
    code, text, err = explain()
    assert code == 8 and "1 explained, 0 done before, 1 refused" in text and "two: " in err
    out = tmp_path / "out"
    assert {path.name for path in (out / "one").iterdir()} == {*FILES, "explanation.json"}
    rows = read_csv(out / "explanations.csv")
    assert [(row["id"], row["outcome"]) for row in rows] == [
        ("one", "survival"), ("one", "response"),
    ]  # fmt: skip
    record = json.loads((out / "one" / "explanation.json").read_text())
    assert record["settings"]["ring_mm"] == [0.0, 10.0] and record["settings"]["members"] == 2
    for row in rows:
        image = sitk.ReadImage(str(out / "one" / f"attribution_{row['outcome']}.nii.gz"))
        assert image.GetSize() == (20, 20, 20) and image.GetSpacing() == (5.0, 5.0, 5.0)
        total = sitk.GetArrayFromImage(image).sum() * GRID.voxel_ml
        assert total == pytest.approx(float(row["attributed"]), rel=1e-4, abs=1e-6)
        shares = [float(row[f"share_{region}"]) for region in ("lesion", "ring", "elsewhere")]
        assert sum(shares) == pytest.approx(1.0)
    assert float(rows[0]["value"]) == pytest.approx(record["risk"], abs=1e-3)
    before = (out / "one" / "explanation.json").stat().st_mtime_ns
    code, text, _ = explain()
    assert code == 8 and "0 explained, 1 done before" in text
    assert (out / "one" / "explanation.json").stat().st_mtime_ns == before
    # Another question is another explanation.
    code, text, _ = explain("--method", "grad_cam", "--no-pictures")
    assert code == 8 and "1 explained, 0 done before" in text


def test_a_bundle_has_no_gradients(explain, studies, run_dir, tmp_path):
    code, _, err = explain(model=run_dir / "saved_model")
    assert code == 1 and "EXPLAIN_NO_GRADIENTS" in err and "best.keras" in err
    shutil.copytree(run_dir / "saved_model", tmp_path / "run" / "saved_model")
    code, _, err = explain(model=tmp_path / "run")
    assert code == 1 and "EXPLAIN_NO_GRADIENTS" in err
    assert not (tmp_path / "out").exists()


def test_grad_cam_needs_learned_features(explain, studies, monkeypatch):
    monkeypatch.setattr("pet_mtl.explanation.member._last_levels", lambda model: {})
    code, _, err = explain("--method", "grad_cam")
    assert code == 2 and "EXPLAIN_NOT_LEARNED" in err


def test_options_that_contradict(explain, studies):
    code, _, err = explain("--use-mask", "--center", "1,2,3")
    assert code == 2 and "PREDICT_CENTRE" in err
