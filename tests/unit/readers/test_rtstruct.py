import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from matplotlib.path import Path as Polygon

from pet_mtl.errors import MaskError
from pet_mtl.readers import find_one, find_studies, list_regions, read_study
from pet_mtl.readers.contours import fill_contour

Write = Callable[..., tuple[str, str, str]]


def _box(z: float, low: tuple[float, float], high: tuple[float, float]) -> np.ndarray:
    """A rectangle from (x, y) to (x, y) at height z, in mm."""
    (x0, y0), (x1, y1) = low, high
    return np.asarray([(x0, y0, z), (x1, y0, z), (x1, y1, z), (x0, y1, z)])


# Pixels 2..4 by 1..3 of the fixture's series (5 mm by 4 mm, from -20, -30).
LESION = [_box(100 + 3 * k, (-12.5, -28), (2.5, -16)) for k in (1, 2, 3)]


def test_places_by_position(tmp_path: Path, pet_series: Write, rt_struct: Write) -> None:
    rt_struct(tmp_path / "RS.dcm", pet_series(tmp_path / "a"), {"GTV": LESION})
    mask = read_study(find_one(tmp_path)).mask
    expected = np.zeros((5, 6, 7), bool)
    expected[1:4, 1:4, 2:5] = True
    np.testing.assert_array_equal(mask, expected)


def test_inner_contour_is_a_hole(tmp_path: Path, pet_series: Write, rt_struct: Write) -> None:
    hole = _box(106, (-7.5, -24), (-2.5, -20))
    rt_struct(tmp_path / "RS.dcm", pet_series(tmp_path / "a"), {"GTV": [*LESION, hole]})
    mask = read_study(find_one(tmp_path)).mask
    assert mask is not None
    assert (mask.sum(), mask[2].sum(), mask[2, 2, 3]) == (26, 8, False)


def test_choice_of_regions(tmp_path: Path, pet_series: Write, rt_struct: Write) -> None:
    regions = {"GTV mass": LESION, "Oedema": LESION[:1]}
    rt_struct(tmp_path / "RS.dcm", pet_series(tmp_path / "a"), regions)
    source = find_one(tmp_path)
    assert list_regions(source) == ("GTV mass", "Oedema")
    with pytest.raises(MaskError, match="found 2 regions") as caught:
        read_study(source)
    assert caught.value.code == "MASK_WHICH"
    assert "Oedema" not in str(caught.value), "names of regions are free text"
    assert read_study(source, with_mask=False).mask is None
    voxels = {}
    for pattern in ("oedema", "gtv*", "*"):
        study = read_study(source, pattern)
        assert study.mask is not None
        voxels[pattern] = int(study.mask.sum())
    assert voxels == {"oedema": 9, "gtv*": 27, "*": 27}
    assert read_study(source, "*").warnings[0].startswith("MASK_UNION")
    with pytest.raises(MaskError) as caught:
        read_study(source, "liver")
    assert caught.value.code == "MASK_NO_MATCH"


def test_frame_of_reference(tmp_path: Path, pet_series: Write, rt_struct: Write) -> None:
    study, series, _ = pet_series(tmp_path / "a")
    rt_struct(tmp_path / "RS.dcm", (study, series, "1.2.3"), {"GTV": LESION})
    found = read_study(find_one(tmp_path))
    assert found.mask is not None, "it names the series itself"
    assert found.warnings[0].startswith("MASK_FRAME")
    rt_struct(tmp_path / "RS.dcm", (study, series, "1.2.3"), {"GTV": LESION}, names_series=False)
    with pytest.raises(MaskError) as caught:
        read_study(find_one(tmp_path))
    assert caught.value.code == "MASK_FRAME"


def test_two_structure_sets(tmp_path: Path, pet_series: Write, rt_struct: Write) -> None:
    uids = pet_series(tmp_path / "a")
    for name in ("1.dcm", "2.dcm"):
        rt_struct(tmp_path / name, uids, {"GTV": LESION}, names_series=name == "1.dcm")
    assert read_study(find_one(tmp_path)).mask is not None, "one of them names the series"
    rt_struct(tmp_path / "2.dcm", uids, {"GTV": LESION})
    with pytest.raises(MaskError) as caught:
        read_study(find_one(tmp_path), "gtv")
    assert caught.value.code == "MASK_TWO_SETS"


def test_contours_of_another_series(tmp_path: Path, pet_series: Write, rt_struct: Write) -> None:
    planes = [_box(z, (-12.5, -28), (2.5, -16)) for z in np.arange(103.0, 110.0, 1.25)]
    rt_struct(tmp_path / "RS.dcm", pet_series(tmp_path / "a"), {"GTV": planes})
    study = read_study(find_one(tmp_path))
    assert study.mask is not None
    assert study.mask.any(axis=(1, 2)).tolist() == [False, True, True, True, False]
    assert study.warnings[0].startswith("MASK_PLANES")


@pytest.mark.parametrize(
    ("shift", "code"),
    [((0, 0, 500), "MASK_OUTSIDE"), ((500, 0, 0), "MASK_OUTSIDE"), ((0, -400, 0), "MASK_OUTSIDE")],
)
def test_regions_elsewhere(
    tmp_path: Path,
    pet_series: Write,
    rt_struct: Write,
    shift: tuple[float, float, float],
    code: str,
) -> None:
    moved = [contour + shift for contour in LESION]
    rt_struct(tmp_path / "RS.dcm", pet_series(tmp_path / "a"), {"GTV": moved})
    with pytest.raises(MaskError) as caught:
        read_study(find_one(tmp_path))
    assert caught.value.code == code


