"""DICOM SEG beside a PET: choice, geometry, kinds, refusals."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from pet_mtl.errors import MaskError, StudyError
from pet_mtl.readers import find_one, list_regions, read_study
from pet_mtl.readers.seg import read_seg

Write = Callable[..., Any]

UIDS = ("1.2.3", "1.2.4", "1.2.5")
SHAPE = (5, 6, 7)
MASK = np.zeros(SHAPE, bool)
MASK[1:4, 1:4, 2:5] = True
OTHER = np.zeros(SHAPE, bool)
OTHER[2:5, 3:6, 4:7] = True  # overlaps MASK


def _at(z: float) -> tuple[float, float, float]:
    return (-20.0, -30.0, 100.0 + 3 * z)


def _frames(mask: np.ndarray, number: int | None = 1, off: float = 0.0) -> list[Any]:
    """A frame for every plane that holds something."""
    return [(number, _at(z + off), mask[z]) for z in np.flatnonzero(mask.any(axis=(1, 2)))]


def _code(path: Path, roi: str | None = None) -> str:
    with pytest.raises(StudyError) as caught:
        read_study(find_one(path), roi)
    return caught.value.code


@pytest.fixture
def folder(tmp_path: Path, pet_series: Write) -> Path:
    """A study with the fixture's PET series."""
    pet_series(tmp_path / "a", uids=UIDS)
    return tmp_path


def test_segments_are_chosen_and_merged(folder: Path, seg_object: Write) -> None:
    labels = {1: "GTV primary", 2: "Node [left]", 3: "Nothing"}
    seg_object(folder / "S.dcm", UIDS, labels, _frames(MASK) + _frames(OTHER, 2))
    source = find_one(folder)
    assert list_regions(source) == ("GTV primary", "Node [left]")
    assert _code(folder) == "MASK_WHICH"
    assert _code(folder, "liver") == "MASK_NO_MATCH"
    assert _code(folder, "nothing") == "MASK_EMPTY"
    for roi, expected in (
        ("gtv*", MASK), ("1", MASK), ("node [l?ft]", OTHER), ("2", OTHER),
        ("gtv*, node*", MASK | OTHER), ("1,2", MASK | OTHER), ("*", MASK | OTHER),
    ):  # fmt: skip
        study = read_study(source, roi)
        np.testing.assert_array_equal(study.mask, expected, err_msg=roi)
        merged = [text for text in study.warnings if text.startswith("MASK_UNION")]
        assert len(merged) == (expected.sum() > 27)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_any_frames_in_any_order(tmp_path: Path, seg_object: Write, data: st.DataObject) -> None:
    """Sizes off byte borders, gapped and overlapping segments, any order: the masks come back."""
    rows, columns = (data.draw(st.integers(1, 9)) for _ in range(2))
    seed = data.draw(st.integers(0, 2**16))
    kind = data.draw(st.sampled_from(["BINARY", "FRACTIONAL"]))
    random = np.random.default_rng(seed)
    masks = random.random((3, 6, rows, columns)) < 0.4
    masks[:, [0, 5], 0, 0] = True  # so that the grid's ends are known
    masks[:, random.integers(1, 5)] = False
    full = 200 if kind == "FRACTIONAL" else 1
    frames = [
        (number, _at(z), mask[z].astype(np.uint8) * full)
        for number, mask in enumerate(masks, 1)
        for z in np.flatnonzero(mask.any(axis=(1, 2)))
    ]
    random.shuffle(frames)
    seg_object(tmp_path / "S.dcm", UIDS, {1: "a", 2: "b", 3: "c"}, frames, kind)
    for segment, mask in zip(read_seg(tmp_path / "S.dcm"), masks, strict=True):
        np.testing.assert_array_equal(segment.mask, mask)
        assert segment.grid.spacing_mm == pytest.approx((3, 4, 5))
        assert segment.grid.origin_mm == pytest.approx(_at(0))


@pytest.mark.parametrize("off", [0.05 / 3, -0.05 / 3, 0.2])
def test_planes_a_little_off(folder: Path, seg_object: Write, off: float) -> None:
    seg_object(folder / "S.dcm", UIDS, {1: "GTV"}, _frames(MASK, off=off))
    study = read_study(find_one(folder))
    np.testing.assert_array_equal(study.mask, MASK)
    assert study.warnings == ()


def test_one_plane_off_its_place(folder: Path, seg_object: Write) -> None:
    frames = _frames(MASK)
    frames[1] = (1, _at(2 + 0.05 / 3), MASK[2])
    seg_object(folder / "S.dcm", UIDS, {1: "GTV"}, frames)
    np.testing.assert_array_equal(read_study(find_one(folder)).mask, MASK)


def test_fraction_of_half_counts(folder: Path, seg_object: Write) -> None:
    values = np.where(MASK, 100, 99) * (MASK | OTHER)  # of 200
    frames = [(1, _at(z), values[z].astype(np.uint8)) for z in range(5)]
    seg_object(folder / "S.dcm", UIDS, {1: "GTV"}, frames, "FRACTIONAL")
    study = read_study(find_one(folder))
    np.testing.assert_array_equal(study.mask, MASK)
    assert study.warnings[0].startswith("MASK_FRACTIONAL")


