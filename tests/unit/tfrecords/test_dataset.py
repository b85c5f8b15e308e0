"""A dataset directory as training, and as TensorFlow Datasets, reads it."""

import dataclasses
import json
import time

import numpy as np
import pytest
import tensorflow as tf

from pet_mtl.errors import DatasetError
from pet_mtl.files import write_json
from pet_mtl.tfrecords.dataset import load_samples, read_info
from pet_mtl.tfrecords.decode import sample_of
from pet_mtl.tfrecords.metadata import dataset_info_json, features_json
from pet_mtl.tfrecords.schema import SCHEMA_VERSION, Dimensions, features_of
from pet_mtl.tfrecords.shards import Shard
from pet_mtl.tfrecords.write import write_shard

LABELS = [
    {"time_days": 100.0, "event": True, "response": 1},
    {"time_days": 50.0, "event": False},
    {"response": 0, "masked": False},
    {},
    {"time_days": 20.0, "masked": False},
]


@pytest.fixture(scope="session", params=[False, True], ids=["pet", "pet and ct"])
def dataset(make_sample, tmp_path_factory, request):
    """A directory of five samples in three shards of two folds, with the samples.

    With CT, every second patient has one.
    """
    path, ct = tmp_path_factory.mktemp("dataset"), request.param
    samples = {
        f"{i:016x}": make_sample(f"{i:016x}", seed=i, ct=ct and i % 2 == 0, **given)
        for i, given in enumerate(LABELS)
    }
    names = list(samples)
    shards = [
        Shard(0, 0, 2, tuple(names[:2])),
        Shard(0, 1, 2, (names[2],)),
        Shard(1, 0, 1, tuple(names[3:])),
    ]
    dimensions = Dimensions(8, 2, ct)
    files = [
        write_shard(path, shard, (samples[n] for n in shard.sample_ids), dimensions)
        for shard in shards
    ]
    write_json(path / "features.json", features_json(dimensions))
    write_json(path / "dataset_info.json", dataset_info_json(files))
    content = {
        "schema_version": SCHEMA_VERSION,
        "grids": {"size": 8, "fine_mm": 2.0, "context_mm": 4.0},
        "labels": {"time": "days"}, "covariates": ["age", "stage"], "counts": {"studies": 5},
        "channels": ["suv", "ct_hu"] if ct else ["suv"], "folds": 2, "seed": 7, "fingerprint": "f",
        "shards": [{"file": f.shard.name, "records": len(f.shard.sample_ids)} for f in files],
    }  # fmt: skip
    write_json(path / "dataset.json", content)
    return path, samples


def test_info(dataset):
    info = read_info(dataset[0])
    assert (info.plan.size, info.plan.fine_mm, info.plan.context_mm) == (8, 2.0, 4.0)
    assert (info.folds, info.covariates, info.seed) == (2, ("age", "stage"), 7)
    assert info.labels == {"time": "days"}
    assert [len(info.files(fold)) for fold in (0, 1)] == [2, 1]


def test_samples_for_training(dataset):
    path, samples = dataset
    loaded = list(load_samples(read_info(path), [1, 0]).as_numpy_iterator())
    names = list(samples)
    assert [s["sample_id"].decode() for s in loaded] == names[3:] + names[:3]
    assert [int(s["fold"]) for s in loaded] == [1, 1, 0, 0, 0]
    assert [float(s["has_survival"]) for s in loaded] == [0, 0, 1, 1, 0]
    assert [float(s["has_response"]) for s in loaded] == [0, 0, 1, 0, 1]
    assert [float(s["has_mask"]) for s in loaded] == [1, 0, 1, 1, 0]
    first = loaded[2]
    np.testing.assert_array_equal(first["fine"][..., 0], samples[names[0]].fine.suv)
    np.testing.assert_array_equal(first["fine_mask"][..., 0], samples[names[0]].fine.mask)
    for name, value in first.items():
        expected = {"sample_id": bytes, "fold": np.int32}.get(name, np.float32)
        assert isinstance(value, bytes) if expected is bytes else value.dtype == expected, name
    if read_info(path).has_ct:
        assert [float(s["has_ct"]) for s in loaded] == [0, 1, 1, 0, 1]
        np.testing.assert_array_equal(first["fine_ct"][..., 0], samples[names[0]].fine.ct)
        assert not loaded[3]["context_ct"].any() and not loaded[3]["context_ct_valid"].any()
    else:
        assert not [name for name in first if "ct" in name.split("_")]
    assert "has_time" not in first and "has_event" not in first


