"""Random changes: CT moves with the PET, and only uptake gets noise."""

import numpy as np
import pytest
import SimpleITK as sitk
import tensorflow as tf
from scipy import ndimage

from pet_mtl.augment import (
    Blur,
    Calibrate,
    Deform,
    Flip,
    HideBlocks,
    HideCt,
    Noise,
    Shift,
    Turn,
    apply,
    pipeline,
)
from pet_mtl.config import AugmentConfig

SIZE = 6


def patient(ct: bool = True) -> dict:
    """Every cube but the flags holds the same numbers, so that they can be told apart."""
    cubes = {}
    for place, scale in enumerate(("fine", "context")):
        numbers = np.arange(1.0, SIZE**3 + 1).reshape((SIZE,) * 3 + (1,)) + 1000 * place
        cubes |= {scale: numbers, f"{scale}_mask": numbers, f"{scale}_valid": numbers > 0}
        if ct:
            cubes |= {f"{scale}_ct": -numbers, f"{scale}_ct_valid": numbers > 0}
    flags = {"has_ct": 1.0} if ct else {}
    return {n: tf.constant(v, tf.float32) for n, v in {**cubes, **flags, "has_mask": 1.0}.items()}


def seeds():
    return [tf.constant([seed, 7], tf.int32) for seed in range(12)]


@pytest.mark.parametrize("operation", [Flip(), Shift(2), Turn()])
def test_ct_moves_with_the_pet(operation):
    moved = set()
    for seed in seeds():
        changed = operation(patient(), seed)
        for scale in ("fine", "context"):
            suv = changed[scale].numpy()
            np.testing.assert_array_equal(changed[f"{scale}_ct"], -suv)
            np.testing.assert_array_equal(changed[f"{scale}_mask"], suv)
            # What moves in from beyond is unknown to the CT, as it is invalid for the PET.
            np.testing.assert_array_equal(changed[f"{scale}_ct_valid"], suv > 0)
            np.testing.assert_array_equal(changed[f"{scale}_valid"], suv > 0)
        moved.add(changed["fine"].numpy().tobytes())
    assert len(moved) > 4


@pytest.mark.parametrize("operation", [Calibrate(0.5), Noise(0.5), Blur(9.0, (3.0, 6.0))])
def test_uptake_changes_and_ct_does_not(operation):
    before, changed = patient(), operation(patient(), seeds()[0])
    for scale in ("fine", "context"):
        assert not np.array_equal(changed[scale], before[scale])
        for name in (f"{scale}_ct", f"{scale}_ct_valid", f"{scale}_mask"):
            np.testing.assert_array_equal(changed[name], before[name])


def test_a_hidden_ct_is_absent_as_often_as_asked():
    hidden = 0
    for seed in range(200):
        before = patient()
        changed = HideCt(0.3)(before, tf.constant([seed, 1], tf.int32))
        names = ("has_ct", "fine_ct", "context_ct", "fine_ct_valid", "context_ct_valid")
        gone = not np.any(changed["has_ct"])
        for name in names:
            expected = np.zeros_like(before[name]) if gone else before[name]
            np.testing.assert_array_equal(changed[name], expected)
        np.testing.assert_array_equal(changed["fine"], before["fine"])
        hidden += gone
    assert 40 <= hidden <= 80


def test_without_ct_nothing_depends_on_it():
    """The same random numbers, whether or not the patient has a CT."""
    operations = pipeline(AugmentConfig(), (3.0, 6.0))
    for seed in seeds()[:4]:
        bare, full = apply(operations, patient(ct=False), seed), apply(operations, patient(), seed)
        assert sorted(set(full) - set(bare)) == [
            "context_ct", "context_ct_valid", "fine_ct", "fine_ct_valid", "has_ct",
        ]  # fmt: skip
        for name, value in bare.items():
            np.testing.assert_array_equal(value, full[name])


def blob(size: int = 24, spacing: tuple[float, float] = (2.0, 4.0), ct: bool = True) -> dict:
    """A smooth off-centre hill in millimetres, the same in both cubes, and its half as mask."""
    cubes = {}
    for scale, mm in zip(("fine", "context"), spacing, strict=True):
        axis = (np.arange(size) - (size - 1) / 2) * mm
        z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
        hill = 8 * np.exp(-((z - 3) ** 2 / 200 + (y + 4) ** 2 / 120 + x**2 / 300))[..., None]
        cubes |= {scale: hill, f"{scale}_mask": hill > 4, f"{scale}_valid": np.ones_like(hill)}
        if ct:
            cubes |= {f"{scale}_ct": 100 * hill - 500, f"{scale}_ct_valid": np.ones_like(hill)}
    return {name: tf.constant(value, tf.float32) for name, value in cubes.items()}


def test_a_deformation_is_that_of_simpleitk():
    """The same matrix given to another library's resampling gives the same cube."""
    deform = Deform(0.4, 0.1, 0.0, 1.0, (2.0, 4.0))
    before, seed = blob(), tf.constant([3, 4], tf.int32)
    after = deform(before, seed)
    uniform = tf.random.stateless_uniform([4], seed + 1, -1.0, 1.0).numpy()
    matrix = np.eye(3)
    for axis in range(3):
        one, two = [a for a in range(3) if a != axis]
        turn = np.eye(3)
        c, s = np.cos(0.4 * uniform[axis]), np.sin(0.4 * uniform[axis])
        turn[one, one], turn[two, two], turn[one, two], turn[two, one] = c, c, -s, s
        matrix = matrix @ turn
    matrix = matrix / (1 + 0.1 * uniform[3])
    for scale, mm in (("fine", 2.0), ("context", 4.0)):
        image = sitk.GetImageFromArray(before[scale].numpy()[..., 0])
        image.SetSpacing((mm,) * 3)
        image.SetOrigin((-11.5 * mm,) * 3)
        # Ours acts on rows (z, y, x); SimpleITK on columns (x, y, z).
        theirs = matrix.T[::-1, ::-1]
        transform = sitk.AffineTransform(theirs.ravel().tolist(), (0.0, 0.0, 0.0))
        moved = sitk.GetArrayFromImage(sitk.Resample(image, image, transform, sitk.sitkLinear))
        valid = after[f"{scale}_valid"].numpy()[..., 0] > 0
        inner = np.pad(np.ones((20,) * 3, bool), 2) & valid & (moved > 0)
        np.testing.assert_allclose(after[scale].numpy()[..., 0][inner], moved[inner], atol=1e-3)
        assert inner.mean() > 0.3


