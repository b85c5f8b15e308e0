"""Cross-entropy of the binary treatment response."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("pet_mtl")
class ResponseLoss(keras.losses.Loss):
    """Binary cross-entropy from logits, optionally with smoothed labels.

    | | shape | meaning |
    |---|---|---|
    | y_true | (batch, 1) | 0 or 1 |
    | y_pred | (batch, 1) | logit |
    | loss | (batch,) | 0 .. |

    Args:
        smoothing: Labels become smoothing / 2 and 1 - smoothing / 2.
    """

    def __init__(self, smoothing: float = 0.0, name: str = "response_loss", **kwargs: Any) -> None:
        kwargs.setdefault("reduction", "mean_with_sample_weight")
        super().__init__(name=name, **kwargs)
        self.smoothing = smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One loss a patient."""
        truth = ops.cast(y_true, y_pred.dtype) * (1.0 - self.smoothing) + self.smoothing / 2
        return ops.mean(ops.softplus(y_pred) - truth * y_pred, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {**super().get_config(), "smoothing": self.smoothing}
