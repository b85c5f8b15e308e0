import struct

import numpy as np
import pytest

from pet_mtl.geometry import Grid
from pet_mtl.writers.overview import Overview, overview_planes, write_overview

GRID = Grid((20, 24, 28), (5.0, 4.0, 3.0), (-40.0, -50.0, 100.0))
CENTRE = GRID.centre_mm


@pytest.fixture
def patient():
    """A lesion in the patient's left, posterior, superior corner region."""
    suv = np.ones(GRID.shape, np.float32)
    mask = np.zeros(GRID.shape, bool)
    mask[14:17, 15:19, 20:24] = True
    mask[15, 16, 18:25] = True
    suv[mask] = 8
    return suv, mask


def test_planes_go_through_the_largest_slices(patient):
    suv, mask = patient
    _, axial, coronal, sagittal = overview_planes(suv, mask, GRID, CENTRE, 1000.0)
    np.testing.assert_array_equal(axial.suv, suv[15])
    np.testing.assert_array_equal(axial.mask, mask[15])
    np.testing.assert_array_equal(coronal.suv, suv[:, 16])
    np.testing.assert_array_equal(sagittal.mask, mask[:, :, 20])
    assert (axial.axes, coronal.axes, sagittal.axes) == ((1, 2), (0, 2), (0, 1))
    assert axial.title == "Axial, z = 175 mm"  # 100 + 15 * 5


def test_projection_is_the_maximum_along_the_view(patient):
    suv, mask = patient
    projection = overview_planes(suv, mask, GRID, CENTRE, 1000.0)[0]
    np.testing.assert_array_equal(projection.suv, suv.max(axis=1))
    np.testing.assert_array_equal(projection.mask, mask.any(axis=1))
    assert projection.frame_mm is None  # the planes show everything anyhow


def test_edges_are_voxel_borders_in_millimetres(patient):
    _, axial, *_ = overview_planes(*patient, GRID, CENTRE, 1000.0)
    assert axial.edges_mm == (-52.0, -52.0 + 24 * 4, -41.5, -41.5 + 28 * 3)


def test_planes_show_the_part_around_the_centre(patient):
    suv, mask = patient
    centre = (-40.0 + 22 * 3, -50.0 + 17 * 4, 100.0 + 15 * 5)
    projection, axial, coronal, _ = overview_planes(suv, mask, GRID, centre, 24.0)
    assert axial.suv.shape == (7, 9)  # 24 mm and one voxel, 4 and 3 mm each
    np.testing.assert_array_equal(axial.mask, mask[15, 14:21, 18:27])
    rows, columns = coronal.edges_mm[:2], coronal.edges_mm[2:]
    assert projection.frame_mm == (*rows, *columns)


@pytest.mark.parametrize("centre_mm", [(900.0, 0.0, 150.0), (0.0, -900.0, 900.0)])
def test_centre_beyond_the_image_shows_its_border(patient, centre_mm):
    suv, mask = patient
    for plane in overview_planes(suv, np.zeros_like(mask), GRID, centre_mm, 30.0):
        assert min(plane.suv.shape) >= 1
        assert plane.edges_mm[0] < plane.edges_mm[1] and plane.edges_mm[2] < plane.edges_mm[3]


def size_of(png) -> tuple[int, int]:
    content = png.read_bytes()
    assert content.startswith(b"\x89PNG")
    return struct.unpack(">II", content[16:24])


@pytest.mark.parametrize("outlined", [True, False])
@pytest.mark.parametrize("days", [(90.0, 180.0, 720.0), (0.0, 365.0), (200.0,)])
def test_picture_is_written_whole(patient, tmp_path, outlined, days):
    suv, mask = patient
    planes = overview_planes(suv, mask & outlined, GRID, CENTRE, 40.0)
    survival = tuple(np.linspace(0.9, 0.2, len(days)))
    overview = Overview(r"case $\bad{$ % <1>", planes, days, survival, (("Risk", "1"),), ("CODE",))
    write_overview(overview, tmp_path / "overview.png")
    width, height = size_of(tmp_path / "overview.png")
    assert width > 1000 and height > 500
    assert [path.name for path in tmp_path.iterdir()] == ["overview.png"]


def red_pixels(png):
    from matplotlib.image import imread

    pixels = imread(png)[..., :3]
    red = (pixels[..., 0] > 0.7) & (pixels[..., 1] < 0.3) & (pixels[..., 2] < 0.3)
    assert red.any()
    return red


def test_left_of_the_patient_is_on_the_viewers_right(patient, tmp_path):
    """The contour in the projection panel: right of its middle, above its middle."""
    suv, mask = patient
    planes = overview_planes(suv, mask, GRID, CENTRE, 1000.0)
    write_overview(Overview("x", planes, (9.0,), (0.5,), ()), tmp_path / "left.png")
    flipped = overview_planes(suv, mask[::-1, :, ::-1].copy(), GRID, CENTRE, 1000.0)
    write_overview(Overview("x", flipped, (9.0,), (0.5,), ()), tmp_path / "right.png")
    panel = (slice(None), slice(0, 360))  # the projection
    left = np.argwhere(red_pixels(tmp_path / "left.png")[panel]).mean(axis=0)
    right = np.argwhere(red_pixels(tmp_path / "right.png")[panel]).mean(axis=0)
    assert left[1] > right[1] + 20 and left[0] < right[0] - 20


def test_posterior_is_down_in_the_axial_plane(patient, tmp_path):
    suv, mask = patient
    rows = []
    for name, shown in (("back", mask), ("front", mask[:, ::-1].copy())):
        planes = overview_planes(suv, shown, GRID, CENTRE, 1000.0)
        write_overview(Overview("x", planes, (9.0,), (0.5,), ()), tmp_path / f"{name}.png")
        red = red_pixels(tmp_path / f"{name}.png")[:350, 410:630]  # the axial panel
        rows.append(np.argwhere(red).mean(axis=0)[0])
    assert rows[0] > rows[1] + 20
