"""One stage: some outputs, some patients, so many steps, the best weights kept."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from pet_mtl.config import LossConfig, StageConfig
from pet_mtl.training.checkpoint import StageState
from pet_mtl.training.held_out import HELD_OUT_COLUMNS, HeldOut
from pet_mtl.training.part import Part, StagePlan, as_planned, make_part
from pet_mtl.training.progress import Report, StepReporter

HISTORY_COLUMNS = ("stage", "epoch", "loss", *HELD_OUT_COLUMNS)


@dataclass(frozen=True)
class StageData:
    """What a stage reads.

    Attributes:
        training: Endless batches of (inputs, targets, weights).
        validation: The inner validation patients, once; None if too few: the last weights count.
        resume: Gives the training batches without so many first ones, cheaper than by making
            them; None for none.
    """

    training: tf.data.Dataset
    validation: tf.data.Dataset | None
    resume: Callable[[int], tf.data.Dataset] | None = None

    def after(self, batches: int) -> tf.data.Dataset:
        """The training batches that follow so many."""
        if not batches:
            return self.training
        return self.resume(batches) if self.resume else self.training.skip(batches)


@dataclass(frozen=True)
class StageSettings:
    """What all stages of a fold share.

    Attributes:
        losses: Weights of the losses.
        schedule: Batch, patience, rates.
        folder: Where states and TensorBoard logs go.
        report: Called with one line a validation, and with the steps between.
        class_weights: Weights of the response's classes; None if they all count alike.
    """

    losses: LossConfig
    schedule: StageConfig
    folder: Path
    report: Report
    class_weights: tuple[float, ...] | None = None


def run_stage(
    model: keras.Model, plan: StagePlan, data: StageData, settings: StageSettings
) -> list[list[float]]:
    """Trains some outputs of the model and leaves it with its best weights.

    A killed stage goes on from its last validation, as if it had never been killed.

    Args:
        model: The whole network.
        plan: What to train.
        data: Batches.
        settings: What all stages share.

    Returns:
        History: rows of (epoch, training loss, validation loss, C-index, AUC), NaN where unknown.
    """
    schedule = settings.schedule
    with as_planned(model, plan, schedule.precision):
        part = make_part(model, plan, settings.losses, schedule, settings.class_weights)
        epochs = max(1, round(plan.steps / schedule.validate_every))
        keeper = _Keeper(part, plan, HeldOut(part, data.validation), settings)
        start = keeper.restore()
        every = schedule.validate_every * schedule.accumulate
        logs = settings.folder / "tensorboard" / plan.name
        board = keras.callbacks.TensorBoard(logs, write_graph=False)  # the graph takes seconds
        steps = StepReporter(plan.name, start * every, epochs * every, settings.report)
        if start < epochs and not keeper.exhausted and part.trainable_variables:
            part.fit(
                data.after(start * every),
                epochs=epochs,
                initial_epoch=start,
                steps_per_epoch=every,
                callbacks=[keeper, board, steps],
                shuffle=False,  # the pipeline shuffles
                verbose=0,
            )
        part.set_weights(keeper.state.best_weights)
    return keeper.state.history


def history_rows(history: Iterable[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Rows of metrics.csv; what is unknown is empty."""
    return [
        {
            name: "" if isinstance(value, float) and math.isnan(value) else value
            for name, value in zip(HISTORY_COLUMNS, row, strict=True)
        }
        for row in history
    ]


class _Keeper(keras.callbacks.Callback):
    """Validates, keeps the best weights, stops when nothing improves, and saves the state."""

    def __init__(
        self, part: Part, plan: StagePlan, held_out: HeldOut, settings: StageSettings
    ) -> None:
        super().__init__()
        self.part, self.plan, self.held_out = part, plan, held_out
        self.schedule, self.report = settings.schedule, settings.report
        self.path = settings.folder / f"{plan.name}.npz"
        self.state = StageState()

    @property
    def exhausted(self) -> bool:
        """Whether the stage had stopped early."""
        return self.state.stale >= self.schedule.patience

    def restore(self) -> int:
        """Takes up a saved state; gives the number of epochs already done."""
        if not self.path.exists():
            self.state.best_weights = self.part.get_weights()
            return 0
        self.state = StageState.load(self.path)
        self.part.set_weights(self.state.weights)
        optimizer = self.part.optimizer
        saved = [*self.state.optimizer, *self.state.random]
        for variable, value in zip([*optimizer.variables, *self._random()], saved, strict=True):
            variable.assign(value)
        return self.state.epoch

    def _random(self) -> list[keras.Variable]:
        """The states of random generators, such as those of dropout, which are no weights."""
        weights = {id(variable) for variable in self.part.weights}
        return [v for v in self.part.variables if id(v) not in weights]

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Validates; what TensorBoard is told afterwards includes it."""
        logs = {} if logs is None else logs
        state = self.state
        state.epoch = epoch + 1
        state.weights = self.part.get_weights()
        state.optimizer = [variable.numpy() for variable in self.part.optimizer.variables]
        state.random = [variable.numpy() for variable in self._random()]
        self.part.optimizer.finalize_variable_values(self.part.trainable_variables)
        numbers = self.held_out.judge()
        self._keep(numbers["val_loss"])
        self.part.set_weights(state.weights)  # undoes the averaging, if there was any
        state.history.append([state.epoch, float(logs["loss"]), *numbers.values()])
        state.save(self.path)
        logs.update({name: number for name, number in numbers.items() if math.isfinite(number)})
        self._tell(float(logs["loss"]), numbers)
        if self.exhausted:
            self.part.stop_training = True

    def _keep(self, held: float) -> None:
        """Keeps the weights if they are the best so far; without validation the last ones are."""
        state = self.state
        state.stale += 1
        if math.isnan(held) and self.held_out.absent:
            state.stale, state.best_weights = 0, self.part.get_weights()
        elif held < state.best_loss:
            state.best_loss, state.stale = held, 0
            state.best_weights = self.part.get_weights()

    def _tell(self, loss: float, numbers: dict[str, float]) -> None:
        """One line a validation."""
        epochs = max(1, round(self.plan.steps / self.schedule.validate_every))
        text = f"{self.plan.name} {self.state.epoch}/{epochs}: loss {loss:.4f}"
        for name, title in zip(HELD_OUT_COLUMNS, ("validation", "C", "AUC"), strict=True):
            if math.isfinite(numbers[name]):
                text += f", {title} {numbers[name]:.{4 if title == 'validation' else 2}f}"
        best = not self.held_out.absent and not self.state.stale
        self.report(text + (" (best)" if best else ""))
