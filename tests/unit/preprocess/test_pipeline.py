"""Study to Sample."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pet_mtl.errors import MaskError, StudyError
from pet_mtl.geometry import Grid
from pet_mtl.preprocess.crop import cut_patches, upright
from pet_mtl.preprocess.pipeline import Labels, crop_around, examine, study_to_sample
from pet_mtl.sample import GridPlan
from pet_mtl.study import Outcome, Study

GRID = Grid((30, 28, 26), (3.3, 4.0, 4.0), (-50.0, -60.0, 10.0))
PLAN = GridPlan(16, 2.5, 5.0)


def study(seed=0, masked=True, **changes):
    random = np.random.default_rng(seed)
    suv = random.gamma(2.0, 0.5, GRID.shape).astype(np.float32)
    mask = np.zeros(GRID.shape, bool)
    mask[10:16, 9:13, 12:20] = True
    suv[mask] += 5
    made = Study("NAME", "ID", suv, GRID, mask=mask if masked else None, warnings=("A_CODE: x",))
    return dataclasses.replace(made, **changes)


def test_facts_of_a_masked_study():
    _, facts = examine(study())
    assert facts.centre_source == "mask"
    assert facts.centre_mm == tuple(GRID.index_to_world((12.5, 10.5, 15.5)))
    assert facts.fingerprint.lesion_mm == pytest.approx((6 * 3.3, 4 * 4.0, 8 * 4.0))
    assert facts.mtv_ml == pytest.approx(6 * 4 * 8 * 3.3 * 16 / 1000)
    assert facts.suv_max == study().suv[study().mask].max()
    assert facts.warnings == ("A_CODE: x",)


def test_without_mask_the_centre_is_a_guess_and_says_so():
    _, facts = examine(study(masked=False))
    assert (facts.centre_source, facts.has_mask, facts.suv_max) == ("uptake", False, None)
    assert np.linalg.norm(np.subtract(facts.centre_mm, examine(study())[1].centre_mm)) < 8
    assert [w.split(":")[0] for w in facts.warnings] == ["A_CODE", "CENTRE_GUESSED"]


def test_content_tells_images_apart_but_not_names():
    one, same = examine(study())[1], examine(study(name="OTHER", masked=False))[1]
    assert one.content == same.content
    assert one.content != examine(study(seed=1))[1].content


def test_labels_and_covariates():
    outcome = Outcome(100.0, None, 1, {"b": 2.5})
    sample = study_to_sample(study(), PLAN, Labels("id", outcome, ("a", "b")))
    assert (sample.time_days, sample.event, sample.response) == (100.0, None, 1)
    assert not sample.has_survival
    assert sample.clinical.tolist() == [0.0, 2.5]
    assert sample.clinical_known.tolist() == [False, True]
    bare = study_to_sample(study(masked=False), PLAN, Labels("id"))
    assert (bare.time_days, bare.event, bare.response, bare.has_mask) == (None, None, None, False)
    assert bare.clinical.shape == (0,)


def test_broken_studies():
    broken = study()
    broken.suv[0, 0, 0] = np.nan
    with pytest.raises(StudyError) as caught:
        examine(broken)
    assert caught.value.code == "STUDY_NOT_FINITE"
    with pytest.raises(MaskError):
        examine(study(mask=np.zeros(GRID.shape, bool)))


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(*[st.floats(-90, 130)] * 3),
    st.sampled_from([8, 16, 24]),
    st.floats(0.7, 4),
    st.floats(1, 3),
)
def test_cubes_from_the_cropped_study_are_those_from_the_whole(offset, size, fine_mm, wider):
    whole = upright(study().suv, GRID, study().mask)
    centre = tuple(float(c + o / 3) for c, o in zip(GRID.centre_mm, offset, strict=True))
    plan = GridPlan(size, fine_mm, fine_mm * wider)
    part = crop_around(whole, centre, size * plan.context_mm)
    for left, right in zip(
        cut_patches(whole, plan, centre), cut_patches(part, plan, centre), strict=True
    ):
        np.testing.assert_array_equal(left.valid, right.valid)
        np.testing.assert_allclose(left.suv, right.suv, atol=1e-5)
        assert (left.mask != right.mask).mean() < 1e-3


def test_the_crop_is_smaller():
    whole = upright(study().suv, GRID)
    part = crop_around(whole, GRID.centre_mm, 30.0)
    assert part.suv.size < whole.suv.size / 4
