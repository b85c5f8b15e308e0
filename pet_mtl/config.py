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

from pet_mtl.errors import ConfigError

T = TypeVar("T")


def _check_range(config: Any, low: float, high: float, *names: str) -> None:
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


@dataclass(frozen=True)
class ModelConfig:
    """The network. What the paper leaves open is chosen here (docs/adr/0004-the-paper.md).

    Attributes:
        filters: Filters of each encoder level, finest first; the first level has stride 2.
        groups: Groups of the group normalisation (batches are too small for BatchNorm).
        use_context: Whether the context cube is read, too.
        reconstruction: Whether the reconstruction decoder is built.
        pooling: "lesion" pools over predicted lesion, ring and whole cube; "global" only the last.
        ring_mm: Inner and outer distance from the lesion's border of the peritumoural ring, mm.
        radiomics: Whether in-graph statistics of lesion and ring go to the outcome heads.
        clinical: Whether the dataset's covariates are inputs.
        embedding: Dimensions the pooled learned features are projected to, per scale.
        dropout: Dropout in front of the outcome heads.
        intervals: Number of time intervals of the discrete-time survival head.
        suv_clip: SUV above this is cut inside the model (hot spots, infiltrated injections).
        ct: Whether CT is read, too; the dataset must have it, a patient need not.
        ct_window: Lowest and highest Hounsfield units told apart.
    """

    filters: tuple[int, ...] = (8, 16, 32)
    groups: int = 4
    use_context: bool = True
    reconstruction: bool = True
    pooling: str = "lesion"
    ring_mm: tuple[float, float] = (0.0, 20.0)
    radiomics: bool = True
    clinical: bool = True
    embedding: int = 4
    dropout: float = 0.2
    intervals: int = 12
    suv_clip: float = 30.0
    ct: bool = False
    ct_window: tuple[float, float] = (-1000.0, 1000.0)

    def __post_init__(self) -> None:
        if not self.filters or self.ring_mm[0] >= self.ring_mm[1]:
            raise ConfigError(
                "CONFIG_RANGE",
                "model.filters needs a level, and model.ring_mm an inner below an outer distance",
                found=f"filters {self.filters}, ring_mm {self.ring_mm}",
            )
        _check_range(self, 1, 4096, "filters", "groups", "embedding")
        _check_range(self, 0, 200, "ring_mm")
        _check_range(self, 3, 200, "intervals")
        _check_range(self, 0, 0.95, "dropout")
        _check_range(self, 1, 1e4, "suv_clip")
        _check_range(self, -1024, 1e5, "ct_window")
        if self.ct_window[0] >= self.ct_window[1]:
            raise ConfigError(
                "CONFIG_RANGE",
                "model.ct_window needs a lower below an upper end",
                found=f"{self.ct_window[0]:g} to {self.ct_window[1]:g} HU",
            )


@dataclass(frozen=True)
class AugmentConfig:
    """Random changes that keep the meaning of SUV.

    Attributes:
        flip: Flip left-right, front-back and head-feet, each with probability 0.5.
        shift_voxels: Largest shift of both cubes, voxels along each axis.
        calibration: Standard deviation of the log of one factor on the whole study.
        noise: Standard deviation of added noise, relative to the square root of SUV.
        hide_ct: Probability to hide a patient's CT, so that the model also learns to do without.
        elsewhere: Probability that the mask stage shows, in place of a patient's context cube, one
            cut away from the lesion; 0 where masks leave out lesions that are there.
    """

    flip: bool = True
    shift_voxels: int = 4
    calibration: float = 0.03
    noise: float = 0.05
    hide_ct: float = 0.1
    elsewhere: float = 0.5

    def __post_init__(self) -> None:
        _check_range(self, 0, 64, "shift_voxels")
        _check_range(self, 0, 2, "calibration", "noise")
        _check_range(self, 0, 1, "hide_ct", "elsewhere")


@dataclass(frozen=True)
class LossConfig:
    """Weights of the four losses and of the penalties.

    Attributes:
        mask: Weight of Dice + cross-entropy.
        reconstruction: Weight of the reconstruction error of log(1 + SUV).
        survival: Weight of the logistic-hazard likelihood.
        response: Weight of the cross-entropy of the response.
        head_penalty: L2 penalties tried for the outcome heads; inner folds choose.
    """

    mask: float = 1.0
    reconstruction: float = 0.2
    survival: float = 0.3
    response: float = 0.3
    head_penalty: tuple[float, ...] = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)

    def __post_init__(self) -> None:
        _check_range(self, 0, 1e6, "mask", "reconstruction", "survival", "response")
        _check_range(self, 1e-9, 1e9, "head_penalty")
        if not self.head_penalty:
            raise ConfigError("CONFIG_RANGE", "loss.head_penalty needs at least one penalty")


@dataclass(frozen=True)
class StageConfig:
    """The schedule.

    Attributes:
        batch_size: Patients a step.
        mask_steps: Steps on mask and reconstruction, patients with masks only.
        mask_rate: Peak learning rate of those steps.
        joint_steps: Steps on all losses together, all patients.
        joint_rate: Peak learning rate of those steps.
        weight_decay: Decoupled weight decay.
        clip_norm: Largest global norm of the gradient.
        validate_every: Steps between validations.
        patience: Validations without improvement before a stage stops.
    """

    batch_size: int = 8
    mask_steps: int = 240
    mask_rate: float = 4e-3
    joint_steps: int = 120
    joint_rate: float = 1e-3
    weight_decay: float = 1e-4
    clip_norm: float = 5.0
    validate_every: int = 40
    patience: int = 5

    def __post_init__(self) -> None:
        _check_range(self, 1, 1e9, "batch_size", "mask_steps", "validate_every", "patience")
        _check_range(self, 0, 1e9, "joint_steps")
        _check_range(self, 1e-9, 10, "mask_rate", "joint_rate")
        _check_range(self, 1e-9, 1e9, "clip_norm")
        _check_range(self, 0, 1, "weight_decay")


@dataclass(frozen=True)
class TrainConfig:
    """All that `train` can be told.

    Attributes:
        model: The network.
        augment: Random changes of the training data.
        loss: Weights of the losses.
        stage: The schedule.
        seed: Seed of everything random.
    """

    model: ModelConfig = field(default_factory=ModelConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    stage: StageConfig = field(default_factory=StageConfig)
    seed: int = 0


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
