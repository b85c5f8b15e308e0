"""Drawing overviews beside the model: in other processes, for matplotlib keeps a core busy."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import TracebackType

from pet_mtl.processes import cores, end_with_parent
from pet_mtl.writers.overview import Overview, write_overview


def drawing_processes(pictures: int) -> int:
    """How many processes pay off: none for a few pictures, else half of the cores.

    Args:
        pictures: Number of pictures to draw.

    Returns:
        Number of processes; 0 draws in the calling process.
    """
    return 0 if pictures < 4 else max(1, cores() // 2)


class PicturePool:
    """Draws overviews in other processes, or here where that cannot be.

    Args:
        processes: Number of processes; 0 draws in the calling process.
    """

    def __init__(self, processes: int) -> None:
        # spawn: a forked copy of a process that runs TensorFlow may hang.
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(processes, context, end_with_parent) if processes else None

    def __enter__(self) -> "PicturePool":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=kind is not None)

    def process_ids(self) -> tuple[int, ...]:
        """The drawing processes that have been started so far."""
        return tuple(self._pool._processes) if self._pool is not None else ()

    def draw(self, overview: Overview, path: Path) -> Callable[[], None]:
        """Starts drawing one picture.

        Args:
            overview: What to show.
            path: The PNG file.

        Returns:
            A function that waits until the file is there.
        """
        if self._pool is None:
            write_overview(overview, path)
            return lambda: None
        try:
            future = self._pool.submit(write_overview, overview, path)
        except BrokenProcessPool:
            return lambda: write_overview(overview, path)

        def wait() -> None:
            # A process may be killed for memory, or not start from a script without main guard.
            try:
                future.result()
            except BrokenProcessPool:
                write_overview(overview, path)

        return wait