def test_contours_partly_beyond(tmp_path: Path, pet_series: Write, rt_struct: Write) -> None:
    above = [_box(100 + 3 * k, (-12.5, -28), (2.5, -16)) for k in (3, 4, 5, 6)]
    rt_struct(tmp_path / "RS.dcm", pet_series(tmp_path / "a"), {"GTV": above})
    study = read_study(find_one(tmp_path))
    assert study.mask is not None
    assert int(study.mask.sum()) == 18
    assert study.warnings[0].startswith("MASK_BEYOND: 2 of 4")


@pytest.mark.parametrize(
    ("axis", "columns", "voxels"), [(0, 3, 18), (0, -3, 18), (1, 3, 18), (1, -2, 18)]
)
def test_contours_that_reach_beyond_the_side(
    tmp_path: Path, pet_series: Write, rt_struct: Write, axis: int, columns: int, voxels: int
) -> None:
    """Pixels 2..4 of 7 and 1..3 of 6, moved until one row or column of the three is lost."""
    shift = np.zeros(3)
    shift[axis] = columns * (5.0, 4.0)[axis]
    moved = [contour + shift for contour in LESION]
    rt_struct(tmp_path / "RS.dcm", pet_series(tmp_path / "a"), {"GTV": moved})
    study = read_study(find_one(tmp_path))
    assert study.mask is not None
    assert int(study.mask.sum()) == voxels
    assert study.warnings[0].startswith("MASK_BEYOND: 3 of 3")


def test_contours_along_the_border_are_within(
    tmp_path: Path, pet_series: Write, rt_struct: Write
) -> None:
    edge = [_box(103, (-22.505, -32.005), (12.505, -7.995))]
    rt_struct(tmp_path / "RS.dcm", pet_series(tmp_path / "a"), {"GTV": edge})
    study = read_study(find_one(tmp_path))
    assert study.mask is not None
    assert (int(study.mask.sum()), study.warnings) == (42, ())


def test_upright_contours_are_refused(tmp_path: Path, pet_series: Write, rt_struct: Write) -> None:
    upright = LESION[0][:, [0, 2, 1]] + (0, -120, 130)
    rt_struct(tmp_path / "RS.dcm", pet_series(tmp_path / "a"), {"GTV": [upright]})
    with pytest.raises(MaskError) as caught:
        read_study(find_one(tmp_path))
    assert caught.value.code == "MASK_OBLIQUE"


# Corners on a fine lattice: whether a centre lies on an edge is then known exactly, and a centre
# off all edges is far enough from them for any sound arithmetic. Half of them meet centres.
_CORNER = st.integers(-3 * 64, 14 * 64) | st.integers(-3, 14).map(lambda pixel: 64 * pixel)


def _on_an_edge(corners: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Whether each centre (k, 2) lies on the closed line through integer corners (n, 2)."""
    ends = np.roll(corners, -1, axis=0)
    along, to = ends - corners, centres[:, None] - corners  # to: (k, n, 2)
    cross = along[:, 0] * to[..., 1] - along[:, 1] * to[..., 0]
    between = ((centres[:, None] - ends) * to <= 0).all(axis=-1)
    return ((cross == 0) & between).any(axis=1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(_CORNER, _CORNER), min_size=3, max_size=12))
@example([(0, 0), (0, 0), (64, 64)])
@example([(-64, -64), (-64, 704), (640, 704), (640, -64)])
@example([(0, 320), (600, 64), (200, 640), (200, 0), (600, 600)])  # crosses itself
def test_fill_equals_matplotlib(corners: list[tuple[int, int]]) -> None:
    fine, centres = np.asarray(corners), np.mgrid[:10, :12].reshape(2, -1).T
    found = fill_contour(fine / 64, (10, 12)).ravel()
    polygon = Polygon(np.vstack([fine, fine[:1]]) / 64, closed=True)
    # A centre on an edge is no one's: the other tests say what becomes of those.
    clear = ~_on_an_edge(fine, 64 * centres)
    np.testing.assert_array_equal(found[clear], polygon.contains_points(centres)[clear])


@given(st.integers(0, 9), st.integers(0, 9), st.integers(1, 9), st.integers(1, 9))
def test_corners_on_centres_count_once(y: int, x: int, height: int, width: int) -> None:
    box = np.asarray([(y, x), (y, x + width), (y + height, x + width), (y + height, x)], float)
    filled = fill_contour(box, (20, 20))
    assert filled.sum() == height * width
    np.testing.assert_array_equal(fill_contour(box[::-1], (20, 20)), filled)


@pytest.mark.real_data
def test_real_cohort_equals_the_reference(shared_data: Path) -> None:
    cohort = shared_data / "sts_cohort"
    with (cohort / "expected_native_mask_stats.csv").open(newline="") as file:
        expected = {row["patient_id"]: row for row in csv.DictReader(file)}
    search = find_studies(cohort / "dicom")
    assert (len(search.sources), search.passed_over) == (34, ())
    for source in search.sources:
        study, row = read_study(source), expected[source.name]
        assert study.mask is not None
        inside = study.suv[study.mask].astype(float)
        assert inside.size == int(row["mask_voxels"]), source.name
        assert inside.mean() == pytest.approx(float(row["suv_mean"]), rel=1e-3)
        assert inside.max() == pytest.approx(float(row["suv_max_roi"]), rel=1e-3)
        image = read_study(find_one(cohort / "nifti" / source.name))
        assert image.mask is not None
        assert image.grid.matches(study.grid)
        np.testing.assert_array_equal(image.mask, study.mask)
        np.testing.assert_allclose(image.suv, study.suv, atol=1e-4)
