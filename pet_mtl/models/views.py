"""Averaging a model's answers over mirrored views of a patient."""

import itertools
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def mirrored(
    call: Callable[[dict[str, Array]], dict[str, Array]], inputs: Mapping[str, Array]
) -> dict[str, Array]:
    """Averages a model's readable outputs over the eight mirrored views of a patient.

    Args:
        call: Inputs to readable outputs, probabilities and risks.
        inputs: Cubes (batch, z, y, x, channels), which are mirrored, and what is not.

    Returns:
        The means; masks are mirrored back before.
    """
    total: dict[str, Array] = {}
    for chosen in itertools.product((False, True), repeat=3):
        axes = tuple(axis for axis, flip in enumerate(chosen, 1) if flip)

        def view(value: Array, axes: tuple[int, ...] = axes) -> Array:
            return np.ascontiguousarray(np.flip(value, axes)) if value.ndim == 5 else value

        outputs = call({name: view(np.asarray(value)) for name, value in inputs.items()})
        for name, value in outputs.items():
            part = (view(np.asarray(value)) / 8).astype(np.float32)
            total[name] = total[name] + part if name in total else part
    return total
