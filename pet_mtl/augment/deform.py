"""Rotation, scaling and elastic deformation, in one interpolation."""

import itertools
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from pet_mtl.augment.patient import Patient, cubes_of
from pet_mtl.sample import SCALES


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
