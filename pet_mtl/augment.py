"""Random changes of a decoded patient that keep the meaning of SUV.

Each operation is a frozen dataclass called with a patient and a stateless seed, so that a
pipeline prints itself and replays exactly. A patient is the dict of
`pet_mtl.tfrecords.dataset.load_samples`; cubes are (z, y, x, 1).
"""

import itertools
import math
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
class Deform:
    """Rotates, scales and deforms both cubes by one map of the patient, in one interpolation.

    SUV and CT are interpolated linearly between valid voxels and never rescaled; masks and valid
    voxels are what is at least half inside. What comes from beyond a cube is not valid.

    Attributes:
        radians: Largest angle about each axis.
        scale: Largest relative change of size.
        elastic_mm: Standard deviation of the displacements of 4 x 4 x 4 points over the context
            cube; smooth between them, cut at twice as much.
        probability: How often.
        spacing_mm: Voxel edges of the fine and the context cube.
    """

    radians: float
    scale: float
    elastic_mm: float
    probability: float
    spacing_mm: tuple[float, float]

    def __call__(self, patient: Patient, seed: Any) -> Patient:
        """Both cubes follow the same map, about their common centre."""
        toss = tf.random.stateless_uniform([], seed) < self.probability
        names = [name for scale in SCALES for name in cubes_of(scale, patient)]
        cubes = {name: patient[name] for name in names}
        moved = tf.cond(toss, lambda: self._moved(cubes, seed), lambda: cubes)
        shaped = {name: tf.ensure_shape(moved[name], cubes[name].shape) for name in names}
        return {**patient, **shaped}

    def _moved(self, cubes: Patient, seed: Any) -> Patient:
        """All cubes, resampled."""
        uniform = tf.random.stateless_uniform([4], seed + 1, -1.0, 1.0)
        matrix = _rotation(uniform[:3] * self.radians) / (1.0 + self.scale * uniform[3])
        points = tf.random.stateless_truncated_normal([4, 4, 4, 3], seed + 2)
        moved: Patient = {}
        size = cubes[SCALES[0]].shape[0]
        for scale, spacing in zip(SCALES, self.spacing_mm, strict=True):
            axis = (tf.range(size, dtype=tf.float32) - (size - 1) / 2) * spacing  # mm
            grid = tf.stack(tf.meshgrid(axis, axis, axis, indexing="ij"), -1)  # (z, y, x, 3) mm
            source = tf.tensordot(grid, matrix, 1)
            if self.elastic_mm:
                # Corners of the context cube are the outermost points.
                place = (axis / (size * self.spacing_mm[1]) + 0.5) * 3.0
                source += self.elastic_mm * _smooth_between(points, place)
            index = source / spacing + (size - 1) / 2
            ours = {n: c for n, c in cubes.items() if n in cubes_of(scale, cubes)}
            moved |= _resampled(ours, scale, index)
        return moved


def _rotation(angles: Any) -> Any:
    """(3, 3) rotation about z, y and x in turn, angles in radians."""
    matrix = tf.eye(3)
    for axis in range(3):
        one, two = [a for a in range(3) if a != axis]
        cos, sin = tf.cos(angles[axis]), tf.sin(angles[axis])
        places = [[axis, axis], [one, one], [two, two], [one, two], [two, one]]
        values = tf.stack([1.0, cos, cos, -sin, sin])
        matrix = matrix @ tf.scatter_nd(places, values, [3, 3])
    return matrix


def _smooth_between(points: Any, place: Any) -> Any:
    """Values of a (4, 4, 4, 3) grid at each combination of places 0..3: (z, y, x, 3)."""
    distance = tf.abs(place[:, None] - tf.range(4, dtype=tf.float32)[None, :])
    near = tf.maximum(1.0 - distance, 0.0)
    weight = near * near * (3.0 - 2.0 * near)  # (size, 4); sums to 1, without creases
    return tf.einsum("zi,yj,xk,ijkc->zyxc", weight, weight, weight, points)


