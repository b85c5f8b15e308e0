"""Statistics of lesion and surroundings, computed in the graph from SUV and the soft mask.

Handcrafted radiomics needs an outline drawn by a person; these layers take the predicted one,
so that they work wherever the network does. Each family of statistics is one module with the
names of its columns; a family is reduced to few dimensions by `pet_mtl.layers.GroupReduction`.
"""

from pet_mtl.layers.radiomics.lesion import LesionRadiomics
from pet_mtl.layers.radiomics.surroundings import SurroundingsRadiomics

__all__ = ["LesionRadiomics", "SurroundingsRadiomics"]
