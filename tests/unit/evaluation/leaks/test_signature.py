"""An image is known again after another export, and no other is taken for it."""

import numpy as np
import pytest
from scipy import ndimage

from pet_mtl.evaluation.leaks.signature import (
    SAME,
    Signatures,
    signatures,
    twins_among,
    twins_between,
)


def _likeness(one, other):
    """Of two cubes; 0 where they are no twins."""
    found = twins_between(signatures([one]), signatures([other]))
    return found[0].likeness if found else 0.0


@pytest.mark.parametrize(
    "export",
    [
        lambda suv: suv * 1.3,
        lambda suv: np.round(suv, 1),
        lambda suv: ndimage.gaussian_filter(suv, 0.5),
        lambda suv: ndimage.zoom(ndimage.zoom(suv, 1.5, order=1), 1 / 1.5, order=1),
    ],
    ids=["factor", "rounded", "smoothed", "resampled"],
)
def test_the_same_image_again_is_known(make_image, export):
    image = make_image(0)
    assert _likeness(image, export(image).astype(np.float32)) > SAME


def test_a_cube_around_another_outline_is_known():
    rng = np.random.default_rng(0)
    body = np.maximum(ndimage.gaussian_filter(rng.normal(size=(60,) * 3), 3.0) * 50, 0)
    first, second = body[6:54, 6:54, 6:54], body[8:56, 2:50, 6:54]
    assert _likeness(first.astype(np.float32), second.astype(np.float32)) > SAME


def test_other_images_are_others(make_image):
    assert not twins_among(signatures([make_image(seed) for seed in range(30)]))


def test_twins_are_named_by_their_places(make_image):
    images = [make_image(0), make_image(1), make_image(2), make_image(1) * 1.1]
    (twins,) = twins_among(signatures(images))
    assert (twins.first, twins.second) == (1, 3)
    between = twins_between(signatures(images[:2]), signatures(images[2:]))
    assert [(one.first, one.second) for one in between] == [(1, 1)]


def test_likeness_is_a_correlation(make_image):
    image = make_image(3)
    assert _likeness(image, image) == pytest.approx(1.0, abs=1e-5)


def test_empty_cubes_are_nobodys_twins():
    nothing = np.zeros((24, 24, 24), np.float32)
    assert not twins_among(signatures([nothing, nothing, np.full_like(nothing, 3.0)]))


@pytest.mark.parametrize("size", [8, 16, 17, 48])
def test_cubes_of_every_size_have_one(size):
    rng = np.random.default_rng(size)
    first, second = rng.gamma(2.0, 1.0, (2, size, size, size)).astype(np.float32)
    found: Signatures = signatures([first, second, first])
    assert [(one.first, one.second) for one in twins_among(found)] == [(0, 2)]
