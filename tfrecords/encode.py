"""Sample to the bytes of a tf.train.Example, feature by feature of the schema."""

import zlib
from typing import Any

import numpy as np
import tensorflow as tf

from pet_mtl.errors import DatasetError
from pet_mtl.sample import Patch, Sample
from pet_mtl.tfrecords.schema import Dimensions, Feature, features_of

# Fixed, so that the same samples give the same bytes.
_ZLIB_LEVEL = 6


def encode_sample(sample: Sample, fold: int, dimensions: Dimensions) -> bytes:
    """One record of a shard.

    Args:
        sample: The patient.
        fold: The patient's fold.
        dimensions: Sizes of the dataset the record goes into.

    Returns:
        A serialised `tf.train.Example`; equal samples give equal bytes.

    Raises:
        DatasetError: A shape differs from the dataset's, a number is not finite, only one of the
            two cubes has a mask or a CT, or the dataset has no room for a CT or for the cubes
            cut elsewhere.
    """
    values = values_of(sample, fold)
    if dimensions.ct or sample.has_ct:
        values |= _ct_values(sample)
    if dimensions.elsewhere or sample.elsewhere:
        values |= _elsewhere_values(sample, dimensions)
    table = features_of(dimensions)
    if tuple(values) != tuple(feature.name for feature in table):
        raise DatasetError("DATASET_SCHEMA", "writer and feature table differ", subject="schema")
    features = {f.name: _encode(f, values[f.name], dimensions) for f in table}
    example = tf.train.Example(features=tf.train.Features(feature=features))
    record: bytes = example.SerializeToString(deterministic=True)
    return record


def values_of(sample: Sample, fold: int) -> dict[str, Any]:
    """The value of every feature, in the order of the table; zeros where a label is absent."""
    if (sample.fine.mask is None) != (sample.context.mask is None):
        raise DatasetError(
            "DATASET_HALF_MASK", "only one of the two cubes has a mask", subject=sample.sample_id
        )
    return {
        "sample_id": sample.sample_id,
        "fold": fold,
        "fine": sample.fine.suv,
        "context": sample.context.suv,
        "fine_valid": sample.fine.valid,
        "context_valid": sample.context.valid,
        "fine_mask": _mask(sample.fine),
        "context_mask": _mask(sample.context),
        "has_mask": sample.has_mask,
        "centre_mm": sample.centre_mm,
        "time_days": sample.time_days or 0.0,
        "has_time": sample.time_days is not None,
        "event": bool(sample.event),
        "has_event": sample.event is not None,
        "response": sample.response or 0,
        "has_response": sample.response is not None,
        "clinical": sample.clinical,
        "clinical_known": sample.clinical_known,
    }


def _ct_values(sample: Sample) -> dict[str, Any]:
    """The features of a dataset with CT; zeros where the patient has none."""
    absent = np.zeros(sample.fine.suv.shape, np.float32)
    parts = [p for s in (sample.fine, sample.context) for p in (s.ct, s.ct_valid)]
    if len({part is None for part in parts}) > 1:
        raise DatasetError(
            "DATASET_HALF_CT", "only one of the two cubes has a CT", subject=sample.sample_id
        )
    fine, fine_valid, context, context_valid = (absent if p is None else p for p in parts)
    return {
        "fine_ct": fine,
        "context_ct": context,
        "fine_ct_valid": fine_valid,
        "context_ct_valid": context_valid,
        "has_ct": sample.has_ct,
    }


def _elsewhere_values(sample: Sample, dimensions: Dimensions) -> dict[str, Any]:
    """The features of a dataset with cubes cut elsewhere; zeros for those a patient lacks."""
    room, patches = dimensions.elsewhere, sample.elsewhere
    if len(patches) > room:
        raise DatasetError(
            "DATASET_ELSEWHERE",
            "the dataset has no room for the cubes cut elsewhere",
            expected=f"up to {room}",
            found=str(len(patches)),
            subject=sample.sample_id,
        )
    absent = np.zeros(sample.context.suv.shape, np.float32)
    rest = [absent] * (room - len(patches))
    values: dict[str, Any] = {
        "elsewhere": np.stack([*(p.suv for p in patches), *rest]),
        "elsewhere_valid": np.stack([*(p.valid for p in patches), *rest]),
        "elsewhere_mask": np.stack([*map(_mask, patches), *rest]),
        "has_elsewhere": [number < len(patches) for number in range(room)],
    }
    if dimensions.ct:
        for name in ("ct", "ct_valid"):
            parts = [absent if getattr(p, name) is None else getattr(p, name) for p in patches]
            values[f"elsewhere_{name}"] = np.stack([*parts, *rest])
    return values


def _mask(patch: Patch) -> np.ndarray[Any, Any]:
    """The mask, or zeros of its size."""
    return np.zeros(patch.suv.shape, bool) if patch.mask is None else patch.mask


def _encode(feature: Feature, value: Any, dimensions: Dimensions) -> Any:
    """One `tf.train.Feature`, checked against the table."""
    if feature.dtype == "string":
        return _bytes_feature(str(value).encode())
    array = _checked(feature, value, dimensions)
    if feature.encoding == "none":
        if array.dtype == np.float32:
            return tf.train.Feature(float_list=tf.train.FloatList(value=array.ravel().tolist()))
        numbers = array.ravel().astype(np.int64).tolist()
        return tf.train.Feature(int64_list=tf.train.Int64List(value=numbers))
    raw = array.astype(array.dtype.newbyteorder("<")).tobytes()
    return _bytes_feature(zlib.compress(raw, _ZLIB_LEVEL) if feature.encoding == "zlib" else raw)


def _checked(feature: Feature, value: Any, dimensions: Dimensions) -> np.ndarray[Any, Any]:
    """The value in the table's dtype and shape; cubes get their channel axis."""
    shape = feature.resolved(dimensions)
    array = np.asarray(value).astype(feature.dtype)
    if feature.shape[-1:] == (1,):
        array = array[..., None]  # (z, y, x, 1)
    if array.shape != shape:
        raise DatasetError(
            "DATASET_SHAPE",
            "a value does not have the shape of its feature",
            expected=str(shape),
            found=str(array.shape),
            subject=feature.name,
        )
    if array.dtype == np.float32 and not np.isfinite(array).all():
        raise DatasetError("DATASET_NOT_FINITE", "a value is NaN or infinite", subject=feature.name)
    return array


def _bytes_feature(value: bytes) -> Any:
    """A feature of one string of bytes."""
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
