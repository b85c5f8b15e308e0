import os
import signal

import numpy as np
import pytest

from pet_mtl.geometry import Grid
from pet_mtl.prediction.pictures import PicturePool, drawing_processes
from pet_mtl.writers.overview import Overview, overview_planes


@pytest.fixture
def overview():
    grid = Grid((6, 7, 8), (4.0, 4.0, 4.0), (0.0, 0.0, 0.0))
    suv = np.ones(grid.shape, np.float32)
    planes = overview_planes(suv, suv > 2, grid, grid.centre_mm, 20.0)
    return Overview("case", planes, (90.0,), (0.5,), ())


def drawn(path) -> bool:
    return path.read_bytes().startswith(b"\x89PNG")


def test_few_pictures_need_no_process():
    assert drawing_processes(3) == 0
    assert drawing_processes(100) >= 1


def test_picture_is_drawn_here(overview, tmp_path):
    with PicturePool(0) as pool:
        pool.draw(overview, tmp_path / "a.png")()
    assert drawn(tmp_path / "a.png")


def test_picture_is_drawn_even_if_its_process_is_killed(overview, tmp_path):
    with PicturePool(1) as pool:
        pool.draw(overview, tmp_path / "a.png")()
        assert drawn(tmp_path / "a.png")
        (pid,) = pool.process_ids()
        assert pid != os.getpid()
        os.kill(pid, signal.SIGKILL)
        waits = [pool.draw(overview, tmp_path / f"{n}.png") for n in range(3)]
        for wait in waits:
            wait()
    assert all(drawn(tmp_path / f"{n}.png") for n in range(3))
