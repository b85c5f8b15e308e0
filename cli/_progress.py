"""Progress on standard error: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

_SECONDS_BETWEEN_LINES = 5.0


@contextmanager
def progress(total: int, label: str) -> Iterator[Callable[[], None]]:
    """Shows how much of a known number of things is done.

    Args:
        total: Number of things, >= 0; nothing is shown for 0.
        label: What is being done, such as "reading studies".

    Yields:
        A function to call after each thing.
    """
    if total < 1:
        yield lambda: None
    elif sys.stderr.isatty():
        with _bar() as bar:
            task = bar.add_task(label, total=total)
            yield lambda: bar.advance(task)
    else:
        yield _Lines(total, label).advance


@contextmanager
def reports() -> Iterator[Callable[[Any], None]]:
    """Shows what a training tells: lines, and on a terminal each fold's current stage below them.

    Yields:
        A function to call with a line, or with `pet_mtl.training.progress.Steps`.
    """
    if not sys.stderr.isatty():
        yield lambda message: click.echo(message, err=True) if isinstance(message, str) else None
        return
    with _bar() as bar:
        stages: dict[str, tuple[TaskID, str]] = {}  # fold to its bar and what that shows

        def report(message: Any) -> None:
            if isinstance(message, str):
                bar.console.print(message, markup=False, highlight=False)
                return
            fold = message.label.rpartition(" ")[0]
            task, shown = stages.get(fold) or (
                bar.add_task(message.label, total=message.total),
                message.label,
            )
            if shown != message.label:
                bar.reset(task)
            stages[fold] = (task, message.label)
            told = {"description": message.label, "total": message.total}
            bar.update(task, completed=message.done, **told)

        yield report


def _bar() -> Progress:
    """A bar with count and remaining time."""
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    return Progress(*columns, console=Console(stderr=True))


class _Lines:
    """A line every few seconds, and one at the end."""

    def __init__(self, total: int, label: str) -> None:
        self._total, self._label, self._done = total, label, 0
        self._shown_at = time.monotonic()

    def advance(self) -> None:
        """Counts one thing."""
        self._done += 1
        now = time.monotonic()
        if self._done == self._total or now - self._shown_at >= _SECONDS_BETWEEN_LINES:
            self._shown_at = now
            click.echo(f"{self._label}: {self._done} of {self._total}", err=True)
