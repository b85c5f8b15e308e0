"""The quick way to the first elements equals pydicom's, or gives up."""

from pathlib import Path

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
)

from pet_mtl.readers.headers import PET_IMAGE
from pet_mtl.readers.layouts import peek
from pet_mtl.readers.layouts.found import no_progress
from pet_mtl.readers.layouts.head import read_head

QUIET = no_progress
WANTED = (0x00080060, 0x00100020, 0x0020000D)
LAST = 0x00200052


def data_set(patient: str = "P 1", charset: str = "") -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID, dataset.Modality = PET_IMAGE, "1.2.3.4", "PT"
    dataset.PatientID, dataset.StudyInstanceUID = patient, "1.2.3"
    dataset.SeriesInstanceUID, dataset.FrameOfReferenceUID = "1.2.33", "1.2.5"
    dataset.StudyDate, dataset.StudyTime = "20240301", "101112.5"
    dataset.Rows = 7
    if charset:
        dataset.SpecificCharacterSet = charset
    return dataset


def write(dataset: Dataset, path: Path, syntax: str) -> None:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = PET_IMAGE
    dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    pydicom.dcmwrite(path, dataset, enforce_file_format=True)


def with_sequence(undefined: bool) -> Dataset:
    """A sequence of sequences before the wanted elements."""
    dataset, outer, inner = data_set(), Dataset(), Dataset()
    inner.CodeValue, inner.Modality = "121320", "XX"
    outer.PurposeOfReferenceCodeSequence = [inner, Dataset()]
    dataset.ReferencedImageSequence = [outer, outer]
    for sequence in (dataset["ReferencedImageSequence"], outer["PurposeOfReferenceCodeSequence"]):
        sequence.is_undefined_length = undefined
    outer.is_undefined_length_sequence_item = inner.is_undefined_length_sequence_item = undefined
    return dataset


@pytest.mark.parametrize(
    ("dataset", "syntax", "is_quick"),
    [
        (data_set(), ExplicitVRLittleEndian, True),
        (data_set(), ImplicitVRLittleEndian, True),
        (data_set(), JPEG2000Lossless, True),
        (data_set(), ExplicitVRBigEndian, False),
        (data_set(), DeflatedExplicitVRLittleEndian, False),
        (data_set("Müller", "ISO_IR 100"), ExplicitVRLittleEndian, False),
        (data_set("a\\b"), ExplicitVRLittleEndian, False),
        (with_sequence(True), ExplicitVRLittleEndian, True),
        (with_sequence(True), ImplicitVRLittleEndian, True),
        (with_sequence(False), ExplicitVRLittleEndian, True),
        (Dataset(), ExplicitVRLittleEndian, False),
    ],
)
def test_quick_and_slow_say_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dataset: Dataset, syntax: str, is_quick: bool
) -> None:
    path = tmp_path / "x.dcm"
    write(dataset, path, syntax)
    assert (read_head(path.read_bytes(), WANTED, LAST) is not None) == is_quick
    quick = peek.peek_files([path], QUIET)
    monkeypatch.setattr(peek, "read_head", lambda *_: None)
    assert quick == peek.peek_files([path], QUIET)
    if "PatientID" in dataset:
        assert quick[path].modality == "PT"
        assert (quick[path].study, quick[path].frame) == ("1.2.3", "1.2.5")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damage_is_never_read_as_something_else(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.dcm"
    write(with_sequence(True), path, ExplicitVRLittleEndian)
    content = bytearray(path.read_bytes())
    whole = read_head(bytes(content), WANTED, LAST)
    cut = data.draw(st.integers(0, len(content)))
    told = read_head(bytes(content[:cut]), WANTED, LAST)
    assert told in (None, whole)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(132, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(content))
    assert set(peek.peek_files([path], QUIET)) == {path}, "no damage raises"
