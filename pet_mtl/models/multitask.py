"""The whole network: two cubes in; mask, reconstruction, survival and response out."""

import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import keras
from keras import layers, ops

from pet_mtl.classes import BINARY
from pet_mtl.config import ModelConfig
from pet_mtl.errors import ModelError
from pet_mtl.layers import (
    CtWindow,
    GroupReduction,
    LesionRadiomics,
    LogSuv,
    RadiomicsTarget,
    RegionPooling,
    RegionWeights,
    Standardize,
    SurroundingsRadiomics,
)
from pet_mtl.models.checks import check_network
from pet_mtl.models.decoder import build_mask_decoder, build_reconstruction_decoder
from pet_mtl.models.encoders import build_encoder
from pet_mtl.models.heads import SURVIVAL_HEADS, ResponseHead
from pet_mtl.models.segmenter import frozen, segmented
from pet_mtl.models.spec import ModelSpec
from pet_mtl.sample import SCALES

FEATURES = "outcome_features"
# Nearly all statistics go with volume and mean uptake; the other families say what is left.
_BASE = ("size", "mean")
# Computed features are of order 0.1 to 10 and carry the rounding of float32, about 1e-6.
_ROUNDING = 3e-3
_LEVEL = "mask_level"


def build_model(
    config: ModelConfig, spec: ModelSpec, segmenter: keras.Model | None = None
) -> keras.Model:
    """Builds the functional model.

    | | shape | meaning |
    |---|---|---|
    | input `fine`, `context` | (batch, size, size, size, 1) | raw SUVbw |
    | input `fine_ct`, `context_ct` | (batch, size, size, size, 2) | only with CT: HU, 1 if known |
    | input `clinical`, `clinical_known` | (batch, covariates) | only with covariates |
    | output `mask` | (batch, size, size, size, 2) | logits, last axis (fine, context) |
    | output `reconstruction` | (batch, size, size, size, 2) | log(1 + SUV), likewise |
    | output `survival` | (batch, intervals) | logits of the hazards |
    | the same, with `cox` | (batch, 1) | log hazard |
    | output `response` | (batch, 1) | logit of class 1 |
    | the same, of three or more classes | (batch, classes) | logits |
    | output `segmented` | (batch, size, size, size, 2) | only with a segmenter: its logits |
    | output `radiomics` | (batch, columns) | only with that task: errors |
    | output `mask_level<k>` | (batch, size, size, size, 2) | only with deep supervision: logits |

    Args:
        config: The network's switches.
        spec: What the data fix.
        segmenter: A trained model of this package. A frozen copy of its mask path becomes part of
            the new one, and its mask is read wherever a mask is.

    Returns:
        The model; its outputs are a dict with one entry for each of `config.tasks`.

    Raises:
        ConfigError: The cube cannot be halved often enough, the switches exclude each other, or
            the segmenter does not fit.
    """
    check_network(config, spec, segmenter is not None)
    size = spec.plan.size
    cubes = {scale: keras.Input((size,) * 3 + (1,), name=scale) for scale in SCALES}
    ct, clinical = _ct_inputs(spec), _clinical_inputs(config, spec)
    images = _images(config, cubes, ct)
    levels, outputs = _pixel_tasks(config, size, images)
    if segmenter is not None:
        outputs["segmented"] = segmented(frozen(segmenter, size, spec.ct), cubes, ct)
    probability = _probability(config, outputs)
    pooled = _pooled_features(config, spec, cubes, levels, probability)
    statistics = _statistics(config, spec, cubes, probability)
    if "radiomics" in config.tasks:
        target = RadiomicsTarget(name="radiomics_target")
        outputs["radiomics"] = target([_joined(list(pooled.values())), statistics[0]])
    if config.outcomes:
        features = _features(config, pooled, statistics, clinical)
        dropped = layers.Dropout(config.dropout, name="dropout")(features)
        if "survival" in config.outcomes:
            survival = SURVIVAL_HEADS[config.survival](spec.edges_days, name="survival")
            outputs["survival"] = survival(dropped)
        if "response" in config.outcomes:
            outputs["response"] = ResponseHead(spec.classes, name="response")(dropped)
    return keras.Model({**cubes, **ct, **clinical}, outputs, name="pet_mtl")


