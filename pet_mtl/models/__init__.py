"""The Keras functional models, written with `keras.ops` only."""

from pet_mtl.models.multitask import (
    FEATURES,
    build_model,
    edges_of,
    load_model,
    loss_shares,
    pixel_outputs,
    task_of,
)
from pet_mtl.models.segmenter import mask_path, segmenter_file
from pet_mtl.models.spec import ModelSpec

__all__ = [
    "FEATURES",
    "ModelSpec",
    "build_model",
    "edges_of",
    "load_model",
    "loss_shares",
    "mask_path",
    "pixel_outputs",
    "segmenter_file",
    "task_of",
]
