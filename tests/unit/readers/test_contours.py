"""What contours say, whatever the grid: algebra, holes, planes, position."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from pet_mtl.errors import MaskError
from pet_mtl.geometry import Grid
from pet_mtl.readers import find_one, list_regions, read_study
from pet_mtl.readers.contours import fill_contour
from pet_mtl.readers.rtstruct import rasterise

Write = Callable[..., Any]

GRID = Grid((4, 16, 18), (3.0, 2.0, 2.5), (-20.0, -30.0, 100.0))
# On a lattice, so that many edges run through centres of pixels.
_CORNER = st.integers(-4, 34).map(lambda half: half / 2)
_POLYGON = st.lists(st.tuples(_CORNER, _CORNER), min_size=3, max_size=9)


def _ring(low: float, high: float) -> np.ndarray:
    """A square as (row, column) corners."""
    return np.asarray([(low, low), (low, high), (high, high), (high, low)])


def _clear(contours: list[Any], shape: tuple[int, int]) -> np.ndarray:
    """Pixels whose centres lie on no edge: on one, rounding decides."""
    centres = np.moveaxis(np.indices(shape), 0, -1).astype(float)[..., None, :]  # (y, x, 1, 2)
    clear = np.ones(shape, bool)
    for points in map(np.asarray, contours):
        edges = np.roll(points, -1, axis=0) - points
        length = np.maximum((edges**2).sum(-1), 1e-12)
        share = np.clip(((centres - points) * edges).sum(-1) / length, 0, 1)[..., None]
        clear &= np.linalg.norm(points + share * edges - centres, axis=-1).min(-1) > 1e-6
    return clear


def _at(plane: int, points: Any, grid: Grid = GRID) -> np.ndarray:
    """(row, column) points of a slice as world points (x, y, z) in mm."""
    points = np.asarray(points, float)
    return grid.index_to_world(np.insert(points, 0, plane, axis=1))


def _code(path: Path, roi: str | None = None) -> tuple[str, str]:
    with pytest.raises(MaskError) as caught:
        read_study(find_one(path), roi)
    return caught.value.code, caught.value.problem.found


@given(_POLYGON, st.integers(0, 8))
def test_start_and_sense_do_not_matter(corners: list[Any], turn: int) -> None:
    points = np.asarray(corners)
    expected = fill_contour(points, GRID.shape[1:])
    np.testing.assert_array_equal(fill_contour(np.roll(points, turn, 0), expected.shape), expected)
    np.testing.assert_array_equal(fill_contour(points[::-1], expected.shape), expected)
    closed = np.vstack([points, points[:1]])
    np.testing.assert_array_equal(fill_contour(closed, expected.shape), expected)


@given(_POLYGON)
def test_split_polygon_is_the_sum_of_its_parts(corners: list[Any]) -> None:
    """A fan of triangles from the first corner: XOR of the parts is the whole."""
    points = np.asarray(corners)
    parts = [points[[0, k, k + 1]] for k in range(1, len(points) - 1)]
    whole = fill_contour(points, GRID.shape[1:])
    combined = np.logical_xor.reduce([fill_contour(part, whole.shape) for part in parts])
    np.testing.assert_array_equal(combined, whole)


_HALF = [(1.5, 1.5), (1.5, 9.5), (9.5, 9.5)]
_ANGLES = st.tuples(*[st.floats(-3.0, 3.0)] * 3)
_SHIFT = st.tuples(*[st.floats(-400, 400)] * 3)


def _without_gaps(warnings: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(text for text in warnings if not text.startswith("MASK_GAPS"))


@settings(deadline=None)
@given(st.lists(_POLYGON, min_size=1, max_size=3), _ANGLES, _SHIFT)
@example([_HALF, [(2, 2), (2, 6), (2.5, 4)], _HALF], (1.0, 0.0, 0.0), (0.0, 0.0, 0.0))
@example([_HALF, [(2, 2), (3, 3), (5, 5)], _HALF], (0.0, 0.0, 1.0), (0.0, 0.0, 0.0))
def test_moving_grid_and_contours_together_changes_nothing(
    polygons: list[Any], angles: tuple[float, ...], shift: tuple[float, ...]
) -> None:
    contours = [_at(1 + k % 3, points) for k, points in enumerate(polygons)]
    motion = sitk.Euler3DTransform()
    motion.SetRotation(*angles)
    motion.SetTranslation(shift)
    turn = np.asarray(motion.GetMatrix()).reshape(3, 3)
    x, y, z = motion.TransformPoint(GRID.origin_mm)
    moved = Grid(GRID.shape, GRID.spacing_mm, (x, y, z), tuple((turn @ GRID.axes).ravel()))
    there = [np.asarray([motion.TransformPoint(p) for p in c.tolist()]) for c in contours]
    whole = [fill_contour(np.asarray(points), GRID.shape[1:]) for points in polygons]
    assume(any((mask & _clear(polygons, mask.shape)).any() for mask in whole))
    expected, warnings = rasterise(contours, GRID)
    found, odd = rasterise(there, moved)
    clear = _clear(polygons, GRID.shape[1:])
    np.testing.assert_array_equal(found[:, clear], expected[:, clear])
    # Where only pixels on edges say whether a slice is empty, rounding decides on gaps, too.
    if not clear.all() and not all((mask & clear).any() for mask in whole):
        odd, warnings = _without_gaps(odd), _without_gaps(warnings)
    assert odd == warnings


@given(_POLYGON, st.integers(-3, 3), st.integers(-5, 5), st.integers(-5, 5))
def test_shifting_contours_by_whole_voxels_shifts_the_mask(
    corners: list[Any], planes: int, rows: int, columns: int
) -> None:
    wide = Grid((9, 40, 40), GRID.spacing_mm, GRID.origin_mm)
    points = np.asarray(corners) + 10
    shift, axes = (planes, rows, columns), (0, 1, 2)
    clear = _clear([points], wide.shape[1:])
    assume((fill_contour(points, clear.shape) & clear).any())
    mask, _ = rasterise([_at(4, points, wide)], wide)
    moved, _ = rasterise([_at(4 + planes, np.add(points, shift[1:]), wide)], wide)
    back = np.roll(moved, np.negative(shift), axes)
    np.testing.assert_array_equal(back[:, clear], mask[:, clear])


def test_keyhole_equals_inner_contour() -> None:
    """A hole by one outline that runs in along a channel of no width, and out again."""
    outer, inner = _ring(1.4, 12.4), _ring(4.4, 8.4)
    for bridge in (3.0, 5.0):  # through pixel centres, and between them
        way_in = np.asarray([(bridge, 1.4), (bridge, 4.4)])
        hole = np.vstack([way_in[1:], inner[1:], inner[:1], way_in[1:]])
        if bridge < 4.4:
            hole = np.vstack([inner, inner[:1]])
            way_in = np.asarray([(1.4, 1.4), (4.4, 4.4)])
        keyhole = np.vstack([outer[:1], hole[:1], hole[1:], outer[:1], outer[1:]])
        expected = fill_contour(outer, (16, 18)) ^ fill_contour(inner, (16, 18))
        np.testing.assert_array_equal(fill_contour(keyhole, (16, 18)), expected)


@pytest.mark.parametrize("kind", ["CLOSED_PLANAR", "CLOSEDPLANAR_XOR"])
def test_holes_and_islands(tmp_path: Path, pet_series: Write, rt_struct: Write, kind: str) -> None:
    """A hole within the region and an island within the hole."""
    uids = pet_series(tmp_path / "a")
    study = read_study(find_one(tmp_path / "a"))
    rings = [_at(2, _ring(*ends), study.grid) for ends in ((-0.5, 5.4), (0.6, 4.4), (1.6, 3.4))]
    rt_struct(tmp_path / "RS.dcm", uids, {"GTV": rings})
    dataset = pydicom.dcmread(tmp_path / "RS.dcm")
    for contour in dataset.ROIContourSequence[0].ContourSequence:
        contour.ContourGeometricType = kind
    dataset.save_as(tmp_path / "RS.dcm")
    expected = np.zeros(study.grid.shape, bool)
    expected[2, :6, :6], expected[2, 1:5, 1:5], expected[2, 2:4, 2:4] = True, False, True
    np.testing.assert_array_equal(read_study(find_one(tmp_path)).mask, expected)


def test_points_and_open_lines_are_no_region(
    tmp_path: Path, pet_series: Write, rt_struct: Write
) -> None:
    uids = pet_series(tmp_path / "a")
    grid = read_study(find_one(tmp_path / "a")).grid
    regions = {"GTV": [_at(2, _ring(0.5, 3.5), grid)], "Marker": [_at(1, _ring(0, 3), grid)]}
    rt_struct(tmp_path / "RS.dcm", uids, regions)
    dataset = pydicom.dcmread(tmp_path / "RS.dcm")
    dataset.ROIContourSequence[1].ContourSequence[0].ContourGeometricType = "OPEN_PLANAR"
    dataset.save_as(tmp_path / "RS.dcm")
    assert list_regions(find_one(tmp_path)) == ("GTV",)
    mask = read_study(find_one(tmp_path)).mask
    assert mask is not None and int(mask.sum()) == 9
    assert _code(tmp_path, "marker")[0] == "MASK_EMPTY"
    dataset.ROIContourSequence[0].ContourSequence[0].ContourGeometricType = "POINT"
    dataset.save_as(tmp_path / "RS.dcm")
    study = read_study(find_one(tmp_path))
    assert study.mask is None
    assert study.warnings[0].startswith("MASK_NO_CONTOUR")


def test_doubled_contours_count_once() -> None:
    ring = _at(1, _ring(1.4, 6.4))
    once, _ = rasterise([ring], GRID)
    twice, warnings = rasterise([ring, ring.copy(), _at(2, _ring(1.4, 6.4))], GRID)
    np.testing.assert_array_equal(twice[1], once[1])
    assert warnings == ("MASK_DOUBLE: 1 contours are given twice and taken once",)


def test_numbers_and_several_sets(tmp_path: Path, pet_series: Write, rt_struct: Write) -> None:
    uids = pet_series(tmp_path / "a")
    grid = read_study(find_one(tmp_path / "a")).grid
    rings = {name: [_at(k, _ring(0.5, 3.5), grid)] for k, name in enumerate("ABC", 1)}
    rt_struct(tmp_path / "1.dcm", uids, {"A": rings["A"], "B": rings["B"]})
    masks = {roi: read_study(find_one(tmp_path), roi).mask for roi in ("1", "2", "1,2", "a,b")}
    places = {
        roi: np.flatnonzero(m.any(axis=(1, 2))).tolist()
        for roi, m in masks.items()
        if m is not None
    }
    assert places == {"1": [1], "2": [2], "1,2": [1, 2], "a,b": [1, 2]}
    (tmp_path / "copy.dcm").write_bytes((tmp_path / "1.dcm").read_bytes())
    assert read_study(find_one(tmp_path), "a").mask is not None, "the same object twice"
    (tmp_path / "copy.dcm").unlink()
    rt_struct(tmp_path / "2.dcm", uids, {"C": rings["C"]})
    mask = read_study(find_one(tmp_path), "A,C").mask
    assert mask is not None and mask.any(axis=(1, 2)).tolist() == [False, True, False, True, False]
    assert _code(tmp_path, "1")[0] == "MASK_TWO_SETS", "number 1 of which set?"
    rt_struct(tmp_path / "2.dcm", uids, {"a": rings["C"]})
    assert _code(tmp_path, "A")[0] == "MASK_TWO_SETS"


def _bent(ring: np.ndarray) -> np.ndarray:
    ring = ring.copy()
    ring[0, 2] += 9
    return ring


def _sagittal(ring: np.ndarray) -> np.ndarray:
    return np.add(ring[:, [2, 0, 1]], (-100, 0, 100))


def _coronal(ring: np.ndarray) -> np.ndarray:
    return np.add(ring[:, [0, 2, 1]], (0, -100, 100))


def _tilted(ring: np.ndarray) -> np.ndarray:
    return ring + ring[:, :1] * (0, 0, 0.5)


@pytest.mark.parametrize(
    ("change", "code", "found"),
    [
        (_sagittal, "MASK_OBLIQUE", "1 contours in sagittal planes"),
        (_coronal, "MASK_OBLIQUE", "1 contours in coronal planes"),
        (_tilted, "MASK_OBLIQUE", "1 contours in oblique planes"),
        (_bent, "MASK_NOT_PLANAR", "1 of 1 contours that are not flat"),
        (lambda ring: np.add(ring, (0, 0, 500)), "MASK_OUTSIDE", ""),
        (lambda ring: np.add(ring * (0.01, 0.01, 1), (-18, -28, 0)), "MASK_EMPTY", ""),
    ],
)
def test_refused_by_name(
    tmp_path: Path,
    pet_series: Write,
    rt_struct: Write,
    change: Callable[[np.ndarray], np.ndarray],
    code: str,
    found: str,
) -> None:
    uids = pet_series(tmp_path / "a")
    ring = _at(2, _ring(0.5, 4.5), read_study(find_one(tmp_path / "a")).grid)
    rt_struct(tmp_path / "RS.dcm", uids, {"GTV": [change(ring)]})
    assert _code(tmp_path) == (code, found)


def test_contours_that_cross_are_told() -> None:
    one, other, within = _ring(1.4, 8.4), _ring(5.4, 12.4), _ring(2.4, 4.4)
    mask, warnings = rasterise([_at(1, one), _at(1, other)], GRID)
    expected = np.zeros(GRID.shape, bool)
    expected[1, 2:9, 2:9] = True
    expected[1, 6:13, 6:13] ^= True
    np.testing.assert_array_equal(mask, expected)
    assert warnings == ("MASK_CROSSING: contours cross in 1 planes; overlaps count as outside",)
    assert rasterise([_at(1, one), _at(1, within)], GRID)[1] == ()


@pytest.mark.parametrize(
    ("planes", "slices", "warned"),
    [
        ((2, 3, 4), [2, 3, 4], ()),
        ((2, 4, 6), [2, 3, 4, 5, 6, 7], ("MASK_PLANES",)),
        ((1, 4, 7), [0, 1, 2, 3, 4, 5, 6, 7, 8], ("MASK_PLANES",)),
        ((2, 4, 5), [2, 4, 5], ("MASK_GAPS",)),
        ((2, 6), [2, 6], ("MASK_GAPS",)),
        ((2.5, 3.5, 4.5), [3, 4, 5], ("MASK_PLANES",)),
    ],
)
def test_contours_on_some_slices(
    planes: tuple[float, ...], slices: list[int], warned: tuple[str, ...]
) -> None:
    """Slices skipped regularly are filled, each plane as thick as their distance; gaps stay."""
    grid = Grid((10, 16, 18), GRID.spacing_mm, GRID.origin_mm)
    contours = []
    for plane in planes:
        points = np.insert(_ring(1.4, 6.4), 0, plane, axis=1)
        contours.append(grid.index_to_world(points))
    mask, warnings = rasterise(contours, grid)
    assert np.flatnonzero(mask.any(axis=(1, 2))).tolist() == slices
    assert tuple(text.split(":")[0] for text in warnings) == warned


@pytest.mark.parametrize(
    "data", [b"1\\2\\3\\4\\5\\x\\7\\8\\9", b"1\\2\\3\\4\\5\\6\\7\\8\\9\\1", b"1\\2\\nan"]
)
def test_a_damaged_contour_spoils_its_region_only(
    tmp_path: Path, pet_series: Write, rt_struct: Write, data: bytes
) -> None:
    uids = pet_series(tmp_path / "a")
    grid = read_study(find_one(tmp_path / "a")).grid
    rings = [_at(k, _ring(0.5, 3.5), grid) for k in (1, 2)]
    rt_struct(tmp_path / "RS.dcm", uids, {"GTV": rings, "Node": rings})
    dataset = pydicom.dcmread(tmp_path / "RS.dcm")
    contour = dataset.ROIContourSequence[0].ContourSequence[1]
    del contour.ContourData
    contour[0x30060050] = RawDataElement(
        Tag(0x3006, 0x0050), "DS", len(data), data, 0, False, True, True
    )
    dataset.save_as(tmp_path / "RS.dcm")
    assert _code(tmp_path, "gtv") == ("MASK_CONTOUR", "1 of 2 contours damaged")
    mask = read_study(find_one(tmp_path), "node").mask
    assert mask is not None and int(mask.sum()) == 18


def test_a_structure_set_without_regions(
    tmp_path: Path, pet_series: Write, rt_struct: Write
) -> None:
    rt_struct(tmp_path / "RS.dcm", pet_series(tmp_path / "a"), {})
    study = read_study(find_one(tmp_path))
    assert study.mask is None
    assert study.warnings[0].startswith("MASK_NO_CONTOUR")
