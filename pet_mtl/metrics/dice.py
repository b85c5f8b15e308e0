"""Dice's overlap of two masks."""

from typing import Any

import numpy as np

from pet_mtl.errors import MetricError
from pet_mtl.metrics._checks import same_shape_masks


def dice(a: Any, b: Any) -> float:
    """2 |A and B| / (|A| + |B|).

    Args:
        a: Mask of any shape; non-zero is inside.
        b: Mask of the same shape.

    Returns:
        Overlap in 0..1; 0 if only one of the masks is empty.

    Raises:
        MetricError: Different shapes, NaN, or both masks empty (0 / 0: agreement about nothing
            is neither 0 nor 1).

    Source:
        Dice, Ecology 26 (1945) 297-302.

    >>> dice([1, 1, 0, 0], [1, 0, 0, 0])
    0.6666666666666666
    """
    first, second = same_shape_masks(a, b)
    total = int(np.count_nonzero(first)) + int(np.count_nonzero(second))
    if not total:
        raise MetricError("METRIC_EMPTY_MASKS", "Dice is undefined: both masks are empty")
    return 2.0 * int(np.count_nonzero(first & second)) / total