@pytest.mark.parametrize(
    "deform", [Deform(0.3, 0.1, 0.0, 1.0, (2.0, 4.0)), Deform(0.0, 0.0, 4.0, 1.0, (2.0, 4.0))]
)
def test_a_deformation_moves_everything_alike_and_keeps_suv(deform):
    before = blob()
    for seed in seeds()[:3]:
        after = deform(before, seed)
        for scale, mm in (("fine", 2.0), ("context", 4.0)):
            suv, mask = after[scale].numpy(), after[f"{scale}_mask"].numpy()
            valid = after[f"{scale}_valid"].numpy() > 0
            # The mask was where SUV is above 4, and still is, but for a voxel's slope.
            assert ((suv > 4 + 0.7 * mm) <= (mask > 0)).all()
            assert (suv[mask > 0] > 4 - 0.7 * mm).all() and mask.any()
            np.testing.assert_allclose(
                after[f"{scale}_ct"].numpy()[valid], 100 * suv[valid] - 500, atol=0.1
            )
            assert not suv[~valid].any() and suv.max() <= before[scale].numpy().max() + 1e-5
        # A scan is not rescaled: the highest uptake stays within what interpolation costs.
        assert after["fine"].numpy().max() > 0.9 * before["fine"].numpy().max()
        assert np.abs(after["fine"] - before["fine"]).max() > 0.05


def test_no_deformation_changes_nothing_and_neither_does_a_lost_toss():
    before = blob()
    for deform in (Deform(0.0, 0.0, 0.0, 1.0, (2.0, 4.0)), Deform(0.3, 0.1, 4.0, 0.0, (2.0, 4.0))):
        after = deform(before, seeds()[0])
        for name, value in before.items():
            np.testing.assert_allclose(after[name], value, atol=1e-3)


def test_a_blur_is_that_of_scipy_and_nothing_leaks_in():
    before, seed = blob(), tf.constant([5, 6], tf.int32)
    sigma = 6.0 * float(tf.random.stateless_uniform([], seed))
    after = Blur(6.0, (2.0, 4.0))(before, seed)
    for scale, mm in (("fine", 2.0), ("context", 4.0)):
        peer = ndimage.gaussian_filter(before[scale].numpy()[..., 0], sigma / mm, truncate=8)
        np.testing.assert_allclose(
            after[scale].numpy()[8:16, 8:16, 8:16, 0], peer[8:16, 8:16, 8:16], rtol=0.02
        )
    half = {
        **before,
        "fine_valid": tf.concat([tf.ones((12, 24, 24, 1)), tf.zeros((12, 24, 24, 1))], 0),
    }
    half["fine"] = tf.ones_like(half["fine"]) * half["fine_valid"]
    np.testing.assert_allclose(Blur(6.0, (2.0, 4.0))(half, seed)["fine"], half["fine"], atol=1e-5)


def test_all_operations_together_run_in_a_graph():
    config = AugmentConfig(turn=True, rotate_degrees=10, scale=0.1, elastic_mm=4, blur_mm=4)
    operations = pipeline(config, (2.0, 4.0))
    assert len(operations) == 8
    rows = tf.data.Dataset.from_tensors({**blob(), "has_ct": tf.constant(1.0)})
    changed = next(iter(rows.map(lambda p: apply(operations, p, tf.constant([1, 2])))))
    assert all(changed[name].shape == value.shape for name, value in blob().items())
    assert all(np.isfinite(value).all() for value in changed.values())


def test_hidden_blocks_are_hidden_from_the_input_alone():
    shares = []
    for seed in seeds():
        before = {name: value.numpy() for name, value in patient().items()}
        changed = HideBlocks(0.8, weight=4.0, blocks=3)(before, seed)
        for name, value in before.items():  # the targets
            np.testing.assert_array_equal(changed[name], value)
        for scale in ("fine", "context"):
            hidden = changed[f"{scale}_shown"].numpy() == 0
            assert (changed[f"{scale}_shown"].numpy()[~hidden] == before[scale][~hidden]).all()
            np.testing.assert_array_equal(changed[f"{scale}_focus"], np.where(hidden, 4.0, 1.0))
            blocks = hidden.reshape(3, 2, 3, 2, 3, 2).transpose(0, 2, 4, 1, 3, 5).reshape(27, 8)
            assert (blocks.all(axis=1) == blocks.any(axis=1)).all()  # whole blocks
            shares.append(hidden.mean())
        np.testing.assert_array_equal(
            changed["fine_shown"], HideBlocks(0.8, 4.0, 3)(before, seed)["fine_shown"]
        )
    assert 0.2 < np.mean(shares) < 0.6 and max(shares) < 0.95


def test_nothing_is_hidden_unless_asked_for():
    assert HideBlocks not in map(type, pipeline(AugmentConfig(), (3.0, 6.0)))
    last = pipeline(AugmentConfig(hide_blocks=0.3), (3.0, 6.0), hidden_weight=7.0)[-1]
    assert last == HideBlocks(0.3, 7.0)
