"""Features of the training patients, and what is fitted to them in closed form."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pet_mtl.classes import BINARY
from pet_mtl.config import LossConfig
from pet_mtl.layers import Standardize
from pet_mtl.losses import balanced_weights, interval_labels
from pet_mtl.models.heads import CoxHead
from pet_mtl.training.coupling import couple_heads
from pet_mtl.training.cox import CoxTask, fit_cox_head
from pet_mtl.training.heads import HeadTask, HeadWeights, fit_head
from pet_mtl.training.multinomial import ClassTask, fit_classes
from pet_mtl.training.outlines import enough, mask_read, outlined

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_MASK = "outline"
_GROUPS = ("learned_fine", "learned_context", "radiomics", "clinical", "clinical_missing")


@dataclass(frozen=True)
class HeadReport:
    """What the fit of the heads chose.

    Attributes:
        fitted: The heads that the model has, by task.
        inputs: (patients, features) what they read of the patients they were fitted to.
        correlations: Family of features to the correlation of both heads' slopes; empty if they
            were not fitted together.
        unread: Patients left out of the fit, since the network outlines nothing in their cube.
    """

    fitted: dict[str, HeadWeights]
    inputs: Floats
    correlations: dict[str, float] = field(default_factory=dict)
    unread: int = 0

    @property
    def features(self) -> int:
        """Number of features that each reads."""
        return self.inputs.shape[1]


def fit_outcomes(
    model: keras.Model, batches: tf.data.Dataset, losses: LossConfig, seed: int
) -> HeadReport:
    """Standardises and reduces the features, fits the heads.

    All of it sees training patients only.

    Args:
        model: The whole network; its untrained statistics and head weights are set.
        batches: All training patients, unchanged, as (inputs, targets, weights).
        losses: L2 penalties to try, ties, balance of the response.
        seed: Seed of the inner folds.

    Returns:
        What was chosen.
    """
    return fit_collected(model, *collect(model, batches), losses, seed)


def fit_collected(
    model: keras.Model,
    groups: dict[str, Any],
    labels: dict[str, Any],
    losses: LossConfig,
    seed: int,
) -> HeadReport:
    """Standardises and reduces what `collect` found, fits the heads.

    Args:
        model: The whole network; its untrained statistics and head weights are set.
        groups: Group to its (patients, columns), not standardised.
        labels: Outcomes and which are known, of the same patients.
        losses: L2 penalties to try, ties, balance of the response.
        seed: Seed of the inner folds.

    Returns:
        What was chosen.
    """
    rows = readable(labels)
    for name, values in groups.items():
        _fit_group(model, name, values[rows], labels, rows)
    features = head_inputs(model, groups, labels)[rows]
    labels = {name: values[rows] for name, values in labels.items()}
    fitted, correlations = _fit_heads(model, features, labels, losses, seed)
    for name, head in fitted.items():
        layer = model.get_layer(name)
        layer.slopes.assign(head.slopes if head.slopes.ndim == 2 else head.slopes[:, None])
        layer.baseline.assign(head.baseline)
    return HeadReport(fitted, features, correlations, int(np.count_nonzero(~rows)))


def _fit_heads(
    model: keras.Model, features: Floats, labels: dict[str, Any], losses: LossConfig, seed: int
) -> tuple[dict[str, HeadWeights], dict[str, float]]:
    """Fits the heads one by one and, where both are of the same kind, once more together.

    A response of several classes has slopes for each of them, so that there is no one vector that
    could go with that of the hazard: such heads stay as they were fitted one by one.
    """
    fitted: dict[str, HeadWeights] = {}
    tasks: dict[str, HeadTask] = {}
    # Each head has its own seed, whichever of them are there.
    if "survival" in model.output:
        layer = model.get_layer("survival")
        if isinstance(layer, CoxHead):
            fitted["survival"] = _fit_cox(layer, features, labels, losses, seed)
        else:
            tasks["survival"] = hazard_task(features, labels, layer.edges_days)
            fitted["survival"] = fit_head(tasks["survival"], losses.head_penalty, seed)
    if "response" in model.output and (classes := model.get_layer("response").classes) > BINARY:
        several = class_task(features, labels, classes, losses.balance_response)
        fitted["response"] = fit_classes(several, losses.head_penalty, seed + 1)
    elif "response" in model.output:
        tasks["response"] = response_task(features, labels, losses.balance_response)
        fitted["response"] = fit_head(tasks["response"], losses.head_penalty, seed + 1)
    if not (losses.couple_heads and len(tasks) == 2):
        return fitted, {}
    first, second = tasks
    pair = (tasks[first], tasks[second]), (fitted[first], fitted[second])
    coupled = couple_heads(*pair, families_of(model, features.shape[1]), losses.head_penalty)
    return fitted | dict(zip(tasks, coupled.heads, strict=True)), coupled.correlations


def families_of(model: keras.Model, features: int) -> dict[str, int]:
    """Family to its number of columns among the outcome heads' features, in their order."""
    families: dict[str, int] = {}
    for name in _GROUPS:
        if _has(model, f"{name}_reduction"):
            families |= model.get_layer(f"{name}_reduction").reduced
    rest = features - sum(families.values())
    return families | ({"clinical": rest} if rest else {})


