"""Fitting on out-of-fold predictions how far a prediction can be trusted."""

from collections.abc import Mapping, Sequence

import numpy as np

from pet_mtl.models import Calibration
from pet_mtl.training.oof import response_probabilities
from pet_mtl.trust import Trust, extent_names, fit_reference, fit_sets, voxel_names
from pet_mtl.trust.reference import FEWEST, NAMES

Row = Mapping[str, str]


def fit_trust(
    rows: Sequence[Row], studies: Sequence[Row], calibration: Calibration, coverage: float
) -> Trust:
    """Fits what there are enough patients for.

    Args:
        rows: Of out_of_fold.csv.
        studies: Of the dataset's studies.csv.
        calibration: What the exported model does to its averaged outputs; the sets are of its
            recalibrated response.
        coverage: Of the response sets, between 0 and 1.

    Returns:
        The fit, with a line about each of its parts.
    """
    known = [row for row in rows if row.get("response_true") and row.get("response")]
    probability = response_probabilities(known)
    if calibration.response and known:
        probability = np.asarray(calibration.response(probability.astype(np.float32)))
    truth = np.array([float(row["response_true"]) for row in known])
    sets, about_sets = fit_sets(probability.astype(np.float64), truth, coverage)
    grids = (*voxel_names(), *extent_names())
    values = {name: _numbers(studies if name in grids else rows, name) for name in NAMES}
    reference = fit_reference(values)
    about_reference = ", ".join(reference.spans) or f"none, fewer than {FEWEST} patients"
    said = (f"response sets: {about_sets}", f"usual values: {about_reference}")
    return Trust(sets, reference if reference.spans else None, said)


def _numbers(rows: Sequence[Row], name: str) -> list[float]:
    """A column's positive numbers: an empty outline has no usual volume."""
    cells = [float(row[name]) for row in rows if row.get(name)]
    return [cell for cell in cells if cell > 0]
