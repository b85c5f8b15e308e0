"""Features read without TensorFlow are those that TensorFlow reads."""

import struct

import numpy as np
import pytest
import tensorflow as tf

from pet_mtl.errors import DatasetError
from pet_mtl.tfrecords.decode import decode_record
from pet_mtl.tfrecords.encode import encode_sample
from pet_mtl.tfrecords.peek import peek
from pet_mtl.tfrecords.schema import Dimensions, features_of


def _write(path, *records):
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)
    return path


@pytest.mark.parametrize("ct", [False, True])
@pytest.mark.parametrize("elsewhere", [0, 2])
@pytest.mark.parametrize("masked", [False, True])
def test_every_feature_is_as_tensorflow_reads_it(make_sample, tmp_path, ct, elsewhere, masked):
    dimensions = Dimensions(8, 2, ct, elsewhere)
    samples = [
        make_sample(f"{seed:016x}", seed=seed, masked=masked, ct=ct, elsewhere=elsewhere,
                    time_days=12.5, event=True, response=1)
        for seed in range(2)
    ]  # fmt: skip
    records = [encode_sample(sample, 300 + i, dimensions) for i, sample in enumerate(samples)]
    names = [feature.name for feature in features_of(dimensions)]
    found = list(peek([_write(tmp_path / "shard", *records)], names, dimensions))
    for record, values in zip(records, found, strict=True):
        expected = decode_record(tf.constant(record), dimensions)
        assert set(values) == set(expected)
        for name, tensor in expected.items():
            if name == "sample_id":
                assert values[name] == tensor.numpy().decode()
                continue
            np.testing.assert_array_equal(values[name], tensor.numpy(), err_msg=name)
            assert values[name].dtype == tensor.numpy().dtype, name


def test_only_what_is_asked_for_is_read(make_sample, tmp_path):
    dimensions = Dimensions(8, 2)
    shard = _write(tmp_path / "shard", encode_sample(make_sample(), -1, dimensions))
    (values,) = peek([shard], ("fold", "sample_id"), dimensions)
    assert set(values) == {"fold", "sample_id"} and values["fold"] == -1


def test_an_empty_shard_holds_nobody(tmp_path):
    assert not list(peek([_write(tmp_path / "shard")], ("fold",), Dimensions(8, 2)))


@pytest.mark.parametrize("cut", [1, 200, 3000])
def test_a_torn_shard_is_refused(make_sample, tmp_path, cut):
    shard = _write(tmp_path / "shard", encode_sample(make_sample(), 0, Dimensions(8, 2)))
    shard.write_bytes(shard.read_bytes()[:-cut])
    with pytest.raises(DatasetError, match="DATASET_SHARD_TORN"):
        list(peek([shard], ("fold",), Dimensions(8, 2)))


@pytest.mark.parametrize("sizes", [Dimensions(9, 2), Dimensions(8, 2, ct=True)])
def test_records_of_another_dataset_are_refused(make_sample, tmp_path, sizes):
    shard = _write(tmp_path / "shard", encode_sample(make_sample(), 0, Dimensions(8, 2)))
    names = [feature.name for feature in features_of(sizes)]
    with pytest.raises(DatasetError, match="DATASET_RECORD"):
        list(peek([shard], names, sizes))


@pytest.mark.parametrize("junk", [b"\x0a\xff", b"\xff" * 40, b"text that is no message"])
def test_what_is_no_record_is_refused(tmp_path, junk):
    path = tmp_path / "shard"
    path.write_bytes(struct.pack("<QI", len(junk), 0) + junk + bytes(4))
    with pytest.raises(DatasetError, match="DATASET_RECORD"):
        list(peek([path], ("fold",), Dimensions(8, 2)))
