"""One fold's model as a function of SUV alone: the lesion's outline is held fixed."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pet_mtl.config.model import OUTCOMES
from pet_mtl.models import classes_of
from pet_mtl.models.heads import CoxHead
from pet_mtl.sample import SCALES

Array = NDArray[np.float32]
# Outcome to its number at each point, (points,).
Values = dict[str, NDArray[np.float64]]
# Outcome to scale to what belongs to the cube, of one or all points.
Cubes = dict[str, dict[str, Any]]


class Member:
    """The outcomes of one fold's model, and their slopes.

    Risk and response read SUV in two ways: through the statistics and features, and through the
    mask that these are taken under. The heads carry no gradient into the mask, and its distances
    have none. So the mask is computed once, of the study itself, and fed in as a number: what
    remains is a function whose gradients are complete, of which completeness can be checked.

    `survival` is the risk, the log odds (of Cox: the log) of the hazard relative to the average
    training patient; `response` is the logit of class 1, or of several classes the log odds of one
    of them against all others.

    Args:
        model: From `pet_mtl.models.load_model`.
        response_class: Number of that class; the last one if None.
    """

    def __init__(self, model: keras.Model, response_class: int | None = None) -> None:
        last = classes_of(model) - 1
        self._place = last if response_class is None else response_class
        self.outcomes = tuple(name for name in OUTCOMES if name in model.output)
        self._names = list(model.input)
        outputs = {name: model.output[name] for name in self.outcomes}
        maps = _last_levels(model)
        self.learned = bool(maps)
        self._lesion = model.output.get("segmented", model.output.get("mask"))
        self._outline, given = None, [model.input[name] for name in self._names]
        if self._lesion is not None:
            self._outline = keras.Model(model.input, self._lesion)
            given = [*given, self._lesion]
        # Of a list, as names of a dict would have to be those of the tensors cut out.
        self._cut = keras.Model(given, {**outputs, **maps})
        self._survival = model.get_layer("survival") if "survival" in outputs else None
        self._graph_values = tf.function(self._values, jit_compile=False)
        self._graph_slopes = tf.function(self._slopes, jit_compile=False)
        self._graph_cam = tf.function(self._cam, jit_compile=False)

    def unit(self, outcome: str) -> str:
        """What an outcome is counted in."""
        if outcome == "response":
            return "log odds"
        return "log hazard" if isinstance(self._survival, CoxHead) else "log odds of the hazard"

    def fix(self, inputs: Mapping[str, Array]) -> dict[str, Any]:
        """What stays the same along the path from baseline to study.

        Args:
            inputs: The model's inputs of one study, (1, ...) each; more than it reads is ignored.

        Returns:
            The inputs other than SUV, and the logits of the lesion, (1, ...) each.
        """
        whole = {name: tf.constant(inputs[name]) for name in self._names}
        fixed = {name: value for name, value in whole.items() if name not in SCALES}
        if self._outline is not None:
            fixed["lesion"] = self._outline(whole, training=False)
        return fixed

    def values(self, suv: Mapping[str, Array], fixed: Mapping[str, Any]) -> Values:
        """The outcomes of some points.

        Args:
            suv: Scale to (points, size, size, size, 1) SUVbw.
            fixed: From `fix`.
        """
        found = self._graph_values(_tensors(suv), dict(fixed))
        return {name: value.numpy().astype(np.float64) for name, value in found.items()}

    def slopes(self, suv: Mapping[str, Array], fixed: Mapping[str, Any]) -> Cubes:
        """Gradient of every outcome with respect to SUV, at some points.

        Args:
            suv: Scale to (points, size, size, size, 1) SUVbw.
            fixed: From `fix`.

        Returns:
            Outcome to scale to (points, size, size, size), per SUV.
        """
        found = self._graph_slopes(_tensors(suv), dict(fixed))
        return {o: {s: v.numpy()[..., 0] for s, v in one.items()} for o, one in found.items()}

    def cam(self, suv: Mapping[str, Array], fixed: Mapping[str, Any]) -> Cubes:
        """Gradient times activation of the encoder's last level, summed over its channels.

        Args:
            suv: Scale to (1, size, size, size, 1) SUVbw.
            fixed: From `fix`.

        Returns:
            Outcome to scale to (cells, cells, cells).
        """
        found = self._graph_cam(_tensors(suv), dict(fixed))
        return {o: {s: v.numpy()[0] for s, v in one.items()} for o, one in found.items()}

    def _run(self, suv: dict[str, Any], fixed: dict[str, Any]) -> dict[str, Any]:
        """Outcomes (points,) and feature maps."""
        points = tf.shape(suv[SCALES[0]])[0]
        names = [*self._names, *(["lesion"] if "lesion" in fixed else [])]
        given = [suv[n] if n in suv else tf.repeat(fixed[n], points, axis=0) for n in names]
        outputs = self._cut(given, training=False)
        found = {name: value for name, value in outputs.items() if name in SCALES}
        if self._survival is not None:
            found["survival"] = self._survival.risk(outputs["survival"])
        if "response" in outputs:
            found["response"] = _log_odds(outputs["response"], self._place)
        return found

    def _values(self, suv: dict[str, Any], fixed: dict[str, Any]) -> dict[str, Any]:
        """The outcomes alone."""
        found = self._run(suv, fixed)
        return {name: found[name] for name in self.outcomes}

    def _slopes(self, suv: dict[str, Any], fixed: dict[str, Any]) -> dict[str, Any]:
        """Gradients with respect to SUV; 0 for a scale that is not read."""
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch(suv)
            found = self._run(suv, fixed)
        return {
            name: tape.gradient(found[name], suv, unconnected_gradients="zero")
            for name in self.outcomes
        }

    def _cam(self, suv: dict[str, Any], fixed: dict[str, Any]) -> dict[str, Any]:
        """Gradients with respect to the feature maps, times the maps."""
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch(suv)
            found = self._run(suv, fixed)
        maps = {name: found[name] for name in SCALES if name in found}
        cams = {}
        for name in self.outcomes:
            slopes = tape.gradient(found[name], maps, unconnected_gradients="zero")
            cams[name] = {s: tf.reduce_sum(slopes[s] * maps[s], axis=-1) for s in maps}
        return cams


def _log_odds(logits: Any, place: int) -> Any:
    """(points,) log odds of class 1; of more than two classes of the one at that place."""
    if logits.shape[-1] == 1:
        return logits[:, 0]
    others = tf.concat([logits[:, :place], logits[:, place + 1 :]], axis=-1)
    return logits[:, place] - tf.reduce_logsumexp(others, axis=-1)


def _tensors(suv: Mapping[str, Array]) -> dict[str, Any]:
    """As tensors, so that one graph serves all studies."""
    return {scale: tf.constant(cube, tf.float32) for scale, cube in suv.items()}


def _last_levels(model: keras.Model) -> dict[str, Any]:
    """Scale to the encoder's last feature map that the heads read; empty without any."""
    names = {layer.name for layer in model.layers}
    found = {}
    for scale in SCALES:
        levels = [name for name in names if name.startswith(f"{scale}_pool")]
        if levels:
            last = max(levels, key=lambda name: int(name.removeprefix(f"{scale}_pool")))
            found[scale] = model.get_layer(last).input[0]
    return found
