"""Pixels cut, compressed, padded or stored in another way."""

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from mutations.expected import Mutation as M
from mutations.expected import refused, right
from mutations.study import Break, Study, both, drop, put, put_one, save

JPEG2000 = UID("1.2.840.10008.1.2.4.91")


def _damaged() -> list[M]:
    return [
        M("pixels-cut", "one file cut in its pixels", _cut, refused("DICOM_PIXELS")),
        M("pixels-removed", "PixelData removed from one slice", _without_pixels,
          refused("DICOM_PIXELS")),
        M("pixels-short", "PixelData of one slice too short", put_one(PixelData=b"\0" * 20),
          refused("DICOM_PIXELS")),
        M("rows-too-few", "Rows less than there are", put(Rows=7), refused("DICOM_PIXELS")),
        M("rows-zero", "Rows 0", put(Rows=0), refused("DICOM_UNREADABLE")),
        M("rows-differ", "one slice has another number of Rows", put_one(Rows=7),
          refused("GEOMETRY_SLICE_SIZE")),
        M("colour", "three samples a pixel", put(SamplesPerPixel=3, PlanarConfiguration=0),
          refused("DICOM_PIXELS")),
        M("bits-removed", "BitsAllocated removed", drop("BitsAllocated"), refused("DICOM_PIXELS")),
        M("bits-wrong", "BitsAllocated 8 instead of 16",
          put(BitsAllocated=8, BitsStored=8, HighBit=7), refused("DICOM_PIXELS")),
        M("high-bit", "HighBit is not the last of BitsStored", put(BitsStored=12, HighBit=15),
          refused("DICOM_PIXELS")),
        M("all-zero", "all pixels 0", lambda s: s.each(_zero), refused("SUV_RANGE")),
        M("sign-wrong", "unsigned 16 bit, PixelRepresentation says signed", _wide(signed=1),
          refused("SUV_RANGE")),
        M("bits-too-few", "BitsStored 15 of pixels that use 16",
          put(BitsStored=15, HighBit=14), refused("SUV_RANGE")),
        M("rle-damaged", "RLE of one slice damaged", _rle_damaged, refused("DICOM_PIXELS")),
    ]  # fmt: skip


def _cut(study: Study) -> None:
    path = study.slices[4]
    path.write_bytes(path.read_bytes()[:-40])


def _without_pixels(study: Study) -> None:
    path = study.slices[4]
    dataset = pydicom.dcmread(path)
    del dataset.PixelData
    save(dataset, path)


def _wide(signed: int) -> Break:
    """Pixels over the whole range of unsigned 16 bit."""

    def change(dataset: Dataset, number: int) -> None:
        dataset.RescaleSlope = f"{float(dataset.RescaleSlope) / 2:.9g}"
        _set(dataset, dataset.pixel_array.astype("<u2") * 2, 16, signed)

    return lambda study: study.each(change)


def _zero(dataset: Dataset, number: int) -> None:
    dataset.PixelData = bytes(len(dataset.PixelData))


def _rle_damaged(study: Study) -> None:
    syntax(RLELossless)(study)
    dataset = pydicom.dcmread(study.slices[3])
    dataset.PixelData = encapsulate([b"\1\0\0\0" + b"\xff" * 200])
    dataset["PixelData"].is_undefined_length = True
    save(dataset, study.slices[3])


