"""Uno's concordance index: Harrell's, with every pair weighted for censoring."""

from typing import Any

import numpy as np

from pet_mtl.errors import MetricError
from pet_mtl.metrics._checks import Floats, finite_vector
from pet_mtl.metrics.censoring import censoring_distribution, inverse_weights, outcomes
from pet_mtl.metrics.concordance import RISK_TOLERANCE


def uno_c(  # noqa: PLR0913, the signature of its peers
    train_time: Any, train_event: Any, time: Any, event: Any, risk: Any, tau: float | None = None
) -> float:
    """Concordance that does not depend on how the patients were censored.

    Pairs are those of `concordance_index`; each weighs 1 / G(t)^2, t being its earlier time
    and G the probability to be uncensored beyond t, estimated on the training patients.

    Args:
        train_time: (training patients,) time to event or censoring.
        train_event: (training patients,) 1 where the event was seen.
        time: (patients,) time to event or censoring, the same unit.
        event: (patients,) 1 where the event was seen.
        risk: (patients,) any score; higher means an earlier event.
        tau: Only pairs whose earlier time lies before tau count; None counts all.

    Returns:
        C in 0..1; 0.5 is chance.

    Raises:
        MetricError: NaN or infinity, different lengths, an event other than 0 and 1, no
            comparable pair, or an event before tau where G is 0 or unknown.

    Source:
        Uno et al., Statistics in Medicine 30 (2011) 1105-1117, doi:10.1002/sim.4154.

    >>> uno_c([1, 2, 3], [1, 0, 1], [1, 2, 3], [1, 1, 0], [3.0, 1.0, 2.0])
    0.3333333333333333
    """
    risk = finite_vector(risk, "risk")
    moment, seen = outcomes(time, event, risk=risk)
    counted = seen if tau is None else seen & (moment < _checked_tau(tau))
    first = np.flatnonzero(counted)
    censoring = censoring_distribution(train_time, train_event)
    weight = inverse_weights(censoring, moment[first], "events of the patients") ** 2
    won = total = 0.0
    for i, w in zip(first, weight, strict=True):
        later = (moment > moment[i]) | ((moment == moment[i]) & ~seen)
        gap = risk[i] - risk[later]
        won += w * (_above(gap) + 0.5 * float((np.abs(gap) <= RISK_TOLERANCE).sum()))
        total += w * len(gap)
    if not total:
        raise MetricError(
            "METRIC_NO_PAIR",
            "the concordance index is undefined: no two patients can be compared",
            expected="an event before tau, and another patient followed for longer",
        )
    return float(won / total)


def _above(gap: Floats) -> float:
    """Pairs in the right order."""
    return float((gap > RISK_TOLERANCE).sum())


def _checked_tau(tau: float) -> float:
    """A time, and not the lack of one."""
    if not np.isfinite(tau) or tau <= 0:
        raise MetricError(
            "METRIC_TAU", "tau is no time", expected="a number above 0", found=f"{tau:g}"
        )
    return float(tau)
