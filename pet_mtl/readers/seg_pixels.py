"""The pixels of single frames of a DICOM SEG, without decoding the others."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.pixels.utils import iter_pixels

_LAYOUT: list[Any] = ["BitsAllocated", "Rows", "Columns", "PixelData"]


def read_frames(path: Path, indices: Sequence[int]) -> Iterator[NDArray[Any]]:
    """Decodes some frames; call it inside `values.lenient()`.

    Args:
        path: The SEG file.
        indices: Numbers of the frames, from 0.

    Yields:
        The stored values of each, (rows, columns), in the order of `indices`.

    Raises:
        Exception: One of `values.BROKEN`; pixels that are missing, too few or compressed in an
            unknown way.
    """
    dataset = pydicom.dcmread(path, specific_tags=_LAYOUT, force=True)
    syntax = dataset.file_meta.TransferSyntaxUID
    if dataset.BitsAllocated == 1 and not syntax.is_encapsulated:
        if not syntax.is_little_endian:
            raise NotImplementedError
        yield from _unpacked(dataset, indices)
    else:
        # pydicom loses bits of frames that begin within a byte, so it gets only the others.
        yield from iter_pixels(path, indices=list(indices))


def _unpacked(dataset: pydicom.Dataset, indices: Sequence[int]) -> Iterator[NDArray[np.uint8]]:
    """Frames of one bit a pixel: all bits follow each other, whatever the bytes.

    Source: DICOM PS3.5 8.1.1 and annex D; the first pixel is the lowest bit.
    """
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    packed = np.frombuffer(dataset.PixelData, np.uint8)
    for index in indices:
        start = index * rows * columns
        end = start + rows * columns
        if end > 8 * packed.size:
            raise ValueError
        bits = np.unpackbits(packed[start // 8 : -(-end // 8)], bitorder="little")
        yield bits[start % 8 :][: rows * columns].reshape(rows, columns)
