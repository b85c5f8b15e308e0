"""Cores, child processes that never outlive their parent, and work for one process at a time."""

import contextlib
import fcntl
import multiprocessing
import multiprocessing.connection
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from pet_mtl.errors import PetMtlError


def cores() -> int:
    """Cores this process may use; the machine may have more."""
    return len(os.sched_getaffinity(0))


def end_with_parent() -> None:
    """Ends this process when its parent is killed.

    To be called first in every child. A killed parent cannot end its children itself; they would
    wait for work forever, or go on writing where the next run writes, too.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_watch, args=(parent.sentinel,), daemon=True).start()


def _watch(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)


@contextlib.contextmanager
def only_one(lock: Path, busy: PetMtlError) -> Iterator[None]:
    """Holds a lock file; the lock goes with the process, however it ends.

    Args:
        lock: The file; made if absent, never removed.
        busy: Raised if another process holds it.

    Raises:
        PetMtlError: `busy`.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise busy from error
        yield
