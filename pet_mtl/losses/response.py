"""Cross-entropy of the treatment response."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

BINARY = 2


@keras.saving.register_keras_serializable("pet_mtl")
class ResponseLoss(keras.losses.Loss):
    """Cross-entropy from logits, of two or more classes.

    | | shape | meaning |
    |---|---|---|
    | y_true | (batch, 1) | class 0, 1, ... |
    | y_pred | (batch, 1) | logit of class 1, of two classes |
    | y_pred | (batch, classes) | logits, of three or more |
    | loss | (batch,) | 0 .. |

    Args:
        smoothing: Share of every label that is spread over all classes: of two, the labels
            become smoothing / 2 and 1 - smoothing / 2.
        class_weights: (classes,) weight of a patient of each class; None for 1. The mean still
            runs over the number of patients: `balanced_weights` keeps its size.
    """

    def __init__(
        self,
        smoothing: float = 0.0,
        class_weights: Sequence[float] | None = None,
        name: str = "response_loss",
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("reduction", "mean_with_sample_weight")
        super().__init__(name=name, **kwargs)
        self.smoothing = smoothing
        self.class_weights = None if class_weights is None else tuple(map(float, class_weights))

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One loss a patient."""
        if y_pred.shape[-1] == 1:
            truth = ops.cast(y_true, y_pred.dtype) * (1.0 - self.smoothing) + self.smoothing / 2
            loss = ops.mean(ops.softplus(y_pred) - truth * y_pred, axis=-1)
        else:
            classes = y_pred.shape[-1]
            label = ops.one_hot(ops.cast(y_true[:, 0], "int32"), classes)  # (batch, classes)
            truth = ops.cast(label, y_pred.dtype) * (1.0 - self.smoothing)
            truth = truth + self.smoothing / classes
            loss = -ops.sum(truth * ops.log_softmax(y_pred, axis=-1), axis=-1)
        if self.class_weights is None:
            return loss
        label = ops.one_hot(ops.cast(y_true[:, 0], "int32"), len(self.class_weights))
        weights = ops.convert_to_tensor(np.asarray(self.class_weights, np.float32))
        return loss * ops.sum(ops.cast(label, "float32") * weights[None, :], axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        weights = None if self.class_weights is None else list(self.class_weights)
        return {**super().get_config(), "smoothing": self.smoothing, "class_weights": weights}


def balanced_weights(
    labels: Sequence[int] | NDArray[np.int64], classes: int = BINARY
) -> tuple[float, ...]:
    """Weights that let all classes count alike, their mean over the patients being 1.

    Args:
        labels: (patients,) class 0, 1, ... of the training patients.
        classes: Number of classes.

    Returns:
        (classes,) patients / (classes present * patients of the class); 1 for a class that nobody
        has.

    >>> balanced_weights([0, 0, 0, 1])
    (0.6666666666666666, 2.0)
    """
    counts = np.bincount(np.asarray(labels, np.int64), minlength=classes)
    present = max(1, int(np.count_nonzero(counts)))
    return tuple(
        float(counts.sum() / (present * count)) if count else 1.0 for count in counts.tolist()
    )
