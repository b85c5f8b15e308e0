"""Keras layers, one noun a file, written with `keras.ops` only."""

from pet_mtl.layers.auxiliary import RadiomicsTarget
from pet_mtl.layers.cells import SpaceToDepth3D
from pet_mtl.layers.depthwise import DepthwiseConv3D
from pet_mtl.layers.intensity import LogSuv
from pet_mtl.layers.normalization import GroupNorm
from pet_mtl.layers.novelty import Novelty
from pet_mtl.layers.pooling import RegionPooling, RegionWeights
from pet_mtl.layers.radiomics import LesionRadiomics, SurroundingsRadiomics
from pet_mtl.layers.reduction import GroupReduction
from pet_mtl.layers.scale import LayerScale
from pet_mtl.layers.standardize import Standardize
from pet_mtl.layers.window import CtWindow

__all__ = [
    "CtWindow",
    "DepthwiseConv3D",
    "GroupNorm",
    "GroupReduction",
    "LayerScale",
    "LesionRadiomics",
    "LogSuv",
    "Novelty",
    "RadiomicsTarget",
    "RegionPooling",
    "RegionWeights",
    "SpaceToDepth3D",
    "Standardize",
    "SurroundingsRadiomics",
]
