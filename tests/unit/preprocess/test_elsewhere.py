"""Places away from the lesion."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pet_mtl.geometry import Grid
from pet_mtl.preprocess.crop import UprightVolume
from pet_mtl.preprocess.elsewhere import places_elsewhere

GRID = Grid((60, 40, 50), (5.0, 6.0, 6.0), (-100.0, -80.0, 300.0))


def index_of(point):
    return tuple(np.rint(GRID.world_to_index(point)).astype(int))


def volume_with(balls, lesion=(30, 20, 10), suv=1.0) -> UprightVolume:
    """A warm box with hot balls of 15 mm; the lesion is the hottest of all."""
    places = np.stack(np.meshgrid(*map(np.arange, GRID.shape), indexing="ij"), -1)
    world = GRID.index_to_world(places)

    def ball(index):
        return np.linalg.norm(world - GRID.index_to_world(index), axis=-1) <= 15

    image = np.full(GRID.shape, suv, np.float32)
    for index, uptake in balls:
        image[ball(index)] = uptake
    mask = ball(lesion).astype(np.float32)
    image[mask > 0] = 30
    return UprightVolume(image, GRID, mask)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 6), st.lists(st.tuples(*[st.integers(3, n - 4) for n in GRID.shape])))
def test_as_many_as_wanted_away_from_the_lesion_and_inside(count, balls):
    volume = volume_with([(index, 5.0 + n) for n, index in enumerate(balls)])
    places = places_elsewhere(volume, count)
    assert len(places) == count and places == places_elsewhere(volume, count)
    lesion = GRID.index_to_world(np.argwhere(volume.mask > 0))
    for place in places:
        index = index_of(place)
        assert all(-1 <= i <= n for i, n in zip(index, GRID.shape, strict=True))
        assert np.linalg.norm(lesion - place, axis=1).min() > 20


def test_the_only_hot_spot_comes_first():
    spot = (10, 30, 40)
    places = places_elsewhere(volume_with([(spot, 12.0)], suv=0.0), 1)
    assert np.linalg.norm(np.subtract(places[0], GRID.index_to_world(spot))) < 12


def test_not_always_the_hottest():
    """Else a long study would teach the brain alone."""
    spots = [(8, 8, 8), (8, 32, 40), (52, 8, 40), (52, 32, 8)]
    seen = set()
    for shift in range(8):
        volume = volume_with(
            [(spot, 20.0 - 3 * n) for n, spot in enumerate(spots)], (30, 20, 10 + 3 * shift)
        )
        first = places_elsewhere(volume, 1)[0]
        gaps = [np.linalg.norm(np.subtract(first, GRID.index_to_world(s))) for s in spots]
        if min(gaps) < 15:
            seen.add(int(np.argmin(gaps)))
    assert len(seen) >= 3


@pytest.mark.parametrize("suv", [0.0, 0.3])
def test_nothing_else_takes_up(suv):
    assert places_elsewhere(volume_with([], suv=suv), 3) == ()


def test_without_a_mask_nothing_is_known():
    volume = volume_with([])
    assert places_elsewhere(UprightVolume(volume.suv, GRID), 3) == ()
