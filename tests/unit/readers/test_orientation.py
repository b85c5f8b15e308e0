"""However a volume is cut into slices and stored, every world point keeps its SUV and its mask."""

import itertools
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutations.study import Study as Files
from mutations.study import patient, scan
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from pet_mtl.geometry import Grid
from pet_mtl.readers import find_one, read_study
from pet_mtl.study import Study

UPRIGHT = np.eye(3)
SIGNED = [
    (order, signs)
    for order in itertools.permutations(range(3))
    for signs in itertools.product((1, -1), repeat=3)
]


def _turned(order: tuple[int, ...], signs: tuple[int, ...]) -> tuple[NDArray[np.float64], Grid]:
    """The truth with its axes permuted and flipped; the same voxels in the world."""
    truth = patient()
    flip = tuple(axis for axis, sign in enumerate(signs) if sign < 0)
    volume = np.flip(truth.suv.transpose(order), flip).astype(np.float64)
    corner = np.zeros(3)
    for axis in flip:
        corner[order[axis]] = truth.grid.shape[order[axis]] - 1
    axes = truth.grid.axes[:, order] * signs
    spacing = tuple(truth.grid.spacing_mm[a] for a in order)
    origin = tuple(float(v) for v in truth.grid.index_to_world(corner))
    return volume, Grid(volume.shape, spacing, origin, tuple(axes.ravel().tolist()))  # type: ignore[arg-type]


def _rotation(a: float, b: float, c: float) -> NDArray[np.float64]:
    """A turn about x, y and z."""
    turns = []
    for angle, (i, j) in zip((a, b, c), ((1, 2), (2, 0), (0, 1)), strict=True):
        turn = np.eye(3)
        cosine, sine = np.cos(angle), np.sin(angle)
        turn[[i, j, i, j], [i, j, j, i]] = cosine, cosine, -sine, sine
        turns.append(turn)
    return turns[2] @ turns[1] @ turns[0]


def _store(
    folder: Path,
    volume: NDArray[np.float64],
    grid: Grid,
    turn: NDArray[np.float64] = UPRIGHT,
    shuffle: int = 0,
) -> None:
    """Writes a volume as PET slices along array axis 0, and its box of voxels as a structure set.

    The slices of a left-handed grid are stored in falling order of their normal, which is legal.
    """
    files = Files(folder)
    head, struct = pydicom.dcmread(files.slices[0]), pydicom.dcmread(files.struct)
    for path in files.slices:
        path.unlink()
    per_suv = 1.0 / scan().suv_per_bqml
    names = np.random.default_rng(shuffle).permutation(len(volume))
    for index, plane in enumerate(volume):
        slope = f"{plane.max() * per_suv / 32767:.9g}"
        head.PixelData = np.rint(plane * per_suv / float(slope)).astype("<i2").tobytes()
        head.RescaleSlope, head.SOPInstanceUID = slope, f"2.25.{index + 1}"
        head.Rows, head.Columns = plane.shape
        head.NumberOfSlices = len(volume)
        head.PixelSpacing = [f"{v:.6g}" for v in grid.spacing_mm[1:]]
        head.ImageOrientationPatient = [f"{v:.10g}"[:16] for v in grid.axes[:, [2, 1]].T.ravel()]
        head.ImagePositionPatient = [f"{v:.6f}" for v in grid.index_to_world((index, 0, 0))]
        head.save_as(files.folder / "PET" / f"{names[index]}", enforce_file_format=True)
    struct.ROIContourSequence[0].ContourSequence = _box(grid, turn)
    struct.save_as(files.struct, enforce_file_format=True)


def _box(grid: Grid, turn: NDArray[np.float64]) -> list[Dataset]:
    """Contours around the truth's voxels 2..8, 3..9, 4..12, in the planes of the slices."""
    corners = patient().grid.index_to_world([(2, 3, 4), (8, 9, 12)]) @ turn.T
    places = np.rint(grid.world_to_index(corners)).astype(int)
    low, high = places.min(axis=0), places.max(axis=0)
    items = []
    for index in range(low[0], high[0] + 1):
        rows, columns = (low[1] - 0.5, high[1] + 0.5), (low[2] - 0.5, high[2] + 0.5)
        corners = [(index, r, c) for r, c in
                   ((rows[0], columns[0]), (rows[0], columns[1]), (rows[1], columns[1]),
                    (rows[1], columns[0]))]  # fmt: skip
        item = Dataset()
        item.ContourGeometricType, item.NumberOfContourPoints = "CLOSED_PLANAR", "4"
        item.ContourData = [f"{v:.4f}" for v in grid.index_to_world(corners).ravel()]
        items.append(item)
    return items


def _check(study: Study, turn: NDArray[np.float64]) -> None:
    """Every voxel of the truth, looked up in the study by its place in the world."""
    truth = patient()
    index = np.indices(truth.suv.shape).reshape(3, -1).T
    place = study.grid.world_to_index(truth.grid.index_to_world(index) @ turn.T)
    near = np.rint(place).astype(int)
    assert np.abs(place - near).max() < 1e-3
    found = study.suv[tuple(near.T)]
    step = truth.suv.max() / 32767
    np.testing.assert_allclose(found, truth.suv[tuple(index.T)], rtol=1e-3, atol=step)
    box = np.zeros(truth.suv.shape, dtype=bool)
    box[2:9, 3:10, 4:13] = True
    assert study.mask is not None
    np.testing.assert_array_equal(study.mask[tuple(near.T)], box[tuple(index.T)])


@pytest.mark.parametrize(("order", "signs"), SIGNED)
def test_every_signed_permutation(
    tmp_path: Path, order: tuple[int, ...], signs: tuple[int, ...]
) -> None:
    volume, grid = _turned(order, signs)
    _store(tmp_path / "study", volume, grid)
    study = read_study(find_one(tmp_path / "study"))
    assert study.suv.shape == volume.shape
    _check(study, UPRIGHT)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    which=st.sampled_from(SIGNED),
    angles=st.tuples(*[st.floats(-3.0, 3.0)] * 3),
    shuffle=st.integers(0, 1000),
)
def test_any_oblique_orientation(
    tmp_path_factory: pytest.TempPathFactory,
    which: tuple[tuple[int, ...], tuple[int, ...]],
    angles: tuple[float, float, float],
    shuffle: int,
) -> None:
    folder, turn = tmp_path_factory.mktemp("oblique") / "study", _rotation(*angles)
    volume, upright = _turned(*which)
    origin = tuple(float(v) for v in turn @ upright.origin_mm)
    axes = tuple((turn @ upright.axes).ravel().tolist())
    grid = Grid(upright.shape, upright.spacing_mm, origin, axes)  # type: ignore[arg-type]
    _store(folder, volume, grid, turn, shuffle)
    _check(read_study(find_one(folder)), turn)


def test_file_order_and_names_change_nothing(tmp_path: Path) -> None:
    volume, grid = _turned((0, 1, 2), (1, 1, 1))
    studies = []
    for shuffle in range(4):
        folder = tmp_path / str(shuffle) / "study"
        _store(folder, volume, grid, shuffle=shuffle)
        studies.append(read_study(find_one(folder)))
    for study in studies[1:]:
        assert study.grid == studies[0].grid
        np.testing.assert_array_equal(study.suv, studies[0].suv)
