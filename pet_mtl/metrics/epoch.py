"""Outcomes collected over a whole epoch, and judged once at its end.

A C-index of one batch of eight patients says nothing, and the mean of many such is not the
C-index of all: pairs across batches are missing. So numbers are collected, and judged together.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pet_mtl.errors import MetricError
from pet_mtl.metrics._checks import Floats
from pet_mtl.metrics.concordance import concordance_index
from pet_mtl.metrics.roc import macro_auc


class EpochOutcomes:
    """Collects survival and response of all batches of an epoch.

    Use: `add_survival` and `add_response` after each batch, `result` at the end, `reset` before
    the next epoch. Patients of weight 0 lack the label, and are left out.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forgets everybody."""
        self._survival: list[Floats] = []
        self._response: list[tuple[NDArray[np.int64], Floats]] = []

    def add_survival(self, labels: Any, risk: Any, weight: Any = None) -> None:
        """Takes a batch.

        Args:
            labels: (batch, 2) time, event.
            risk: (batch,) or (batch, 1); higher means an earlier event.
            weight: (batch,) 0 where the label is missing; None if none is.
        """
        truth, kept = np.asarray(labels, np.float64), _kept(weight, len(labels))
        score = np.asarray(risk, np.float64).reshape(len(truth))
        self._survival.append(np.column_stack([truth, score])[kept])

    def add_response(self, labels: Any, scores: Any, weight: Any = None) -> None:
        """Takes a batch.

        Args:
            labels: (batch,) or (batch, 1) class.
            scores: (batch,) or (batch, 1) for two classes, (batch, classes) for more; logits
                or probabilities, as only their order counts.
            weight: (batch,) 0 where the label is missing; None if none is.
        """
        truth = np.asarray(labels).reshape(len(labels)).astype(np.int64)
        values = np.asarray(scores, np.float64).reshape(len(truth), -1)
        kept = _kept(weight, len(truth))
        self._response.append((truth[kept], values[kept]))

    def result(self) -> dict[str, float]:
        """Both numbers of everybody so far.

        Returns:
            "c_index" and "auc" (macro, one against the rest, for several classes), each in
            0..1; NaN where undefined, as without an event or with a single class.
        """
        return {"c_index": self._c_index(), "auc": self._auc()}

    def _c_index(self) -> float:
        """Harrell's C, or NaN."""
        rows = np.concatenate(self._survival) if self._survival else np.empty((0, 3))
        try:
            return concordance_index(*rows.T)
        except MetricError:
            return float("nan")

    def _auc(self) -> float:
        """The AUC, or NaN."""
        if not self._response:
            return float("nan")
        labels, scores = (np.concatenate(part) for part in zip(*self._response, strict=True))
        try:
            return macro_auc(labels, scores)
        except MetricError:
            return float("nan")


def _kept(weight: Any, count: int) -> NDArray[np.bool_]:
    """Who has the label."""
    return np.ones(count, bool) if weight is None else np.asarray(weight).reshape(count) > 0
