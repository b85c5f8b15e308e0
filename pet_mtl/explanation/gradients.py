"""Integrated gradients, and Grad-CAM, of the mean over the folds' models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pet_mtl.explanation.member import Array, Cubes, Member
from pet_mtl.sample import SCALES

# Points of the path computed at once: more need memory and are no faster.
_AT_ONCE = 4

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Integral:
    """The path integral of one outcome's gradient.

    Attributes:
        value: The outcome of the study.
        baseline_value: The outcome of the baseline.
        slopes: Scale to (z, y, x), the mean gradient along the path, per SUV.
    """

    value: float
    baseline_value: float
    slopes: dict[str, Floats]


def path(steps: int) -> tuple[Floats, Floats]:
    """Points between baseline (0) and study (1), and the weight of each.

    Midpoints of equal steps in t, with the point at t^2: denser towards the baseline, where
    logarithms of the uptake change fastest. The weights sum to 1.

    Args:
        steps: Number of points.

    Returns:
        (steps,) points and (steps,) weights.
    """
    middle = (np.arange(steps) + 0.5) / steps
    return middle**2, 2.0 * middle / steps


def integrate(
    members: Sequence[Member],
    inputs: Mapping[str, Array],
    baseline: Mapping[str, Array],
    steps: int,
) -> dict[str, Integral]:
    """Integrates the gradients along the straight path from the baseline to the study.

    Args:
        members: The folds' models; their outcomes are averaged.
        inputs: The models' inputs, (1, ...) each.
        baseline: Scale to (1, size, size, size, 1) SUVbw.
        steps: Points on the path.

    Returns:
        Outcome to its integral.

    Source:
        Sundararajan, Taly and Yan 2017, arXiv:1703.01365.
    """
    points, weights = path(steps)
    ends = {s: np.concatenate([baseline[s], inputs[s]]) for s in SCALES}
    found: list[dict[str, Integral]] = []
    for member in members:
        fixed = member.fix(inputs)
        values = member.values(ends, fixed)
        slopes = _mean_slopes(member, fixed, ends, (points, weights))
        found.append({n: Integral(float(v[1]), float(v[0]), slopes[n]) for n, v in values.items()})
    return {name: _mean([one[name] for one in found]) for name in found[0]}


def _mean_slopes(
    member: Member, fixed: Mapping[str, Any], ends: Mapping[str, Array], points: Sequence[Floats]
) -> dict[str, dict[str, Floats]]:
    """Weighted mean of one model's gradients along the path, a few points at a time."""
    total: dict[str, dict[str, Floats]] = {
        name: {s: np.zeros(ends[s].shape[1:4]) for s in SCALES} for name in member.outcomes
    }
    for first in range(0, len(points[0]), _AT_ONCE):
        place, weight = (part[first : first + _AT_ONCE] for part in points)
        share = place.astype(np.float32)[:, None, None, None, None]
        suv = {s: ends[s][:1] + share * (ends[s][1:] - ends[s][:1]) for s in SCALES}
        for name, cubes in member.slopes(suv, fixed).items():
            for scale, cube in cubes.items():
                total[name][scale] += np.tensordot(weight, cube, axes=1)
    return total


def _mean(integrals: Sequence[Integral]) -> Integral:
    """The mean over the folds' models."""
    return Integral(
        float(np.mean([one.value for one in integrals])),
        float(np.mean([one.baseline_value for one in integrals])),
        {s: np.mean([one.slopes[s] for one in integrals], axis=0) for s in SCALES},
    )


def activation_maps(
    members: Sequence[Member], inputs: Mapping[str, Array]
) -> dict[str, tuple[float, dict[str, Floats]]]:
    """Grad-CAM of the encoder's last level, signed, cell by cell.

    Gradient times activation of each cell, summed over channels. The usual Grad-CAM averages the
    gradient over the image first; these heads read features of regions, and the mean would smear
    what is read of the lesion over the whole cube.

    Args:
        members: The folds' models.
        inputs: The models' inputs, (1, ...) each.

    Returns:
        Outcome to its value and scale to (cells, cells, cells), means over the models.

    Source:
        Selvaraju et al. 2017, arXiv:1610.02391; without the averaging: Draelos and Carin 2020,
        arXiv:2011.08891.
    """
    suv = {s: inputs[s] for s in SCALES}
    ready = [(member, member.fix(inputs)) for member in members]
    values = [member.values(suv, fixed) for member, fixed in ready]
    maps: list[Cubes] = [member.cam(suv, fixed) for member, fixed in ready]
    found = {}
    for name, one in maps[0].items():
        mean = {scale: np.mean([cells[name][scale] for cells in maps], axis=0) for scale in one}
        found[name] = (float(np.mean([value[name][0] for value in values])), mean)
    return found
