"""How far one prediction can be trusted: conformal sets, and what the model was trained on.

Plain numbers in, plain numbers out: training fits these, the bundle carries them, prediction reads
them.
"""

from pet_mtl.trust.appearance import appearance_of, extent_names, grid_appearance, voxel_names
from pet_mtl.trust.conformal import ResponseSets, fit_sets
from pet_mtl.trust.reference import Flag, Reference, Span, fit_reference
from pet_mtl.trust.stored import NO_TRUST, Trust

__all__ = [
    "NO_TRUST",
    "Flag",
    "Reference",
    "ResponseSets",
    "Span",
    "Trust",
    "appearance_of",
    "extent_names",
    "fit_reference",
    "fit_sets",
    "grid_appearance",
    "voxel_names",
]