@pytest.mark.parametrize("padding", [None, 0, 9])
def test_label_map(folder: Path, seg_object: Write, padding: int | None) -> None:
    values = np.where(MASK, 3, np.where(OTHER, 7, padding or 0)).astype(np.uint8)
    frames = [(None, _at(z), values[z]) for z in (4, 1, 3, 2)]

    def pad(dataset: Dataset) -> None:
        if padding is not None:
            dataset.PixelPaddingValue = padding

    labels = {0: "Background", 3: "GTV", 7: "Node", 9: "Filled"}
    if padding != 9:
        del labels[9]
    seg_object(folder / "S.dcm", UIDS, labels, frames, "LABELMAP", pad)
    assert list_regions(find_one(folder)) == ("GTV", "Node")
    np.testing.assert_array_equal(read_study(find_one(folder), "3").mask, MASK)
    np.testing.assert_array_equal(read_study(find_one(folder), "node").mask, OTHER & ~MASK)


def test_grid_of_its_own(folder: Path, seg_object: Write) -> None:
    """A SEG of half the pixels' and slices' size is interpolated like a mask image."""
    fine = MASK.repeat(2, 0).repeat(2, 1).repeat(2, 2)
    x, y, z0 = np.asarray(_at(0)) - (1.25, 1.0, 0.75)
    frames = [(1, (x, y, z0 + 1.5 * z), fine[z]) for z in range(10)]

    def finer(dataset: Dataset) -> None:
        measures = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
        measures.PixelSpacing, measures.SpacingBetweenSlices = [2, 2.5], 1.5

    seg_object(folder / "S.dcm", UIDS, {1: "GTV"}, frames, change=finer)
    study = read_study(find_one(folder))
    np.testing.assert_array_equal(study.mask, MASK)
    assert study.warnings[0].startswith("MASK_RESAMPLED")


def test_turned_frames(folder: Path, seg_object: Write) -> None:
    """Frames whose rows run along the patient's z axis are placed, not guessed."""
    cosines = [0, 0, 1, 1, 0, 0]  # columns along z, rows along x: normal along y
    turned = MASK.transpose(1, 2, 0)  # (y, x, z)
    frames = [(1, (-20, -30 + 4 * y, 100), turned[y]) for y in range(6)]

    def turn(dataset: Dataset) -> None:
        shared = dataset.SharedFunctionalGroupsSequence[0]
        shared.PlaneOrientationSequence[0].ImageOrientationPatient = cosines
        shared.PixelMeasuresSequence[0].PixelSpacing = [5, 3]
        shared.PixelMeasuresSequence[0].SpacingBetweenSlices = 4

    seg_object(folder / "S.dcm", UIDS, {1: "GTV"}, frames, change=turn)
    study = read_study(find_one(folder))
    np.testing.assert_array_equal(study.mask, MASK)
    assert study.warnings == ()


@pytest.mark.parametrize(
    ("shift", "code"), [((900, 0, 0), "MASK_OUTSIDE"), ((0, 0, -400), "MASK_OUTSIDE")]
)
def test_outside(folder: Path, seg_object: Write, shift: Sequence[float], code: str) -> None:
    frames = [(n, np.add(at, shift), pixels) for n, at, pixels in _frames(MASK)]
    seg_object(folder / "S.dcm", UIDS, {1: "GTV"}, frames)
    assert _code(folder) == code


def test_partly_outside(folder: Path, seg_object: Write) -> None:
    seg_object(folder / "S.dcm", UIDS, {1: "GTV"}, _frames(MASK, off=3))
    study = read_study(find_one(folder))
    assert study.mask is not None
    assert int(study.mask.sum()) == 9
    assert study.warnings == ("MASK_BEYOND: 18 of 27 voxels of the mask lie beyond the image",)


def test_other_frame_is_refused_even_if_it_names_the_series(
    folder: Path, seg_object: Write
) -> None:
    seg_object(folder / "S.dcm", (UIDS[0], UIDS[1], "9.9.9"), {1: "GTV"}, _frames(MASK))
    assert _code(folder) == "MASK_FRAME"


def test_drawn_on_the_pet_before_drawn_on_others(folder: Path, seg_object: Write) -> None:
    seg_object(folder / "organs.dcm", (UIDS[0], "8.8", UIDS[2]), {1: "Liver"}, _frames(OTHER))
    np.testing.assert_array_equal(read_study(find_one(folder)).mask, OTHER)
    seg_object(folder / "lesion.dcm", UIDS, {1: "GTV"}, _frames(MASK))
    np.testing.assert_array_equal(read_study(find_one(folder)).mask, MASK)
    np.testing.assert_array_equal(read_study(find_one(folder), "liver").mask, OTHER)


