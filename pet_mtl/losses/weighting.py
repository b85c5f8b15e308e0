"""How the losses of several tasks become one.

`TaskWeighting` is what a training step calls: `combine(losses, present)`. The maths are the pure
functions below it. A task of which a batch has no label has no say in that step: neither its
weight nor that of the others moves by it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from pet_mtl.errors import ConfigError

WEIGHTINGS = ("fixed", "uncertainty", "gradient")
_SLOWNESS = 0.9
_TINY = 1e-12
# exp(10) to exp(-10): a loss that vanishes must not take all weight.
_LIMIT = 10.0


@keras.saving.register_keras_serializable("pet_mtl")
class TaskWeighting(keras.layers.Layer):
    """The weighted sum of task losses, by a fixed, learned or balanced rule.

    - "fixed": sum of prior * loss.
    - "uncertainty": sum of exp(-s) * loss + s / 2 with one learned log variance s a task, which
      starts at -log(prior). `trainable_variables` holds s: give it to the optimiser, whose state
      is saved with it, and keep weight decay off it.
    - "gradient": sum of prior * mean norm / norm * loss, the norm being that of the task's
      gradient on what all tasks share (the encoder's last level, or its weights), as a running
      mean: call `observe(norms)` in the step before `combine`.

    | | shape |
    |---|---|
    | losses, present, norms | dict of scalars, one a task |
    | output | scalar |

    Args:
        names: The tasks, in a fixed order.
        priors: Their weights, > 0; as many.
        kind: "fixed", "uncertainty" or "gradient".

    Raises:
        ConfigError: An unknown kind, or a weight that is not above 0 where it must be.

    Source:
        Kendall et al. 2018, doi:10.1109/CVPR.2018.00781 (eq. 10, with a factor 1 on every loss);
        Chen et al. 2018, GradNorm, arXiv:1711.02257 (its aim of equal gradient norms, reached
        in closed form instead of by a further loss).
    """

    def __init__(
        self, names: Sequence[str], priors: Sequence[float], kind: str = "fixed", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.names, self.kind = tuple(names), kind
        self.priors = tuple(float(prior) for prior in priors)
        _check(self.kind, self.priors, len(self.names))
        count = (len(self.names),)
        if kind == "uncertainty":
            start = -np.log(np.asarray(self.priors, np.float32))
            self.log_variances = self.add_weight(
                name="log_variances", shape=count, initializer=_Values(start)
            )
        if kind == "gradient":
            # Norm and how much of it is known yet, as the mean starts from nothing.
            self.norms = self.add_weight(
                name="norms", shape=(2, *count), initializer="zeros", trainable=False
            )

    def build(self, input_shape: Any) -> None:
        """Nothing depends on the input."""
        self.built = True

    def call(self, losses: Mapping[str, Any], present: Mapping[str, Any] | None = None) -> Any:
        """As `combine`."""
        return self.combine(losses, present)

    def combine(self, losses: Mapping[str, Any], present: Mapping[str, Any] | None = None) -> Any:
        """One loss from several.

        Args:
            losses: Scalars of all tasks; 0 for a task of which the batch has no label.
            present: Scalars, above 0 where the batch has the label, such as the sum of a task's
                sample weights; None if it has all.

        Returns:
            A scalar, to be differentiated by the model's and by `trainable_variables`.
        """
        values = self._stacked(losses)
        known = ops.ones_like(values) if present is None else self._stacked(present)
        known = ops.cast(known > 0, "float32")
        if self.kind == "uncertainty":
            return uncertainty_total(values, self.log_variances, known)
        return ops.sum(known * self.weights_now() * values)

    def observe(self, norms: Mapping[str, Any], present: Mapping[str, Any] | None = None) -> None:
        """Takes the gradient norms of a step; does nothing unless the kind is "gradient".

        Args:
            norms: Norm of each task's unweighted gradient on the shared weights or features.
            present: As in `combine`.
        """
        if self.kind != "gradient":
            return
        fresh = ops.stop_gradient(self._stacked(norms))
        known = ops.ones_like(fresh) if present is None else self._stacked(present)
        # A norm of 0 is that of a head whose slopes still are 0: no reason to blow it up.
        known = ops.cast(ops.logical_and(known > 0, fresh > 0), "float32")
        self.norms.assign(running_mean(ops.convert_to_tensor(self.norms), fresh, known))

    def weights_now(self) -> Any:
        """(tasks,) the weight on each loss at this moment."""
        priors = ops.convert_to_tensor(np.asarray(self.priors, np.float32))
        if self.kind == "uncertainty":
            return ops.exp(-ops.clip(ops.convert_to_tensor(self.log_variances), -_LIMIT, _LIMIT))
        if self.kind == "gradient":
            return priors * balance(ops.convert_to_tensor(self.norms))
        return priors

    def _stacked(self, values: Mapping[str, Any]) -> Any:
        """(tasks,) float32, in the order of the names."""
        return ops.stack([ops.cast(values[name], "float32") for name in self.names])

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        own = {"names": list(self.names), "priors": list(self.priors), "kind": self.kind}
        return {**super().get_config(), **own}


def uncertainty_total(losses: Any, log_variances: Any, present: Any) -> Any:
    """Sum over the present tasks of exp(-s) loss + s / 2.

    Its minimum over s has exp(-s) = 1 / (2 loss): every task then counts by its relative change.

    Args:
        losses: (tasks,).
        log_variances: (tasks,) s; cut to -10..10.
        present: (tasks,) 1 or 0.

    Returns:
        A scalar; the gradient of the s of an absent task is 0.
    """
    s = ops.clip(ops.convert_to_tensor(log_variances), -_LIMIT, _LIMIT)
    return ops.sum(present * (ops.exp(-s) * losses + 0.5 * s))


def running_mean(state: Any, fresh: Any, present: Any) -> Any:
    """The next state of an exponential mean that starts from nothing.

    Args:
        state: (2, tasks) sums of values and of weights.
        fresh: (tasks,) new values.
        present: (tasks,) 1 where there is one; the others keep their state.

    Returns:
        (2, tasks).
    """
    new = _SLOWNESS * state + (1.0 - _SLOWNESS) * ops.stack([fresh, ops.ones_like(fresh)])
    return ops.where(present[None, :] > 0, new, state)


def balance(state: Any) -> Any:
    """Factors that make the gradient norms of all tasks equal, keeping their mean.

    Args:
        state: (2, tasks) from `running_mean`.

    Returns:
        (tasks,) mean norm / norm; 1 for a task whose norm is not known yet.
    """
    known = ops.cast(state[1] > 0, "float32")
    norm = state[0] / ops.maximum(state[1], _TINY)
    mean = ops.sum(known * norm) / ops.maximum(ops.sum(known), 1.0)
    factor = mean / ops.maximum(norm, _TINY)
    bound = float(np.exp(_LIMIT))
    return ops.where(known > 0, ops.clip(factor, 1.0 / bound, bound), ops.ones_like(factor))


def _check(kind: str, priors: Sequence[float], tasks: int) -> None:
    """The kind is known, and its priors fit.

    Raises:
        ConfigError: They do not.
    """
    if kind not in WEIGHTINGS:
        raise ConfigError(
            "LOSS_WEIGHTING",
            "unknown weighting of the tasks",
            expected=" or ".join(WEIGHTINGS),
            found=kind,
        )
    if len(priors) != tasks or (kind != "fixed" and min(priors) <= 0):
        raise ConfigError(
            "LOSS_PRIORS",
            "every task needs a weight above 0, from which its learned weight starts",
            expected=f"{tasks} weights above 0",
            found=", ".join(f"{prior:g}" for prior in priors),
            todo='Set loss.weighting = "fixed", or a weight above 0',
        )


class _Values(keras.initializers.Initializer):
    """Starts a variable at given values."""

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values, np.float32)

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The values."""
        return ops.convert_to_tensor(self.values, dtype=dtype)
