"""Patients of a run: the cubes as they were stored, outlined as the run's own table says."""

import json

import keras
import numpy as np
import pytest

from pet_mtl.config import ModelConfig
from pet_mtl.evaluation import Outputs, Request, Settings, evaluate, write_evaluation
from pet_mtl.evaluation.gallery.run_scenes import run_scenes
from pet_mtl.evaluation.gallery.scene import volume_of
from pet_mtl.files import read_csv, write_csv, write_json
from pet_mtl.models import ModelSpec, build_model
from pet_mtl.sample import GridPlan, Patch, Sample
from pet_mtl.tfrecords.dataset import read_info
from pet_mtl.tfrecords.schema import SCHEMA_VERSION, Dimensions
from pet_mtl.tfrecords.shards import Shard
from pet_mtl.tfrecords.write import write_shard
from pet_mtl.training.batches import BatchPlan
from pet_mtl.training.oof import write_predictions

pytestmark = pytest.mark.slow

SIZE, PATIENTS = 16, 6
PLAN = GridPlan(SIZE, 3.0, 6.0)
CENTRE = (12.0, -34.0, 560.0)


def _patch(rng, ct):
    z, y, x = np.indices((SIZE,) * 3)
    mask = (z - 8) ** 2 + (y - 7) ** 2 + (x - 9) ** 2 < 16
    valid = z < 14  # the image ends there
    suv = np.where(valid, rng.gamma(2.0, 0.5, mask.shape) + 6.0 * mask, 0).astype(np.float32)
    if not ct:
        return Patch(suv, valid, mask)
    hu = rng.normal(0, 300, mask.shape).astype(np.float32)
    return Patch(suv, valid, mask, hu, valid)


@pytest.fixture(scope="module", params=[False, True], ids=["pet", "pet and ct"])
def run(request, tmp_path_factory):
    """A run of one trained fold of two, beside its dataset; with CT every second patient has it."""
    folder, ct = tmp_path_factory.mktemp("run"), request.param
    rng = np.random.default_rng(0)
    names = [f"{i:016x}" for i in range(PATIENTS)]
    samples = {
        name: Sample(
            name, _patch(rng, ct and i % 2), _patch(rng, ct and i % 2), CENTRE,
            100.0 * (i + 1), bool(i % 2), i % 2,
            np.array([i], np.float32), np.array([True]),
        )
        for i, name in enumerate(names)
    }  # fmt: skip
    shards = [Shard(0, 0, 1, tuple(names[:3])), Shard(1, 0, 1, tuple(names[3:]))]
    dimensions = Dimensions(SIZE, 1, ct)
    data = folder / "data"
    data.mkdir()
    files = [
        write_shard(data, one, (samples[n] for n in one.sample_ids), dimensions) for one in shards
    ]
    content = {
        "schema_version": SCHEMA_VERSION,
        "grids": {"size": SIZE, "fine_mm": 3.0, "context_mm": 6.0},
        "labels": {}, "covariates": ["age"], "counts": {"studies": PATIENTS, "rejected": 0},
        "channels": ["suv", "ct_hu"] if ct else ["suv"], "folds": 2, "seed": 7, "fingerprint": "f",
        "shards": [{"file": f.shard.name, "records": len(f.shard.sample_ids)} for f in files],
    }  # fmt: skip
    write_json(data / "dataset.json", content)
    columns = ("sample_id", "fold", "time_days", "event", "response", "suv_max", "mtv_ml")
    rows = [{"sample_id": n, "fold": int(i > 2)} for i, n in enumerate(names)]
    write_csv(data / "studies.csv", columns, rows)
    _train_nothing(folder / "run", data, ct)
    return folder / "run", data, samples


