"""DICOM SEG against the answers of dcmqi (NRRD) and against highdicom."""

from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from pet_mtl.geometry import Grid, grid_of
from pet_mtl.readers.seg import read_seg

# SEG, answers, and which label of which answer each segment is.
ANSWERS = [
    ("liver.dcm", {1: ("liver_seg.nrrd", 1)}),
    ("23x38x3/seg/label.seg", {1: ("23x38x3/nrrd/label.nrrd", 1)}),
    ("24x38x3/seg/label.seg", {1: ("24x38x3/nrrd/label.nrrd", 1)}),
    ("dicom4qi_data_5/mask/mask.dcm", {1: ("23x38x3/nrrd/label.nrrd", 1)}),
    ("sparse-labelmap-noppv.dcm", {1: ("sparse_labelmap_noppv_seg.nrrd", 1)}),
    ("sparse-labelmap-ppv5.dcm", {1: ("sparse_labelmap_ppv5_seg.nrrd", 1)}),
    (
        "partial_overlaps.dcm",
        {
            1: ("partial_overlaps-1.nrrd", 1),
            2: ("partial_overlaps-2.nrrd", 2),
            3: ("partial_overlaps-3.nrrd", 3),
            4: ("partial_overlaps-1.nrrd", 4),
            5: ("partial_overlaps-1.nrrd", 5),
        },
    ),
]


def _nrrd(path: Path) -> tuple[np.ndarray, Grid]:
    image = sitk.ReadImage(str(path))
    return sitk.GetArrayFromImage(image), grid_of(image)


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "answers"), ANSWERS, ids=[name for name, _ in ANSWERS])
def test_equals_the_answer(
    shared_data: Path, name: str, answers: dict[int, tuple[str, int]]
) -> None:
    segments = read_seg(shared_data / "seg_edge" / name)
    assert [segment.number for segment in segments] == sorted(answers)
    for segment in segments:
        answer, label = answers[segment.number or 0]
        array, grid = _nrrd(shared_data / "seg_edge" / answer)
        assert segment.grid.matches(grid, 1e-3)
        np.testing.assert_array_equal(segment.mask, array == label)


@pytest.mark.real_data
def test_every_seg_of_the_folder_is_answered(shared_data: Path) -> None:
    folder = shared_data / "seg_edge"
    found = set()
    for path in folder.rglob("*"):
        if path.suffix in (".dcm", ".seg") and pydicom.dcmread(path).Modality == "SEG":
            found.add(str(path.relative_to(folder)))
    assert found == {name for name, _ in ANSWERS}


@pytest.mark.real_data
def test_padding_fills_only_planes_without_a_frame(shared_data: Path) -> None:
    """The answer's label 5 is PixelPaddingValue in the plane that no frame shows: no segment."""
    folder = shared_data / "seg_edge"
    (segment,) = read_seg(folder / "sparse-labelmap-ppv5.dcm")
    array, _ = _nrrd(folder / "sparse_labelmap_ppv5_seg.nrrd")
    assert (array == 5).all(axis=(1, 2)).tolist() == [False, True, False]
    assert int((array == 5).sum()) == array[0].size
    assert not segment.mask[1].any()


@pytest.mark.real_data
@pytest.mark.parametrize("name", [name for name, _ in ANSWERS])
def test_equals_highdicom(shared_data: Path, name: str) -> None:
    path = shared_data / "seg_edge" / name
    other = hd.seg.segread(path)
    for segment in read_seg(path):
        volume = other.get_volume(
            segment_numbers=[segment.number], combine_segments=False, allow_missing_positions=True
        )
        # highdicom runs from the last plane to the first (its axis 0 points down).
        np.testing.assert_array_equal(segment.mask, volume.array[::-1, :, :, 0] > 0)
        assert segment.label == other.get_segment_description(segment.number).segment_label
        expected = volume.affine @ [volume.shape[0] - 1, 0, 0, 1]
        np.testing.assert_allclose(segment.grid.origin_mm, expected[:3], atol=1e-6)
