"""What the heads of many arms read, and three plain statistics, in one pass over the patients."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pet_mtl.metrics import dice
from pet_mtl.training.features import group_names, labels_of
from pet_mtl.training.outlines import outlined

Floats = NDArray[np.float64]

_MASK = "segmented"


@dataclass
class Collected:
    """Patients in one order.

    Attributes:
        groups: Arm to group of features to (patients, columns), not standardised.
        labels: Outcomes, which are known, and who has an outline.
        statistics: (patients, 3): log volume in ml, mean and deviation of SUV under the
            predicted mask of the fine cube.
        dice: (patients,) overlap with the true mask of the fine cube, NaN where there is none.
    """

    groups: dict[str, dict[str, NDArray[Any]]]
    labels: dict[str, NDArray[Any]]
    statistics: Floats
    dice: Floats


class Collector:
    """Runs the segmenter once a patient, and what each arm makes of its mask.

    Args:
        models: Arm to its network, each with the frozen segmenter.
        segmenter: A model with the output `segmented`; its mask is that of all arms.
        voxel_mm: Voxel edge of the fine cube.
    """

    def __init__(
        self, models: Mapping[str, keras.Model], segmenter: keras.Model, voxel_mm: float
    ) -> None:
        self._probes = {key: _probe(model) for key, model in models.items()}
        self._names = tuple(segmenter.input)
        self._outline = keras.Model(segmenter.input, segmenter.output[_MASK])
        self._voxel_mm = voxel_mm
        self._call = tf.function(self._run, reduce_retracing=True)

    def collect(self, batches: tf.data.Dataset) -> Collected:
        """Everything that is read of some patients.

        Args:
            batches: Patients, unchanged, as (inputs, targets, weights).

        Returns:
            In the order of the batches.
        """
        found: dict[str, dict[str, list[Any]]] = {key: {} for key in self._probes}
        labels: dict[str, list[Any]] = {}
        plain: list[Floats] = []
        overlap: list[float] = []
        for inputs, targets, weights in batches:
            logits, groups = self._call(inputs)
            known = {"outlined": outlined(logits)}
            _append(labels, labels_of(inputs, targets, weights) | known)
            for key, values in groups.items():
                _append(found[key], values)
            cubes = (logits[..., 0], inputs["fine"][..., 0], targets["mask"], weights["mask"])
            for mask, suv, true, known in zip(*(cube.numpy() for cube in cubes), strict=True):
                region = _outlined(mask, true[..., 2] > 0.5)
                plain.append(three_statistics(suv[region], self._voxel_mm))
                overlap.append(dice(region, true[..., 0] > 0.5) if known else np.nan)
        groups_of = {key: _joined(values) for key, values in found.items()}
        return Collected(groups_of, _joined(labels), np.array(plain), np.array(overlap))

    def _run(self, inputs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Logits of the mask, and the groups of features of each arm."""
        logits = self._outline({name: inputs[name] for name in self._names}, training=False)
        given = {**inputs, _MASK: logits}
        return logits, {key: probe(given) for key, probe in self._probes.items()}


def three_statistics(suv: NDArray[Any], voxel_mm: float) -> Floats:
    """Log volume in ml, mean and deviation of SUV.

    Args:
        suv: (voxels,) SUV of the lesion, at least one.
        voxel_mm: Voxel edge.
    """
    return np.array([np.log(suv.size * voxel_mm**3 / 1000.0), suv.mean(), suv.std()], np.float64)


def _outlined(logits: NDArray[Any], valid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The predicted mask; its likeliest voxel where it is empty."""
    mask: NDArray[np.bool_] = (logits > 0) & valid
    if not mask.any():
        mask.flat[np.where(valid, logits, -np.inf).argmax()] = True
    return mask


@dataclass(frozen=True)
class _Probe:
    """From inputs, and the mask if the arm reads one, to what the standardisations read.

    Attributes:
        asked: Names of what is given to the network, in its order.
        network: From these to groups of features.
        given: Groups of features that are inputs themselves.
    """

    asked: tuple[str, ...]
    network: keras.Model | None
    given: tuple[str, ...]

    def __call__(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The groups."""
        found = {name: inputs[name] for name in self.given}
        if self.network is None:
            return found
        made = self.network([inputs[name] for name in self.asked], training=False)
        return found | dict(made)


def _probe(model: keras.Model) -> _Probe:
    """The part of an arm's network that lies between the mask and the heads."""
    names = group_names(model)
    groups = {name: model.get_layer(f"{name}_standard").input for name in names}
    # A network made from the middle of another does not find inputs that it only hands on.
    given = tuple(name for name in names if name in model.input)
    made = {name: group for name, group in groups.items() if name not in given}
    inputs = dict(model.input)
    if _MASK in model.output:
        inputs[_MASK] = model.output[_MASK]
    network = keras.Model(list(inputs.values()), made) if made else None
    return _Probe(tuple(inputs), network, given)


def _append(lists: dict[str, list[Any]], values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        lists.setdefault(name, []).append(value.numpy())


def _joined(lists: Mapping[str, list[Any]]) -> dict[str, NDArray[Any]]:
    return {name: np.concatenate(values) for name, values in lists.items()}
