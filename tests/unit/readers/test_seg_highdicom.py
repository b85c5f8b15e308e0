"""SEG objects that highdicom writes, read back beside the PET they were made from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, RLELossless

from pet_mtl.geometry import grid_of
from pet_mtl.readers import find_one, read_study
from pet_mtl.readers.seg import read_seg

Write = Callable[..., Any]

RANDOM = np.random.default_rng(5)
# Three overlapping segments; the second one leaves planes out.
MASKS = RANDOM.random((3, 5, 6, 7)) < 0.4
MASKS[1, [0, 2]] = False


def _complete(dataset: Dataset, index: int) -> None:
    """What highdicom copies from its source images."""
    for key in ("PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID",
                "ReferringPhysicianName", "StudyDate", "StudyTime", "Manufacturer",
                "PositionReferenceIndicator"):  # fmt: skip
        setattr(dataset, key, "")
    dataset.SliceThickness = 3


def _describe(number: int) -> hd.seg.SegmentDescription:
    return hd.seg.SegmentDescription(
        number,
        f"Segment {number}",
        codes.SCT.MorphologicallyAbnormalStructure,
        codes.SCT.Neoplasm,
        hd.seg.SegmentAlgorithmTypeValues.MANUAL,
    )


def _write(path: Path, sources: list[Dataset], pixels: np.ndarray, kind: str, **more: Any) -> None:
    """`pixels` are (frames, rows, columns[, segments]) in the order of the sources."""
    count = pixels.shape[-1] if pixels.ndim == 4 else int(pixels.max())
    hd.seg.Segmentation(
        sources,
        pixels,
        kind,
        [_describe(number) for number in range(1, count + 1)],
        series_instance_uid=hd.UID(),
        series_number=7,
        sop_instance_uid=hd.UID(),
        instance_number=1,
        manufacturer="T",
        manufacturer_model_name="T",
        software_versions="1",
        device_serial_number="1",
        **more,
    ).save_as(path)


@pytest.mark.parametrize("omit", [True, False])
@pytest.mark.parametrize(
    ("kind", "syntax"),
    [
        ("BINARY", ExplicitVRLittleEndian),
        ("FRACTIONAL", ExplicitVRLittleEndian),
        ("FRACTIONAL", RLELossless),
        ("LABELMAP", ExplicitVRLittleEndian),
        ("LABELMAP", RLELossless),
    ],
)
def test_round_trip(tmp_path: Path, pet_series: Write, kind: str, syntax: str, omit: bool) -> None:
    pet_series(tmp_path / "a", change=_complete)
    sources = [pydicom.dcmread(path) for path in (tmp_path / "a").iterdir()]
    sources.sort(key=lambda source: float(source.ImagePositionPatient[2]))
    masks, order = MASKS.copy(), [3, 0, 4, 1, 2]
    pixels = np.moveaxis(masks, 0, -1)
    if kind == "LABELMAP":
        numbers = np.where(masks[2], 3, np.where(masks[1], 2, masks[0] * 1))
        masks = np.stack([numbers == number for number in (1, 2, 3)])
        pixels = numbers
    stored = pixels.astype(float) * 0.7 if kind == "FRACTIONAL" else pixels.astype(np.uint8)
    _write(
        tmp_path / "S.dcm", [sources[k] for k in order], stored[order], kind,
        omit_empty_frames=omit, transfer_syntax_uid=syntax,
    )  # fmt: skip
    source = find_one(tmp_path)
    for number, mask in enumerate(masks, 1):
        study = read_study(source, f"segment {number}")
        np.testing.assert_array_equal(study.mask, mask)
        assert all(text.startswith("MASK_FRACTIONAL") for text in study.warnings)
    np.testing.assert_array_equal(read_study(source, "1, 3").mask, masks[0] | masks[2])


@pytest.mark.real_data
@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL", "LABELMAP"])
@pytest.mark.parametrize(
    "name", ["heart_seg", "spine_seg", "spine_seg_label5", "liver_spine_seg", "liver_seg",
             "liver_spine_gapped_seg"],
)  # fmt: skip
def test_answers_without_seg(shared_data: Path, tmp_path: Path, name: str, kind: str) -> None:
    """Label images that come without a SEG: written as one by highdicom, then read."""
    folder = shared_data / "seg_edge"
    image = sitk.ReadImage(str(folder / f"{name}.nrrd"))
    array = sitk.GetArrayFromImage(image)
    sources = [pydicom.dcmread(path) for path in sorted((folder / "ct-3slice").iterdir())]
    sources.sort(key=lambda source: float(source.ImagePositionPatient[2]))
    for source in sources:
        source.PatientName, source.SpecificCharacterSet = "", "ISO_IR 100"
    numbers = [int(number) for number in np.unique(array) if number]
    pixels = np.stack([array == number for number in numbers], axis=-1).astype(np.uint8)
    if kind == "LABELMAP":
        pixels = pixels @ np.arange(1, len(numbers) + 1, dtype=np.uint8)
    _write(tmp_path / "S.dcm", sources, pixels, kind)
    for number, segment in zip(numbers, read_seg(tmp_path / "S.dcm"), strict=True):
        np.testing.assert_array_equal(segment.mask, array == number)
        assert segment.grid.matches(grid_of(image), 1e-3)


def test_unknown_compression_is_refused(tmp_path: Path, pet_series: Write) -> None:
    pet_series(tmp_path / "a", change=_complete)
    sources = [pydicom.dcmread(path) for path in (tmp_path / "a").iterdir()]
    _write(tmp_path / "S.dcm", sources, MASKS[0].astype(np.uint8), "BINARY")
    dataset = pydicom.dcmread(tmp_path / "S.dcm")
    dataset.file_meta.TransferSyntaxUID = JPEG2000Lossless
    dataset.PixelData = pydicom.encaps.encapsulate([b"no image"] * dataset.NumberOfFrames)
    dataset["PixelData"].is_undefined_length = True
    dataset.save_as(tmp_path / "S.dcm")
    with pytest.raises(Exception, match="DICOM_PIXELS"):
        read_study(find_one(tmp_path))
