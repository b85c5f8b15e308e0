"""Discrete-time survival: the logistic hazard."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from pet_mtl.errors import ConfigError
from pet_mtl.losses.likelihood import SurvivalLikelihood


@keras.saving.register_keras_serializable("pet_mtl")
class LogisticHazard(SurvivalLikelihood):
    """Negative log likelihood of logistic hazards on fixed intervals.

    Interval j reaches from edge j-1 (0 for the first) to edge j, its right end included. Whoever
    has the event in an interval leaves there; whoever is censored counts in the intervals that
    were survived whole. An event after the last edge is a survival up to it. Unlike the Cox
    likelihood it is a sum over patients, so batches of any size, also without an event, are
    unbiased.

    | | shape | meaning |
    |---|---|---|
    | y_true | (batch, 2) | time in days, event 0 or 1 |
    | y_pred | (batch, intervals) | logits of the hazards |
    | loss | (batch,) | 0 .. |

    In numpy, `LogisticHazard(edges_days)(time_days, event, hazard_logits)` with one row a patient
    gives the negative log likelihood of a cohort as one number (a sum, not a mean), as
    `negative_log_likelihood` does.

    Args:
        edges_days: Right ends of the intervals, > 0, increasing.

    Raises:
        ConfigError: Edges that do not increase.

    Source:
        Gensheimer and Narasimhan 2019, doi:10.7717/peerj.6257;
        Kvamme and Borgan 2021, doi:10.1007/s10985-021-09532-6 (eq. 4).
    """

    def __init__(
        self, edges_days: Sequence[float], name: str = "logistic_hazard", **kwargs: Any
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.edges_days = tuple(float(edge) for edge in edges_days)
        if not self.edges_days or np.any(np.diff([0.0, *self.edges_days]) <= 0):
            raise ConfigError(
                "SURVIVAL_EDGES",
                "the ends of the time intervals must be positive and increase",
                found=str(self.edges_days),
            )

    def per_patient(self, y_true: Any, y_pred: Any, weight: Any) -> Any:
        """One negative log likelihood a patient: (batch,)."""
        # What a head says where the label is missing is not read, whatever it is.
        y_pred = ops.where(weight[:, None] > 0, y_pred, ops.zeros_like(y_pred))
        survived, hit = interval_labels(y_true[:, 0], y_true[:, 1], self.edges_days)
        loss = survived * ops.softplus(y_pred) + hit * ops.softplus(-y_pred)
        return ops.sum(loss, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {**super().get_config(), "edges_days": list(self.edges_days)}


def interval_labels(time_days: Any, event: Any, edges_days: Sequence[float]) -> tuple[Any, Any]:
    """Which intervals a patient survived, and in which one the event came.

    Args:
        time_days: (batch,) days.
        event: (batch,) 1 for an event, 0 for censoring.
        edges_days: Right ends of the intervals.

    Returns:
        Two float tensors (batch, intervals) of 0 and 1.
    """
    right = ops.convert_to_tensor(np.asarray(edges_days, np.float32))[None, :]
    left = ops.convert_to_tensor(np.asarray([-1.0, *edges_days[:-1]], np.float32))[None, :]
    time, seen = time_days[:, None], event[:, None] > 0.5
    inside = ops.logical_and(time > left, time <= right)
    hit = ops.logical_and(seen, inside)
    survived = ops.logical_or(time > right, ops.logical_and(~seen, time >= right))
    return ops.cast(survived, time_days.dtype), ops.cast(hit, time_days.dtype)


def survival_curve(hazard_logits: Any) -> Any:
    """Probability to survive beyond each edge.

    Args:
        hazard_logits: (batch, intervals).

    Returns:
        (batch, intervals), decreasing along the second axis.
    """
    return ops.exp(-ops.cumsum(ops.softplus(hazard_logits), axis=-1))
