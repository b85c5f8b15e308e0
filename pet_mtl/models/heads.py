"""The outcome heads: one risk on top of a baseline hazard, and the logits of the response.

Both survival heads turn their output into a risk and a curve at `edges_days`, and know the loss
that trains them, so that nobody else needs to know which one a model has.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from pet_mtl.losses import CoxPartialLikelihood, LogisticHazard, survival_curve

_BINARY = 2
# Certain death on any baseline above 1e-9. An infinite hazard would make NaN of a baseline of 0.
_LARGEST_LOG_HAZARD = 30.0


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

    def risk(self, output: Any) -> Any:
        """(batch,) log odds of the hazard relative to the average training patient.

        Args:
            output: (batch, intervals) logits, from `call`.
        """
        # Above the baseline, a patient's logits are one and the same number in all intervals.
        return ops.mean(output - self.baseline, axis=-1)

    def curve(self, output: Any) -> Any:
        """(batch, intervals) probability to live beyond each edge.

        Args:
            output: (batch, intervals) logits, from `call`.
        """
        return survival_curve(output)

    def loss(self, ties: str) -> keras.losses.Loss:
        """The loss that trains the head; ties do not matter to it."""
        return LogisticHazard(self.edges_days)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, int]:
        """(batch, intervals)."""
        return (input_shape[0], self.intervals)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {**super().get_config(), "edges_days": list(self.edges_days)}


@keras.saving.register_keras_serializable("pet_mtl")
class CoxHead(layers.Layer):
    """One log hazard a patient, and the baseline that makes a curve of it.

    S(t) = exp(-H(t) exp(log hazard)), H being Breslow's cumulative baseline hazard. It is not
    trained but stored: `pet_mtl.training.cox` computes it from the training patients.

    | | shape |
    |---|---|
    | input: features | (batch, features) |
    | output | (batch, 1) log hazard relative to the average training patient |

    Args:
        edges_days: Days at which the baseline is kept, and the curves are given.

    Source:
        Breslow 1972, J R Stat Soc B 34 (1972) 216-217, in the discussion of Cox.
    """

    def __init__(self, edges_days: Sequence[float], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.edges_days = tuple(float(edge) for edge in edges_days)

    def build(self, input_shape: Any) -> None:
        """Makes the slopes, starting at 0, and the baseline: no hazard until it is stored."""
        self.slopes = self.add_weight(
            name="slopes", shape=(input_shape[-1], 1), initializer="zeros"
        )
        self.baseline = self.add_weight(
            name="baseline", shape=(len(self.edges_days),), initializer="zeros", trainable=False
        )
        super().build(input_shape)

    def call(self, features: Any) -> Any:
        """The log hazard."""
        return ops.matmul(features, self.slopes)

    def risk(self, output: Any) -> Any:
        """(batch,) log hazard relative to the average training patient.

        Args:
            output: (batch, 1), from `call`.
        """
        return output[:, 0]

    def curve(self, output: Any) -> Any:
        """(batch, edges) probability to live beyond each edge.

        Args:
            output: (batch, 1), from `call`.
        """
        hazard = ops.exp(ops.minimum(output, _LARGEST_LOG_HAZARD))  # (batch, 1)
        return ops.exp(-hazard * ops.convert_to_tensor(self.baseline)[None, :])

    def loss(self, ties: str) -> keras.losses.Loss:
        """The loss that trains the head."""
        return CoxPartialLikelihood(ties)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, int]:
        """(batch, 1)."""
        return (input_shape[0], 1)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {**super().get_config(), "edges_days": list(self.edges_days)}


SURVIVAL_HEADS: dict[str, Any] = {"logistic_hazard": HazardHead, "cox": CoxHead}


@keras.saving.register_keras_serializable("pet_mtl")
class ResponseHead(layers.Layer):
    """Logits of the response, linear in the features.

    | | shape |
    |---|---|
    | input: features | (batch, features) |
    | output, two classes | (batch, 1) logit of class 1 |
    | output, more | (batch, classes) logits |

    Args:
        classes: Number of classes, at least 2.
    """

    def __init__(self, classes: int = _BINARY, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.classes = classes
        self.outputs = 1 if classes == _BINARY else classes

    def build(self, input_shape: Any) -> None:
        """Makes slopes and intercepts, starting at 0."""
        self.slopes = self.add_weight(
            name="slopes", shape=(input_shape[-1], self.outputs), initializer="zeros"
        )
        self.baseline = self.add_weight(name="baseline", shape=(self.outputs,), initializer="zeros")
        super().build(input_shape)

    def call(self, features: Any) -> Any:
        """The logits."""
        return ops.matmul(features, self.slopes) + self.baseline[None, :]

    def probability(self, output: Any) -> Any:
        """(batch,) probability of class 1; of more than two classes (batch, classes).

        Args:
            output: From `call`.
        """
        return ops.sigmoid(output[:, 0]) if self.outputs == 1 else ops.softmax(output, axis=-1)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, int]:
        """(batch, 1) or (batch, classes)."""
        return (input_shape[0], self.outputs)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {**super().get_config(), "classes": self.classes}
