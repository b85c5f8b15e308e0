"""The outcome heads: one risk on top of a baseline hazard, and one logit."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("pet_mtl")
class HazardHead(layers.Layer):
    """Hazard logits = baseline of each interval + one risk a patient.

    One risk for all intervals (proportional odds of the hazard) is all that a small cohort can
    bear, and orders patients the same at every time.

    | | shape |
    |---|---|
    | input: features | (batch, features) |
    | output | (batch, intervals) logits |

    Args:
        edges_days: Right ends of the time intervals, in days; kept with the model, so that its
            curves can be drawn wherever it is loaded.
    """

    def __init__(self, edges_days: Sequence[float], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.edges_days = tuple(float(edge) for edge in edges_days)
        self.intervals = len(self.edges_days)

    def build(self, input_shape: Any) -> None:
        """Makes baseline and slopes; slopes start at 0, so that the first risk is the mean."""
        self.slopes = self.add_weight(
            name="slopes", shape=(input_shape[-1], 1), initializer="zeros"
        )
        self.baseline = self.add_weight(
            name="baseline", shape=(self.intervals,), initializer=keras.initializers.Constant(-2.0)
        )
        super().build(input_shape)

    def call(self, features: Any) -> Any:
        """Hazard logits of every interval."""
        return ops.matmul(features, self.slopes) + self.baseline[None, :]

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, int]:
        """(batch, intervals)."""
        return (input_shape[0], self.intervals)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {**super().get_config(), "edges_days": list(self.edges_days)}


@keras.saving.register_keras_serializable("pet_mtl")
class ResponseHead(layers.Layer):
    """One logit a patient, linear in the features.

    | | shape |
    |---|---|
    | input: features | (batch, features) |
    | output | (batch, 1) logit |
    """

    def build(self, input_shape: Any) -> None:
        """Makes slopes and intercept, starting at 0."""
        self.slopes = self.add_weight(
            name="slopes", shape=(input_shape[-1], 1), initializer="zeros"
        )
        self.baseline = self.add_weight(name="baseline", shape=(1,), initializer="zeros")
        super().build(input_shape)

    def call(self, features: Any) -> Any:
        """The logit."""
        return ops.matmul(features, self.slopes) + self.baseline[None, :]

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, int]:
        """(batch, 1)."""
        return (input_shape[0], 1)
