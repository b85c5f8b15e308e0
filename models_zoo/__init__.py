"""The models that come with the package: `names()`, `card()`, `load()`, `verify()`.

None is shipped yet; the same functions serve any folder through `Zoo(path)`.
"""

from importlib import resources
from pathlib import Path
from typing import Any

from pet_mtl.export import Predictor
from pet_mtl.models_zoo.zoo import Zoo

__all__ = ["Zoo", "card", "load", "names", "verify"]


def _shipped() -> Zoo:
    return Zoo(Path(str(resources.files("pet_mtl.models_zoo"))))


def names() -> tuple[str, ...]:
    """The shipped models."""
    return _shipped().names()


def card(name: str) -> dict[str, Any]:
    """The card of a shipped model; see `Zoo.card`."""
    return _shipped().card(name)


def load(name: str) -> Predictor:
    """Loads a shipped model after checking its files; see `Zoo.load`."""
    return _shipped().load(name)


def verify(name: str) -> None:
    """Checks every file of a shipped model; see `Zoo.verify`."""
    _shipped().verify(name)
