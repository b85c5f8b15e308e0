"""Keras layers, one noun a file, written with `keras.ops` only."""

from pet_mtl.layers.intensity import LogSuv
from pet_mtl.layers.pooling import RegionPooling, RegionWeights
from pet_mtl.layers.radiomics import LesionRadiomics, SurroundingsRadiomics
from pet_mtl.layers.standardize import Standardize

__all__ = [
    "LesionRadiomics",
    "LogSuv",
    "RegionPooling",
    "RegionWeights",
    "Standardize",
    "SurroundingsRadiomics",
]
