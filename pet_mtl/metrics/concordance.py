"""Harrell's concordance index: does the patient at higher risk have the event earlier?"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pet_mtl.errors import MetricError
from pet_mtl.metrics._checks import Bools, Floats, binary_vector, finite_vector, same_length

# Two risks closer than this are equal, as in scikit-survival, so that rounding ranks nobody.
RISK_TOLERANCE = 1e-8

_BLOCK_ELEMENTS = 2_000_000


@dataclass(frozen=True)
class ConcordancePairs:
    """The comparable pairs of patients, counted.

    Attributes:
        concordant: Pairs whose patient with the earlier event has the higher risk.
        discordant: Pairs whose patient with the earlier event has the lower risk.
        tied_risk: Pairs of equal risk; each counts half.
    """

    concordant: int
    discordant: int
    tied_risk: int

    @property
    def comparable(self) -> int:
        """All pairs."""
        return self.concordant + self.discordant + self.tied_risk

    def __add__(self, other: "ConcordancePairs") -> "ConcordancePairs":
        """The pairs of two groups, none between them."""
        return ConcordancePairs(
            self.concordant + other.concordant,
            self.discordant + other.discordant,
            self.tied_risk + other.tied_risk,
        )

    @property
    def index(self) -> float:
        """(concordant + tied_risk / 2) / comparable, in 0..1.

        Raises:
            MetricError: No pair is comparable.
        """
        if not self.comparable:
            raise MetricError(
                "METRIC_NO_PAIR",
                "the concordance index is undefined: no two patients can be compared",
                expected="an event, and another patient followed for longer",
            )
        return (self.concordant + 0.5 * self.tied_risk) / self.comparable


def concordance_index(time: Any, event: Any, risk: Any) -> float:
    """Harrell's C.

    A pair is comparable if the earlier time is an event; at equal times, if exactly one of
    the two is an event (the other lived on). Equal risks (within 1e-8) count half.

    Args:
        time: (patients,) time to event or censoring, any unit.
        event: (patients,) True or 1 where the event was seen, False or 0 where censored.
        risk: (patients,) any score; higher means an earlier event.

    Returns:
        C in 0..1; 0.5 is chance.

    Raises:
        MetricError: NaN or infinity anywhere (nobody is dropped silently), different lengths,
            an event other than 0 and 1, or no comparable pair.

    Source:
        Harrell et al., Statistics in Medicine 15 (1996) 361-387; ties as scikit-survival's
        `concordance_index_censored`.

    >>> concordance_index([1, 2, 3], [1, 1, 0], [9.0, 5.0, 7.0])
    0.6666666666666666
    """
    return concordance_pairs(time, event, risk).index


def concordance_pairs(time: Any, event: Any, risk: Any) -> ConcordancePairs:
    """Counts the pairs behind `concordance_index`; none comparable is a valid answer here.

    Args:
        time: (patients,) time to event or censoring.
        event: (patients,) True or 1 where the event was seen.
        risk: (patients,) any score; higher means an earlier event.

    Returns:
        The counts.

    Raises:
        MetricError: As `concordance_index`, but for the last cause.
    """
    time = finite_vector(time, "time")
    event = binary_vector(event, "event")
    risk = finite_vector(risk, "risk")
    same_length(time=time, event=event, risk=risk)
    # Sorted by time, events first at equal times, the comparable partners are a tail.
    order = np.lexsort((~event, time))
    return _count(time[order], event[order], risk[order])


def _count(time: Floats, event: Bools, risk: Floats) -> ConcordancePairs:
    """Counts in blocks of events, so that memory stays bounded."""
    first = np.flatnonzero(event)  # (events,)
    # Behind all events of the same time: the first patient each event is comparable with.
    tail = np.searchsorted(_keys(time, event), _keys(time, event)[first], side="right")
    column = np.arange(len(time))
    above = below = comparable = 0
    rows = max(1, _BLOCK_ELEMENTS // max(1, len(time)))
    for start in range(0, len(first), rows):
        block = slice(start, start + rows)
        gap = risk[first[block], None] - risk[None, :]  # (rows, patients)
        valid = column[None, :] >= tail[block, None]
        above += int(np.count_nonzero(valid & (gap > RISK_TOLERANCE)))
        below += int(np.count_nonzero(valid & (gap < -RISK_TOLERANCE)))
        comparable += int((len(time) - tail[block]).sum())
    return ConcordancePairs(above, below, comparable - above - below)


def _keys(time: Floats, event: Bools) -> Floats:
    """Ascending ranks of (time, censored): equal only for events of one time, or censored."""
    rank = np.unique(time, return_inverse=True)[1]
    return (2 * rank + ~event).astype(np.float64)
