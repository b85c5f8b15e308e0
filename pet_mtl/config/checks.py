"""Checks that the configurations share."""

from collections.abc import Sequence
from typing import Any

from pet_mtl.errors import ConfigError


def check_range(config: Any, low: float, high: float, *names: str) -> None:
    """Every number of the named fields lies in [low, high].

    Raises:
        ConfigError: One does not.
    """
    for name in names:
        value = getattr(config, name)
        for number in value if isinstance(value, tuple) else (value,):
            if not low <= number <= high:
                raise ConfigError(
                    "CONFIG_RANGE",
                    f"the value of {name} is out of range",
                    expected=f"{low:g} to {high:g}",
                    found=f"{number:g}",
                )


def check_choice(config: Any, name: str, known: Sequence[str]) -> None:
    """The named field is one of the known words, or a tuple of some of them, none twice.

    Raises:
        ConfigError: It is not.
    """
    value = getattr(config, name)
    several = isinstance(value, tuple)
    chosen = value if several else (value,)
    if chosen and set(chosen) <= set(known) and len(set(chosen)) == len(chosen):
        return
    raise ConfigError(
        "CONFIG_CHOICE",
        f"the value of {name} is not among the known ones",
        expected=f"{'one or more, each once,' if several else 'one'} of {', '.join(known)}",
        found=", ".join(chosen) or "nothing",
        todo="docs/configuration.md says what each does",
    )
