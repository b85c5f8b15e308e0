"""Are the lesions found, and how many are made up?

A lesion is a connected part of a mask; voxels that share a face, an edge or a corner belong
together (26 neighbours).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import ndimage

from pet_mtl.errors import MetricError
from pet_mtl.metrics._checks import Floats, finite_vector, same_volume_masks
from pet_mtl.metrics.bootstrap import Interval
from pet_mtl.metrics.proportion import wilson_interval

_NEIGHBOURS = np.ones((3, 3, 3), dtype=bool)


@dataclass(frozen=True)
class Detection:
    """Lesions of one patient.

    Attributes:
        found: True lesions that a predicted one overlaps.
        missed: True lesions that none overlaps.
        false_positives: Predicted lesions that overlap no true one.
    """

    found: int
    missed: int
    false_positives: int


@dataclass(frozen=True)
class DetectionRates:
    """Lesions of many patients.

    Attributes:
        sensitivity: Share of all true lesions that are found.
        false_positives: A patient, all patients counted.
        lesions: True ones.
        patients: How many, those without a lesion included.
    """

    sensitivity: Interval
    false_positives: float
    lesions: int
    patients: int


def detect_lesions(predicted: Any, truth: Any) -> Detection:
    """Counts the lesions of one patient; one common voxel is enough to be found.

    A predicted lesion that covers two true ones finds both; two predicted ones in one true lesion
    find it once, and neither is false.

    Args:
        predicted: (z, y, x) mask; non-zero is inside.
        truth: Mask of the same shape. Either may be empty.

    Returns:
        The counts.

    Raises:
        MetricError: Different shapes, NaN, or no volumes.
    """
    ours, theirs = same_volume_masks(predicted, truth)
    parts, many = ndimage.label(ours, _NEIGHBOURS)
    lesions, all_lesions = ndimage.label(theirs, _NEIGHBOURS)
    found = len(np.unique(lesions[ours & theirs]))
    right = len(np.unique(parts[ours & theirs]))
    return Detection(found, int(all_lesions) - found, int(many) - right)


def detection_rates(detections: Sequence[Detection], level: float = 0.95) -> DetectionRates:
    """Sensitivity and false positives over all patients.

    Args:
        detections: Of each patient, those without any lesion included.
        level: Coverage of the interval of the sensitivity.

    Returns:
        The rates. Lesions of one patient are found or missed together, so that the interval is
        Wilson's of as many independent lesions as they are worth: lesions over the design
        effect; if all or none are found, which leaves that effect unknown, of as many as there
        are patients with lesions.

    Raises:
        MetricError: Nobody has a lesion.

    Source:
        The design effect: Rao and Scott, Biometrics 48 (1992) 577-585, doi:10.2307/2532311.
    """
    found = np.array([one.found for one in detections], dtype=np.float64)
    lesions = found + np.array([one.missed for one in detections], dtype=np.float64)
    total = float(lesions.sum())
    if not total:
        raise MetricError(
            "METRIC_NO_LESION", "the sensitivity is undefined: no patient has a true lesion"
        )
    share = float(found.sum()) / total
    worth = _worth(found[lesions > 0], lesions[lesions > 0])
    alarms = sum(one.false_positives for one in detections) / len(detections)
    interval = wilson_interval(share * worth, worth, level)
    return DetectionRates(
        Interval(share, interval.low, interval.high), alarms, int(total), len(detections)
    )


def centre_inside(centre: Any, truth: Any) -> bool:
    """For studies with a single lesion: does the predicted centre lie inside the true mask?

    Args:
        centre: (3,) place along z, y, x in voxels; 0 is the middle of the first voxel.
        truth: (z, y, x) mask; non-zero is inside.

    Returns:
        Whether the voxel that holds the centre is inside; False beyond the volume.

    Raises:
        MetricError: NaN, no volume, no place, or an empty mask.
    """
    mask, _ = same_volume_masks(truth, truth)
    place = finite_vector(centre, "centre")
    if place.shape != (mask.ndim,):
        raise MetricError(
            "METRIC_SHAPE", "the centre is no place in a volume", expected="three numbers: z, y, x"
        )
    if not mask.any():
        raise MetricError("METRIC_NO_LESION", "no centre can be inside: the true mask is empty")
    voxel = np.floor(place + 0.5).astype(np.int64)
    if (voxel < 0).any() or (voxel >= mask.shape).any():
        return False
    return bool(mask[tuple(voxel)])


def _worth(found: Floats, lesions: Floats) -> float:
    """How many independent lesions those of each patient with any are worth."""
    total, patients = float(lesions.sum()), len(lesions)
    share = float(found.sum()) / total
    single = share * (1.0 - share) / total
    if total == patients:
        return total
    if patients == 1 or single == 0.0:
        return float(patients)
    residual = found - share * lesions
    clustered = patients / (patients - 1) * float((residual**2).sum()) / total**2
    return total / max(1.0, clustered / single)
