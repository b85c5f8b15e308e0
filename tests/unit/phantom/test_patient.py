"""One simulated patient: geometry, independence of its factors, what lies where."""

import numpy as np
import pytest
from scipy import ndimage

from pet_mtl.geometry import Grid
from pet_mtl.phantom import lesion as lesion_room
from pet_mtl.phantom import make_patient
from pet_mtl.phantom.law import FACTORS, IMAGE_FACTORS
from pet_mtl.phantom.lesion import make_lesion, volume_ml
from pet_mtl.phantom.scanner import blur
from pet_mtl.preprocess.crop import mask_centre_mm

NEUTRAL = dict.fromkeys(FACTORS, 0.0)


def neutral_lesion(seed: int, **factors: float) -> tuple[lesion_room.Lesion, Grid]:
    grid = Grid((60, 44, 44), (3.0, 4.07, 4.07), (-87.5, -87.5, -88.5))
    place = (grid, (0.0, 0.0, 0.0), np.ones(grid.shape, bool))
    made = make_lesion(place, NEUTRAL | factors, 2.5, np.random.default_rng(seed))
    return made, grid


def test_same_arguments_same_patient_whatever_else_was_made():
    first = make_patient(3, 5)
    make_patient(3, 6)
    again = make_patient(3, 5)
    np.testing.assert_array_equal(first.suv, again.suv)
    np.testing.assert_array_equal(first.mask, again.mask)
    assert first.factors == again.factors
    assert not np.array_equal(first.suv[:40, :40, :40], make_patient(4, 5).suv[:40, :40, :40])


def test_image_is_plausible_suv(patients):
    for patient in patients:
        assert patient.suv.dtype == np.float32 and patient.suv.shape == patient.grid.shape
        assert patient.mask.shape == patient.grid.shape
        assert np.isfinite(patient.suv).all() and patient.suv.min() >= 0
        inside = patient.suv[patient.mask].mean()
        assert 3.0 < inside < 22.0
        assert inside > 2.0 * np.quantile(patient.suv[~patient.mask], 0.98)


def test_volume_is_the_stated_one(patients):
    for patient in patients:
        found = patient.mask.sum() * patient.grid.voxel_ml
        assert found == pytest.approx(volume_ml(patient.factors), abs=patient.grid.voxel_ml)
        assert 5.0 < found < 220.0


def test_nodes_lie_beyond_the_fine_cube_and_inside_the_context_cube(patients):
    seen = 0
    for patient in patients:
        centre = np.array(mask_centre_mm(patient.mask, patient.grid))
        for node in patient.node_centres_mm:
            reach = np.abs(node - centre).max()
            assert 80.0 <= reach <= 130.0
            seen += 1
    assert seen > 40


def test_nodes_are_hot_where_they_are_said_to_be(patients):
    for patient in patients:
        index = np.rint(patient.grid.world_to_index(patient.node_centres_mm)).astype(int)
        values = patient.suv[tuple(index.reshape(-1, 3).T)]
        assert (values > 3.0).all()


def test_satellites_lie_within_two_centimetres_outside_the_mask(patients):
    seen = 0
    for patient in patients:
        away = ndimage.distance_transform_edt(~patient.mask, sampling=patient.grid.spacing_mm)
        index = np.rint(patient.grid.world_to_index(patient.satellite_centres_mm)).astype(int)
        for place in index.reshape(-1, 3):
            assert 5.0 < away[tuple(place)] < 20.0
            seen += 1
    assert seen > 30


def test_number_of_foci_follows_the_factors(patients):
    for name, counts in (
        ("nodes", [len(p.node_centres_mm) for p in patients]),
        ("satellites", [len(p.satellite_centres_mm) for p in patients]),
    ):
        factor = [p.factors[name] for p in patients]
        assert np.corrcoef(factor, counts)[0, 1] > 0.95
        assert min(counts) >= 0 and max(counts) <= 6


def test_factors_do_not_follow_from_one_another(patients):
    table = np.array([[p.factors[name] for name in IMAGE_FACTORS] for p in patients])
    off = np.corrcoef(table.T) - np.eye(len(IMAGE_FACTORS))
    assert np.abs(off).max() < 0.75


@pytest.mark.parametrize("factor", ["texture", "shape", "necrosis", "uptake"])
def test_no_other_factor_changes_the_volume(factor):
    counts = {int(neutral_lesion(1, **{factor: value})[0].mask.sum()) for value in (-1.7, 0.0, 1.7)}
    assert len(counts) == 1


def seen_values(seed: int, **factors: float) -> np.ndarray:
    made, grid = neutral_lesion(seed, **factors)
    return blur(made.activity, grid.spacing_mm, 2.5)[made.mask]


def mean_change(factor: str, statistic) -> float:
    """Log ratio of a statistic between a high and a low factor, mean over lesions."""
    changes = [
        np.log(
            statistic(seen_values(seed, **{factor: 1.7}))
            / statistic(seen_values(seed, **{factor: -1.7}))
        )
        for seed in range(8)
    ]
    return float(np.mean(changes))


def test_texture_keeps_mean_and_deviation():
    assert abs(mean_change("texture", np.mean)) < 0.05
    assert abs(mean_change("texture", np.std)) < 0.15


def test_texture_changes_its_scale():
    """Neighbours differ much less in a coarse texture than in a fine one of equal deviation."""
    ratios = []
    for seed in range(6):
        jumps = []
        for value in (-1.7, 1.7):
            made, grid = neutral_lesion(seed, texture=value, necrosis=-1.7)
            image = blur(made.activity, grid.spacing_mm, 2.5)
            core = ndimage.binary_erosion(made.mask, iterations=2)
            pair = core[:, :, 1:] & core[:, :, :-1]
            jumps.append(np.abs(np.diff(image, axis=2))[pair].mean() / image[core].std())
        ratios.append(jumps[1] / jumps[0])
    assert np.mean(ratios) < 0.6


def test_necrosis_hardly_moves_mean_and_maximum():
    """Over its whole range less than one standard deviation of the uptake factor (0.30)."""
    assert abs(mean_change("necrosis", np.mean)) < 0.30
    assert abs(mean_change("necrosis", np.max)) < 0.30
    assert mean_change("necrosis", lambda v: np.quantile(v, 0.1)) < -0.3


def test_shape_changes_the_extent_at_equal_volume():
    extents = []
    for value in (-1.7, 1.7):
        lesions = [neutral_lesion(seed, shape=value) for seed in range(6)]
        spread = [
            np.trace(np.cov((np.argwhere(made.mask) * grid.spacing_mm).T)) for made, grid in lesions
        ]
        extents.append(np.mean(spread))
    assert extents[1] > 1.3 * extents[0]
