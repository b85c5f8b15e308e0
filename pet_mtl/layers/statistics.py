"""Weighted statistics of cubes that the radiomics layers share. All carry gradients."""

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
