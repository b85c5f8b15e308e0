"""One stage: some outputs, some patients, so many steps, the best weights kept."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from pet_mtl.config import LossConfig, StageConfig
from pet_mtl.losses import LogisticHazard, MaskLoss, ReconstructionLoss, ResponseLoss
from pet_mtl.models import loss_shares, task_of
from pet_mtl.training.checkpoint import StageState
from pet_mtl.training.progress import Report, StepReporter


@dataclass(frozen=True)
class StagePlan:
    """What one stage does.

    Attributes:
        name: "mask" or "joint".
        outputs: The model outputs that are trained.
        steps: Optimiser steps.
        rate: Peak learning rate; warm-up over a tenth, then a cosine to 0.
    """

    name: str
    outputs: tuple[str, ...]
    steps: int
    rate: float


@dataclass(frozen=True)
class StageData:
    """What a stage reads.

    Attributes:
        training: Endless batches of (inputs, targets, weights).
        validation: The inner validation patients, once; None if too few: the last weights count.
    """

    training: tf.data.Dataset
    validation: tf.data.Dataset | None


@dataclass(frozen=True)
class StageSettings:
    """What all stages of a fold share.

    Attributes:
        losses: Weights of the losses.
        schedule: Batch, patience, rates.
        folder: Where states and TensorBoard logs go.
        report: Called with one line a validation, and with the steps between.
    """

    losses: LossConfig
    schedule: StageConfig
    folder: Path
    report: Report


def run_stage(
    model: keras.Model, plan: StagePlan, data: StageData, settings: StageSettings
) -> list[list[float]]:
    """Trains some outputs of the model and leaves it with its best weights.

    A killed stage goes on from its last validation.

    Args:
        model: The whole network.
        plan: What to train.
        data: Batches.
        settings: What all stages share.

    Returns:
        History: rows of (epoch, training loss, validation loss).
    """
    schedule = settings.schedule
    part = _part(model, plan, settings.losses, schedule)
    epochs = max(1, round(plan.steps / schedule.validate_every))
    keeper = _Keeper(part, plan, epochs, settings)
    start = keeper.restore()
    board = keras.callbacks.TensorBoard(settings.folder / "tensorboard" / plan.name)
    every = schedule.validate_every
    steps = StepReporter(plan.name, start * every, epochs * every, settings.report)
    if start < epochs and not keeper.exhausted:
        part.fit(
            data.training,
            validation_data=data.validation,
            epochs=epochs,
            initial_epoch=start,
            steps_per_epoch=every,
            callbacks=[keeper, board, steps],
            shuffle=False,  # the pipeline shuffles
            verbose=0,
        )
    part.set_weights(keeper.state.best_weights)
    return keeper.state.history


def _part(
    model: keras.Model, plan: StagePlan, losses: LossConfig, schedule: StageConfig
) -> keras.Model:
    """A model of the same layers with the stage's outputs alone, compiled."""
    part = keras.Model(model.input, {name: model.output[name] for name in plan.outputs})
    known: dict[str, Callable[[], keras.losses.Loss]] = {
        "mask": MaskLoss,
        "reconstruction": ReconstructionLoss,
        "survival": lambda: LogisticHazard(model.get_layer("survival").edges_days),
        "response": ResponseLoss,
    }
    shares = loss_shares(plan.outputs)
    rate = keras.optimizers.schedules.CosineDecay(
        plan.rate * 0.02,
        decay_steps=max(1, plan.steps * 9 // 10),
        warmup_target=plan.rate,
        warmup_steps=max(1, plan.steps // 10),
        alpha=0.01,
    )
    part.compile(
        keras.optimizers.AdamW(
            rate, weight_decay=schedule.weight_decay, global_clipnorm=schedule.clip_norm
        ),
        loss={name: known[task_of(name)]() for name in plan.outputs},
        loss_weights={n: share * getattr(losses, task_of(n)) for n, share in shares.items()},
        jit_compile=False,  # XLA makes 3-D convolutions about ten times slower on CPU
    )
    return part


class _Keeper(keras.callbacks.Callback):
    """Keeps the best weights, stops when nothing improves, and saves the state."""

    def __init__(
        self, part: keras.Model, plan: StagePlan, epochs: int, settings: StageSettings
    ) -> None:
        super().__init__()
        self.part, self.plan, self.epochs = part, plan, epochs
        self.patience, self.report = settings.schedule.patience, settings.report
        self.path = settings.folder / f"{plan.name}.npz"
        self.state = StageState()

    @property
    def exhausted(self) -> bool:
        """Whether the stage had stopped early."""
        return self.state.stale >= self.patience

    def restore(self) -> int:
        """Takes up a saved state; gives the number of epochs already done."""
        if self.path.exists():
            self.state = StageState.load(self.path)
            self.part.set_weights(self.state.weights)
            optimizer = self.part.optimizer
            optimizer.build(self.part.trainable_variables)
            for variable, value in zip(optimizer.variables, self.state.optimizer, strict=True):
                variable.assign(value)
        else:
            self.state.best_weights = self.part.get_weights()
        return self.state.epoch

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """After each validation."""
        logs = logs or {}
        loss = float(logs["loss"])
        held = float(logs["val_loss"]) if "val_loss" in logs else None
        state = self.state
        state.epoch = epoch + 1
        state.history.append([state.epoch, loss, float("nan") if held is None else held])
        state.weights = self.part.get_weights()
        state.stale += 1
        if held is None or held < state.best_loss:
            state.best_loss, state.stale, state.best_weights = held or 0.0, 0, state.weights
        state.optimizer = [variable.numpy() for variable in self.part.optimizer.variables]
        state.save(self.path)
        judged = "" if held is None else f", validation {held:.4f}"
        best = " (best)" if judged and not state.stale else ""
        self.report(f"{self.plan.name} {state.epoch}/{self.epochs}: loss {loss:.4f}{judged}{best}")
        if self.exhausted:
            self.part.stop_training = True
