import dataclasses

import numpy as np
import pytest

from pet_mtl.errors import StudyError
from pet_mtl.geometry import Grid
from pet_mtl.prediction.case import Request, predict_case

CENTRE = (40.0, -50.0, 330.0)
OTHER = (-50.0, 30.0, 250.0)


def dice(a, b):
    return 2 * (a & b).sum() / (a.sum() + b.sum())


def test_mask_lies_on_the_lesion_in_any_orientation(model, ball, study_of, direction):
    study = study_of([ball(CENTRE, 20.0)], direction)
    found = predict_case(study, model, Request())
    assert found.mask.shape == study.grid.shape
    assert dice(found.mask, study.mask) > 0.93
    assert found.statistics.volume_ml == pytest.approx(
        study.mask.sum() * study.grid.voxel_ml, rel=0.15
    )
    assert found.statistics.suv_max == 8.0
    assert np.abs(np.subtract(found.centre_mm, CENTRE)).max() <= 6
    assert found.centre_source == "found" and found.warnings == ()
    assert found.response == 0.25 and found.survival == pytest.approx((0.9, 0.7, 0.4))
    assert found.risk == pytest.approx(8.0, rel=0.05)


def test_lesion_larger_than_the_fine_cube_is_whole(model, ball, study_of):
    study = study_of([ball(CENTRE, 50.0)])
    assert model.plan.grid("fine", CENTRE).extent_mm[0] < 100
    found = predict_case(study, model, Request())
    assert dice(found.mask, study.mask) > 0.95


def test_only_the_chosen_lesion_is_in_the_mask(model, ball, study_of):
    near = (CENTRE[0] - 50, CENTRE[1], CENTRE[2])  # within the context cube
    study = study_of([ball(CENTRE, 20.0), ball(near, 10.0)])
    found = predict_case(study, model, Request())
    assert len(found.candidates) == 2
    assert dice(found.mask, study.mask) > 0.93


def test_point_overrides_the_search_and_chooses_the_lesion(model, ball, study_of):
    study = study_of([ball(OTHER, 12.0), ball(CENTRE, 20.0)])
    found = predict_case(study, model, Request(OTHER))
    assert found.centre_source == "point" and found.candidates == ()
    assert dice(found.mask, study.mask) > 0.9


def test_point_off_the_middle_is_recentred(model, ball, study_of):
    study = study_of([ball(CENTRE, 20.0)])
    off = (CENTRE[0] + 17, CENTRE[1], CENTRE[2])
    found = predict_case(study, model, Request(off))
    assert found.recentred == 1 and model.calls == 2
    assert np.abs(np.subtract(found.centre_mm, CENTRE)).max() <= 4


def test_point_beyond_the_image_is_refused(model, ball, study_of):
    study = study_of([ball(CENTRE, 20.0)])
    with pytest.raises(StudyError, match="PREDICT_CENTRE_OUTSIDE"):
        predict_case(study, model, Request((9000.0, 0.0, 0.0)))
    assert model.calls == 0


def test_recentring_stops(model, ball, study_of):
    class Fleeing(type(model)):
        def predict(self, *inputs):
            found = super().predict(*inputs)
            found["mask"] = np.zeros_like(found["mask"])
            found["mask"][:, 11:13, 11:13, 19:22, 1] = 1  # always 51 mm to the left
            return found

    fleeing = Fleeing()
    found = predict_case(study_of([]), fleeing, Request((-80.0, -20.0, 300.0)))
    assert found.recentred == 2 and fleeing.calls == 3
    assert found.centre_mm[0] == pytest.approx(-80 + 2 * 51, abs=5)


def test_lesion_lost_by_moving_is_not_lost(model, ball, study_of):
    class Losing(type(model)):
        def predict(self, *inputs):
            found = super().predict(*inputs)
            found["mask"] *= self.calls == 1
            return found

    off = (CENTRE[0] + 17, CENTRE[1], CENTRE[2])
    found = predict_case(study_of([ball(CENTRE, 20.0)]), Losing(), Request(off))
    assert found.recentred == 0 and found.centre_mm == off
    assert found.mask.any()


def test_own_mask_gives_the_centre(model, ball, study_of):
    study = study_of([ball(OTHER, 12.0), ball(CENTRE, 20.0)])
    found = predict_case(study, model, Request("mask"))
    assert found.centre_source == "mask" and found.recentred == 0
    assert np.abs(np.subtract(found.centre_mm, OTHER)).max() <= 2
    assert dice(found.mask, study.mask) > 0.9


def test_own_mask_is_the_outline_where_the_user_says_so(model, ball, study_of):
    # The threshold sees two balls as one; the user outlined one of them.
    near = (CENTRE[0] - 24, CENTRE[1], CENTRE[2])
    study = study_of([ball(CENTRE, 14.0), ball(near, 14.0)])
    place, outline = (
        predict_case(study, model, Request("mask", outline=outline)) for outline in (False, True)
    )
    assert place.mask.sum() > 1.5 * study.mask.sum()
    np.testing.assert_array_equal(outline.mask, study.mask)
    expected_ml = study.mask.sum() * study.grid.voxel_ml
    assert outline.statistics.volume_ml == pytest.approx(expected_ml)
    assert outline.centre_mm == place.centre_mm and outline.risk == place.risk


def test_an_outline_that_is_absent_is_the_models(model, ball, study_of):
    study = dataclasses.replace(study_of([ball(CENTRE, 20.0)]), mask=None)
    found = predict_case(study, model, Request("mask", outline=True))
    assert found.mask.any() and found.centre_source == "found"
    assert [w.partition(":")[0] for w in found.warnings] == ["MASK_ABSENT"]


