"""Attribution of a model whose every voxel's part is known."""

import numpy as np
import pytest

from pet_mtl.errors import StudyError
from pet_mtl.explanation.case import explain_case
from pet_mtl.explanation.settings import Settings
from pet_mtl.prediction.case import Request
from pet_mtl.sample import SCALES

LESION = (14.0, -26.0, 306.0)
SATELLITE = (14.0, 22.0, 290.0)
BALLS = ((LESION, 14.0, 8.0), (SATELLITE, 7.0, 6.0))


def weights_around(plan, centre_mm):
    """+1 per voxel of the cubes on the lesion's side of y, -2 on the satellite's."""
    weights = {}
    for scale in SCALES:
        grid = plan.grid(scale, centre_mm)
        y = grid.index_to_world(np.stack(np.indices(grid.shape), -1))[..., 1]
        weights[scale] = np.where(y < 2.0, 0.01, -0.02)
    return weights


@pytest.mark.parametrize("direction", ["upright", "flipped", "sagittal", "oblique"])
def test_what_raises_and_what_lowers_lie_where_the_patient_has_them(toy, direction):
    study = toy.study(BALLS, direction)
    explainer = toy.explainer(weights_around(toy.plan, LESION))
    explanation = explain_case(study, explainer, Request(centre=LESION))
    survival, response = explanation.attributions
    assert survival.voxels.shape == study.grid.shape and survival.voxels.dtype == np.float32
    np.testing.assert_array_equal(survival.voxels, response.voxels)
    world = study.grid.index_to_world(np.stack(np.indices(study.grid.shape), -1))
    for values, place in ((survival.voxels, LESION), (-survival.voxels, SATELLITE)):
        part = np.maximum(values, 0.0)[..., None]
        found = (part * world).sum(axis=(0, 1, 2)) / part.sum()
        np.testing.assert_allclose(found, place, atol=1.5)
    # Nothing else is above soft tissue; to upright and back, it spreads by a voxel each.
    distance = np.minimum(
        *(np.linalg.norm(world - np.asarray(c), axis=-1) - r for c, r, _ in BALLS)
    )
    assert not survival.voxels[distance > 12.5].any()
    assert explanation.prediction.mask.any()


@pytest.mark.parametrize("direction", ["upright", "oblique"])
@pytest.mark.parametrize("baseline", ["tissue", "zero", "blur"])
def test_attributions_add_up_and_no_voxel_counts_twice(toy, direction, baseline):
    explainer = toy.explainer(
        weights_around(toy.plan, LESION), Settings(baseline=baseline, steps=2)
    )
    explanation = explain_case(toy.study(BALLS, direction), explainer, Request(centre=LESION))
    for one in explanation.attributions:
        assert one.attributed == pytest.approx(one.value - one.baseline_value, rel=1e-3)
        assert one.error == pytest.approx(0.0, abs=1e-3 * abs(one.value - one.baseline_value))
        assert sum(one.shares.share.values()) == pytest.approx(1.0)
        assert sum(one.shares.net.values()) == pytest.approx(one.attributed, rel=1e-4)
    assert not [text for text in explanation.warnings if text.startswith("ATTRIBUTION")]


def test_a_voxel_of_both_cubes_has_the_sum_of_both(toy):
    """One linear map on the study itself: finite differences of its voxels say the same."""
    rng = np.random.default_rng(1)
    weights = {s: rng.normal(size=(24,) * 3) * 0.01 for s in SCALES}
    explainer = toy.explainer(weights, Settings(baseline="zero", steps=2))
    study = toy.study(BALLS)
    request = Request(centre=LESION)
    before = explain_case(study, explainer, request).attributions[0]
    z, y, x = np.rint(study.grid.world_to_index((15.0, -20.0, 303.0))).astype(int)
    study.suv[z, y, x] += 1.0
    after = explain_case(study, explainer, request).attributions[0]
    gain = before.voxels[z, y, x] / (study.suv[z, y, x] - 1.0)
    assert after.value - before.value == pytest.approx(gain, rel=1e-3)


def test_a_study_without_a_lesion(toy):
    study = toy.study(((LESION, 10.0, 2.0),))
    explainer = toy.explainer(weights_around(toy.plan, LESION))
    explanation = explain_case(study, explainer, Request(centre=LESION))
    assert not explanation.prediction.mask.any()
    assert any(text.startswith("LESION_NOT_OUTLINED") for text in explanation.warnings)
    for one in explanation.attributions:
        assert one.shares.share == {"lesion": 0.0, "ring": 0.0, "elsewhere": 1.0}


def test_nothing_to_attribute_is_said(toy):
    study = toy.study(((LESION, 10.0, 0.9),))
    explainer = toy.explainer(weights_around(toy.plan, LESION))
    explanation = explain_case(study, explainer, Request(centre=LESION))
    assert explanation.attributions[0].shares.share["lesion"] is None
    assert sum(text.startswith("ATTRIBUTION_ZERO") for text in explanation.warnings) == 2


def test_models_that_do_not_say_what_the_exported_one_says_are_refused(toy):
    explainer = toy.explainer(weights_around(toy.plan, LESION), shift=3.0)
    with pytest.raises(StudyError) as caught:
        explain_case(toy.study(BALLS), explainer, Request(centre=LESION))
    assert caught.value.code == "EXPLAIN_OTHER_MODEL"


@pytest.mark.parametrize("direction", ["flipped", "oblique"])
def test_grad_cam_lies_in_the_right_place(toy, direction):
    weights = {s: np.zeros((24,) * 3) for s in SCALES}
    # The middle of this cell of 4 voxels is 18 mm up, 6 mm behind, 18 mm to the right.
    weights["fine"][16, 12, 4] = 1.0
    study = toy.study(BALLS, direction)
    explainer = toy.explainer(weights, Settings(method="grad_cam"))
    explanation = explain_case(study, explainer, Request(centre=LESION))
    one = explanation.attributions[0]
    world = study.grid.index_to_world(np.stack(np.indices(study.grid.shape), -1))
    found = (one.voxels[..., None] * world).sum(axis=(0, 1, 2)) / one.voxels.sum()
    expected = np.add(LESION, (-18.0, 6.0, 18.0))
    np.testing.assert_allclose(found, expected, atol=2.0)
    assert one.attributed == pytest.approx(1.0, rel=0.05)
    assert (one.unit, one.baseline_value, one.error) == ("relative", None, None)
