"""Pieces of work in processes of their own, so many side by side."""

import contextlib
import multiprocessing
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from typing import Any

from pet_mtl.errors import PetMtlError
from pet_mtl.processes import end_with_parent
from pet_mtl.training.progress import Report, Steps


@dataclass(frozen=True)
class Child:
    """What one process does.

    Attributes:
        label: Put in front of what it reports.
        does: Called there with the arguments and, last, where it reports; importable by name.
        arguments: Plain data.
        died: Raised if the process ends without a word.
    """

    label: str
    does: Callable[..., None]
    arguments: tuple[Any, ...]
    died: PetMtlError


def run_child(child: Child, report: Report) -> None:
    """Runs one, and waits for it: the memory of one never adds to the next.

    Args:
        child: The process.
        report: Called with its lines and steps.

    Raises:
        PetMtlError: What it raised, or that it died.
    """
    context = multiprocessing.get_context("spawn")
    reader, writer = context.Pipe(duplex=False)
    process = context.Process(target=_do, args=(child.does, child.arguments, writer))
    process.start()
    writer.close()  # so that the child's end of the pipe is the only one, and its death is seen
    failure: PetMtlError | None = child.died
    with contextlib.suppress(EOFError):
        while isinstance(message := reader.recv(), str | Steps):
            report(_labelled(child.label, message))
        failure = message
    process.join()
    if failure is not None:
        raise failure


def side_by_side(pieces: Iterable[Callable[[], None]], jobs: int) -> None:
    """Calls so many at a time; the first that fails is raised when those begun have ended.

    Args:
        pieces: What to call, each in a thread of its own.
        jobs: How many at a time.
    """
    with ThreadPoolExecutor(max_workers=jobs) as threads:
        waiting = [threads.submit(piece) for piece in pieces]
        failed = [future for future in as_completed(waiting) if _fails(future, waiting)]
    for future in failed[:1]:
        future.result()


def one_at_a_time(report: Report) -> Report:
    """The same report, for several threads."""
    lock = threading.Lock()

    def told(message: str | Steps) -> None:
        with lock:
            report(message)

    return told


def _do(does: Callable[..., None], arguments: tuple[Any, ...], writer: Any) -> None:
    """What the child process does; its last message is None, or why it failed."""
    end_with_parent()
    try:
        does(*arguments, writer.send)
        writer.send(None)
    except PetMtlError as error:
        writer.send(error)


def _labelled(label: str, message: str | Steps) -> str | Steps:
    """Says whose message it is."""
    if isinstance(message, str):
        return f"{label}: {message}"
    return replace(message, label=f"{label} {message.label}")


def _fails(future: Future[None], waiting: list[Future[None]]) -> bool:
    """Whether a piece failed; then those not yet begun are not begun."""
    failed = not future.cancelled() and future.exception() is not None
    for other in waiting if failed else ():
        other.cancel()
    return failed
