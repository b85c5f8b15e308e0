"""The bytes of a tf.train.Example to tensors, and back to a Sample; iterates the schema."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from pet_mtl.sample import Patch, Sample
from pet_mtl.tfrecords.schema import Dimensions, Feature, features_of

Tensors = dict[str, Any]


def decode_record(record: Any, dimensions: Dimensions) -> Tensors:
    """Tensors of one record; runs inside tf.data and inside exported graphs.

    Args:
        record: Scalar string tensor, a serialised `tf.train.Example`.
        dimensions: Sizes of the dataset the record comes from.

    Returns:
        Feature name to tensor, dtype and static shape of the table.
    """
    features = features_of(dimensions)
    spec = {f.name: _parse_spec(f, dimensions) for f in features}
    parsed = tf.io.parse_single_example(record, spec)
    return {f.name: _decode(f, parsed[f.name], dimensions) for f in features}


def sample_of(tensors: Mapping[str, Any]) -> Sample:
    """The Sample of one decoded record: the inverse of encoding, flags turned back into None.

    Args:
        tensors: What `decode_record` returned, as tensors or arrays.

    Returns:
        The patient.
    """
    values = {name: np.asarray(tensor) for name, tensor in tensors.items()}
    x, y, z = (float(c) for c in values["centre_mm"])
    known = bool(values["has_response"])
    return Sample(
        sample_id=values["sample_id"].item().decode(),
        fine=_patch(values, "fine"),
        context=_patch(values, "context"),
        centre_mm=(x, y, z),
        time_days=float(values["time_days"]) if values["has_time"] else None,
        event=bool(values["event"]) if values["has_event"] else None,
        response=int(values["response"]) if known else None,
        clinical=values["clinical"],
        clinical_known=values["clinical_known"],
        elsewhere=_elsewhere(values),
    )


def _elsewhere(values: Mapping[str, np.ndarray[Any, Any]]) -> tuple[Patch, ...]:
    """The cubes cut away from the lesion; none where the dataset or the patient has none."""
    patches = []
    for number in np.flatnonzero(values.get("has_elsewhere", np.zeros(0))):
        one = {n: v[number] for n, v in values.items() if n.startswith("elsewhere")}
        one |= {"has_mask": values["has_mask"]}
        if values.get("has_ct", False):
            one |= {"has_ct": values["has_ct"]}
        patches.append(_patch(one, "elsewhere"))
    return tuple(patches)


def _patch(values: Mapping[str, np.ndarray[Any, Any]], scale: str) -> Patch:
    """One cube without its channel axis."""
    mask = values[f"{scale}_mask"][..., 0] > 0 if values["has_mask"] else None
    suv, valid = values[scale][..., 0], values[f"{scale}_valid"][..., 0] > 0
    if not values.get("has_ct", False):
        return Patch(suv, valid, mask)
    known = values[f"{scale}_ct_valid"][..., 0] > 0
    return Patch(suv, valid, mask, values[f"{scale}_ct"][..., 0], known)


def _parse_spec(feature: Feature, dimensions: Dimensions) -> Any:
    """How `parse_single_example` finds the feature; all are required."""
    if feature.dtype == "string" or feature.encoding != "none":
        return tf.io.FixedLenFeature([], tf.string)
    kind = tf.float32 if feature.dtype == "float32" else tf.int64
    return tf.io.FixedLenFeature(feature.resolved(dimensions), kind)


def _decode(feature: Feature, value: Any, dimensions: Dimensions) -> Any:
    """One parsed feature in the table's dtype and shape."""
    if feature.dtype == "string":
        return value
    kind = tf.as_dtype(feature.dtype)
    if feature.encoding == "none":
        return tf.cast(value, kind)
    if feature.encoding == "zlib":
        value = tf.io.decode_compressed(value, compression_type="ZLIB")
    flat = tf.io.decode_raw(value, kind, little_endian=True)
    return tf.reshape(flat, feature.resolved(dimensions))  # (z, y, x, 1)