def _stored() -> list[M]:
    return [
        M("implicit", "implicit VR little endian", syntax(ImplicitVRLittleEndian), right()),
        M("deflated", "deflated", syntax(DeflatedExplicitVRLittleEndian), right()),
        M("big-endian", "explicit VR big endian", syntax(ExplicitVRBigEndian), right()),
        M("rle", "RLE", syntax(RLELossless), right()),
        M("jpeg-ls", "JPEG-LS, lossless", syntax(JPEGLSLossless), right()),
        M("unsigned", "unsigned 16 bit", _as("<u2", 16, 0), right()),
        M("unsigned-wide", "unsigned 16 bit, the whole range", _wide(signed=0), right()),
        M("32-bit", "signed 32 bit", _as("<i4", 32, 1), right()),
        M("float", "Float Pixel Data", _float, right()),
        M("overlay-bits", "overlay in the unused high bits of 15 stored ones", _overlay, right()),
        M("padding", "outside the field of view padded with -32768", _padding, right()),
        M("padding-in-data", "PixelPaddingValue is a value that occurs", _padding_value,
          refused("DICOM_PADDING")),
        M("lossy-flag", "LossyImageCompression 01", put(LossyImageCompression="01"),
          refused("DICOM_LOSSY")),
        M("jpeg-lossy", "JPEG baseline", _named(JPEGBaseline8Bit), refused("DICOM_LOSSY")),
        M("jpeg-2000-maybe", "JPEG 2000 that does not say it is lossless",
          both(drop("LossyImageCompression"), _named(JPEG2000)), refused("DICOM_LOSSY")),
        M("unknown-syntax", "an unknown transfer syntax", _named(UID("1.2.3.4")),
          refused("DICOM_PIXELS")),
    ]  # fmt: skip


def syntax(uid: UID) -> Break:
    """Stores the images in another transfer syntax."""

    def change(study: Study) -> None:
        for path in study.slices:
            dataset = pydicom.dcmread(path)
            if uid.is_encapsulated:
                dataset.compress(uid)
                dataset.save_as(path, enforce_file_format=True)
                continue
            if not uid.is_little_endian:
                dataset.PixelData = dataset.pixel_array.astype(">i2").tobytes()
            fresh = Dataset()  # forgets how it was read, so that it may be written otherwise
            fresh.update(dataset)
            fresh.file_meta = dataset.file_meta
            fresh.file_meta.TransferSyntaxUID = uid
            pydicom.dcmwrite(path, fresh, enforce_file_format=True)

    return change


def _as(kind: str, bits: int, signed: int) -> Break:
    def change(dataset: Dataset, number: int) -> None:
        pixels = dataset.pixel_array.astype(kind)
        _set(dataset, pixels, bits, signed)

    return lambda study: study.each(change)


def _set(dataset: Dataset, pixels: NDArray[np.generic], bits: int, signed: int) -> None:
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit, dataset.PixelRepresentation = bits - 1, signed
    dataset.PixelData = pixels.tobytes()


def _float(study: Study) -> None:
    def change(dataset: Dataset, number: int) -> None:
        values = dataset.pixel_array * float(dataset.RescaleSlope)
        dataset.BitsAllocated, dataset.RescaleSlope = 32, "1"
        del dataset.PixelData, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation
        dataset.FloatPixelData = values.astype("<f4").tobytes()

    study.each(change)


def _overlay(study: Study) -> None:
    """32767 fits 15 unsigned bits; the 16th is set at random."""

    def change(dataset: Dataset, number: int) -> None:
        pixels = dataset.pixel_array.astype("<u2")
        pixels[::3] |= 0x8000
        _set(dataset, pixels, 16, 0)
        dataset.BitsStored, dataset.HighBit = 15, 14

    study.each(change)


def _padding(study: Study) -> None:
    """The darkest voxels are 0 in truth here, and padded in the file."""

    def change(dataset: Dataset, number: int) -> None:
        pixels = dataset.pixel_array.copy()
        pixels[pixels == 0] = -32768
        dataset.PixelData = pixels.tobytes()
        dataset.add_new("PixelPaddingValue", "SS", -32768)

    study.each(change)


def _padding_value(study: Study) -> None:
    def change(dataset: Dataset, number: int) -> None:
        dataset.add_new("PixelPaddingValue", "SS", int(dataset.pixel_array[5, 5]))

    study.each(change)


def _named(uid: UID) -> Break:
    """Compressed frames that claim a transfer syntax."""

    def change(study: Study) -> None:
        for path in study.slices:
            dataset = pydicom.dcmread(path)
            dataset.PixelData = encapsulate([b"\xff\xd8\xff\xd9" * 8])
            dataset["PixelData"].is_undefined_length = True
            dataset.file_meta.TransferSyntaxUID = uid
            dataset.save_as(path, implicit_vr=False, little_endian=True)

    return change


def mutations() -> list[M]:
    return [*_damaged(), *_stored()]