def test_a_dataset_with_ct_can_be_read_without(dataset):
    info = read_info(dataset[0])
    bare = list(load_samples(info.without_ct(), [0]).as_numpy_iterator())
    full = list(load_samples(info, [0]).as_numpy_iterator())
    for left, right in zip(bare, full, strict=True):
        assert not [name for name in left if "ct" in name.split("_")]
        for name, value in left.items():
            np.testing.assert_array_equal(value, right[name])


def test_order_is_the_same_every_time(dataset):
    info = read_info(dataset[0])
    orders = [
        [s["sample_id"] for s in load_samples(info, [0, 1]).as_numpy_iterator()] for _ in range(3)
    ]
    assert orders[0] == orders[1] == orders[2]


def test_no_folds_give_no_samples(dataset):
    assert list(load_samples(read_info(dataset[0]), [])) == []


def test_unknown_fold(dataset):
    with pytest.raises(DatasetError, match="0 to 1; found 2"):
        load_samples(read_info(dataset[0]), [0, 2])


def _broken(dataset, tmp_path, change):
    content = json.loads((dataset[0] / "dataset.json").read_text())
    change(content)
    (tmp_path / "dataset.json").write_text(json.dumps(content))
    for file in dataset[0].glob("*.tfrecord-*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda c: c.update(schema_version=99), "DATASET_VERSION"),
        (lambda c: c.pop("grids"), "DATASET_DAMAGED"),
        (lambda c: c["shards"].append({"file": "x", "records": 1}), "DATASET_SHARD_MISSING"),
    ],
)
def test_damage_is_named(dataset, tmp_path, change, code):
    with pytest.raises(DatasetError) as caught:
        read_info(_broken(dataset, tmp_path, change))
    assert caught.value.code == code


def test_unfinished_dataset(tmp_path):
    with pytest.raises(DatasetError) as caught:
        read_info(tmp_path)
    assert caught.value.code == "DATASET_MISSING"


def test_a_shard_of_other_samples_is_not_written(make_sample, tmp_path):
    with pytest.raises(DatasetError):
        write_shard(tmp_path, Shard(0, 0, 1, ("other",)), [make_sample()], Dimensions(8, 2))
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="session")
def tfds():
    return pytest.importorskip("tensorflow_datasets")


def test_tfds_opens_it(dataset, assert_same, tfds):
    path, samples = dataset
    builder = tfds.builder_from_directory(path)
    assert sorted(builder.info.splits) == ["fold_0", "fold_1"]
    assert builder.info.splits["fold_0"].num_examples == 3
    seen = []
    for fold in (0, 1):
        for tensors in builder.as_dataset(split=f"fold_{fold}", shuffle_files=False):
            assert int(tensors["fold"]) == fold
            sample = sample_of(tensors)
            assert_same(sample, samples[sample.sample_id])
            seen.append(sample.sample_id)
    assert sorted(seen) == sorted(samples)


@pytest.mark.parametrize("ct", [False, True])
def test_features_json_is_what_tfds_itself_writes(tfds, tmp_path, ct):
    dimensions = Dimensions(8, 2, ct)

    def own(feature):
        shape = feature.resolved(dimensions)
        if feature.dtype == "string":
            return tfds.features.Text()
        return tfds.features.Tensor(
            shape=shape, dtype=np.dtype(feature.dtype), encoding=feature.encoding
        )

    features = tfds.features.FeaturesDict({f.name: own(f) for f in features_of(dimensions)})
    features.save_config(str(tmp_path))
    expected = json.loads((tmp_path / "features.json").read_text())
    written = features_json(dimensions)
    for feature in written["featuresDict"]["features"].values():
        del feature["description"]
    assert written == expected


@pytest.mark.slow
def test_240_samples_of_48_voxels_parse_in_seconds(make_sample, tmp_path):
    samples = [make_sample(f"{i:016x}", size=48, seed=i) for i in range(4)]
    names = tuple(f"{i:016x}" for i in range(240))
    shard = Shard(0, 0, 1, names)
    stream = (dataclasses.replace(samples[i % 4], sample_id=n) for i, n in enumerate(names))
    file = write_shard(tmp_path, shard, stream, Dimensions(48, 2))
    content = {
        "schema_version": SCHEMA_VERSION, "grids": {"size": 48, "fine_mm": 2.0, "context_mm": 4.0},
        "labels": {}, "covariates": ["a", "b"], "counts": {}, "folds": 1, "seed": 0,
        "fingerprint": file.sha256, "shards": [{"file": shard.name, "records": 240}],
    }  # fmt: skip
    write_json(tmp_path / "dataset.json", content)
    started = time.perf_counter()
    total = load_samples(read_info(tmp_path), [0]).reduce(0, lambda n, s: n + 1)
    assert int(total) == 240
    assert time.perf_counter() - started < 10
    assert tf.io.gfile.exists(str(tmp_path / shard.name))
