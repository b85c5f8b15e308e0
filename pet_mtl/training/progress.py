"""What a training tells while it runs: lines for everybody, steps for a bar."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras

_SECONDS_BETWEEN = 0.5


@dataclass(frozen=True)
class Steps:
    """How far one stage is.

    Attributes:
        label: What is being trained, such as "fold 0 mask".
        done: Optimiser steps done.
        total: Optimiser steps in all; a stage may stop before.
    """

    label: str
    done: int
    total: int


# A line is worth keeping in a log; steps are worth showing only while they are news.
Report = Callable[[str | Steps], None]


class StepReporter(keras.callbacks.Callback):
    """Reports steps, at most twice a second.

    Args:
        label: The stage.
        done: Steps done before, by a killed run.
        total: Steps in all.
        report: Called with `Steps`.
    """

    def __init__(self, label: str, done: int, total: int, report: Report) -> None:
        super().__init__()
        self._label, self._done, self._total, self._report = label, done, total, report
        self._told_at = -_SECONDS_BETWEEN

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After each optimiser step."""
        self._done += 1
        now = time.monotonic()
        if self._done == self._total or now - self._told_at >= _SECONDS_BETWEEN:
            self._told_at = now
            self._report(Steps(self._label, self._done, self._total))
