"""A volume as the bytes of a NIfTI file, small enough to travel inside a page."""

import gzip
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pet_mtl.errors import GeometryError
from pet_mtl.geometry import Grid

TRUE_ONLY, PREDICTED_ONLY = np.uint8(1), np.uint8(2)

_HEADER, _OFFSET = 348, 352
_CODES = {np.dtype(np.int16): 4, np.dtype(np.uint8): 2}
_ALIGNED, _MM = 2, 2


def nifti_of(array: NDArray[Any], grid: Grid, slope: float = 1.0) -> bytes:
    """A gzipped NIfTI-1 file.

    Args:
        array: (z, y, x) int16 or uint8.
        grid: Its grid.
        slope: A voxel's value is slope times what is stored.

    Returns:
        The file; the same volume gives the same bytes.

    Raises:
        GeometryError: Array and grid differ in size.

    Source:
        nifti1.h of the NIfTI Data Format Working Group, 2004: offsets of the header's fields.
    """
    if array.shape != grid.shape:
        raise GeometryError(
            "GEOMETRY_SHAPE",
            "array and grid differ in size",
            expected=str(grid.shape),
            found=str(array.shape),
        )
    stored = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
    content = _header(array, grid, slope) + stored.tobytes()  # x fastest, as NIfTI wants it
    return gzip.compress(content, 9, mtime=0)


def suv_bytes(suv: NDArray[Any], grid: Grid, step: float = 0.05) -> bytes:
    """SUV as int16 in steps; finer differences are noise to the eye."""
    top = np.iinfo(np.int16).max
    stored = np.clip(np.rint(np.asarray(suv) / step), -top, top).astype(np.int16)
    return nifti_of(stored, grid, step)


def masks_bytes(
    true: NDArray[np.bool_] | None, predicted: NDArray[np.bool_] | None, grid: Grid
) -> bytes:
    """Both masks as one: 1 in the true one only, 2 in the predicted one only, 3 in both."""
    labels = np.zeros(grid.shape, np.uint8)
    for mask, label in ((true, TRUE_ONLY), (predicted, PREDICTED_ONLY)):
        if mask is not None:
            labels += label * mask.astype(np.uint8)
    return nifti_of(labels, grid)


def _header(array: NDArray[Any], grid: Grid, slope: float) -> bytes:
    """The header and the four empty bytes behind it; the rest of its fields stays 0."""
    header = bytearray(_OFFSET)

    def put(offset: int, kind: str, *values: float) -> None:
        packed = np.array(values, dtype=kind).tobytes()
        header[offset : offset + len(packed)] = packed

    z, y, x = grid.shape
    put(0, "<i4", _HEADER)
    put(40, "<i2", 3, x, y, z, 1, 1, 1, 1)
    put(70, "<i2", _CODES[array.dtype], 8 * array.dtype.itemsize)
    put(76, "<f4", 1.0, *grid.spacing_mm[::-1], 0.0, 0.0, 0.0, 0.0)
    put(108, "<f4", _OFFSET, slope, 0.0)
    put(123, "<u1", _MM)
    put(254, "<i2", _ALIGNED)
    # Axes in the file's order (x, y, z); NIfTI's world is (R-L, P-A, I-S), ours (L, P, S).
    affine = grid.affine[:3][:, [2, 1, 0, 3]] * np.array([[-1.0], [-1.0], [1.0]])
    put(280, "<f4", *affine.ravel())
    header[344:348] = b"n+1\0"
    return bytes(header)
