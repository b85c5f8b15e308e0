"""The part of the network that one stage trains: its outputs, their losses, its optimiser."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from pet_mtl.config import LossConfig, StageConfig
from pet_mtl.losses.weighting import TaskWeighting
from pet_mtl.models import SEGMENTER, levels_of
from pet_mtl.training.objectives import task_losses

_WARM_UP = 0.1


@dataclass(frozen=True)
class StagePlan:
    """What one stage does.

    Attributes:
        name: Such as "mask" or "joint"; names its files, too.
        outputs: The model outputs that are trained.
        steps: Optimiser steps.
        rate: Peak learning rate; warm-up over a tenth, then a cosine to 0.
        frozen: Whether encoder and decoders keep their weights.
        masked: Whether only patients with a mask are read, if there are any.
        again: Whether it is begun anew, once, if it learned to outline nothing.
    """

    name: str
    outputs: tuple[str, ...]
    steps: int
    rate: float
    frozen: bool = False
    masked: bool = False
    again: bool = True


@dataclass(frozen=True)
class Tasks:
    """The losses of a stage, in one order.

    Attributes:
        losses: Output to its loss.
        weights: Output to its weight.
        kind: How they become one: "fixed", "uncertainty" or "gradient".
    """

    losses: Mapping[str, keras.losses.Loss]
    weights: Mapping[str, float]
    kind: str = "fixed"


class Part(keras.Model):
    """A functional model of some outputs, trained on the weighted sum of their losses.

    A task of which a batch has no label adds exactly 0, to the sum and to every gradient.
    """

    tasks: Tasks
    weighting: TaskWeighting

    def train_on(self, tasks: Tasks) -> None:
        """Says what the losses are; to be called once, before `compile`."""
        names = tuple(tasks.losses)
        priors = tuple(tasks.weights[name] for name in names)
        self.tasks = tasks
        self.weighting = TaskWeighting(names, priors, tasks.kind, name="weighting")
        self.weighting.build(None)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The sum to be minimised; the prior weights alone judge validation patients."""
        losses, present = self._each(y, y_pred, sample_weight, coarse=training)
        penalties = ops.sum(ops.stack(self.losses)) if self.losses else 0.0
        if training:
            return self.weighting.combine(losses, present) + penalties
        return sum(self.tasks.weights[name] * loss for name, loss in losses.items())

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step; balancing the gradients needs each task's own."""
        if self.weighting.kind == "gradient":
            self._observe(*data)
        results: dict[str, Any] = super().train_step(data)
        return results

    def _observe(self, inputs: Any, targets: Any, weights: Any) -> None:
        """Measures the norm of each task's gradient on the encoder, which all tasks share."""
        shared = [v.value for v in self.get_layer("encoder").trainable_variables]
        with tf.GradientTape(persistent=True) as tape:
            losses, present = self._each(targets, self(inputs, training=True), weights)
        norms = {}
        for name, loss in losses.items():
            slopes = tape.gradient(loss, shared, unconnected_gradients="zero")
            norms[name] = tf.linalg.global_norm(slopes)
        self.weighting.observe(norms, present)

    def _each(
        self, truth: Any, outputs: Any, weights: Any, coarse: bool = True
    ) -> tuple[dict[str, Any], ...]:
        """The loss of every task, with its coarser levels or not, and the sum of its weights."""
        losses = {}
        for name, loss in self.tasks.losses.items():
            levels = levels_of(name, outputs if coarse else ())
            losses[name] = sum(
                share * loss(truth[name], outputs[level], sample_weight=weights[name])
                for level, share in levels.items()
            )
        return losses, {name: ops.sum(weights[name]) for name in losses}


def make_part(
    model: keras.Model,
    plan: StagePlan,
    losses: LossConfig,
    schedule: StageConfig,
    class_weights: Sequence[float] | None = None,
) -> Part:
    """A model of the same layers with the stage's outputs alone, compiled.

    Args:
        model: The whole network; its layers are shared, not copied.
        plan: What the stage trains.
        losses: Kinds and weights of the losses, and how they become one.
        schedule: Rates, clipping, accumulation, averaging, precision.
        class_weights: Weights of the response's classes; None if they all count alike.

    Returns:
        The compiled part.
    """
    levels = [level for name in plan.outputs for level in levels_of(name, model.output)]
    part = Part(inputs=model.input, outputs={name: model.output[name] for name in levels})
    weights = {name: float(getattr(losses, name)) for name in plan.outputs}
    each = task_losses(model, plan.outputs, losses, class_weights)
    part.train_on(Tasks(each, weights, losses.weighting))
    # XLA makes 3-D convolutions about ten times slower on CPU.
    part.compile(optimizer=_optimizer(plan, schedule, part), jit_compile=False)
    # A graph that makes the optimiser's variables is traced a second time without.
    part.optimizer.build(part.trainable_variables)
    return part


def _optimizer(plan: StagePlan, schedule: StageConfig, part: Part) -> keras.optimizers.Optimizer:
    """AdamW with warm-up; it also clips, accumulates, averages and scales the loss."""
    # Keras counts batches, also those that only accumulate.
    batches = plan.steps * schedule.accumulate
    warm_up = max(1, round(batches * _WARM_UP))
    rate = keras.optimizers.schedules.CosineDecay(
        plan.rate * 0.02,
        decay_steps=max(1, batches - warm_up),
        warmup_target=plan.rate,
        warmup_steps=warm_up,
        alpha=0.01,
    )
    optimizer = keras.optimizers.AdamW(
        rate,
        weight_decay=schedule.weight_decay,
        global_clipnorm=schedule.clip_norm,
        use_ema=schedule.average > 0,
        ema_momentum=schedule.average or 0.99,
        gradient_accumulation_steps=schedule.accumulate if schedule.accumulate > 1 else None,
    )
    learned = part.weighting.trainable_variables
    if learned:
        optimizer.exclude_from_weight_decay(var_list=learned)
    if schedule.precision == "mixed_float16":
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


@contextmanager
def as_planned(model: keras.Model, plan: StagePlan, precision: str) -> Iterator[None]:
    """Encoder and decoders compute in another precision, or are frozen, while a stage runs.

    Layers that say float32 themselves, such as the logits, keep it, and so do pooling,
    statistics and heads: sums over volumes overflow in half precision.

    Args:
        model: The whole network.
        plan: The stage.
        precision: Name of a Keras dtype policy.
    """
    parts = _convolutional(model)
    changed = [layer for part in parts for layer in part.layers if not _fixed(layer, part)]
    for part in parts:
        part.trainable = not plan.frozen
    _set_policy(changed, precision)
    try:
        yield
    finally:
        _set_policy(changed, "float32")
        for part in parts:
            part.trainable = True


def _convolutional(model: keras.Model) -> list[keras.Model]:
    """Encoder and decoders: the models within the model, but for one that is never trained."""
    inner = [layer for layer in model.layers if isinstance(layer, keras.Model)]
    return [layer for layer in inner if layer.name != SEGMENTER]


def _fixed(layer: keras.layers.Layer, part: keras.Model) -> bool:
    """Whether a layer makes an output at full resolution, which is float32, or has no dtype."""
    made = [tensor._keras_history.operation for tensor in part.outputs]
    full = part.name.endswith("decoder") and layer in made
    return full or isinstance(layer, keras.layers.InputLayer)


def _set_policy(layers: Sequence[keras.layers.Layer], policy: str) -> None:
    for layer in layers:
        layer.dtype_policy = policy
