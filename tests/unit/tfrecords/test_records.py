"""Encoding and decoding are each other's inverse, and the bytes are pinned."""

import dataclasses
import json
import zlib
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pet_mtl.errors import DatasetError
from pet_mtl.sample import Patch
from pet_mtl.tfrecords.decode import decode_record, sample_of
from pet_mtl.tfrecords.encode import encode_sample
from pet_mtl.tfrecords.schema import (
    CT_FEATURES,
    ELSEWHERE_CT_FEATURES,
    ELSEWHERE_FEATURES,
    FEATURES,
    NAMES,
    SCHEMA_VERSION,
    Dimensions,
    features_of,
    table,
)

GOLDEN = Path(__file__).parents[2] / "golden"
TIMES = st.none() | st.floats(0, 1e5, width=32)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    time_days=TIMES,
    event=st.none() | st.booleans(),
    response=st.none() | st.integers(0, 1),
    masked=st.booleans(),
    covariates=st.integers(0, 3),
    seed=st.integers(0, 1000),
    ct=st.sampled_from(["no channel", "absent", "present"]),
    elsewhere=st.tuples(st.integers(0, 2), st.integers(0, 1)),
)
def test_any_labels_come_back(
    make_sample, assert_same, time_days, event, response, masked, covariates, seed, ct, elsewhere
):
    places, spare = elsewhere
    sample = make_sample(
        seed=seed, masked=masked, covariates=covariates,
        time_days=time_days, event=event, response=response, ct=ct == "present",
        elsewhere=places,
    )  # fmt: skip
    dimensions = Dimensions(8, covariates, ct != "no channel", places + spare)
    record = encode_sample(sample, 3, dimensions)
    tensors = decode_record(tf.constant(record), dimensions)
    assert_same(sample_of(tensors), sample)
    assert int(tensors["fold"]) == 3
    assert record == encode_sample(sample, 3, dimensions)


@pytest.mark.parametrize("present", [True, False])
def test_ct_changes_no_other_feature(make_sample, present):
    sample = make_sample(ct=present)
    bare = dataclasses.replace(
        sample,
        fine=dataclasses.replace(sample.fine, ct=None, ct_valid=None),
        context=dataclasses.replace(sample.context, ct=None, ct_valid=None),
    )
    with_ct = _comparable(encode_sample(sample, 0, Dimensions(8, 2, True)))
    without = _comparable(encode_sample(bare, 0, Dimensions(8, 2)))
    added = {feature.name for feature in CT_FEATURES}
    assert {name: value for name, value in with_ct.items() if name not in added} == without
    assert set(with_ct) - set(without) == added


def test_absent_ct_is_zeros_with_its_flag_off_and_costs_little(make_sample):
    dimensions = Dimensions(16, 2, True)
    record = encode_sample(make_sample(size=16), 0, dimensions)
    tensors = decode_record(tf.constant(record), dimensions)
    assert all(not np.any(tensors[feature.name]) for feature in CT_FEATURES)
    assert len(record) - len(encode_sample(make_sample(size=16), 0, Dimensions(16, 2))) < 500


def test_ct_without_a_channel_for_it_or_in_one_cube_only(make_sample):
    sample = make_sample(ct=True)
    with pytest.raises(DatasetError, match="DATASET_SCHEMA"):
        encode_sample(sample, 0, Dimensions(8, 2))
    half = dataclasses.replace(sample, context=dataclasses.replace(sample.context, ct=None))
    with pytest.raises(DatasetError, match="DATASET_HALF_CT"):
        encode_sample(half, 0, Dimensions(8, 2, True))


@pytest.mark.parametrize("ct", [False, True])
def test_cubes_cut_elsewhere_change_no_other_feature(make_sample, ct):
    sample = make_sample(ct=ct, elsewhere=2)
    bare = dataclasses.replace(sample, elsewhere=())
    more = _comparable(encode_sample(sample, 0, Dimensions(8, 2, ct, 2)))
    without = _comparable(encode_sample(bare, 0, Dimensions(8, 2, ct)))
    added = {f.name for f in (*ELSEWHERE_FEATURES, *(ELSEWHERE_CT_FEATURES if ct else ()))}
    assert {name: value for name, value in more.items() if name not in added} == without
    assert set(more) - set(without) == added


def test_absent_cubes_are_zeros_with_their_flags_off_and_cost_little(make_sample):
    dimensions = Dimensions(16, 2, False, 3)
    record = encode_sample(make_sample(size=16), 0, dimensions)
    tensors = decode_record(tf.constant(record), dimensions)
    assert all(not np.any(tensors[feature.name]) for feature in ELSEWHERE_FEATURES)
    assert sample_of(tensors).elsewhere == ()
    assert len(record) - len(encode_sample(make_sample(size=16), 0, Dimensions(16, 2))) < 500


def test_more_cubes_than_there_is_room_for(make_sample):
    for room in (0, 1):
        with pytest.raises(DatasetError, match="DATASET_ELSEWHERE"):
            encode_sample(make_sample(elsewhere=2), 0, Dimensions(8, 2, False, room))


