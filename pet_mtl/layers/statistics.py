"""Weighted statistics of cubes that the radiomics layers share. All carry gradients."""

from collections.abc import Sequence
from typing import Any

from keras import ops

EPSILON = 1e-3


def weighted_mean(values: Any, weights: Any) -> Any:
    """Mean over (z, y, x) of (batch, z, y, x) values; 0 where no weight is."""
    total = ops.sum(weights, axis=(1, 2, 3))
    return ops.sum(values * weights, axis=(1, 2, 3)) / (total + EPSILON)


def weighted_deviation(values: Any, weights: Any) -> Any:
    """Standard deviation over (z, y, x), epsilon under the root."""
    mean = weighted_mean(values, weights)
    centred = values - mean[:, None, None, None]
    return ops.sqrt(weighted_mean(ops.square(centred), weights) + EPSILON**2)


def power_mean(values: Any, weights: Any, power: float) -> Any:
    """Generalised mean; a large positive power is a smooth maximum, a negative one a minimum.

    Args:
        values: (batch, z, y, x), >= 0.
        weights: (batch, z, y, x), >= 0.
        power: Exponent, not 0.

    Returns:
        (batch,)
    """
    scale = weighted_mean(values, weights) + EPSILON
    relative = ops.clip(values / scale[:, None, None, None], 0.02, 50.0)
    moment = weighted_mean(ops.power(relative, power), weights) + 1e-12
    return scale * ops.power(moment, 1.0 / power)


def lag_difference(values: Any, weights: Any, lag: int) -> Any:
    """Mean absolute difference of voxels `lag` apart along the three axes, within the weights."""
    total, count = 0.0, 0.0
    for axis in (1, 2, 3):
        size = values.shape[axis]
        near = [slice(None)] * 4
        far = [slice(None)] * 4
        near[axis], far[axis] = slice(0, size - lag), slice(lag, size)
        both = weights[tuple(near)] * weights[tuple(far)]
        gap = ops.abs(values[tuple(near)] - values[tuple(far)])
        total = total + ops.sum(gap * both, axis=(1, 2, 3))
        count = count + ops.sum(both, axis=(1, 2, 3))
    return total / (count + EPSILON)


def surface_voxels(weights: Any) -> Any:
    """Area of a soft mask's border in voxel faces: the sum of its gradient's magnitude."""
    squares: Any = 0.0
    for axis in (1, 2, 3):
        padding = [(0, 0)] * 4
        padding[axis] = (1, 1)
        wide = ops.pad(weights, padding)
        size = weights.shape[axis]
        ahead, behind = [slice(None)] * 4, [slice(None)] * 4
        ahead[axis], behind[axis] = slice(2, size + 2), slice(0, size)
        squares = squares + ops.square((wide[tuple(ahead)] - wide[tuple(behind)]) / 2)
    return ops.sum(ops.sqrt(squares + EPSILON**2) - EPSILON, axis=(1, 2, 3))


def strongest(values: Any, count: int) -> Any:
    """The `count` largest local peaks of (batch, z, y, x), largest first: (batch, count).

    A peak equals the maximum of its 5 x 5 x 5 neighbourhood, so that one blob counts once.
    """
    wide = ops.max_pool(values[..., None], 5, strides=1, padding="same")[..., 0]
    peaks = ops.where(values >= wide, values, 0.0)
    size = values.shape[1] * values.shape[2] * values.shape[3]
    return ops.top_k(ops.reshape(peaks, (-1, size)), count)[0]


def soft_count(values: Any, weights: Any, threshold: float, softness: float) -> Any:
    """Sum of weights where the values exceed a threshold, with a soft step."""
    return ops.sum(ops.sigmoid((values - threshold) / softness) * weights, axis=(1, 2, 3))


def second_moments(weights: Any) -> Sequence[Any]:
    """Trace and log-determinant of the weights' covariance of position, in voxels.

    Returns:
        Two tensors (batch,): trace, and log of the determinant.
    """
    total = ops.sum(weights, axis=(1, 2, 3)) + EPSILON
    places = [
        ops.reshape(
            ops.arange(weights.shape[axis], dtype="float32"),
            [1 if a != axis else -1 for a in range(4)],
        )
        for axis in (1, 2, 3)
    ]
    centre = [ops.sum(p * weights, axis=(1, 2, 3)) / total for p in places]
    offset = [p - c[:, None, None, None] for p, c in zip(places, centre, strict=True)]

    def moment(a: int, b: int) -> Any:
        return ops.sum(offset[a] * offset[b] * weights, axis=(1, 2, 3)) / total

    zz, yy, xx = moment(0, 0) + 0.1, moment(1, 1) + 0.1, moment(2, 2) + 0.1
    zy, zx, yx = moment(0, 1), moment(0, 2), moment(1, 2)
    determinant = zz * (yy * xx - yx * yx) - zy * (zy * xx - yx * zx) + zx * (zy * yx - yy * zx)
    return zz + yy + xx, ops.log(ops.maximum(determinant, 1e-3))
