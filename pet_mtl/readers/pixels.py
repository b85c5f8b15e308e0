"""Stored pixel values of slices: decoded without loss, or refused.

pydicom decodes native pixels, RLE, JPEG-LS and JPEG 2000; what it cannot (lossless JPEG), GDCM
inside SimpleITK does, with slope and intercept kept out of its reach.

Sources: DICOM PS3.3 C.7.6.3 (Image Pixel), C.7.6.1.1.5 (Lossy Image Compression), C.7.5.1.1.2
(Pixel Padding Value); PS3.5 8.1, 8.2, A.4.
"""

import itertools
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.utils import get_expected_length
from pydicom.uid import (
    HTJ2K,
    UID,
    CTImageStorage,
    JPEG2000Lossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from pet_mtl.errors import ReadError
from pet_mtl.readers import values
from pet_mtl.readers.headers import Header, unreadable

_LOSSLESS = {
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEG2000Lossless,
    RLELossless,
    UID("1.2.840.10008.1.2.4.201"),
    UID("1.2.840.10008.1.2.4.202"),
}
# May hold either; only LossyImageCompression tells.
_EITHER = {UID("1.2.840.10008.1.2.4.91"), HTJ2K}
_NATIVE_KEYS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_IMAGE_PIXEL = (
    "Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated",
    "BitsStored", "HighBit", "PixelRepresentation", "NumberOfFrames",
)  # fmt: skip


def stored_values(headers: Sequence[Header]) -> Iterator[NDArray[np.float64]]:
    """The stored values of slices, one after the other.

    Args:
        headers: The slices; frames of one file are decoded together where they follow each other.

    Yields:
        (y, x) stored values, 0 where padded.

    Raises:
        ReadError: DICOM_PIXELS, DICOM_LOSSY, DICOM_PADDING.
    """
    for path, group in itertools.groupby(headers, key=lambda header: header.path):
        members = list(group)
        frames = _frames(path, members[0])
        for header in members:
            yield frames[header.frame].astype(np.float64)


def _frames(path: Path, header: Header) -> NDArray[Any]:
    """(frames, y, x) values of one file."""
    with values.lenient():
        try:
            dataset = pydicom.dcmread(path, force=True)
            _refuse_lossy(dataset, header)
            pixels = _without_padding(dataset, decoded(dataset), header)
        except values.BROKEN as error:
            raise _no_pixels(header) from error
    frames = pixels.reshape(-1, *pixels.shape[-2:]) if pixels.ndim in (2, 3) else pixels
    if frames.ndim != 3 or frames.shape[1:] != header.size or len(frames) != header.frames:
        raise _no_pixels(header)
    return frames


def _refuse_lossy(dataset: Dataset, header: Header) -> None:
    """Refuses pixels that were ever compressed with loss: their SUV is no measurement."""
    syntax = dataset.file_meta.get("TransferSyntaxUID", UID(""))
    flag = values.text(dataset, "LossyImageCompression")
    may_lose = syntax.is_compressed and syntax.is_encapsulated and syntax not in _LOSSLESS
    if flag != "01" and not (may_lose and not (syntax in _EITHER and flag == "00")):
        return
    raise ReadError(
        "DICOM_LOSSY",
        "the pixels were compressed with loss, or may have been",
        expected="pixels as the scanner stored them, or compressed without loss",
        todo="Give the series from an archive that keeps it without loss",
        subject=unreadable(header.path).subject,
    )


def decoded(dataset: Dataset) -> NDArray[Any]:
    """Stored values of all frames; call it inside `values.lenient()`.

    Args:
        dataset: A whole image.

    Returns:
        (y, x) or (frames, y, x).

    Raises:
        Exception: One of `values.BROKEN` for whatever cannot be read whole.
    """
    syntax = dataset.file_meta.get("TransferSyntaxUID", UID(""))
    if not syntax.is_encapsulated:
        _require_whole(dataset)
        return _own_bits(dataset, np.asarray(dataset.pixel_array))
    if get_decoder(syntax).is_available:
        return np.asarray(dataset.pixel_array)
    return _decoded_by_gdcm(dataset)


def _require_whole(dataset: Dataset) -> None:
    """Native pixels must be as many as the header says: pydicom silently drops a surplus."""
    key = next((name for name in _NATIVE_KEYS if name in dataset), "PixelData")
    expected = get_expected_length(dataset)
    if not 0 <= len(dataset[key].value) - expected <= expected % 2:
        raise ValueError("pixel data of another length than the header says")


def _own_bits(dataset: Dataset, pixels: NDArray[Any]) -> NDArray[Any]:
    """Integers without what lies in the unused high bits (overlays, garbage); PS3.5 8.1.1."""
    if pixels.dtype.kind not in "iu":
        return pixels
    stored = int(dataset.BitsStored)
    if int(dataset.HighBit) != stored - 1:
        raise ValueError("HighBit is not the last of BitsStored")
    unused = pixels.dtype.itemsize * 8 - stored
    return (pixels << unused) >> unused


def _decoded_by_gdcm(dataset: Dataset) -> NDArray[Any]:
    """The same by GDCM, from a file that holds the pixels alone."""
    alone = Dataset()
    alone.file_meta = FileMetaDataset()
    alone.file_meta.TransferSyntaxUID = dataset.file_meta.TransferSyntaxUID
    alone.SOPClassUID = alone.file_meta.MediaStorageSOPClassUID = CTImageStorage
    alone.SOPInstanceUID = alone.file_meta.MediaStorageSOPInstanceUID = UID("2.25.1")
    for name in _IMAGE_PIXEL:
        if name in dataset:
            setattr(alone, name, dataset[name].value)
    alone.RescaleSlope, alone.RescaleIntercept = "1", "0"
    alone.add_new("PixelData", "OB", dataset.PixelData)
    alone["PixelData"].is_undefined_length = True
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "pixels.dcm")
        pydicom.dcmwrite(path, alone, enforce_file_format=True)
        return sitk.GetArrayFromImage(sitk.ReadImage(str(path), imageIO="GDCMImageIO"))


def _without_padding(dataset: Dataset, pixels: NDArray[Any], header: Header) -> NDArray[Any]:
    """Nothing (0) where the header says that a pixel is only padding, outside the field of view."""
    ends = [values.number(dataset, f"PixelPadding{name}") for name in ("Value", "RangeLimit")]
    if ends[0] is None or "FloatPixelData" in dataset or "DoubleFloatPixelData" in dataset:
        return pixels
    low, high = sorted((ends[0], ends[0] if ends[1] is None else ends[1]))
    padded = (pixels >= low) & (pixels <= high)
    top = 2 ** (int(dataset.BitsStored) - int(dataset.PixelRepresentation)) - 1
    if padded.any() and high > 0 and low < top:
        raise ReadError(
            "DICOM_PADDING",
            "pixels have a value that may be padding or uptake",
            expected="PixelPaddingValue (0028,0120) 0, below 0, or the highest that can be stored",
            found=f"{low:g} to {high:g}",
            todo="Export the series again, without or with a usual padding value",
            subject=unreadable(header.path).subject,
        )
    return np.where(padded, 0, pixels)


def _no_pixels(header: Header) -> ReadError:
    return ReadError(
        "DICOM_PIXELS",
        "the pixels of a slice cannot be read",
        expected=f"{header.size[0]} x {header.size[1]} pixels",
        todo="Copy the series again; decompress it if it uses an unusual compression",
        subject=unreadable(header.path).subject,
    )
