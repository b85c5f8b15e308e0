"""features.json and dataset_info.json: what `tfds.builder_from_directory` reads.

Written by hand, because TensorFlow Datasets is needed to open a dataset with it, not to make
one. A test opens the result with TFDS and compares the features to those TFDS itself writes.

Source: tensorflow_datasets 4.9.10, core/proto/{feature,dataset_info}.proto as JSON.
"""

from collections.abc import Sequence
from typing import Any

from pet_mtl.tfrecords.schema import SCHEMA_VERSION, Dimensions, Feature, features_of
from pet_mtl.tfrecords.shards import DATASET_NAME, ShardFile

_CORE = "tensorflow_datasets.core.features"
_DESCRIPTION = (
    "Cubes of SUVbw around the lesion of one patient each, with mask, survival, response and "
    "covariates where known; one split a fold. dataset.json beside this file says more."
)


def features_json(dimensions: Dimensions) -> dict[str, Any]:
    """Content of features.json."""
    ordered = sorted(features_of(dimensions), key=lambda f: f.name)
    features = {f.name: _feature(f, dimensions) for f in ordered}
    return {
        "pythonClassName": f"{_CORE}.features_dict.FeaturesDict",
        "featuresDict": {"features": features},
    }


def _feature(feature: Feature, dimensions: Dimensions) -> dict[str, Any]:
    """One feature as TFDS describes it; 64-bit numbers are strings in JSON of protobuf."""
    doc = f"{feature.doc} Unit: {feature.unit}." if feature.unit else feature.doc
    if feature.dtype == "string":
        return {
            "pythonClassName": f"{_CORE}.text_feature.Text",
            "description": doc,
            "text": {},
        }
    sizes = [str(size) for size in feature.resolved(dimensions)]
    return {
        "pythonClassName": f"{_CORE}.tensor_feature.Tensor",
        "description": doc,
        "tensor": {
            "shape": {"dimensions": sizes} if sizes else {},
            "dtype": feature.dtype,
            "encoding": feature.encoding,
        },
    }


def dataset_info_json(files: Sequence[ShardFile]) -> dict[str, Any]:
    """Content of dataset_info.json: one split a fold.

    Args:
        files: Every shard as written, in any order.

    Returns:
        The mapping to write.
    """
    folds = sorted({file.shard.fold for file in files})
    return {
        "name": DATASET_NAME,
        "version": f"{SCHEMA_VERSION}.0.0",
        "description": _DESCRIPTION,
        "fileFormat": "tfrecord",
        "splits": [_split(fold, files) for fold in folds],
    }


def _split(fold: int, files: Sequence[ShardFile]) -> dict[str, Any]:
    """One fold."""
    own = sorted((f for f in files if f.shard.fold == fold), key=lambda f: f.shard.index)
    return {
        "name": f"fold_{fold}",
        "filepathTemplate": "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}",
        "shardLengths": [str(len(file.shard.sample_ids)) for file in own],
        "numBytes": str(sum(file.record_bytes for file in own)),
    }