def test_absent_mask_is_searched_with_a_warning(model, ball, study_of):
    study = dataclasses.replace(study_of([ball(CENTRE, 20.0)]), mask=None, warnings=("ODD: x",))
    found = predict_case(study, model, Request("mask"))
    assert found.centre_source == "found"
    assert [w.partition(":")[0] for w in found.warnings] == ["ODD", "MASK_ABSENT"]


def test_nothing_hot_is_said(model, study_of):
    found = predict_case(study_of([]), model, Request())
    codes = [warning.partition(":")[0] for warning in found.warnings]
    assert codes == ["LESION_FAINT", "LESION_NOT_OUTLINED"]
    assert not found.mask.any() and found.statistics.suv_max is None
    assert found.risk is None and found.doubt.abstained
    told = predict_case(study_of([]), model, Request(abstain=False))
    assert np.isfinite(told.risk) and told.warnings == found.warnings


def test_lesion_cut_by_the_border_is_said(model, ball, study_of):
    study = study_of([ball((40.0, -50.0, 410.0), 20.0)])
    found = predict_case(study, model, Request())
    assert [w.partition(":")[0] for w in found.warnings] == ["LESION_AT_BORDER"]
    assert dice(found.mask, study.mask) > 0.9


def test_covariates_reach_the_model_with_their_flags(model, ball, study_of):
    model.covariates = ("age", "sex", "grade")
    study = study_of([ball(CENTRE, 20.0)])
    predict_case(study, model, Request(clinical=(("grade", 2.0), ("age", 61.0))))
    predict_case(study, model, Request())
    np.testing.assert_array_equal(model.clinical[0][0], [[61, 0, 2]])
    np.testing.assert_array_equal(model.clinical[0][1], [[1, 0, 1]])
    np.testing.assert_array_equal(model.clinical[-1][1], [[0, 0, 0]])


def test_model_without_covariates_gets_none(model, ball, study_of):
    predict_case(study_of([ball(CENTRE, 20.0)]), model, Request(clinical=(("age", 61.0),)))
    assert model.clinical[0] == (None, None)


@pytest.mark.parametrize("key", ["risk", "response", "survival"])
def test_answer_that_is_no_number_refuses_the_study(model, ball, study_of, key):
    class Broken(type(model)):
        def predict(self, *inputs):
            found = super().predict(*inputs)
            found[key] = np.full_like(found[key], np.nan)
            return found

    with pytest.raises(StudyError) as caught:
        predict_case(study_of([ball(CENTRE, 20.0)]), Broken(), Request())
    assert caught.value.code == "PREDICTION_NOT_FINITE"


def with_ct(study):
    """A CT of the same body on an upright grid of its own: 40 HU in the box, air around."""
    grid = Grid((110, 100, 100), (2.0, 2.5, 2.5), (-114.0, -144.0, 190.0))
    index = np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), -1)
    away = np.abs(grid.index_to_world(index) - np.asarray((10.0, -20.0, 300.0))).max(axis=-1)
    hu = np.where(away <= 100, 40, -1000).astype(np.float32)
    return dataclasses.replace(study, ct=hu, ct_grid=grid)


def test_ct_reaches_the_model_at_its_place(model, ball, study_of, direction):
    model.ct = True
    study = with_ct(study_of([ball(CENTRE, 20.0)], direction))
    found = predict_case(study, model, Request())
    assert found.warnings == ()
    tiles, cubes = model.seen_ct[:-1], model.seen_ct[-1]
    assert all(tile.shape[1:] == (24, 24, 24, 2) and tile.dtype == np.float32 for tile in tiles)
    assert sorted(cubes) == ["context", "fine"]
    for scale, cube in cubes.items():
        grid = model.plan.grid(scale, found.centre_mm)
        index = np.stack(np.meshgrid(*[np.arange(24)] * 3, indexing="ij"), -1)
        away = np.abs(grid.index_to_world(index) - np.asarray((10.0, -20.0, 300.0))).max(axis=-1)
        hu, known = cube[0, ..., 0], cube[0, ..., 1]
        assert set(np.unique(known)) <= {0.0, 1.0} and not hu[known == 0].any()
        assert hu[(away < 93) & (known > 0)] == pytest.approx(40, abs=0.1)
        assert known[away < 100].all()


def test_a_model_with_ct_does_without_and_says_so(model, ball, study_of):
    study = study_of([ball(CENTRE, 20.0)])
    bare = predict_case(with_ct(study), model, Request())
    assert not any(seen is not None for seen in model.seen_ct)
    model.ct = True
    found = predict_case(study, model, Request())
    assert not any(seen is not None for seen in model.seen_ct)
    assert [w.partition(":")[0] for w in found.warnings] == ["CT_ABSENT"] and not bare.warnings


def test_a_model_of_one_task_says_what_it_has(model, ball, study_of):
    class SurvivalOnly(type(model)):
        def predict(self, *inputs):
            found = super().predict(*inputs)
            return {name: found[name] for name in ("risk", "survival")}

    found = predict_case(study_of([ball(CENTRE, 20.0)]), SurvivalOnly(), Request("mask"))
    assert found.response is None and found.risk is not None and len(found.survival) == 3
    assert not found.mask.any() and found.recentred == 0
    assert [w.partition(":")[0] for w in found.warnings] == ["MASK_NOT_LEARNED"]
