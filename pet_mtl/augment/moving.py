"""Whole voxels change places: mirroring, quarter turns, shifts. No value changes."""

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from pet_mtl.augment.patient import Patient, cubes_of
from pet_mtl.sample import SCALES


@dataclass(frozen=True)
class Flip:
    """Mirrors both cubes along each axis with probability one half."""

    def __call__(self, patient: Patient, seed: Any) -> Patient:
        """The same axes are mirrored in both cubes."""
        toss = tf.random.stateless_uniform([3], seed) < 0.5
        changed = dict(patient)
        for name in (name for scale in SCALES for name in cubes_of(scale, patient)):
            cube = changed[name]
            for axis in range(3):
                cube = tf.cond(
                    toss[axis], lambda c=cube, a=axis: tf.reverse(c, [a]), lambda c=cube: c
                )
            changed[name] = cube
        return changed


@dataclass(frozen=True)
class Turn:
    """Turns both cubes by a multiple of 90 degrees about one axis; no value changes."""

    def __call__(self, patient: Patient, seed: Any) -> Patient:
        """The same turn for both cubes."""
        draw = tf.random.stateless_uniform([2], seed, 0, 12, dtype=tf.int32)
        axis, quarters = draw[0] % 3, draw[1] % 4
        changed = dict(patient)
        for name in (name for scale in SCALES for name in cubes_of(scale, patient)):
            cube = changed[name]
            turns = [lambda c=cube, a=a: _turned(c, a, quarters) for a in range(3)]
            changed[name] = tf.ensure_shape(tf.switch_case(axis, turns), cube.shape)
        return changed


def _turned(cube: Any, axis: int, quarters: Any) -> Any:
    """Turned so many times by 90 degrees in the plane across one axis."""
    one, two = [a for a in range(3) if a != axis]
    order = list(range(4))
    order[one], order[two] = two, one
    across = tf.transpose(cube, order)
    return tf.switch_case(
        quarters,
        [
            lambda: cube,
            lambda: tf.reverse(across, [one]),
            lambda: tf.reverse(cube, [one, two]),
            lambda: tf.reverse(across, [two]),
        ],
    )


@dataclass(frozen=True)
class Shift:
    """Moves each cube by whole voxels; what moves in is outside the image.

    A lesion is not always found at its very centre; neither should it be in training.

    Attributes:
        voxels: Largest shift along each axis.
    """

    voxels: int

    def __call__(self, patient: Patient, seed: Any) -> Patient:
        """Fine and context move independently."""
        changed = dict(patient)
        for number, scale in enumerate(SCALES):
            start = tf.random.stateless_uniform(
                [3], seed + number, 0, 2 * self.voxels + 1, dtype=tf.int32
            )
            for name in cubes_of(scale, patient):
                changed[name] = self._moved(changed[name], start)
        return changed

    def _moved(self, cube: Any, start: Any) -> Any:
        size = tf.shape(cube)
        padded = tf.pad(cube, [[self.voxels] * 2] * 3 + [[0, 0]])
        moved = tf.slice(padded, tf.concat([start, [0]], 0), size)
        return tf.ensure_shape(moved, cube.shape)
