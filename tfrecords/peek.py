"""Single features of records, read without TensorFlow: what checks of a whole dataset look at.

Source: Protocol Buffers, Encoding; tensorflow/core/example/example.proto and feature.proto.
"""

import zlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pet_mtl.errors import DatasetError
from pet_mtl.tfrecords.frames import read_frames
from pet_mtl.tfrecords.schema import SCHEMA_VERSION, Dimensions, Feature, features_of

# Wire types of protocol buffers: a number of variable length, or as many bytes as are told.
_VARINT, _BYTES = 0, 2
_FIXED = {1: 8, 5: 4}
# Kinds of a tf.train.Feature by their field number.
_BYTES_LIST, _FLOAT_LIST = 1, 2


def peek(
    paths: Collection[Path], names: Collection[str], dimensions: Dimensions
) -> Iterator[dict[str, Any]]:
    """Some features of every record of some shards.

    Args:
        paths: Shard files.
        names: Features wanted.
        dimensions: Sizes of the dataset.

    Yields:
        Name to value, record by record in the order of the files: text of a string feature, else
        an array in the shape and dtype of the table.

    Raises:
        DatasetError: DATASET_SHARD_TORN, or DATASET_RECORD: what is read is no record of this
            dataset.
    """
    table = {f.name: f for f in features_of(dimensions) if f.name in names}
    for path in paths:
        for record in read_frames(path):
            yield _values(record, table, dimensions, path.name)


def layout_of(dataset: Path, told: Mapping[str, Any]) -> tuple[Dimensions, list[Path]]:
    """Sizes and shards of a dataset, by its dataset.json.

    Raises:
        DatasetError: DATASET_DAMAGED; it is of another version or says neither, or a shard is
            missing.
    """
    try:
        if told["schema_version"] != SCHEMA_VERSION:
            raise ValueError("another version")
        shards = [dataset / shard["file"] for shard in told["shards"]]
        channels = told.get("channels", ["suv"])
        sizes = Dimensions(
            int(told["grids"]["size"]),
            len(told["covariates"]),
            "ct_hu" in channels,
            int(told.get("elsewhere", 0)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _unreadable(type(error).__name__) from error
    if not all(shard.is_file() for shard in shards):
        raise _unreadable("a shard is missing")
    return sizes, shards


def _unreadable(found: str) -> DatasetError:
    """The refusal of a dataset whose records cannot be looked at."""
    return DatasetError(
        "DATASET_DAMAGED",
        "the dataset's records cannot be read",
        found=found,
        todo="Copy the dataset again, or convert again",
    )


def _values(
    record: bytes, table: Mapping[str, Feature], dimensions: Dimensions, subject: str
) -> dict[str, Any]:
    """The wanted features of one record."""
    try:
        found = {name: one for name, one in _features(memoryview(record)) if name in table}
        return {name: _decoded(feature, found[name], dimensions) for name, feature in table.items()}
    except (IndexError, KeyError, ValueError, StopIteration, zlib.error) as error:
        raise DatasetError(
            "DATASET_RECORD",
            "a record does not hold what the dataset says",
            found=type(error).__name__,
            todo="Copy the dataset again, or convert again",
            subject=subject,
        ) from error


def _features(record: memoryview) -> Iterator[tuple[str, memoryview]]:
    """Name and tf.train.Feature of a tf.train.Example, which is a message of one map."""
    for _, features in _fields(record):
        for _, entry in _fields(features):
            parts = dict(_fields(entry))
            yield bytes(parts[1]).decode(), parts[2]


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Number and content of the length-delimited fields of a message; others are passed over."""
    place, end = 0, len(message)
    while place < end:
        key, place = _varint(message, place)
        kind = key & 7
        if kind == _BYTES:
            length, place = _varint(message, place)
            if place + length > end:
                raise ValueError("a field ends behind its message")
            yield key >> 3, message[place : place + length]
            place += length
        elif kind == _VARINT:
            _, place = _varint(message, place)
        else:
            place += _FIXED[kind]


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first; and where it ends."""
    value = shift = 0
    while True:
        byte = message[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place


def _decoded(feature: Feature, content: memoryview, dimensions: Dimensions) -> Any:
    """One tf.train.Feature as the table describes it."""
    kind, values = next(iter(_fields(content)))
    if kind == _BYTES_LIST:
        raw: bytes | memoryview = next(one for _, one in _fields(values))
        if feature.dtype == "string":
            return bytes(raw).decode()
        raw = zlib.decompress(raw) if feature.encoding == "zlib" else raw
        return _array(raw, feature, dimensions)
    packed = b"".join(bytes(one) for _, one in _fields(values))
    if kind == _FLOAT_LIST:
        return _array(packed, feature, dimensions)
    return _whole(packed, feature, dimensions)


def _array(raw: bytes | memoryview, feature: Feature, dimensions: Dimensions) -> NDArray[Any]:
    """Raw little-endian numbers in the machine's own order."""
    kind = np.dtype(feature.dtype).newbyteorder("<")
    return np.frombuffer(raw, kind).reshape(feature.resolved(dimensions)).astype(feature.dtype)


def _whole(packed: bytes, feature: Feature, dimensions: Dimensions) -> NDArray[Any]:
    """A packed list of whole numbers; negative ones are stored as 64 bits."""
    numbers, place, view = [], 0, memoryview(packed)
    while place < len(packed):
        number, place = _varint(view, place)
        numbers.append(number - (1 << 64) if number >> 63 else number)
    return np.array(numbers, np.int64).reshape(feature.resolved(dimensions)).astype(feature.dtype)
