"""What ITK's NIfTI reader hides: it turns NaN and infinity into 0 without a word."""

import gzip
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np

# Offsets of data type and start of the voxels in a header of this size, and their formats.
_LAYOUTS = {348: (70, "h", 108, "f"), 540: (12, "h", 168, "q")}
_HEADER_BYTES = max(_LAYOUTS)
_FLOATS = {16: "f4", 64: "f8"}


def holds_non_finite(path: Path) -> bool:
    """Whether a NIfTI file stores NaN or infinite voxels.

    Args:
        path: .nii or .nii.gz.

    Returns:
        True if it does; False for whole numbers and for files that cannot be read here.

    Source: NIfTI-1 and NIfTI-2 headers (nifti1.h, nifti2.h).
    """
    try:
        opener = gzip.open if path.name.lower().endswith(".gz") else open
        with opener(path, "rb") as file:
            header = file.read(_HEADER_BYTES)
            stored = _floats(header)
            return stored is not None and _non_finite(header + file.read(), *stored)
    except (OSError, EOFError, zlib.error, struct.error):
        return False


def _floats(header: bytes) -> tuple[np.dtype[Any], int] | None:
    """Type and start of the voxels; None where they are no floats, or nothing can be told."""
    for order in "<>":
        layout = _LAYOUTS.get(struct.unpack_from(f"{order}i", header)[0])
        if layout is None:
            continue
        type_at, type_format, start_at, start_format = layout
        kind = _FLOATS.get(struct.unpack_from(order + type_format, header, type_at)[0])
        start = int(struct.unpack_from(order + start_format, header, start_at)[0])
        return None if kind is None else (np.dtype(order + kind), start)
    return None


def _non_finite(content: bytes, dtype: np.dtype[Any], start: int) -> bool:
    """Whether any voxel is no number."""
    count = max(0, (len(content) - start) // dtype.itemsize)
    return not bool(np.isfinite(np.frombuffer(content, dtype, count, start)).all())