def collect(model: keras.Model, batches: tf.data.Dataset) -> tuple[dict[str, Any], dict[str, Any]]:
    """Inputs of the group-wise standardisations, and the labels, of all patients.

    Args:
        model: The whole network.
        batches: Patients, unchanged, as (inputs, targets, weights).

    Returns:
        Group to (patients, columns); and `survival`, `response`, `has_survival`, `has_response`,
        with clinical inputs `known`, and of heads that read under a mask `outlined`.
    """
    names = group_names(model)
    wanted = {n: model.get_layer(f"{n}_standard").input for n in names}
    mask = mask_read(model)
    probe = keras.Model(model.input, wanted | ({_MASK: model.output[mask]} if mask else {}))

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def call(inputs: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        found = probe(inputs, training=False)
        known = {"outlined": outlined(found.pop(_MASK))} if mask else {}
        return found, known

    rows: dict[str, list[Any]] = {n: [] for n in names}
    labels: dict[str, list[Any]] = {}
    for inputs, targets, weights in batches:
        found, known = call(inputs)
        for name, value in found.items():
            rows[name].append(value.numpy())
        for name, value in (labels_of(inputs, targets, weights) | known).items():
            labels.setdefault(name, []).append(value.numpy())
    joined = {n: np.concatenate(v) for n, v in labels.items()}
    return {n: np.concatenate(v) for n, v in rows.items()}, joined


def readable(labels: dict[str, Any]) -> Bools:
    """Who is fitted to, of all patients.

    Args:
        labels: What `collect` found; a network that reads no mask tells nothing of outlines.

    Returns:
        (patients,).
    """
    return enough(labels.get("outlined", np.ones(len(labels["has_survival"]))))


def group_names(model: keras.Model) -> tuple[str, ...]:
    """The groups of features that a model's outcome heads read, in their order."""
    return tuple(name for name in _GROUPS if _has(model, f"{name}_standard"))


def labels_of(inputs: Any, targets: Any, weights: Any) -> dict[str, Any]:
    """What `collect` keeps of a batch's labels."""
    known = {"known": inputs["clinical_known"]} if "clinical_known" in inputs else {}
    kept = {n: targets[n] for n in ("survival", "response")}
    return kept | {f"has_{n}": weights[n] for n in kept} | known


def _has(model: keras.Model, name: str) -> bool:
    return any(layer.name == name for layer in model.layers)


def _fit_group(
    model: keras.Model, name: str, values: NDArray[Any], labels: dict[str, Any], rows: Bools
) -> None:
    """Fits one group's standardisation and its reduction."""
    standard: Standardize = model.get_layer(f"{name}_standard")
    if name == "clinical":
        standard.fit(values, labels["known"][rows])
        return
    standard.fit(values)
    if _has(model, f"{name}_reduction"):
        model.get_layer(f"{name}_reduction").fit(np.asarray(standard(values)))


def head_inputs(model: keras.Model, groups: dict[str, Any], labels: dict[str, Any]) -> Floats:
    """What the heads read, (patients, features), from the groups already computed.

    The layers are called on numbers: a second Keras model from the middle of the first one would
    add nodes to its graph, and it could no longer be saved.
    """
    parts = []
    for name in group_names(model):  # in the order of `families_of`, however they were collected
        part = model.get_layer(f"{name}_standard")(groups[name])
        if name == "clinical":
            part = part * labels["known"]
        elif _has(model, f"{name}_reduction"):
            part = model.get_layer(f"{name}_reduction")(part)
        parts.append(np.asarray(part))
    return np.concatenate(parts, axis=1).astype(np.float64)


def _fit_cox(
    layer: CoxHead, features: Floats, labels: dict[str, Any], losses: LossConfig, seed: int
) -> HeadWeights:
    """The Cox head and its baseline."""
    known = labels["has_survival"] > 0
    time, event = labels["survival"][known].T.astype(np.float64)
    task = CoxTask(features[known], time, event, layer.edges_days, losses.ties)
    return fit_cox_head(task, losses.head_penalty, seed)


def hazard_task(features: Floats, labels: dict[str, Any], edges: Sequence[float]) -> HeadTask:
    """One cell an interval of the discrete-time head."""
    known = labels["has_survival"] > 0
    time, event = (tf.constant(v, tf.float32) for v in labels["survival"][known].T)
    survived, hit = interval_labels(time, event, edges)
    hits = np.asarray(hit, np.float64)
    return HeadTask(features[known], hits, np.asarray(survived, np.float64) + hits)


def response_task(features: Floats, labels: dict[str, Any], balanced: bool) -> HeadTask:
    """One cell a patient, of equal weight or so that both classes count alike."""
    known = labels["has_response"] > 0
    hits = labels["response"][known].astype(np.float64)
    weight = np.ones_like(hits)
    if balanced:
        label = hits.astype(np.int64)
        weight = np.asarray(balanced_weights(label[:, 0]))[label]  # (patients, 1)
    return HeadTask(features[known], hits * weight, weight)


def class_task(features: Floats, labels: dict[str, Any], classes: int, balanced: bool) -> ClassTask:
    """One row a patient, of equal weight or so that all classes count alike."""
    known = labels["has_response"] > 0
    label = labels["response"][known][:, 0].astype(np.int64)  # (patients,)
    weight = np.asarray(balanced_weights(label, classes) if balanced else [1.0] * classes)
    return ClassTask(features[known], np.eye(classes)[label] * weight[label][:, None])
