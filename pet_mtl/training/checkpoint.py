"""All that a stage needs to go on after it was killed, in one file that is whole or absent."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pet_mtl.files import atomic_path

Arrays = list[NDArray[Any]]

_LISTS = ("weights", "best_weights", "optimizer", "random")


@dataclass
class StageState:
    """Where a stage stands.

    Attributes:
        epoch: Epochs done.
        best_loss: Lowest validation loss so far.
        stale: Validations since then.
        weights: The model's weights.
        best_weights: Its weights at the lowest validation loss.
        optimizer: The optimiser's variables: moments, step, averaged weights, accumulated
            gradients, loss scale.
        history: (epochs, columns) training and validation numbers.
        random: States of random generators within the model.
    """

    epoch: int = 0
    best_loss: float = float("inf")
    stale: int = 0
    weights: Arrays = field(default_factory=list)
    best_weights: Arrays = field(default_factory=list)
    optimizer: Arrays = field(default_factory=list)
    history: list[list[float]] = field(default_factory=list)
    random: Arrays = field(default_factory=list)

    def save(self, path: Path) -> None:
        """Writes the state; no pickle, so that reading it can run no code."""
        lists = {
            f"{name}_{number}": array
            for name in _LISTS
            for number, array in enumerate(getattr(self, name))
        }
        numbers = np.array([self.epoch, self.best_loss, self.stale])
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            np.savez(file, numbers=numbers, history=np.array(self.history), **lists)

    @classmethod
    def load(cls, path: Path) -> "StageState":
        """Reads a state that `save` wrote."""
        with np.load(path, allow_pickle=False) as saved:
            lists: dict[str, Arrays] = {name: [] for name in _LISTS}
            for name, arrays in lists.items():
                count = sum(key.rpartition("_")[0] == name for key in saved.files)
                arrays.extend(saved[f"{name}_{number}"] for number in range(count))
            epoch, best_loss, stale = saved["numbers"]
            history = saved["history"].tolist()
            return cls(int(epoch), float(best_loss), int(stale), **lists, history=history)
