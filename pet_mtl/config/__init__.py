"""Frozen configurations: one dataclass a part, read from one TOML file, dumped into plan.json.

An unknown key is an error that names the nearest known one. `--set section.key=value` on the
command line overrides the file.
"""

import dataclasses
import difflib
import json
import tomllib
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pet_mtl.config.augment import AugmentConfig
from pet_mtl.config.losses import LossConfig
from pet_mtl.config.model import ModelConfig
from pet_mtl.config.stage import OutputConfig, StageConfig
from pet_mtl.errors import ConfigError

__all__ = [
    "AugmentConfig",
    "LossConfig",
    "ModelConfig",
    "StageConfig",
    "TrainConfig",
    "from_dict",
    "load_train_config",
    "to_dict",
]

T = TypeVar("T")


@dataclass(frozen=True)
class TrainConfig:
    """All that `train` can be told.

    Attributes:
        model: The network.
        augment: Random changes of the training data.
        loss: Weights of the losses.
        stage: The schedule.
        output: What is made of the network's outputs.
        seed: Seed of everything random.
        deterministic: Whether the same command gives bit-equal weights and predictions; slower.
    """

    model: ModelConfig = field(default_factory=ModelConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    stage: StageConfig = field(default_factory=StageConfig)
    output: OutputConfig = field(default_factory=OutputConfig)
    seed: int = 0
    deterministic: bool = False


def load_train_config(path: Path | None, overrides: typing.Sequence[str] = ()) -> TrainConfig:
    """Reads a TOML file and applies `key=value` overrides.

    Args:
        path: TOML file, or None for the defaults.
        overrides: Such as "stage.mask_steps=400"; values are TOML values, bare words strings.

    Returns:
        The configuration.

    Raises:
        ConfigError: Unknown key, wrong type, unreadable file.
    """
    tree = _read_toml(path) if path else {}
    for text in overrides:
        _override(tree, text)
    return from_dict(TrainConfig, tree)


def from_dict(kind: type[T], tree: dict[str, Any], prefix: str = "") -> T:
    """Builds a frozen configuration from plain data, strictly.

    Args:
        kind: The dataclass.
        tree: Names to values; nested dataclasses are nested dicts.
        prefix: Shown in front of keys in errors.

    Returns:
        The configuration; keys not given keep their defaults.

    Raises:
        ConfigError: Unknown key (with the nearest known one) or wrong type.
    """
    hints = typing.get_type_hints(kind)
    known = [f.name for f in dataclasses.fields(kind)]  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, value in tree.items():
        if key not in known:
            raise _unknown(prefix + key, [prefix + k for k in known])
        values[key] = _coerce(hints[key], value, prefix + key)
    return kind(**values)


def to_dict(config: Any) -> dict[str, Any]:
    """Plain data of a configuration; `from_dict` reads it back."""
    plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(config)))
    return plain


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            "CONFIG_UNREADABLE",
            f"the configuration cannot be read ({error})",
            todo="Give a TOML file; docs/configuration.md shows one",
            subject=path.name,
        ) from error


def _override(tree: dict[str, Any], text: str) -> None:
    key, sign, value = text.partition("=")
    if not sign or not key.strip():
        raise ConfigError(
            "CONFIG_OVERRIDE", "an override is not key=value", found=text, todo="Write --set a.b=1"
        )
    *path, last = key.strip().split(".")
    for part in path:
        tree = tree.setdefault(part, {})
        if not isinstance(tree, dict):
            raise ConfigError("CONFIG_OVERRIDE", f"{part} is a value, not a section", subject=key)
    try:
        tree[last] = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        tree[last] = value.strip()


def _unknown(key: str, known: list[str]) -> ConfigError:
    near = difflib.get_close_matches(key, known, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(known)}"
    return ConfigError("CONFIG_UNKNOWN_KEY", "unknown configuration key", found=key, todo=hint)


def _coerce(kind: Any, value: Any, key: str) -> Any:
    """Checks one value against its annotation; ints pass as floats, lists as tuples."""
    if dataclasses.is_dataclass(kind) and isinstance(kind, type) and isinstance(value, dict):
        return from_dict(kind, value, f"{key}.")
    origin = typing.get_origin(kind)
    if origin is tuple and isinstance(value, (list, tuple)):
        return _coerce_tuple(kind, value, key)
    if origin in (types.UnionType, typing.Union):
        if value is None:
            return None
        kind = next(a for a in typing.get_args(kind) if a is not type(None))
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if (
        isinstance(kind, type)
        and isinstance(value, kind)
        and (kind is bool) == (isinstance(value, bool))
    ):
        return value
    raise _mistyped(key, kind, value)


def _coerce_tuple(kind: Any, value: Any, key: str) -> tuple[Any, ...]:
    inner = typing.get_args(kind)
    if inner[-1] is Ellipsis:
        return tuple(_coerce(inner[0], v, key) for v in value)
    if len(inner) != len(value):
        raise ConfigError(
            "CONFIG_LENGTH", "wrong number of values", expected=str(len(inner)),
            found=str(len(value)), subject=key,
        )  # fmt: skip
    return tuple(_coerce(i, v, key) for i, v in zip(inner, value, strict=True))


def _mistyped(key: str, kind: Any, value: Any) -> ConfigError:
    return ConfigError(
        "CONFIG_TYPE",
        "wrong type of a configuration value",
        expected=getattr(kind, "__name__", str(kind)),
        found=f"{value!r}",
        subject=key,
    )
