"""The records of a shard file, without TensorFlow: enough to count and to hash them."""

import struct
from collections.abc import Iterator
from pathlib import Path

from pet_mtl.errors import DatasetError

# Length, its checksum; then the record and its checksum. Little-endian, as TFRecord is defined.
_HEAD = struct.Struct("<QI")
_TAIL_BYTES = 4


def read_frames(path: Path) -> Iterator[bytes]:
    """The records of one uncompressed TFRecord file.

    The checksums within the file are not computed: a SHA-256 over the records says more.

    Args:
        path: The file.

    Yields:
        One serialised `tf.train.Example` after the other.

    Raises:
        DatasetError: DATASET_SHARD_TORN; the file ends within a record.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        while head := file.read(_HEAD.size):
            length = _HEAD.unpack(head)[0] if len(head) == _HEAD.size else size
            if file.tell() + length + _TAIL_BYTES > size:
                raise DatasetError(
                    "DATASET_SHARD_TORN",
                    "a shard ends within a record",
                    todo="Copy the dataset again, or convert again",
                    subject=path.name,
                )
            yield file.read(length)
            file.read(_TAIL_BYTES)
