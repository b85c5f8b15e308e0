"""Random changes of a decoded patient that keep the meaning of SUV.

Each operation is a frozen dataclass called with a patient and a stateless seed, so that a
pipeline prints itself and replays exactly. A patient is the dict of
`pet_mtl.tfrecords.dataset.load_samples`; cubes are (z, y, x, 1).
"""

from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from pet_mtl.config import AugmentConfig
from pet_mtl.sample import SCALES

Patient = dict[str, Any]
Operation = Callable[[Patient, Any], Patient]


def cubes_of(scale: str, present: Container[str] = ()) -> tuple[str, ...]:
    """Names of all cubes of one scale, which move together.

    Args:
        scale: "fine" or "context".
        present: What the patient has; the CT is named only if it is there.
    """
    cubes = (scale, f"{scale}_valid", f"{scale}_mask")
    ct = f"{scale}_ct"
    return (*cubes, ct, f"{ct}_valid") if ct in present else cubes


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


@dataclass(frozen=True)
class Calibrate:
    """Multiplies a whole study by one factor, as a scanner's calibration error does.

    Attributes:
        deviation: Standard deviation of the logarithm of the factor.
    """

    deviation: float

    def __call__(self, patient: Patient, seed: Any) -> Patient:
        """Both cubes get the same factor."""
        factor = tf.exp(self.deviation * tf.random.stateless_normal([], seed))
        return {**patient, **{scale: patient[scale] * factor for scale in SCALES}}


@dataclass(frozen=True)
class Noise:
    """Adds noise that grows with the square root of uptake, as counting noise does.

    Attributes:
        level: Standard deviation at SUV 1.
    """

    level: float

    def __call__(self, patient: Patient, seed: Any) -> Patient:
        """Voxels beyond the image stay 0, and SUV stays positive."""
        changed = dict(patient)
        for number, scale in enumerate(SCALES):
            suv = changed[scale]
            noise = tf.random.stateless_normal(tf.shape(suv), seed + number)
            noisy = suv + self.level * tf.sqrt(tf.maximum(suv, 0.0)) * noise
            changed[scale] = tf.maximum(noisy, 0.0)
        return changed


@dataclass(frozen=True)
class HideCt:
    """Hides a patient's CT now and then: a model must also do without.

    Attributes:
        probability: How often.
    """

    probability: float

    def __call__(self, patient: Patient, seed: Any) -> Patient:
        """The patient is then as one without CT; one without stays as it is."""
        if "has_ct" not in patient:
            return patient
        shown = tf.random.stateless_uniform([], seed) >= self.probability
        names = ["has_ct", *(n for s in SCALES for n in cubes_of(s, patient)[3:])]
        return {**patient, **{n: patient[n] * tf.cast(shown, patient[n].dtype) for n in names}}


@dataclass(frozen=True)
class Elsewhere:
    """Puts a cube cut away from the lesion in the place of the context cube now and then.

    The mask then learns brain, heart and bladder as what is no lesion. The patient's outcome does
    not belong to such a cube: for the mask stage only.

    Attributes:
        probability: How often, for patients that have such cubes.
    """

    probability: float

    def __call__(self, patient: Patient, seed: Any) -> Patient:
        """One of the patient's cubes, with its mask, its valid voxels and its CT."""
        if "elsewhere" not in patient:
            return patient
        count = tf.shape(patient["elsewhere"])[0]
        draw = tf.random.stateless_uniform([2], seed)
        use = (draw[0] < self.probability) & (count > 0)
        pick = tf.minimum(tf.cast(draw[1] * tf.cast(count, tf.float32), tf.int32), count - 1)
        changed = dict(patient)
        for name in cubes_of("context", patient):
            away = patient[f"elsewhere{name.removeprefix('context')}"]
            changed[name] = tf.cond(
                use, lambda a=away, n=name: tf.cast(a[pick], patient[n].dtype),
                lambda n=name: patient[n],
            )  # fmt: skip
        return changed


def without_elsewhere(patient: Patient) -> Patient:
    """The patient without the cubes cut away from the lesion, which no batch holds."""
    return {name: value for name, value in patient.items() if "elsewhere" not in name}


def pipeline(config: AugmentConfig) -> tuple[Operation, ...]:
    """The operations a configuration asks for, in order."""
    operations: list[Operation] = []
    if config.flip:
        operations.append(Flip())
    if config.shift_voxels:
        operations.append(Shift(config.shift_voxels))
    if config.calibration:
        operations.append(Calibrate(config.calibration))
    if config.noise:
        operations.append(Noise(config.noise))
    if config.hide_ct:
        operations.append(HideCt(config.hide_ct))
    return tuple(operations)


def apply(operations: tuple[Operation, ...], patient: Patient, seed: Any) -> Patient:
    """Applies all operations, each with a seed of its own.

    Args:
        operations: From `pipeline`.
        patient: Decoded patient.
        seed: (2,) int32, one for each patient and epoch.

    Returns:
        The changed patient.
    """
    for number, operation in enumerate(operations):
        patient = operation(patient, tf.stack([seed[0], seed[1] + 7919 * number]))
    return patient