def _resampled(cubes: Patient, scale: str, index: Any) -> Patient:
    """The cubes of one scale at (z, y, x, 3) voxel indices, fractions of voxels included."""
    valid, ct, known = (f"{scale}_{part}" for part in ("valid", "ct", "ct_valid"))
    columns = [cubes[scale] * cubes[valid], cubes[valid], cubes[f"{scale}_mask"]]
    if ct in cubes:
        columns += [cubes[ct] * cubes[known], cubes[known]]
    found = _interpolated(tf.concat(columns, -1), index)

    def value(number: int, flag: int) -> Any:
        share = found[..., flag : flag + 1]
        return tf.where(share >= 0.5, found[..., number : number + 1] / share, 0.0)

    inside = [tf.cast(found[..., k : k + 1] >= 0.5, tf.float32) for k in range(len(columns))]
    moved = {scale: value(0, 1), valid: inside[1], f"{scale}_mask": inside[2]}
    return moved | ({ct: value(3, 4), known: inside[4]} if ct in cubes else {})


def _interpolated(volume: Any, index: Any) -> Any:
    """Linear interpolation of (z, y, x, channels) at (z, y, x, 3) indices; 0 beyond the border."""
    size = volume.shape[0]
    wide = size + 3
    flat = tf.reshape(tf.pad(volume, [[1, 2]] * 3 + [[0, 0]]), [wide**3, volume.shape[-1]])
    index = tf.clip_by_value(index, -1.0, float(size)) + 1.0
    low = tf.floor(index)
    part = index - low
    corner = tf.cast(low, tf.int32)  # (z, y, x, 3)
    first = (corner[..., 0] * wide + corner[..., 1]) * wide + corner[..., 2]
    total: Any = 0.0
    for step in itertools.product((0, 1), repeat=3):
        share = tf.reduce_prod(tf.where(tf.constant(step) > 0, part, 1.0 - part), -1)
        offset = (step[0] * wide + step[1]) * wide + step[2]
        total += share[..., None] * tf.gather(flat, first + offset)
    return total


@dataclass(frozen=True)
class Blur:
    """Smooths SUV as a scanner of lower resolution does; nothing leaks in from beyond the image.

    Attributes:
        sigma_mm: Largest standard deviation of the Gaussian; each study's is drawn from 0 to it.
        spacing_mm: Voxel edges of the fine and the context cube.
    """

    sigma_mm: float
    spacing_mm: tuple[float, float]

    def __call__(self, patient: Patient, seed: Any) -> Patient:
        """Both cubes are smoothed by as many millimetres."""
        sigma_mm = self.sigma_mm * tf.random.stateless_uniform([], seed)
        changed = dict(patient)
        for scale, spacing in zip(SCALES, self.spacing_mm, strict=True):
            suv, valid = patient[scale], patient[f"{scale}_valid"]
            places = tf.range(suv.shape[0], dtype=tf.float32)
            apart = (places[:, None] - places[None, :]) * spacing / tf.maximum(sigma_mm, 1e-3)
            weight = tf.exp(-0.5 * tf.square(apart))
            both = tf.concat([suv * valid, valid], -1)
            for axes in ("zk,kyxc->zyxc", "yk,zkxc->zyxc", "xk,zykc->zyxc"):
                both = tf.einsum(axes, weight, both)
            smooth = both[..., :1] / tf.maximum(both[..., 1:], 1e-6)
            changed[scale] = tf.where(valid > 0, smooth, suv)
        return changed


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


def pipeline(config: AugmentConfig, spacing_mm: tuple[float, float]) -> tuple[Operation, ...]:
    """The operations a configuration asks for, in order.

    Args:
        config: What is asked for.
        spacing_mm: Voxel edges of the fine and the context cube.
    """
    radians, scale = math.radians(config.rotate_degrees), config.scale
    deform = Deform(radians, scale, config.elastic_mm, config.deform, spacing_mm)
    deforms = config.deform > 0 and max(radians, scale, config.elastic_mm) > 0
    known: tuple[tuple[bool, Operation], ...] = (
        (config.flip, Flip()),
        (config.turn, Turn()),
        (deforms, deform),
        (config.shift_voxels > 0, Shift(config.shift_voxels)),
        (config.calibration > 0, Calibrate(config.calibration)),
        (config.blur_mm > 0, Blur(config.blur_mm, spacing_mm)),
        (config.noise > 0, Noise(config.noise)),
        (config.hide_ct > 0, HideCt(config.hide_ct)),
    )
    return tuple(operation for wanted, operation in known if wanted)


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
