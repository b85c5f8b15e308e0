"""Stored values: every way to keep them gives the same numbers, or a refusal."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import UID, JPEGLSLossless, RLELossless

from pet_mtl.errors import ReadError
from pet_mtl.readers.dicom import choose_series, read_values
from pet_mtl.readers.headers import scan_headers
from pet_mtl.readers.pixels import stored_values

Write = Callable[..., tuple[str, str, str]]
# GDCM's writer inside SimpleITK, and the transfer syntax that it writes.
GDCM = {"JPEG": "1.2.840.10008.1.2.4.70", "JPEG2000": "1.2.840.10008.1.2.4.90"}
SHAPE = (16, 24)


def _noise(kind: str, low: int, high: int) -> NDArray[np.generic]:
    """Every value likely to be different, the extremes among them."""
    pixels = np.random.default_rng(3).integers(low, high, SHAPE, endpoint=True)
    pixels[0, :2] = low, high
    return pixels.astype(kind)


def _write(folder: Path, write: Write, pixels: NDArray[np.generic], **values: object) -> None:
    """Two slices of the same pixels."""

    def change(dataset: Dataset, index: int) -> None:
        bits = pixels.dtype.itemsize * 8
        dataset.Rows, dataset.Columns = pixels.shape
        dataset.BitsAllocated = dataset.BitsStored = bits
        dataset.HighBit, dataset.PixelRepresentation = bits - 1, int(pixels.dtype.kind == "i")
        dataset.RescaleSlope, dataset.PixelData = "1", pixels.tobytes()
        for name, value in values.items():
            setattr(dataset, name, value)

    write(folder, slices=2, change=change)


def _read(folder: Path) -> NDArray[np.float64]:
    return next(stored_values(choose_series(scan_headers(folder)).slices))


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [
        ("|u1", 0, 255),
        ("|i1", -128, 127),
        ("<u2", 0, 65535),
        ("<i2", -32768, 32767),
        ("<u4", 0, 2**32 - 1),
        ("<i4", -(2**31), 2**31 - 1),
    ],
)
def test_every_depth_and_sign(
    tmp_path: Path, pet_series: Write, kind: str, low: int, high: int
) -> None:
    pixels = _noise(kind, low, high)
    _write(tmp_path, pet_series, pixels)
    np.testing.assert_array_equal(_read(tmp_path), pixels)


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless])
def test_compressed_by_pydicom(
    tmp_path: Path, pet_series: Write, syntax: UID, signed: bool
) -> None:
    pixels = _noise("<i2", -32768, 32767) if signed else _noise("<u2", 0, 65535)
    _write(tmp_path, pet_series, pixels)
    for path in tmp_path.iterdir():
        dataset = pydicom.dcmread(path)
        dataset.compress(syntax)
        dataset.save_as(path)
    np.testing.assert_array_equal(_read(tmp_path), pixels)


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("name", GDCM)
def test_compressed_by_gdcm(tmp_path: Path, pet_series: Write, name: str, signed: bool) -> None:
    """Lossless JPEG has no decoder in pydicom; slope and intercept stay ours."""
    pixels = _noise("<i2", -32768, 32767) if signed else _noise("<u2", 0, 65535)
    stream = _gdcm_stream(tmp_path / "stream.dcm", pixels, name)
    _write(tmp_path / "study", pet_series, pixels)
    for path in (tmp_path / "study").iterdir():
        dataset = pydicom.dcmread(path)
        dataset.add_new("PixelData", "OB", stream)
        dataset["PixelData"].is_undefined_length = True
        dataset.file_meta.TransferSyntaxUID = UID(GDCM[name])
        dataset.RescaleSlope = "0.25"
        dataset.save_as(path, implicit_vr=False, little_endian=True)
    series = choose_series(scan_headers(tmp_path / "study"))
    np.testing.assert_array_equal(next(stored_values(series.slices)), pixels)
    np.testing.assert_array_equal(read_values(series)[0], 0.25 * pixels.astype(float))


@pytest.mark.parametrize("keep", [0.3, 0.7, 0.97])
@pytest.mark.parametrize("name", [*GDCM, "RLE", "JPEG-LS"])
def test_a_damaged_stream_is_refused(
    tmp_path: Path, pet_series: Write, name: str, keep: float
) -> None:
    pixels = _noise("<i2", -32768, 32767)
    _write(tmp_path / "study", pet_series, pixels)
    for path in (tmp_path / "study").iterdir():
        dataset = pydicom.dcmread(path)
        if name in GDCM:
            frame = next(generate_frames(_gdcm_stream(tmp_path / "s.dcm", pixels, name)))
            dataset.file_meta.TransferSyntaxUID = UID(GDCM[name])
        else:
            dataset.compress(RLELossless if name == "RLE" else JPEGLSLossless)
            frame = next(generate_frames(dataset.PixelData))
        cut = frame[: int(keep * len(frame)) // 2 * 2]
        dataset.add_new("PixelData", "OB", encapsulate([cut]))
        dataset["PixelData"].is_undefined_length = True
        dataset.save_as(path, implicit_vr=False, little_endian=True)
    with pytest.raises(ReadError) as caught:
        _read(tmp_path / "study")
    assert caught.value.code == "DICOM_PIXELS"


def _gdcm_stream(path: Path, pixels: NDArray[np.generic], name: str) -> bytes:
    """The encapsulated pixels that GDCM writes."""
    writer = sitk.ImageFileWriter()
    writer.SetImageIO("GDCMImageIO")
    writer.UseCompressionOn()
    writer.SetCompressor(name)
    writer.SetFileName(str(path))
    writer.Execute(sitk.GetImageFromArray(pixels[None]))
    dataset = pydicom.dcmread(path)
    assert dataset.file_meta.TransferSyntaxUID == GDCM[name]
    return bytes(dataset.PixelData)


def test_unused_high_bits_are_not_values(tmp_path: Path, pet_series: Write) -> None:
    pixels = _noise("<u2", 0, 4095)
    _write(tmp_path, pet_series, pixels | 0xA000, BitsStored=12, HighBit=11)
    np.testing.assert_array_equal(_read(tmp_path), pixels)


def test_unused_high_bits_of_signed_values_are_their_sign(
    tmp_path: Path, pet_series: Write
) -> None:
    pixels = _noise("<i2", -2048, 2047)
    _write(tmp_path, pet_series, pixels & 0x0FFF, BitsStored=12, HighBit=11)
    np.testing.assert_array_equal(_read(tmp_path), pixels)


@pytest.mark.parametrize("kind", ["<f4", "<f8"])
def test_float_pixels(tmp_path: Path, pet_series: Write, kind: str) -> None:
    values = np.random.default_rng(1).uniform(0, 9, SHAPE).astype(kind)
    name = "FloatPixelData" if kind == "<f4" else "DoubleFloatPixelData"

    def change(dataset: Dataset, index: int) -> None:
        dataset.Rows, dataset.Columns = SHAPE
        dataset.BitsAllocated = values.dtype.itemsize * 8
        del dataset.PixelData, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation
        setattr(dataset, name, values.tobytes())

    pet_series(tmp_path, slices=2, change=change)
    np.testing.assert_array_equal(_read(tmp_path), values)


@pytest.mark.parametrize(("low", "limit"), [(-32768, None), (-32768, -30000), (0, None)])
def test_padding_holds_nothing(
    tmp_path: Path, pet_series: Write, low: int, limit: int | None
) -> None:
    pixels = _noise("<i2", -32768, 32767)

    def pad(dataset: Dataset, index: int) -> None:
        dataset.Rows, dataset.Columns = SHAPE
        dataset.PixelData = pixels.tobytes()
        dataset.add_new("PixelPaddingValue", "SS", low)
        if limit is not None:
            dataset.add_new("PixelPaddingRangeLimit", "SS", limit)

    pet_series(tmp_path, slices=2, change=pad)
    top = low if limit is None else limit
    expected = np.where((pixels >= low) & (pixels <= top), 0, pixels)
    np.testing.assert_array_equal(_read(tmp_path), expected)


def test_a_surplus_of_pixels_is_refused(tmp_path: Path, pet_series: Write) -> None:
    """pydicom alone would read the first rows."""
    pixels = _noise("<i2", 0, 100)
    _write(tmp_path, pet_series, pixels, Rows=8)
    with pytest.raises(ReadError) as caught:
        _read(tmp_path)
    assert caught.value.code == "DICOM_PIXELS"
