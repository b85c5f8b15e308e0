"""Samples to one shard file, whole or absent."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import tensorflow as tf

from pet_mtl.errors import DatasetError
from pet_mtl.files import atomic_path
from pet_mtl.sample import Sample
from pet_mtl.tfrecords.encode import encode_sample
from pet_mtl.tfrecords.schema import Dimensions
from pet_mtl.tfrecords.shards import Shard, ShardFile


def write_shard(
    directory: Path, shard: Shard, samples: Iterable[Sample], dimensions: Dimensions
) -> ShardFile:
    """Writes one shard atomically.

    Args:
        directory: The dataset directory.
        shard: Which records, in which order.
        samples: Those records' samples, in that order; consumed one by one.
        dimensions: Sizes of the dataset.

    Returns:
        What was written.

    Raises:
        DatasetError: The samples are not those of the shard.
    """
    digest, size, written = hashlib.sha256(), 0, []
    with atomic_path(directory / shard.name) as temporary:
        with tf.io.TFRecordWriter(str(temporary)) as writer:
            for sample in samples:
                record = encode_sample(sample, shard.fold, dimensions)
                writer.write(record)
                digest.update(hashlib.sha256(record).digest())
                size += len(record)
                written.append(sample.sample_id)
        if tuple(written) != shard.sample_ids:
            raise DatasetError(
                "DATASET_ORDER", "a shard was given other samples than planned", subject=shard.name
            )
    return ShardFile(shard, size, digest.hexdigest())
