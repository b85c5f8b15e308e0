"""SUVbw from DICOM attributes, without guessing and without DICOM."""

from pet_mtl.suv.attributes import FrameTiming, SuvAttributes, SuvFactor
from pet_mtl.suv.rules import suv_factor
from pet_mtl.suv.times import nearest_day

__all__ = ["FrameTiming", "SuvAttributes", "SuvFactor", "nearest_day", "suv_factor"]