def test_the_record_with_cubes_elsewhere_is_the_pinned_one(make_sample, assert_same):
    sample = make_sample(size=2, time_days=365.0, event=True, response=0, ct=True, elsewhere=1)
    dimensions = Dimensions(2, 2, True, 2)
    pinned = (GOLDEN / "record_v1_elsewhere.bin").read_bytes()
    assert_same(sample_of(decode_record(tf.constant(pinned), dimensions)), sample)
    assert _comparable(encode_sample(sample, 1, dimensions)) == _comparable(pinned)


def test_the_table_with_cubes_elsewhere_is_the_pinned_one():
    pinned = json.loads((GOLDEN / "schema_v1_elsewhere.json").read_text())
    dimensions = Dimensions(2, 2, True, 2)
    added = [f for f in table(dimensions) if "elsewhere" in f["name"]]
    assert {"schema_version": SCHEMA_VERSION, "features": added} == pinned
    both = (*ELSEWHERE_FEATURES, *ELSEWHERE_CT_FEATURES)
    assert features_of(dimensions) == (*FEATURES, *CT_FEATURES, *both)
    assert features_of(Dimensions(2, 2, False, 2)) == (*FEATURES, *ELSEWHERE_FEATURES)


def test_absent_is_stored_as_zero(make_sample):
    record = encode_sample(make_sample(masked=False), 0, Dimensions(8, 2))
    tensors = decode_record(tf.constant(record), Dimensions(8, 2))
    for flag, names in {
        "has_mask": ("fine_mask", "context_mask"), "has_time": ("time_days",),
        "has_event": ("event",), "has_response": ("response",),
    }.items():  # fmt: skip
        assert not bool(tensors[flag])
        assert all(not np.any(tensors[name]) for name in names)


def test_tensors_have_the_static_shape_and_type_of_the_table(make_sample):
    dimensions = Dimensions(8, 2)
    record = encode_sample(make_sample(), 0, dimensions)
    dataset = tf.data.Dataset.from_tensors(record).map(lambda r: decode_record(r, dimensions))
    assert tuple(dataset.element_spec) == NAMES
    for feature in FEATURES:
        spec = dataset.element_spec[feature.name]
        assert spec.shape == feature.resolved(dimensions)
        assert spec.dtype == tf.as_dtype(feature.dtype)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda s: dataclasses.replace(s, clinical=np.zeros(3, np.float32)), "DATASET_SHAPE"),
        (lambda s: dataclasses.replace(s, time_days=float("nan")), "DATASET_NOT_FINITE"),
        (
            lambda s: dataclasses.replace(s, fine=Patch(s.fine.suv, s.fine.valid)),
            "DATASET_HALF_MASK",
        ),
        (lambda s: dataclasses.replace(s, fine=Patch(s.fine.suv[1:], s.fine.valid)), None),
    ],
)
def test_what_does_not_fit_is_refused(make_sample, change, code):
    with pytest.raises(DatasetError) as caught:
        encode_sample(change(make_sample()), 0, Dimensions(8, 2))
    assert code is None or caught.value.code == code


def _comparable(record):
    """Feature name to value; compressed ones unpacked, since zlib builds may pack differently."""
    every = features_of(Dimensions(2, 2, True, 2))
    packed = {f.name for f in every if f.encoding == "zlib"}
    features = tf.train.Example.FromString(record).features.feature
    result = {}
    for name in features:
        kind = features[name].WhichOneof("kind")
        values = list(getattr(features[name], kind).value)
        result[name] = [zlib.decompress(v) for v in values] if name in packed else values
    return result


def test_the_record_is_the_pinned_one(make_sample, assert_same):
    sample = make_sample(size=2, time_days=365.0, event=True, response=0)
    pinned = (GOLDEN / "record_v1.bin").read_bytes()
    assert_same(sample_of(decode_record(tf.constant(pinned), Dimensions(2, 2))), sample)
    assert _comparable(encode_sample(sample, 1, Dimensions(2, 2))) == _comparable(pinned)


def test_the_record_with_ct_is_the_pinned_one(make_sample, assert_same):
    sample = make_sample(size=2, time_days=365.0, event=True, response=0, ct=True)
    dimensions = Dimensions(2, 2, True)
    pinned = (GOLDEN / "record_v1_ct.bin").read_bytes()
    assert_same(sample_of(decode_record(tf.constant(pinned), dimensions)), sample)
    assert _comparable(encode_sample(sample, 1, dimensions)) == _comparable(pinned)


def test_the_table_with_ct_is_the_pinned_one():
    pinned = json.loads((GOLDEN / "schema_v1_ct.json").read_text())
    added = [f for f in table(Dimensions(2, 2, True)) if f["name"].endswith(("_ct", "_ct_valid"))]
    assert {"schema_version": SCHEMA_VERSION, "features": added} == pinned
    assert features_of(Dimensions(2, 2, True)) == (*FEATURES, *CT_FEATURES)
    assert features_of(Dimensions(2, 2)) == FEATURES


def test_the_table_is_the_pinned_one():
    pinned = json.loads((GOLDEN / "schema_v1.json").read_text())
    assert {"schema_version": SCHEMA_VERSION, "features": table()} == pinned, (
        "the feature table changed: raise SCHEMA_VERSION, keep reading old datasets, pin anew"
    )
