"""SUVbw from DICOM attributes, without guessing and without DICOM."""

from pet_mtl.suv.attributes import FrameTiming, SuvAttributes, SuvFactor
from pet_mtl.suv.body import NORMALISATIONS, body_of, per_suvbw, unit_of
from pet_mtl.suv.rules import suv_factor
from pet_mtl.suv.times import nearest_day

__all__ = [
    "NORMALISATIONS",
    "FrameTiming",
    "SuvAttributes",
    "SuvFactor",
    "body_of",
    "nearest_day",
    "per_suvbw",
    "suv_factor",
    "unit_of",
]
