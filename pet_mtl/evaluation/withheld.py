"""What a table of predictions says of its own doubts: outcomes withheld, and response sets."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pet_mtl.errors import DatasetError
from pet_mtl.evaluation.wording import are, counted

Floats = NDArray[np.float64]

_SET = re.compile(r"\{([0-7](?:,[0-7])*)?\}")


@dataclass(frozen=True)
class Doubts:
    """What a model withheld, and the sets it gave.

    Attributes:
        reasons: Of each patient the codes why the outcomes are withheld; none if they are told.
        sets: Response set of each patient; None where there is none.
    """

    reasons: tuple[tuple[str, ...], ...] = ()
    sets: tuple[tuple[int, ...] | None, ...] = ()

    @property
    def patients(self) -> int:
        """Patients in the table; 0 of a model that has no doubts."""
        return len(self.reasons)

    @property
    def withheld(self) -> int:
        """Patients whose outcomes are withheld."""
        return sum(map(bool, self.reasons))

    def told(self, patients: int) -> NDArray[np.bool_]:
        """(patients,) whose outcomes are not withheld."""
        return np.array([not codes for codes in self.reasons or [()] * patients], bool)

    @property
    def counts(self) -> dict[str, int]:
        """Code to the number of patients withheld for it."""
        return dict(sorted(Counter(code for codes in self.reasons for code in codes).items()))

    @property
    def answered(self) -> float:
        """Share of the patients whose outcomes are told."""
        return 1 - self.withheld / self.patients

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader of the numbers must know."""
        withheld = self.withheld
        if not withheld:
            return ()
        why = ", ".join(f"{code} {count}" for code, count in self.counts.items())
        return (
            f"The model withheld the outcomes of {counted(withheld, 'patient')} ({why}), who "
            f"{are(withheld)} not in C-index and AUC: {self.answered:.1%} of the patients have "
            "outcomes. `predict --no-abstain` gives all.",
        )

    def to_json(self, response: Floats) -> dict[str, Any]:
        """Plain data.

        Args:
            response: (patients,) true response, NaN where unknown.
        """
        if not self.patients:
            return {}
        withheld = self.withheld
        told = {"patients": withheld, "coverage": self.answered, "reasons": self.counts}
        judged = self._judged(response)
        return {"withheld": told} | ({"response_sets": judged} if judged else {})

    def _judged(self, response: Floats) -> dict[str, Any]:
        """How often the sets hold the true class, and how much they say."""
        pairs = zip(self.sets, response, strict=True) if self.sets else ()
        known = [(one, int(true)) for one, true in pairs if one is not None and np.isfinite(true)]
        if not known:
            return {}
        held = np.array([true in one for one, true in known])
        truth = np.array([true for _, true in known])
        sizes = np.array([len(one) for one, _ in known])
        of_class = {str(k): float(held[truth == k].mean()) for k in np.unique(truth)}
        return {
            "patients": len(known),
            "coverage": float(held.mean()),
            "coverage_by_class": of_class,
            "mean_size": float(sizes.mean()),
            "single": float((sizes == 1).mean()),
            "empty": float((sizes == 0).mean()),
        }


NO_DOUBTS = Doubts()


def doubts_of(rows: Sequence[Mapping[str, str]], subject: str) -> Doubts:
    """Reads the columns `abstained` and `response_set`; missing columns are empty ones.

    Args:
        rows: The table.
        subject: The file, for messages.

    Raises:
        DatasetError: A cell that is no set.
    """
    reasons = tuple(tuple((row.get("abstained") or "").split()) for row in rows)
    sets = tuple(_set(row.get("response_set") or "", subject) for row in rows)
    return Doubts(reasons, sets)


def _set(cell: str, subject: str) -> tuple[int, ...] | None:
    text = cell.replace(" ", "")
    if not text:
        return None
    match = _SET.fullmatch(text)
    classes = tuple(int(k) for k in (match[1] or "").split(",") if k) if match else ()
    if match is None or list(classes) != sorted(set(classes)):
        raise DatasetError(
            "TABLE_CELL",
            "a cell of column response_set is no set of classes",
            expected="numbers of classes in braces, such as {}, {0} or {0,1}, or nothing",
            todo="Leave the table as `pet-mtl predict` wrote it",
            subject=subject,
        )
    return classes
