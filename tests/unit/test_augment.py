"""Random changes: CT moves with the PET, and only uptake gets noise."""

import numpy as np
import pytest
import tensorflow as tf

from pet_mtl.augment import Calibrate, Flip, HideBlocks, HideCt, Noise, Shift, apply, pipeline
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


@pytest.mark.parametrize("operation", [Flip(), Shift(2)])
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


@pytest.mark.parametrize("operation", [Calibrate(0.5), Noise(0.5)])
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
    operations = pipeline(AugmentConfig())
    for seed in seeds()[:4]:
        bare, full = apply(operations, patient(ct=False), seed), apply(operations, patient(), seed)
        assert sorted(set(full) - set(bare)) == [
            "context_ct", "context_ct_valid", "fine_ct", "fine_ct_valid", "has_ct",
        ]  # fmt: skip
        for name, value in bare.items():
            np.testing.assert_array_equal(value, full[name])


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
    assert HideBlocks not in map(type, pipeline(AugmentConfig()))
    last = pipeline(AugmentConfig(hide_blocks=0.3), hidden_weight=7.0)[-1]
    assert last == HideBlocks(0.3, 7.0)
