"""A memory of past patients, so that batches of a few 3-D volumes have risk sets worth the name."""

from typing import Any

import keras
from keras import ops

from pet_mtl.losses.cox import cox_terms

_COLUMNS = ("time", "event", "log_hazard", "weight")


@keras.saving.register_keras_serializable("pet_mtl")
class RiskSetMemory(keras.layers.Layer):
    """Cox's loss of a batch among the last patients seen.

    | | shape | meaning |
    |---|---|---|
    | labels | (batch, 2) | time, event |
    | log_hazard | (batch, 1) | prediction of the patients of this step |
    | weight | (batch,) | 0 for a missing label; None for none missing |
    | loss | scalar | mean over patients of the batch and of the memory |

    The partial likelihood is that of batch and memory together; what the memory holds is detached
    and gets no gradient. The gradient is scaled so that a patient of the batch is pulled as
    strongly as by the likelihood of the whole pool: events of the memory, too, push down who was
    still at risk at their time. A batch without a label has loss and gradient exactly 0.

    The state is one untrained variable, so that it is saved with a model and works with
    `stateless_call`. A step is `memory(labels, log_hazard, weight, training=True)`, which remembers
    the batch afterwards; without `training` nothing changes.

    Args:
        capacity: Patients kept; less than the training patients, or everybody meets an older self.
        ties: As in `CoxPartialLikelihood`.

    Source:
        Memory of detached predictions: He et al. 2020, doi:10.1109/CVPR42600.2020.00975.
    """

    def __init__(self, capacity: int, ties: str = "efron", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.capacity, self.ties = capacity, ties
        # Rows of weight 0 are empty; the oldest come first.
        self.rows = self.add_weight(
            name="rows", shape=(capacity, len(_COLUMNS)), initializer="zeros", trainable=False
        )

    def build(self, input_shape: Any) -> None:
        """Nothing depends on the input."""
        self.built = True

    def call(self, labels: Any, log_hazard: Any, weight: Any = None, training: bool = False) -> Any:
        """The loss; remembers the batch in training."""
        fresh = _rows_of(labels, log_hazard, weight)  # (batch, 4)
        pool = ops.concatenate([ops.stop_gradient(ops.convert_to_tensor(self.rows)), fresh])
        time, event, eta, known = (pool[:, k] for k in range(len(_COLUMNS)))
        terms = cox_terms(time, event, eta, known)[self.ties]
        labelled, current = ops.sum(known), ops.sum(fresh[:, 3])
        mean = ops.sum(known * terms) / ops.maximum(labelled, 1.0)
        scaled = mean * labelled / ops.maximum(current, 1.0)
        value = scaled + ops.stop_gradient(mean - scaled)
        if training:
            self.rows.assign(_newest(ops.stop_gradient(pool), self.capacity))
        return ops.where(current > 0, value, ops.zeros_like(value))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {**super().get_config(), "capacity": self.capacity, "ties": self.ties}


def _rows_of(labels: Any, log_hazard: Any, weight: Any) -> Any:
    """(batch, 4) float32; a patient of weight 0 is all zeros, whatever was predicted."""
    labels = ops.cast(labels, "float32")
    eta = ops.reshape(ops.cast(log_hazard, "float32"), (-1, 1))
    known = ops.ones_like(eta) if weight is None else ops.cast(weight, "float32")
    known = ops.reshape(known, (-1, 1))
    rows = ops.concatenate([labels, eta, known], axis=1)
    return ops.where(known > 0, rows, ops.zeros_like(rows))


def _newest(pool: Any, capacity: int) -> Any:
    """The last patients with a label; empty rows go first."""
    count = ops.shape(pool)[0]
    place = ops.arange(count)
    # Distinct keys, as the order of equal ones is left to the backend.
    key = place + count * ops.cast(pool[:, 3] > 0, place.dtype)
    return ops.take(pool, ops.argsort(key)[-capacity:], axis=0)