def test_structure_set_and_seg(folder: Path, seg_object: Write, rt_struct: Write) -> None:
    box = [(-12.5, -28.0), (2.5, -28.0), (2.5, -16.0), (-12.5, -16.0)]
    contours = [[(x, y, 100.0 + 3 * z) for x, y in box] for z in (1, 2, 3)]
    rt_struct(folder / "RS.dcm", UIDS, {"GTV": contours})
    seg_object(folder / "S.dcm", UIDS, {1: "Lesion", 4: "gtv"}, _frames(OTHER) + _frames(MASK, 4))
    assert _code(folder) == "MASK_WHICH"
    np.testing.assert_array_equal(read_study(find_one(folder), "les*").mask, OTHER)
    np.testing.assert_array_equal(read_study(find_one(folder), "4").mask, MASK)
    for unclear in ("1", "gtv", "*"):
        assert _code(folder, unclear) == "MASK_TWO_SETS", unclear


def test_a_file_for_every_segment(folder: Path, seg_object: Write) -> None:
    seg_object(folder / "1.dcm", UIDS, {1: "Lesion 1"}, _frames(MASK))
    seg_object(folder / "2.dcm", UIDS, {1: "Lesion 2"}, _frames(OTHER))
    np.testing.assert_array_equal(read_study(find_one(folder), "lesion*").mask, MASK | OTHER)
    assert _code(folder, "1") == "MASK_TWO_SETS", "a number says nothing across files"
    (folder / "copy.dcm").write_bytes((folder / "1.dcm").read_bytes())
    np.testing.assert_array_equal(read_study(find_one(folder), "lesion 1").mask, MASK)


def _without(*path: str) -> Callable[[Dataset], None]:
    """Removes an attribute, everywhere in a path of sequences."""

    def change(dataset: Dataset) -> None:
        items = [dataset]
        for key in path[:-1]:
            items = [inner for item in items for inner in item[key].value]
        for item in items:
            del item[path[-1]]

    return change


def _set(key: str, value: Any) -> Callable[[Dataset], None]:
    return lambda dataset: setattr(dataset, key, value)


def _uneven(dataset: Dataset) -> None:
    for frame, z in zip(dataset.PerFrameFunctionalGroupsSequence, (100, 103, 107), strict=True):
        frame.PlanePositionSequence[0].ImagePositionPatient = [-20, -30, z]


def _sheared(dataset: Dataset) -> None:
    for k, frame in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        frame.PlanePositionSequence[0].ImagePositionPatient = [-20 + k, -30, 100 + 3 * k]


def _far(dataset: Dataset) -> None:
    frame = dataset.PerFrameFunctionalGroupsSequence[2]
    frame.PlanePositionSequence[0].ImagePositionPatient = [-20, -30, 3e7]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_without("PerFrameFunctionalGroupsSequence", "PlanePositionSequence"), "MASK_SEG"),
        (_without("SharedFunctionalGroupsSequence"), "MASK_SEG"),
        (_without("SegmentSequence"), "MASK_SEG"),
        (_without("SegmentationType"), "MASK_SEG"),
        (_uneven, "MASK_SEG"),
        (_sheared, "MASK_SEG"),
        (_far, "MASK_SEG"),
        (_set("PixelData", b"\0\0"), "DICOM_PIXELS"),
        (_without("PixelData"), "DICOM_PIXELS"),
        (_set("PixelData", b"\0" * 16), "MASK_EMPTY"),
    ],
)
def test_broken_objects_are_refused(
    folder: Path, seg_object: Write, change: Callable[[Dataset], None], code: str
) -> None:
    seg_object(folder / "S.dcm", UIDS, {1: "GTV"}, _frames(MASK), change=change)
    assert _code(folder) == code
    assert read_study(find_one(folder), with_mask=False).suv.shape == SHAPE


@pytest.mark.parametrize(
    "change",
    [
        _without("PerFrameFunctionalGroupsSequence", "SegmentIdentificationSequence"),
        _without("SegmentSequence", "SegmentLabel"),
        _without("SharedFunctionalGroupsSequence", "PixelMeasuresSequence", "SpacingBetweenSlices"),
        _without("FrameOfReferenceUID"),
        _without("ReferencedSeriesSequence"),
    ],
)
def test_what_a_reader_can_do_without(
    folder: Path, seg_object: Write, change: Callable[[Dataset], None]
) -> None:
    seg_object(folder / "S.dcm", UIDS, {1: "GTV"}, _frames(MASK), change=change)
    np.testing.assert_array_equal(read_study(find_one(folder), "1").mask, MASK)


def test_messages_hold_no_name(folder: Path, seg_object: Write) -> None:
    labels = {1: "SECRET A", 2: "SECRET B"}
    seg_object(folder / "S.dcm", UIDS, labels, _frames(MASK) + _frames(OTHER, 2))
    for roi in (None, "nothing"):
        with pytest.raises(MaskError) as caught:
            read_study(find_one(folder), roi)
        assert "SECRET" not in str(caught.value)
