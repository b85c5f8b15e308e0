"""Studies longer than the trunk: the same patient, more of the body, physiological uptake."""

import numpy as np
import pytest

from pet_mtl.geometry import Grid
from pet_mtl.phantom import make_patient
from pet_mtl.phantom.anatomy import Body, axes_mm, body_axes
from pet_mtl.phantom.ct import make_ct
from pet_mtl.phantom.outline import trunk, whole
from pet_mtl.phantom.patient import field_of
from pet_mtl.phantom.physiology import add_physiology


@pytest.fixture(scope="module")
def pairs():
    """The same patients in the short and in the long field."""
    return [(make_patient(7, i), make_patient(7, i, "body")) for i in range(6)]


def shared_slices(short, long) -> slice:
    first = long.grid.world_to_index(short.grid.origin_mm)
    np.testing.assert_allclose(first, np.rint(first), atol=1e-3)
    return slice(round(first[0]), round(first[0]) + short.grid.shape[0])


def test_the_short_study_lies_within_the_long_one(pairs):
    for short, long in pairs:
        part = shared_slices(short, long)
        assert short.field == "trunk" and long.field == "body"
        assert long.factors == short.factors and long.age == short.age
        assert long.scanner is short.scanner and long.grid.shape[1:] == short.grid.shape[1:]
        np.testing.assert_array_equal(long.mask[part], short.mask)
        assert long.mask.sum() == short.mask.sum()
        np.testing.assert_array_equal(long.node_centres_mm, short.node_centres_mm)
        np.testing.assert_array_equal(long.satellite_centres_mm, short.satellite_centres_mm)
        # Within the lesion only the noise is another.
        seen, before = long.suv[part][short.mask], short.suv[short.mask]
        assert np.abs(seen - before).mean() < 0.12 * before.mean()


def test_long_studies_reach_from_the_thighs_to_neck_or_head(pairs):
    for short, long in pairs:
        part = shared_slices(short, long)
        step = long.grid.spacing_mm[0]
        assert 300 < part.start * step < 600
        assert 100 < (long.grid.shape[0] - part.stop) * step < 360
        assert long.suv.min() >= 0 and np.isfinite(long.suv).all()


def test_what_is_not_ill_is_as_hot_as_lesions(pairs):
    hotter = 0
    for short, long in pairs:
        part = shared_slices(short, long)
        outside = long.suv.copy()
        outside[part] = 0
        hotter += outside.max() > long.suv[long.mask].max()
        assert outside.max() > 5.0
    assert hotter >= 3


def test_a_mixed_cohort_is_half_and_half():
    fields = [field_of(3, i, "mixed") for i in range(400)]
    assert set(fields) == {"trunk", "body"}
    assert fields.count("body") == pytest.approx(200, abs=40)
    assert {field_of(3, i, "body") for i in range(9)} == {"body"}
    index = fields.index("trunk")
    np.testing.assert_array_equal(
        make_patient(3, index, "mixed").suv, make_patient(3, index, "trunk").suv
    )


def test_physiology_is_drawn_in_the_world_not_in_voxels():
    """Coarse and fine grids show the same organs."""
    totals = []
    for spacing in (4.0, 8.0):
        shape = (round(1080 / spacing), round(280 / spacing), round(360 / spacing))
        origin = tuple(-(n - 1) / 2 * spacing for n in shape[::-1])
        grid = Grid(shape, (spacing,) * 3, (*origin[:2], origin[2] - 100))
        body = Body(np.zeros(shape, np.float32), np.ones(shape, bool))
        add_physiology(body, body_axes(grid, (0, 0, 0), 1.0), np.random.default_rng(5))
        totals.append(body.suv.sum() * grid.voxel_ml)
    assert totals[0] == pytest.approx(totals[1], rel=0.02) and totals[0] > 5000


def test_nothing_is_taken_up_outside_the_body():
    shape = (40, 40, 40)
    grid = Grid(shape, (20.0,) * 3, (-390.0, -390.0, -390.0))
    body = Body(np.zeros(shape, np.float32), np.zeros(shape, bool))
    add_physiology(body, body_axes(grid, (0, 0, 0), 1.0), np.random.default_rng(5))
    assert not body.suv.any()


def test_both_outlines_agree_over_the_trunk_and_legs_are_two():
    grid = Grid((240, 60, 80), (5.0,) * 3, (-197.5, -147.5, -760.0))
    axes = axes_mm(grid, (0.0, 0.0, 0.0))
    heights = axes[2].ravel()
    of_trunk = np.abs(heights) <= 130
    for short, long in zip(trunk(grid, axes), whole(grid, axes), strict=True):
        np.testing.assert_array_equal(long[of_trunk], short[of_trunk])
    skin, inside = whole(grid, axes)
    assert not (inside & ~skin).any() and not skin[heights > 435].any()
    middle = skin[:, 30, 40]
    assert middle[heights > -440][:-10].all() and not middle[heights < -600].any()
    assert skin[heights < -600].any(axis=(1, 2)).all()


def test_ct_is_of_the_same_body(pairs):
    _, long = pairs[0]
    ct = make_ct(7, 0, long)
    assert abs(ct.grid.extent_mm[0] - long.grid.extent_mm[0]) < 3
    # Between the thighs there is air.
    between = ct.hu[: round(30 / ct.grid.spacing_mm[0]), :, ct.grid.shape[2] // 2]
    assert np.median(between) < -900
