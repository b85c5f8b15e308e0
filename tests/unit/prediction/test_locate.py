import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pet_mtl.prediction.locate import (
    find_lesion,
    lesion_probability,
    search_grid,
    tile_places,
)
from pet_mtl.preprocess.crop import UprightVolume, cut_patch, upright

CENTRE = (40.0, -50.0, 330.0)


def volume_of(study) -> UprightVolume:
    return upright(study.suv, study.grid)


@given(st.tuples(*[st.integers(0, 60)] * 3), st.integers(2, 20))
def test_tiles_cover_everything_and_overlap(extra, size):
    shape = tuple(size + more for more in extra)
    counts = np.zeros(shape, int)
    places = tile_places(shape, size)
    for place in places:
        assert counts[place].shape == (size,) * 3
        counts[place] += 1
    assert counts.min() >= 1
    for axis in range(3):
        starts = sorted({place[axis].start for place in places})
        assert all(b - a <= size - size // 4 for a, b in itertools.pairwise(starts))


def test_lesion_is_found_in_any_orientation(model, ball, study_of, direction):
    finding = find_lesion(volume_of(study_of([ball(CENTRE, 20.0)], direction)), model)
    assert not finding.faint
    assert len(finding.candidates) == 1
    assert np.abs(np.subtract(finding.centre_mm, CENTRE)).max() <= model.plan.context_mm / 2
    sphere_ml = 4 / 3 * np.pi * 2.0**3
    assert finding.candidates[0].volume_ml == pytest.approx(sphere_ml, rel=0.25)
    assert finding.candidates[0].probability > 0.99


def test_highest_total_uptake_wins_over_highest_suv(model, ball, study_of):
    large, hot = ball(CENTRE, 20.0, 6.0), ball((-50.0, 30.0, 250.0), 10.0, 25.0)
    finding = find_lesion(volume_of(study_of([hot, large])), model)
    uptakes = [candidate.total_uptake for candidate in finding.candidates]
    assert len(uptakes) == 2 and uptakes == sorted(uptakes, reverse=True)
    assert np.abs(np.subtract(finding.centre_mm, CENTRE)).max() <= 3
    assert np.abs(np.subtract(finding.candidates[1].centre_mm, hot.centre_mm)).max() <= 3


def test_a_faint_organ_does_not_win_by_its_size(model, ball, study_of):
    """A region of which the model is unsure takes up more than the lesion in all."""
    faint, lesion = ball((-40.0, 20.0, 270.0), 40.0, 3.2), ball(CENTRE, 12.0, 8.0)
    finding = find_lesion(volume_of(study_of([faint, lesion])), model)
    first, second = finding.candidates
    assert second.total_uptake > 2 * first.total_uptake
    assert first.evidence > second.evidence
    assert np.abs(np.subtract(finding.centre_mm, CENTRE)).max() <= 3


def test_specks_are_no_lesions(model, ball, study_of):
    speck, lesion = ball((-40.0, 20.0, 270.0), 5.0, 40.0), ball(CENTRE, 18.0, 4.5)
    finding = find_lesion(volume_of(study_of([speck, lesion])), model)
    assert finding.candidates[1].probability > finding.candidates[0].probability
    assert np.abs(np.subtract(finding.centre_mm, CENTRE)).max() <= 3


def test_a_candidate_is_read_again_in_the_middle_of_a_cube(model, ball, study_of):
    """What the model takes back there loses, though the search was as sure of it."""
    other = (-50.0, 30.0, 250.0)

    class TakesBack(type(model)):
        tiles_searched = None

        def context_mask(self, tiles, ct=None):
            found = super().context_mask(tiles)
            middle = tiles[:, 11:13, 11:13, 11:13, 0].mean(axis=(1, 2, 3))
            searched, self.tiles_searched = self.tiles_searched, len(tiles)
            # The second time, cubes around the hotter of both.
            return (
                found * np.where(middle > 9, 0.1, 1)[:, None, None, None, None]
                if searched
                else found
            )

    study = study_of([ball(CENTRE, 14.0, 8.0), ball(other, 16.0, 10.0)])
    plain = find_lesion(volume_of(study), model)
    assert np.abs(np.subtract(plain.centre_mm, other)).max() <= 3
    found = find_lesion(volume_of(study), TakesBack())
    assert np.abs(np.subtract(found.centre_mm, CENTRE)).max() <= 3
    assert all(0 <= one.evidence <= 1 for one in (*plain.candidates, *found.candidates))


def test_lesion_at_the_border_of_the_image(model, ball, study_of):
    # The image ends at z = 300 + 4 * 60 / 2 = 420 mm; the body at 400 mm.
    study = study_of([ball((40.0, -50.0, 410.0), 20.0)])
    finding = find_lesion(volume_of(study), model)
    assert not finding.faint
    top = study.grid.centre_mm[2] + study.grid.extent_mm[0] / 2
    assert finding.centre_mm[2] == pytest.approx((390 + top) / 2, abs=6)
    assert np.abs(np.subtract(finding.centre_mm[:2], (40, -50))).max() <= 3


def test_nothing_hot_gives_the_likeliest_place(model, ball, study_of):
    finding = find_lesion(volume_of(study_of([ball(CENTRE, 12.0, 2.0)])), model)
    assert finding.faint and finding.candidates == ()
    assert np.linalg.norm(np.subtract(finding.centre_mm, CENTRE)) <= 12


def test_empty_image_is_searched_whole(model, study_of):
    study = study_of([])
    empty = UprightVolume(np.zeros_like(study.suv), study.grid)
    finding = find_lesion(empty, model)
    assert finding.faint
    assert np.isfinite(finding.centre_mm).all()


def test_overlapping_cubes_blend_to_what_each_says(model, ball, study_of):
    volume = volume_of(study_of([ball(CENTRE, 20.0)]))
    probability, suv, grid = lesion_probability(volume, model)
    patch = cut_patch(volume, grid)
    assert min(grid.shape) > model.plan.size  # several cubes along each axis
    expected = np.where(patch.valid, model.context_mask_of(patch.suv), 0)
    np.testing.assert_allclose(probability, expected, atol=1e-6)
    np.testing.assert_array_equal(suv, patch.suv)


def test_middle_of_a_cube_counts_more_than_its_border(model, ball, study_of):
    """A model that errs along the borders of its cubes is not believed there."""

    class ErrsAtBorder(type(model)):
        def context_mask(self, tiles, ct=None):
            found = np.ones_like(tiles)
            found[:, 2:-2, 2:-2, 2:-2] = 0
            return found

    probability, _, _ = lesion_probability(volume_of(study_of([])), ErrsAtBorder())
    inner = probability[6:-6, 6:-6, 6:-6]
    assert inner.max() < 0.5


def test_air_is_not_searched(model, ball, study_of):
    study = study_of([ball(CENTRE, 20.0)], shape=(100, 120, 140))
    grid = search_grid(volume_of(study), 24, 6.0)
    np.testing.assert_allclose(grid.extent_mm, 200, atol=10)
    np.testing.assert_allclose(grid.centre_mm, (10, -20, 300), atol=4)


def test_small_image_is_one_cube(study_of):
    study = study_of([], shape=(10, 10, 10))
    assert search_grid(volume_of(study), 24, 6.0).shape == (24, 24, 24)
