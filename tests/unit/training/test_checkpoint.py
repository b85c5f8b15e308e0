"""A stage's state survives the way through its file."""

from pathlib import Path

import numpy as np

from pet_mtl.training.checkpoint import StageState


def test_round_trip(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.random((3, 2)), rng.random(5), np.array(7)]
    state = StageState(4, 0.25, 2, arrays, arrays[::-1], arrays[:1], [[1.0, 0.5, 0.4]])
    state.save(tmp_path / "mask.npz")
    loaded = StageState.load(tmp_path / "mask.npz")
    assert (loaded.epoch, loaded.best_loss, loaded.stale) == (4, 0.25, 2)
    assert loaded.history == [[1.0, 0.5, 0.4]]
    for name in ("weights", "best_weights", "optimizer"):
        before, after = getattr(state, name), getattr(loaded, name)
        assert len(before) == len(after)
        assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert list(tmp_path.iterdir()) == [tmp_path / "mask.npz"]


def test_an_empty_state_round_trips(tmp_path: Path) -> None:
    StageState().save(tmp_path / "s.npz")
    loaded = StageState.load(tmp_path / "s.npz")
    assert loaded.epoch == 0 and loaded.weights == [] and loaded.history == []
