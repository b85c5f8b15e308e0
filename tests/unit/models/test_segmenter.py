"""A frozen segmenter: the same masks as the model it comes from, whatever is trained."""

import dataclasses
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from pet_mtl.config import LossConfig, ModelConfig, StageConfig
from pet_mtl.errors import ConfigError
from pet_mtl.export import export_bundle, load_predictor, readable_outputs
from pet_mtl.models import ModelSpec, build_model, load_model, segmenter_file
from pet_mtl.sample import GridPlan
from pet_mtl.training.part import StagePlan
from pet_mtl.training.second_try import begin_anew
from pet_mtl.training.stage import StageData, StageSettings, run_stage

SIZE = 16
SPEC = ModelSpec(GridPlan(SIZE, 3.0, 6.0), (), (100.0, 250.0))
SMALL = ModelConfig(learned=True, filters=(4, 8), groups=2, embedding=2, radiomics=False)
ALONE = dataclasses.replace(SMALL, tasks=("survival",), encoder="plain", segmenter="given")


def cubes() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    made = {s: rng.random((2, SIZE, SIZE, SIZE, 1)).astype(np.float32) for s in ("fine", "context")}
    for suv in made.values():
        suv[:, 5:11, 5:11, 5:11] += 8.0
    return made


@pytest.fixture(scope="module")
def teacher() -> keras.Model:
    keras.utils.set_random_seed(1)
    return build_model(dataclasses.replace(SMALL, tasks=("mask",), deep_supervision=True), SPEC)


@pytest.fixture
def pupil(teacher: keras.Model) -> keras.Model:
    keras.utils.set_random_seed(2)
    return build_model(ALONE, SPEC, teacher)


def test_its_mask_is_the_teachers_and_no_output_of_its_own(
    teacher: keras.Model, pupil: keras.Model
) -> None:
    outputs = pupil(cubes())
    assert set(outputs) == {"survival", "segmented"}
    expected = np.asarray(teacher(cubes())["mask"])
    assert np.asarray(outputs["segmented"]) == pytest.approx(expected, abs=1e-6)
    frozen = pupil.get_layer("segmenter")
    assert frozen.weights and not frozen.trainable_weights
    ours = {id(v) for v in frozen.weights}
    assert not ours & {id(v) for v in teacher.weights}, "a copy, not the teacher itself"


def test_training_leaves_it_as_it_is(pupil: keras.Model, tmp_path: Path) -> None:
    frozen, encoder = pupil.get_layer("segmenter"), pupil.get_layer("encoder")
    before, learned = frozen.get_weights(), encoder.get_weights()
    pupil.get_layer("survival").slopes.assign(
        np.ones(pupil.get_layer("survival").slopes.shape, np.float32)
    )
    targets = {"survival": np.array([[50, 1], [200, 0]], np.float32)}
    batch = (cubes(), targets, {"survival": np.ones(2, np.float32)})
    data = StageData(tf.data.Dataset.from_tensors(batch).repeat(), None)
    schedule = StageConfig(validate_every=2, batch_size=2)
    settings = StageSettings(LossConfig(), schedule, tmp_path, lambda _: None)
    run_stage(pupil, StagePlan("joint", ("survival",), 2, 1e-2), data, settings)
    for old, new in zip(before, frozen.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert any(
        not np.array_equal(a, b) for a, b in zip(learned, encoder.get_weights(), strict=True)
    )


def test_it_is_saved_with_the_model_and_exported(pupil: keras.Model, tmp_path: Path) -> None:
    pupil.save(tmp_path / "best.keras")
    loaded = load_model(tmp_path / "best.keras")
    inputs = cubes()
    ours, theirs = pupil(inputs), loaded(inputs)
    for name in ours:
        np.testing.assert_array_equal(ours[name], theirs[name])
    assert not loaded.get_layer("segmenter").trainable_weights
    export_bundle([loaded], SPEC, tmp_path / "bundle", {})
    predictor = load_predictor(tmp_path / "bundle")
    expected = readable_outputs(loaded, inputs)
    found = predictor.predict(inputs["fine"], inputs["context"])
    assert set(found) == {"mask", "survival", "risk"}
    assert found["mask"] == pytest.approx(np.asarray(expected["mask"]), abs=1e-5)
    located = predictor.context_mask(inputs["context"])
    assert located[..., 0] == pytest.approx(found["mask"][..., 1], abs=1e-5)
    # The pupil is a teacher, too.
    heir = build_model(ALONE, SPEC, loaded)
    assert np.array_equal(heir(inputs)["segmented"], theirs["segmented"])


def test_a_teacher_can_still_be_saved(teacher: keras.Model, tmp_path: Path) -> None:
    build_model(ALONE, SPEC, teacher)
    teacher.save(tmp_path / "teacher.keras")
    again = load_model(tmp_path / "teacher.keras")(cubes())
    np.testing.assert_array_equal(again["mask"], teacher(cubes())["mask"])


def test_what_cannot_be_a_segmenter(teacher: keras.Model) -> None:
    none = dataclasses.replace(SMALL, tasks=("response",), pool=("all",))
    with pytest.raises(ConfigError, match=r"MODEL_SEGMENTER\b"):
        build_model(ALONE, SPEC, build_model(none, SPEC))
    with pytest.raises(ConfigError, match="cubes of 16 voxels"):
        build_model(ALONE, dataclasses.replace(SPEC, plan=GridPlan(32, 3.0, 6.0)), teacher)
    with pytest.raises(ConfigError, match="MODEL_SEGMENTER_MISSING"):
        build_model(ALONE, SPEC)


def test_a_run_gives_each_fold_its_own(tmp_path: Path) -> None:
    file = tmp_path / "best.keras"
    file.write_bytes(b"")
    assert segmenter_file(str(file), 3) == file
    assert segmenter_file(str(tmp_path), 3) == tmp_path / "fold_3" / "best.keras"


def test_beginning_anew_leaves_it_as_it_is(teacher: keras.Model) -> None:
    keras.utils.set_random_seed(5)
    model = build_model(dataclasses.replace(SMALL, tasks=("mask",)), SPEC, teacher)
    frozen, encoder = model.get_layer("segmenter"), model.get_layer("encoder")
    before, learned = frozen.get_weights(), encoder.get_weights()
    begin_anew(model)
    for old, new in zip(before, frozen.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert not np.array_equal(learned[0], encoder.get_weights()[0])
