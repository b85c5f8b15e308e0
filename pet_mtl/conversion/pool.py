"""Work on all cores, in order, with bounded memory, and without orphans."""

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import TypeVar

from pet_mtl.errors import DatasetError
from pet_mtl.processes import end_with_parent

T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 2


class Workers:
    """Worker processes, started when first needed and ended with the context.

    Args:
        jobs: Processes; 1 works in this process.
    """

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def map(self, work: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
        """Results in the order of the tasks; at most twice as many in flight as workers.

        Args:
            work: A function of a module (workers import it).
            tasks: What to do; taken one by one.

        Yields:
            One result a task.

        Raises:
            DatasetError: A worker died (killed, or out of memory).
        """
        if self._jobs <= 1:
            yield from map(work, tasks)
            return
        try:
            yield from _window(self._started(), work, tasks, _AHEAD * self._jobs)
        except BrokenProcessPool as error:
            raise DatasetError(
                "CONVERT_WORKER_LOST",
                "a worker process was ended from outside, most often for lack of memory",
                todo="Run the same command again, with a smaller --jobs: it goes on where it was",
            ) from error

    def _started(self) -> ProcessPoolExecutor:
        """The pool. A forked copy of TensorFlow's threads can hang; a spawned process cannot."""
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self._jobs, context, end_with_parent)
        return self._pool


def _window(
    pool: ProcessPoolExecutor, work: Callable[[T], R], tasks: Iterable[T], width: int
) -> Iterator[R]:
    """Keeps `width` tasks in flight."""
    waiting = iter(tasks)
    flying: deque[Future[R]] = deque(pool.submit(work, task) for task in islice(waiting, width))
    while flying:
        result = flying.popleft().result()
        flying.extend(pool.submit(work, task) for task in islice(waiting, 1))
        yield result
