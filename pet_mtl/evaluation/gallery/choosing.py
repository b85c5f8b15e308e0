"""Which patients the gallery shows: by a rule that is fixed before anybody looks at them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pet_mtl.evaluation.cohort import Floats
from pet_mtl.evaluation.results import Evaluation

RULE = (
    "Chosen by rule, not by looks: the ends and middles of Dice and of predicted risk (of the "
    "predicted response, where there is no risk), in the order lowest, highest, median, quartiles."
)

# Share of the patients that lie below; what it is called.
_PLACES = (
    (0.0, "lowest"),
    (1.0, "highest"),
    (0.5, "median"),
    (0.25, "first quartile of"),
    (0.75, "third quartile of"),
)


@dataclass(frozen=True)
class Chosen:
    """One patient of the gallery.

    Attributes:
        place: Number of the patient in the cohort, from 0.
        why: Such as "lowest Dice, highest risk".
    """

    place: int
    why: str


def choose(evaluation: Evaluation, count: int) -> tuple[Chosen, ...]:
    """Picks patients.

    Args:
        evaluation: What was found.
        count: At most so many.

    Returns:
        Different patients, in the order of the rule; one that is picked twice is told once, with
        both reasons; a quartile is no reason of its own for who is there already.
    """
    reasons: dict[int, list[str]] = {}
    for place, why in _picks(evaluation):
        if place in reasons:
            reasons[place] += [] if "quartile" in why else [why]
        elif len(reasons) < count:
            reasons[place] = [why]
    return tuple(Chosen(place, ", ".join(why)) for place, why in reasons.items())


def _picks(evaluation: Evaluation) -> Iterator[tuple[int, str]]:
    """Patients and reasons, those of Dice and of risk in turns."""
    ids = evaluation.cohort.patients.ids
    scores = list(_scores(evaluation))
    for share, word in _PLACES:
        for name, values in scores:
            # Equal values are told apart by the id, so that the choice repeats itself.
            known = sorted(np.flatnonzero(np.isfinite(values)), key=lambda i: (values[i], ids[i]))
            if known:
                yield int(known[round(share * (len(known) - 1))]), f"{word} {name}"


def _scores(evaluation: Evaluation) -> Iterator[tuple[str, Floats]]:
    """What patients are ranked by."""
    cohort = evaluation.cohort
    if np.isfinite(cohort.dice).any():
        yield "Dice", cohort.dice
    if np.isfinite(cohort.risk).any():
        yield "risk", cohort.risk
    elif cohort.probability.ndim == 1 and np.isfinite(cohort.probability).any():
        yield "response probability", cohort.probability
