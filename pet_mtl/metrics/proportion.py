"""A share of patients and its interval."""

import math

from pet_mtl.errors import MetricError
from pet_mtl.metrics._quantiles import normal_reach
from pet_mtl.metrics.bootstrap import Interval


def wilson_interval(successes: float, patients: float, level: float = 0.95) -> Interval:
    """A proportion with Wilson's interval, which keeps a width at 0 and at 1.

    Args:
        successes: How many, 0..patients.
        patients: Of how many, above 0; no whole number where it is an effective size.
        level: Coverage between 0 and 1.

    Returns:
        The interval, inside 0..1.

    Raises:
        MetricError: Nobody, or more successes than patients.

    Source:
        Wilson, J Am Stat Assoc 22 (1927) 209-212, doi:10.1080/01621459.1927.10502953.

    >>> round(wilson_interval(0, 10).high, 4)
    0.2775
    """
    if not (patients > 0 and 0 <= successes <= patients):
        raise MetricError(
            "METRIC_PROPORTION",
            "a proportion is undefined",
            expected="successes between 0 and a number of patients above 0",
            found=f"{successes:g} of {patients:g}",
        )
    z = normal_reach(level)
    share = successes / patients
    centre = (share + z * z / (2.0 * patients)) / (1.0 + z * z / patients)
    inner = share * (1.0 - share) / patients + z * z / (4.0 * patients * patients)
    half = z * math.sqrt(inner) / (1.0 + z * z / patients)
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == patients else min(1.0, centre + half)
    return Interval(share, low, high)
