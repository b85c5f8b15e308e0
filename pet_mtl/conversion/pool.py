"""Work on all cores, in order, with bounded memory, and without orphans."""

import multiprocessing
import multiprocessing.connection
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import TypeVar

from pet_mtl.errors import DatasetError

T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 2


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0))


def ordered_map(work: Callable[[T], R], tasks: Iterable[T], jobs: int) -> Iterator[R]:
    """Results in the order of the tasks; at most twice as many in flight as workers.

    Args:
        work: A function of a module (workers import it).
        tasks: What to do.
        jobs: Worker processes; 1 works in this process.

    Yields:
        One result a task.

    Raises:
        DatasetError: A worker died (killed, or out of memory).
    """
    if jobs <= 1:
        yield from map(work, tasks)
        return
    # A forked copy of a process with TensorFlow's threads can hang; a spawned one cannot.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_end_with_parent)
    try:
        yield from _window(pool, work, tasks, _AHEAD * jobs)
    except BrokenProcessPool as error:
        raise DatasetError(
            "CONVERT_WORKER_LOST",
            "a worker process was ended from outside, most often for lack of memory",
            todo="Run the same command again, with a smaller --jobs: it goes on where it stopped",
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


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


def _end_with_parent() -> None:
    """Ends this worker when its parent is killed; else it would wait for work forever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_watch, args=(parent.sentinel,), daemon=True).start()


def _watch(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)