def load_model(path: Path) -> keras.Model:
    """Loads a `.keras` file of a run, in Keras's safe mode.

    Args:
        path: Such as RUN/fold_0/best.keras.

    Returns:
        The model, as `build_model` made it and training left it.

    Raises:
        ModelError: No such file, or one that is no model of this package.
    """
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
        raise ModelError(
            "MODEL_UNREADABLE",
            f"the model cannot be loaded ({type(error).__name__})",
            expected="a .keras file that `pet-mtl train` wrote",
            todo="Train anew, or restore the file",
            subject=path.name,
        ) from error


def levels_of(task: str, outputs: Iterable[str]) -> dict[str, float]:
    """The outputs that a task is trained on, and the share of each in its loss.

    With deep supervision the mask's coarser levels are trained on the mask, too; their weights
    halve with their resolution, 1, 1/2, 1/4, ..., and are made to sum to 1.

    Args:
        task: Such as "mask".
        outputs: Names of a model's outputs.
    """
    levels = sorted(name for name in outputs if name.startswith(_LEVEL))
    names = [task, *levels] if task == "mask" else [task]
    total = sum(0.5**k for k in range(len(names)))
    return {name: 0.5**k / total for k, name in enumerate(names)}


def edges_of(model: keras.Model) -> tuple[float, ...]:
    """Right ends of a model's survival intervals in days; empty without that task."""
    return model.get_layer("survival").edges_days if "survival" in model.output else ()


def classes_of(model: keras.Model) -> int:
    """Number of classes of a model's response; 2 without that task."""
    return model.get_layer("response").classes if "response" in model.output else BINARY


def _clinical_inputs(config: ModelConfig, spec: ModelSpec) -> dict[str, Any]:
    """The optional clinical inputs: values, and which of them are known."""
    if not (spec.covariates and config.outcomes):
        return {}
    shape = (len(spec.covariates),)
    return {name: keras.Input(shape, name=name) for name in ("clinical", "clinical_known")}


def _ct_inputs(spec: ModelSpec) -> dict[str, Any]:
    """The optional CT of both cubes: Hounsfield units, and where they are known."""
    shape = (spec.plan.size,) * 3 + (2,)
    return {n: keras.Input(shape, name=n) for n in (f"{s}_ct" for s in SCALES)} if spec.ct else {}


def _images(config: ModelConfig, cubes: Any, ct: Any) -> dict[str, Any]:
    """What the convolutions read of each scale."""
    log_suv = LogSuv(config.suv_clip, name="log_suv")
    images = {scale: log_suv(cube) for scale, cube in cubes.items()}
    if not ct:
        return images
    window = CtWindow(config.ct_window, name="ct_window")
    return {
        scale: layers.Concatenate(name=f"{scale}_channels")([image, window(ct[f"{scale}_ct"])])
        for scale, image in images.items()
    }


def _pixel_tasks(config: ModelConfig, size: int, images: Any) -> tuple[Any, dict[str, Any]]:
    """The encoder's levels of each scale, and the outputs of mask and reconstruction."""
    pixels = [task for task in ("mask", "reconstruction") if task in config.tasks]
    if not (pixels or config.learned or "radiomics" in config.tasks):
        return {}, {}
    channels = images[SCALES[0]].shape[-1]
    encoder = build_encoder(config, size, channels)
    scales = SCALES if pixels else config.outcome_scales
    levels = {scale: encoder(images[scale]) for scale in scales}
    outputs = {}
    if "mask" in pixels:
        decoder = build_mask_decoder(config, size, channels)
        logits = [decoder([*levels[scale], images[scale]]) for scale in SCALES]
        if config.deep_supervision:
            for k, pair in enumerate(list(zip(*logits, strict=True))[1:], start=1):
                name = f"{_LEVEL}{k}"
                outputs[name] = layers.Concatenate(name=name)(list(pair))
            logits = [one[0] for one in logits]
        outputs["mask"] = layers.Concatenate(name="mask")(logits)
    if "reconstruction" in pixels:
        rebuild = build_reconstruction_decoder(config, size)
        both = [rebuild(levels[scale][-1]) for scale in SCALES]
        outputs["reconstruction"] = layers.Concatenate(name="reconstruction")(both)
    return levels, outputs