def _train_nothing(run, data, ct):
    """A network of random weights in place of a trained one, and what it says of its fold."""
    keras.utils.set_random_seed(1)
    info = read_info(data)
    config = ModelConfig(learned=True, filters=(4, 8), groups=2, ct=ct)
    model = build_model(config, ModelSpec(PLAN, ("age",), (200.0, 400.0), ct))
    # As it is initialised it outlines nothing.
    weights = {weight.path: weight for weight in model.trainable_variables}
    weights["logits/bias"].assign([0.0])
    weights["logits/kernel"].assign(4 * np.random.default_rng(2).normal(size=(2, 2, 2, 1, 8)))
    (run / "fold_0").mkdir(parents=True)
    model.save(run / "fold_0" / "best.keras")
    batches = BatchPlan(2, True, 30.0, 0, ct)
    write_predictions(model, info, 0, batches, run / "fold_0" / "predictions.csv")
    told = read_csv(run / "fold_0" / "predictions.csv")
    others = [{**told[0], "sample_id": f"{i:016x}", "fold": 1, "dice": ""} for i in range(3, 6)]
    write_csv(run / "out_of_fold.csv", [*told[0]], [*told, *others])
    write_json(run / "plan.json", {"config": {"model": {"ct": ct}}, "dataset_path": "../data"})
    (run / "dataset.json").write_text((data / "dataset.json").read_text())


def _dice(layer):
    both = layer.true.sum() + layer.predicted.sum()
    return 2.0 * (layer.true & layer.predicted).sum() / both


def test_outlines_are_those_that_the_runs_table_judged(run):
    folder, data, samples = run
    folds = {name: int(i > 2) for i, name in enumerate(samples)}
    scenes = dict(run_scenes(folder, data, folds, tta=False))
    assert set(scenes) == set(samples)
    told = {row["sample_id"]: row["dice"] for row in read_csv(folder / "fold_0/predictions.csv")}
    assert len(told) == 3 and len(set(told.values())) > 1
    for name, dice in told.items():
        assert _dice(scenes[name].detail) == pytest.approx(float(dice), abs=1e-6)
    for name, scene in scenes.items():
        one = samples[name]
        assert np.array_equal(scene.detail.suv, one.fine.suv)
        assert np.array_equal(scene.whole.suv, one.context.suv)
        assert np.array_equal(scene.whole.true, one.context.mask)
        assert scene.detail.grid == PLAN.grid("fine", CENTRE)
        # The model of the other fold was never trained.
        assert (scene.detail.predicted is None) == (name not in told)
        if name in told:
            assert not scene.detail.predicted[~one.fine.valid].any()


def test_mirrored_views_are_averaged_where_the_run_did_so(run):
    folder, data, samples = run
    name = next(iter(samples))
    plain, mirrored = (
        dict(run_scenes(folder, data, {name: 0}, tta=tta))[name].detail for tta in (False, True)
    )
    assert np.array_equal(plain.suv, mirrored.suv)
    assert not np.array_equal(plain.predicted, mirrored.predicted)


def test_the_same_run_gives_the_same_volume(run):
    folder, data, samples = run
    name = next(iter(samples))
    first, second = (
        volume_of(dict(run_scenes(folder, data, {name: 0}, tta=False))[name]) for _ in range(2)
    )
    assert first == second


def test_the_report_of_the_run_holds_its_patients(run, tmp_path):
    folder, _, samples = run
    request = Request(folder, settings=Settings(samples=20))
    report = write_evaluation(evaluate(request), tmp_path, request, Outputs(gallery=3))
    html = report.read_text()
    assert html.count("Open the volume") == 3 and "Images are missing" not in html
    rows = read_csv(tmp_path / "tables" / "patients.csv")
    assert {row["patient"].removeprefix("Patient ") for row in rows} <= set(samples)
    assert rows[0]["why"].startswith("lowest Dice")
    worst = min(read_csv(folder / "fold_0/predictions.csv"), key=lambda row: float(row["dice"]))
    assert rows[0]["patient"] == f"Patient {worst['sample_id']}"


def test_a_damaged_dataset_costs_the_images_and_not_the_numbers(run, tmp_path):
    folder, data, _ = run
    content = json.loads((data / "dataset.json").read_text())
    broken = tmp_path / "data"
    broken.mkdir()
    (broken / "studies.csv").write_text((data / "studies.csv").read_text())
    write_json(broken / "dataset.json", content)  # its shards are missing
    request = Request(folder, dataset=broken, settings=Settings(samples=20))
    report = write_evaluation(evaluate(request), tmp_path / "out", request, Outputs(gallery=2))
    assert "Images are missing: " in report.read_text()
    assert (tmp_path / "out" / "evaluation.json").is_file()
