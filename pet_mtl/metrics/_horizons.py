"""Checks of the times at which a curve is judged."""

from typing import Any

import numpy as np

from pet_mtl.errors import MetricError
from pet_mtl.metrics._checks import Floats, finite_vector


def checked_horizons(horizons: Any, time: Floats) -> Floats:
    """Increasing times within the follow-up.

    Args:
        horizons: (horizons,) times.
        time: (patients,) their follow-up.

    Raises:
        MetricError: None, not increasing, or one at which nobody is followed any more.
    """
    moments = finite_vector(horizons, "horizons")
    if not len(moments) or np.any(np.diff(moments) <= 0):
        raise MetricError(
            "METRIC_HORIZONS",
            "the horizons must increase",
            expected="one or more increasing times",
            found=", ".join(f"{moment:g}" for moment in moments[:8]) or "none",
        )
    last = float(time.max(initial=-np.inf))
    if moments[-1] >= last:
        raise MetricError(
            "METRIC_HORIZON",
            "a horizon lies beyond the follow-up: nobody is known to have lived past it",
            expected=f"times below {last:g}",
            found=f"{moments[-1]:g}",
            todo="Give earlier horizons",
        )
    return moments