def _probability(config: ModelConfig, outputs: dict[str, Any]) -> dict[str, Any]:
    """The lesion's probability at each scale that the outcome heads read."""
    if not config.reads_mask:
        return {}
    # The outcome must not bend the outline: no gradient flows from the heads into the mask.
    logits = outputs["segmented"] if "segmented" in outputs else outputs["mask"]
    probability = ops.stop_gradient(ops.sigmoid(logits))  # (batch, z, y, x, 2)
    place = {scale: SCALES.index(scale) for scale in config.outcome_scales}
    return {scale: probability[..., k : k + 1] for scale, k in place.items()}


def _pooled_features(
    config: ModelConfig, spec: ModelSpec, cubes: Any, levels: Any, probability: Any
) -> dict[str, Any]:
    """Learned features of each scale, pooled from all levels."""
    groups: dict[str, Any] = {}
    wanted = "radiomics" in config.tasks or (config.learned and config.outcomes)
    for scale in config.outcome_scales if wanted else ():
        spacing = spec.plan.spacing_mm(scale)
        regions = RegionWeights(spacing, config.ring_mm, config.pool, name=f"{scale}_regions")
        weights = regions(probability.get(scale, cubes[scale]))
        groups[f"learned_{scale}"] = layers.Concatenate(name=f"pooled_{scale}")(
            [
                RegionPooling(config.pool_statistics, name=f"{scale}_pool{k}")([level, weights])
                for k, level in enumerate(levels[scale], start=1)
            ]
        )
    return groups


def _statistics(
    config: ModelConfig, spec: ModelSpec, cubes: Any, probability: Any
) -> tuple[Any, dict[str, int]]:
    """Statistics under the mask, of all scales, and how many each family has."""
    wanted = "radiomics" in config.tasks or (config.radiomics and config.outcomes)
    columns: list[Any] = []
    groups: dict[str, int] = {}
    for scale in config.outcome_scales if wanted else ():
        spacing, name = spec.plan.spacing_mm(scale), f"{scale}_radiomics"
        layer = (
            LesionRadiomics(spacing, "ring" in config.pool, name=name)
            if scale == "fine"
            else SurroundingsRadiomics(spacing, name=name)
        )
        columns.append(layer([cubes[scale], probability[scale]]))
        groups |= {family: len(names) for family, names in layer.groups.items()}
    return _joined(columns, "radiomics"), groups


def _joined(parts: Sequence[Any], name: str | None = None) -> Any:
    """One tensor of several, if there are several."""
    return layers.Concatenate(name=name)(parts) if len(parts) > 1 else next(iter(parts), None)


def _reduced(config: ModelConfig, statistics: tuple[Any, dict[str, int]]) -> Any:
    """The statistics standardised, and reduced by family."""
    joined, groups = statistics
    standard = Standardize(floor=_ROUNDING, name="radiomics_standard")(joined)
    base = tuple(family for family in _BASE if family in groups)
    reduction = GroupReduction(groups, config.radiomics_dims, base, name="radiomics_reduction")
    return reduction(standard)


def _features(config: ModelConfig, pooled: Any, statistics: Any, clinical: dict[str, Any]) -> Any:
    """Joins what the heads read: reduced learned features and statistics, and the covariates."""
    parts = []
    for name, group in pooled.items() if config.learned else ():
        standard = Standardize(floor=_ROUNDING, name=f"{name}_standard")(group)
        groups = {name: group.shape[-1]}
        parts.append(GroupReduction(groups, config.embedding, name=f"{name}_reduction")(standard))
    if config.radiomics:
        parts.append(_reduced(config, statistics))
    if clinical:
        values = Standardize(name="clinical_standard")(clinical["clinical"])
        parts.append(layers.Multiply(name="clinical_masked")([values, clinical["clinical_known"]]))
        if config.clinical_missing:
            missing = 1.0 - clinical["clinical_known"]
            parts.append(Standardize(name="clinical_missing_standard")(missing))
    return layers.Identity(name=FEATURES)(_joined(parts))
