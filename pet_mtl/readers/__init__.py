"""Bytes to `Study`: the only rooms that read DICOM, image files and clinical tables."""

from pet_mtl.readers.choices import list_series
from pet_mtl.readers.search import LAYOUTS, Search, find_one, find_studies
from pet_mtl.readers.stamp import input_stamp
from pet_mtl.readers.studies import list_regions, read_study

__all__ = [
    "LAYOUTS", "Search", "find_one", "find_studies", "input_stamp", "list_regions", "list_series",
    "read_study",
]  # fmt: skip
