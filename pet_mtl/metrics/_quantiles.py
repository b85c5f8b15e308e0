"""How many standard errors an interval reaches to either side."""

from statistics import NormalDist

from scipy.special import stdtrit

from pet_mtl.errors import MetricError


def normal_reach(level: float) -> float:
    """z such that a standard normal number lies within -z..z with probability `level`.

    Raises:
        MetricError: A level that is not between 0 and 1.
    """
    return NormalDist().inv_cdf(_upper(level))


def student_reach(level: float, freedom: int) -> float:
    """The same of Student's t with `freedom` degrees of freedom."""
    return float(stdtrit(freedom, _upper(level)))


def _upper(level: float) -> float:
    """The probability below the upper end."""
    if not 0.0 < level < 1.0:
        raise MetricError(
            "METRIC_LEVEL",
            "the coverage of an interval is no probability",
            expected="a number between 0 and 1, such as 0.95",
            found=f"{level:g}",
        )
    return 0.5 + level / 2.0
