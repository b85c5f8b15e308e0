"""The cubes follow the lesions, within limits, and options win."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pet_mtl.errors import ConfigError
from pet_mtl.preprocess.plan import (
    CONTEXT_LIMITS_MM,
    FINE_LIMITS_MM,
    Fingerprint,
    GridOptions,
    plan_grids,
)


def cohort(*extents, voxel=4.0):
    return [Fingerprint((3.27, voxel, voxel), (e, e / 2, e / 2) if e else None) for e in extents]


def test_by_hand():
    # The 80th percentile of 40, 60, 80, 100, 120 is 104; 104 + 40 = 144 mm = 48 * 3 mm.
    plan = plan_grids(cohort(40, 60, 80, 100, 120))
    assert (plan.size, plan.fine_mm, plan.context_mm) == (48, 3.0, 6.0)


def test_no_mask_gives_the_documented_cubes():
    plan = plan_grids(cohort(None, None))
    assert (plan.size, plan.fine_mm, plan.context_mm) == (48, 3.0, 6.0)


def test_patients_without_mask_do_not_move_the_plan():
    assert plan_grids(cohort(40, 90, None)) == plan_grids(cohort(40, 90))


def test_no_finer_than_half_a_voxel():
    assert plan_grids(cohort(10, voxel=6.6)).fine_mm == 3.3
    assert plan_grids(cohort(10, voxel=2.0)).fine_mm == FINE_LIMITS_MM[0]


def test_context_holds_the_largest_lesion():
    plan = plan_grids(cohort(*[60] * 9, 340))
    assert plan.fine_mm == 2.1
    assert plan.context_mm == 7.1  # 340 / 48 = 7.08, more than 2 * 2.1


@given(
    st.lists(st.none() | st.floats(1, 1000), min_size=1, max_size=12),
    st.floats(0.5, 8),
    st.sampled_from([16, 32, 48, 96]),
)
def test_within_limits_and_context_is_wider(extents, voxel, size):
    plan = plan_grids(cohort(*extents, voxel=voxel), GridOptions(size))
    assert FINE_LIMITS_MM[0] <= plan.fine_mm <= FINE_LIMITS_MM[1]
    assert CONTEXT_LIMITS_MM[0] <= plan.context_mm <= CONTEXT_LIMITS_MM[1]
    assert plan.context_mm >= plan.fine_mm
    assert plan == plan_grids(cohort(*extents[::-1], voxel=voxel), GridOptions(size))
    assert plan.size * plan.context_mm <= GridOptions(size).widest_mm


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (GridOptions(32, 2.5, 5.0), (32, 2.5, 5.0)),
        (GridOptions(48, fine_mm=1.0), (48, 1.0, 6.0)),
        (GridOptions(48, fine_mm=9.0), (48, 9.0, 9.0)),
        (GridOptions(48, context_mm=2.0), (48, 2.0, 2.0)),
    ],
)
def test_options_win(options, expected):
    plan = plan_grids(cohort(40, 60, 80, 100, 120), options)
    assert (plan.size, plan.fine_mm, plan.context_mm) == expected
    assert plan.size * plan.context_mm <= options.widest_mm


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": 20}, {"size": 0}, {"size": 1024}, {"fine_mm": 0.0}, {"context_mm": float("nan")},
        {"fine_mm": 4.0, "context_mm": 3.0},
    ],
)  # fmt: skip
def test_wrong_options(wrong):
    with pytest.raises(ConfigError):
        GridOptions(**wrong)
