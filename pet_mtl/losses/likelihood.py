"""What the survival losses share: weights inside the likelihood, and numbers from numpy."""

from typing import Any

import keras
import numpy as np
from keras import ops

from pet_mtl.errors import MetricError

_COLUMNS = 2


class SurvivalLikelihood(keras.losses.Loss):
    """A negative log likelihood of times and events.

    As a Keras loss, `loss(y_true, y_pred, sample_weight)` is the mean over the patients that
    have the label. In numpy, `loss(time, event, prediction)` is the negative log likelihood of a
    cohort: one number, a sum.

    Args:
        name: Of the loss.
        kwargs: Of `keras.losses.Loss`.
    """

    def __init__(self, name: str, **kwargs: Any) -> None:
        kwargs.setdefault("reduction", "mean_with_sample_weight")
        super().__init__(name=name, **kwargs)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The reduced loss of a batch, or the negative log likelihood of a cohort.

        Args:
            y_true: (batch, 2) time and event; or, of a cohort, (patients,) times alone.
            y_pred: (batch, outputs) predictions; or, of a cohort, (patients,) events.
            sample_weight: (batch,) weights, 0 for a missing label; or, of a cohort, predictions
                of (patients,) or (patients, outputs).

        Returns:
            A tensor; of a cohort a float.

        Raises:
            MetricError: A cohort of unequal lengths, or NaN.
        """
        if len(getattr(y_true, "shape", None) or np.shape(y_true)) == 1:
            return self.negative_log_likelihood(y_true, y_pred, sample_weight)
        y_true = ops.cast(y_true, "float32")
        if sample_weight is None:
            sample_weight = ops.ones_like(y_true[:, 0])
        sample_weight = ops.reshape(ops.cast(sample_weight, "float32"), (-1,))  # (batch,)
        # `call` gets no weights from Keras, and a risk set needs them: they travel as a column.
        labels = ops.concatenate([y_true[:, :_COLUMNS], sample_weight[:, None]], axis=1)
        return super().__call__(labels, y_pred, sample_weight)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One loss a patient; a third column of y_true is the patient's weight."""
        y_true, y_pred = ops.cast(y_true, "float32"), ops.cast(y_pred, "float32")
        known = y_true.shape[-1] > _COLUMNS
        weight = y_true[:, _COLUMNS] if known else ops.ones_like(y_true[:, 0])
        return self.per_patient(y_true[:, :_COLUMNS], y_pred, weight)

    def per_patient(self, y_true: Any, y_pred: Any, weight: Any) -> Any:
        """One loss a patient, not yet weighted.

        Args:
            y_true: (batch, 2) time and event.
            y_pred: (batch, outputs).
            weight: (batch,) 0 for a missing label.

        Returns:
            (batch,).
        """
        raise NotImplementedError

    def negative_log_likelihood(self, time: Any, event: Any, prediction: Any) -> float:
        """Negative log likelihood of a cohort: a sum over its patients.

        Args:
            time: (patients,) time to event or censoring.
            event: (patients,) 1 where the event was seen, else 0.
            prediction: (patients,) or (patients, outputs): log hazards of Cox, hazard logits of
                the intervals of a logistic hazard.

        Returns:
            One number.

        Raises:
            MetricError: Different lengths, or NaN.
        """
        moment, seen, values = (np.asarray(v, np.float64) for v in (time, event, prediction))
        if not len(moment) == len(seen) == len(values):
            raise MetricError(
                "METRIC_LENGTH",
                "times, events and predictions are not of the same patients",
                expected=f"{len(moment)} of each",
                found=f"{len(seen)} events, {len(values)} predictions",
            )
        truth = np.column_stack([moment, seen])
        if not (np.isfinite(truth).all() and np.isfinite(values).all()):
            raise MetricError("METRIC_NOT_FINITE", "times, events or predictions hold NaN")
        values = self._centred(values.reshape(len(truth), -1)).astype(np.float32)
        terms = self.call(truth.astype(np.float32), values)
        return float(np.asarray(ops.convert_to_numpy(terms), np.float64).sum())

    def _centred(self, values: Any) -> Any:
        """Predictions, in float64, as near to 0 as the likelihood allows."""
        return values
