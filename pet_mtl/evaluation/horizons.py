"""The days at which predicted survival is judged."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pet_mtl.errors import UsageError

Floats = NDArray[np.float64]

# Where fewer are still followed, each of them speaks for more than ten patients.
LEAST_FOLLOWED = 0.1

_QUANTILES = (0.25, 0.5, 0.75)
_DIGITS = 2
_LEAST_PATIENTS = 2


@dataclass(frozen=True)
class Horizons:
    """Days, and who chose them.

    Attributes:
        days: Increasing; empty where none can be judged.
        said: Who chose them, in words.
    """

    days: tuple[float, ...] = ()
    said: str = ""


def horizons_of(time: Floats, event: Floats, asked: tuple[float, ...] = ()) -> Horizons:
    """The days that were asked for, or quartiles of the times of the events.

    The quartiles are rounded to two digits, and those left out that are followed beyond by fewer
    than a tenth of the patients, or that no event precedes.

    Args:
        time: (patients,) days to event or censoring of the judged patients.
        event: (patients,) 1 where the event was seen.
        asked: Days that the user gave, increasing; empty for none.

    Returns:
        The horizons.
    """
    if asked:
        return Horizons(asked, "as given")
    said = (
        "quartiles of the times of the events, rounded to two digits, as far as a tenth of the "
        "patients are followed beyond"
    )
    seen = time[event == 1]
    if not len(seen):
        return Horizons((), said)
    wanted = {_rounded(float(day)) for day in np.quantile(seen, _QUANTILES)}
    least = max(_LEAST_PATIENTS, LEAST_FOLLOWED * len(time))
    days = [d for d in sorted(wanted) if seen.min() <= d and np.sum(time > d) >= least]
    return Horizons(tuple(days), said)


def horizons_in(text: str) -> tuple[float, ...]:
    """Days as a user writes them: numbers with commas between; nothing is none.

    Raises:
        UsageError: No increasing numbers above 0.

    >>> horizons_in("365, 730")
    (365.0, 730.0)
    """
    cells = [cell.strip() for cell in text.split(",") if cell.strip()]
    try:
        days = tuple(float(cell) for cell in cells)
    except ValueError:
        days = (math.nan,)
    if not all(math.isfinite(day) and day > 0 for day in days) or list(days) != sorted(set(days)):
        raise UsageError(
            "EVALUATE_HORIZONS",
            "--horizons are no days",
            expected="increasing numbers above 0 with commas between, such as 365,730",
            found=text,
        )
    return days


def last_followed(time: Floats) -> float:
    """The last day at which a tenth of the patients are followed.

    Uno's C counts pairs until then: its weights grow without bounds behind, where hardly
    anybody is left uncensored.

    Args:
        time: (patients,) days to event or censoring.
    """
    ordered = np.sort(time)[::-1]
    return float(ordered[max(1, math.ceil(LEAST_FOLLOWED * len(time))) - 1])


def _rounded(day: float) -> float:
    """To two digits, whole where there are more before the point."""
    if day <= 0:
        return day
    return round(day, _DIGITS - 1 - math.floor(math.log10(day)))
