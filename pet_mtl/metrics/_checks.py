"""Checks that every metric makes on its inputs."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pet_mtl.errors import MetricError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_EDGES = 3


def finite_vector(values: Any, name: str) -> Floats:
    """A one-dimensional float64 array without NaN or infinity.

    Raises:
        MetricError: Another shape, or a value that is not finite. Nobody is dropped silently:
            who leaves out patients must say so where the number is shown.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise MetricError(
            "METRIC_SHAPE",
            f"{name} is not one number a patient",
            expected="one dimension",
            found=f"{array.ndim} dimensions",
        )
    missing = int(np.count_nonzero(~np.isfinite(array)))
    if missing:
        raise MetricError(
            "METRIC_NOT_FINITE",
            f"{name} holds NaN or infinity",
            found=f"{missing} of {array.size} patients",
            todo="Leave these patients out first, and say so beside the number",
        )
    return array


def binary_vector(values: Any, name: str) -> Bools:
    """A one-dimensional bool array from bools or from the numbers 0 and 1.

    Raises:
        MetricError: Another shape, or a value other than 0 and 1.
    """
    array = finite_vector(values, name)
    if not np.isin(array, (0.0, 1.0)).all():
        raise MetricError("METRIC_NOT_BINARY", f"{name} must be 0 or 1", expected="0 or 1")
    return array.astype(bool)


def same_length(**arrays: NDArray[Any]) -> None:
    """Refuses arrays of different lengths.

    Raises:
        MetricError: The lengths differ.
    """
    sizes = {name: len(array) for name, array in arrays.items()}
    if len(set(sizes.values())) > 1:
        raise MetricError(
            "METRIC_LENGTH",
            "the arrays are not of the same patients",
            expected="equal lengths",
            found=", ".join(f"{name} {size}" for name, size in sizes.items()),
        )


def labelled_scores(label: Any, score: Any) -> tuple[Bools, Floats]:
    """Labels of which both classes are there, and a score of every patient.

    Raises:
        MetricError: NaN or infinity, different lengths, a label other than 0 and 1, one class.
    """
    positive = binary_vector(label, "label")
    number = finite_vector(score, "score")
    same_length(label=positive, score=number)
    if positive.all() or not positive.any():
        raise MetricError(
            "METRIC_ONE_CLASS",
            "the metric is undefined: only one class is there",
            expected="patients of both classes",
            found=f"{len(positive)} patients of one class",
        )
    return positive, number


def same_shape_masks(first: Any, second: Any) -> tuple[Bools, Bools]:
    """Two masks as bools, non-zero being inside; NaN is neither inside nor outside.

    Raises:
        MetricError: Different shapes, or NaN.
    """
    masks = _mask(first), _mask(second)
    if masks[0].shape != masks[1].shape:
        raise MetricError(
            "METRIC_SHAPE",
            "the masks are not of one shape",
            expected=str(masks[0].shape),
            found=str(masks[1].shape),
        )
    return masks


def same_volume_masks(first: Any, second: Any) -> tuple[Bools, Bools]:
    """Two (z, y, x) masks as bools.

    Raises:
        MetricError: As `same_shape_masks`; not three dimensions.
    """
    masks = same_shape_masks(first, second)
    if masks[0].ndim != _EDGES:
        raise MetricError(
            "METRIC_SHAPE",
            "the masks are no volumes",
            expected="three dimensions: z, y, x",
            found=f"{masks[0].ndim} dimensions",
        )
    return masks


def _mask(values: Any) -> Bools:
    """The values as bools."""
    array = np.asarray(values)
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise MetricError("METRIC_NOT_FINITE", "a mask holds NaN")
    return array.astype(bool)
