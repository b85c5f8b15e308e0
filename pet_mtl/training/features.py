"""Features of the training patients, and what is fitted to them in closed form."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pet_mtl.layers import Standardize
from pet_mtl.losses import interval_labels
from pet_mtl.models import edges_of
from pet_mtl.training.heads import HeadTask, HeadWeights, fit_head

Floats = NDArray[np.float64]

_GROUPS = (
    *("learned_fine", "radiomics_fine", "learned_context", "radiomics_context"),
    *("clinical", "clinical_missing"),
)


@dataclass(frozen=True)
class HeadReport:
    """What the fit of the heads chose.

    Attributes:
        fitted: The heads that the model has, by task.
        features: Number of features that each reads.
    """

    fitted: dict[str, HeadWeights]
    features: int


def fit_outcomes(
    model: keras.Model, batches: tf.data.Dataset, penalties: tuple[float, ...], seed: int
) -> HeadReport:
    """Standardises the pooled features, projects the learned ones, fits the heads.

    All of it sees training patients only. The learned features are projected on their principal
    components: hundreds of them would drown the few that matter.

    Args:
        model: The whole network; its untrained statistics and head weights are set.
        batches: All training patients, unchanged, as (inputs, targets, weights).
        penalties: L2 penalties to try.
        seed: Seed of the inner folds.

    Returns:
        What was chosen.
    """
    groups, labels = _collect(model, batches)
    for name, values in groups.items():
        _fit_group(model, name, values, labels)
    features = _features(model, groups, labels)
    tasks = {}
    if "survival" in model.output:
        tasks["survival"] = _survival_task(features, labels, edges_of(model))
    if "response" in model.output:
        tasks["response"] = _response_task(features, labels)
    # Each head has its own seed, whichever of them are there.
    seeds = {"survival": seed, "response": seed + 1}
    fitted = {name: fit_head(task, penalties, seeds[name]) for name, task in tasks.items()}
    for name, head in fitted.items():
        layer = model.get_layer(name)
        layer.slopes.assign(head.slopes[:, None])
        layer.baseline.assign(head.baseline)
    return HeadReport(fitted, features.shape[1])


def _collect(model: keras.Model, batches: tf.data.Dataset) -> tuple[dict[str, Any], dict[str, Any]]:
    """Inputs of the group-wise standardisations, and the labels, of all patients."""
    names = [n for n in _GROUPS if _has(model, f"{n}_standard")]
    probe = keras.Model(model.input, {n: model.get_layer(f"{n}_standard").input for n in names})
    call = tf.function(probe, reduce_retracing=True)
    rows: dict[str, list[Any]] = {n: [] for n in names}
    labels: dict[str, list[Any]] = {}
    for inputs, targets, weights in batches:
        for name, value in call(inputs, training=False).items():
            rows[name].append(value.numpy())
        known = {"known": inputs["clinical_known"]} if "clinical_known" in inputs else {}
        kept = {n: targets[n] for n in ("survival", "response")}
        kept |= {f"has_{n}": weights[n] for n in kept} | known
        for name, value in kept.items():
            labels.setdefault(name, []).append(value.numpy())
    joined = {n: np.concatenate(v) for n, v in labels.items()}
    return {n: np.concatenate(v) for n, v in rows.items()}, joined


def _has(model: keras.Model, name: str) -> bool:
    return any(layer.name == name for layer in model.layers)


def _fit_group(model: keras.Model, name: str, values: NDArray[Any], labels: dict[str, Any]) -> None:
    """Fits one group's standardisation and, for learned features, its projection."""
    standard: Standardize = model.get_layer(f"{name}_standard")
    if name == "clinical":
        standard.fit(values, labels["known"])
        return
    standard.fit(values)
    if not name.startswith("learned"):
        return
    scaled = np.asarray(standard(values))
    projection, embedding = (
        model.get_layer(f"{name}_projection"),
        model.get_layer(f"{name}_embedding"),
    )
    width = projection.kernel.shape[1]
    axes = np.linalg.svd(scaled - scaled.mean(axis=0), full_matrices=False)[2][:width]
    kernel = np.zeros(projection.kernel.shape, np.float32)
    # The sign of a principal axis is arbitrary; fix it, so that reruns agree.
    signs = np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])
    kernel[:, : len(axes)] = (axes * signs[:, None]).T
    projection.kernel.assign(kernel)
    embedding.fit(scaled @ kernel)


def _features(model: keras.Model, groups: dict[str, Any], labels: dict[str, Any]) -> Floats:
    """What the heads read, for all patients, from the groups already computed.

    The layers are called on numbers: a second Keras model from the middle of the first one would
    add nodes to its graph, and it could no longer be saved.
    """
    parts = []
    for name, values in groups.items():
        part = model.get_layer(f"{name}_standard")(values)
        if name.startswith("learned"):
            part = model.get_layer(f"{name}_projection")(part)
            part = model.get_layer(f"{name}_embedding")(part)
        if name == "clinical":
            part = part * labels["known"]
        parts.append(np.asarray(part))
    return np.concatenate(parts, axis=1).astype(np.float64)


def _survival_task(features: Floats, labels: dict[str, Any], edges: Sequence[float]) -> HeadTask:
    known = labels["has_survival"] > 0
    time, event = labels["survival"][known].T
    survived, hit = interval_labels(tf.constant(time), tf.constant(event), edges)
    hits = np.asarray(hit, np.float64)
    return HeadTask(features[known], hits, np.asarray(survived, np.float64) + hits)


def _response_task(features: Floats, labels: dict[str, Any]) -> HeadTask:
    known = labels["has_response"] > 0
    hits = labels["response"][known].astype(np.float64)
    return HeadTask(features[known], hits, np.ones_like(hits))
