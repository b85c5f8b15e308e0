"""Grids: index and world, ITK and back, turning without resampling."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pet_mtl.errors import GeometryError
from pet_mtl.geometry import Grid, grid_of, isotropic_grid, lps_aligned, to_sitk

PERMUTATIONS = [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]


@st.composite
def grids(draw: st.DrawFn, oblique: bool = True) -> Grid:
    shape = draw(st.tuples(*[st.integers(1, 6)] * 3))
    spacing = draw(st.tuples(*[st.floats(0.5, 8.0)] * 3))
    origin = draw(st.tuples(*[st.floats(-500, 500)] * 3))
    axes = np.eye(3)[:, draw(st.sampled_from(PERMUTATIONS))]
    axes = axes * np.array(draw(st.tuples(*[st.sampled_from([-1.0, 1.0])] * 3)))
    if oblique:
        angle = draw(st.floats(-1, 1))
        turn = np.array([[math.cos(angle), -math.sin(angle), 0],
                         [math.sin(angle), math.cos(angle), 0], [0, 0, 1]])  # fmt: skip
        axes = turn @ axes
    return Grid(shape, spacing, origin, tuple(axes.ravel().tolist()))


@given(grids(), st.tuples(*[st.floats(-20, 20)] * 3))
def test_world_and_back(grid: Grid, index: tuple[float, float, float]) -> None:
    world = grid.index_to_world(index)
    assert grid.world_to_index(world) == pytest.approx(np.array(index), abs=1e-6)
    assert grid.affine @ np.array([*index, 1.0]) == pytest.approx(np.array([*world, 1.0]))


@given(grids(), st.tuples(*[st.integers(0, 5)] * 3))
@settings(max_examples=50)
def test_itk_agrees_on_every_point(grid: Grid, index: tuple[int, int, int]) -> None:
    image = to_sitk(np.zeros(grid.shape, np.float32), grid)
    point = image.TransformContinuousIndexToPhysicalPoint([float(i) for i in index[::-1]])
    assert grid.index_to_world(index) == pytest.approx(np.array(point), abs=1e-6)
    assert grid_of(image).matches(grid, 1e-5)


@given(grids(oblique=False))
@settings(max_examples=50)
def test_turning_moves_no_voxel_in_the_patient(grid: Grid) -> None:
    volume = np.arange(np.prod(grid.shape), dtype=np.float32).reshape(grid.shape)
    turned, upright = lps_aligned(volume, grid)
    assert np.allclose(upright.axes, Grid((1, 1, 1), (1, 1, 1), (0, 0, 0)).axes)
    for index in np.ndindex(*turned.shape):
        source = np.rint(grid.world_to_index(upright.index_to_world(index))).astype(int)
        assert turned[index] == volume[tuple(source)]


def test_a_cube_is_centred_where_it_should_be() -> None:
    cube = isotropic_grid((1.0, -2.0, 3.0), 48, 2.5)
    assert cube.centre_mm == pytest.approx((1.0, -2.0, 3.0))
    assert cube.voxel_ml == pytest.approx(0.015625)
    assert cube.extent_mm == pytest.approx((120.0, 120.0, 120.0))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (((0, 1, 1), (1, 1, 1), (0, 0, 0)), "GEOMETRY_NOT_POSITIVE"),
        (((1, 1, 1), (1, -1, 1), (0, 0, 0)), "GEOMETRY_NOT_POSITIVE"),
        (((1, 1, 1), (1, math.nan, 1), (0, 0, 0)), "GEOMETRY_NOT_FINITE"),
        (
            ((1, 1, 1), (1, 1, 1), (0, 0, 0), (0, 0, 1, 0, 1, 0, 1, 0.2, 0)),
            "GEOMETRY_NOT_ORTHOGONAL",
        ),
    ],
)
def test_impossible_grids_are_refused(arguments: tuple, code: str) -> None:
    with pytest.raises(GeometryError) as caught:
        Grid(*arguments)
    assert caught.value.code == code
