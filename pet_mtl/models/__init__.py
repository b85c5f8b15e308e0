"""The Keras functional models, written with `keras.ops` only."""

from pet_mtl.models.calibration import Calibration
from pet_mtl.models.multitask import (
    FEATURES,
    build_model,
    classes_of,
    edges_of,
    levels_of,
    load_model,
)
from pet_mtl.models.segmenter import SEGMENTER, mask_path, segmenter_file
from pet_mtl.models.spec import ModelSpec

__all__ = [
    "FEATURES",
    "SEGMENTER",
    "Calibration",
    "ModelSpec",
    "build_model",
    "classes_of",
    "edges_of",
    "levels_of",
    "load_model",
    "mask_path",
    "segmenter_file",
]
