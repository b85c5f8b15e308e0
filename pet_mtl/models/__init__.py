"""The Keras functional models, written with `keras.ops` only."""

from pet_mtl.models.calibration import Calibration
from pet_mtl.models.multitask import FEATURES, ModelSpec, build_model, edges_of, load_model

__all__ = ["FEATURES", "Calibration", "ModelSpec", "build_model", "edges_of", "load_model"]
