"""A second try for a mask stage that ended in the empty mask.

From few patients some initial weights lead to a decoder that outlines nothing and learns nothing
more, at any rate. That is seen from the training patients alone, and mended by other weights.
"""

import dataclasses
from typing import Any

import keras
import tensorflow as tf

from pet_mtl.training.part import StagePlan
from pet_mtl.training.stage import StageData, StageSettings, run_stage

_SLOWER = 0.5
_BATCHES = 3


def run_stage_safely(
    model: keras.Model, plan: StagePlan, data: StageData, settings: StageSettings
) -> list[tuple[Any, ...]]:
    """Runs a stage; once more, from other weights and slower, if it learned to outline nothing.

    Args:
        model: The whole network.
        plan: What to train.
        data: Batches.
        settings: What all stages share.

    Returns:
        History: rows of (stage, epoch, training loss, validation loss, C-index, AUC).
    """
    rows = [(plan.name, *row) for row in run_stage(model, plan, data, settings)]
    if "mask" not in plan.outputs or not plan.again or outlines_something(model, data.training):
        return rows
    settings.report(f"{plan.name}: nothing is outlined; begun anew from other weights")
    begin_anew(model)
    again = dataclasses.replace(plan, name=f"{plan.name}_again", rate=plan.rate * _SLOWER)
    rows += [(again.name, *row) for row in run_stage(model, again, data, settings)]
    if not outlines_something(model, data.training):
        settings.report(
            f"{plan.name}: still nothing is outlined; the outcomes rest on the whole cubes"
        )
    return rows


def begin_anew(model: keras.Model) -> None:
    """Gives the model other weights; what is frozen keeps its own.

    Args:
        model: The whole network.
    """
    kept = {layer: layer.get_weights() for layer in model.layers if not layer.trainable}
    model.set_weights(keras.models.clone_model(model).get_weights())
    for layer, weights in kept.items():
        layer.set_weights(weights)


def outlines_something(model: keras.Model, training: tf.data.Dataset) -> bool:
    """Whether the mask is not empty for at least half of some outlined training patients.

    Args:
        model: The whole network.
        training: Batches of (inputs, targets, weights).

    Returns:
        True also if no patient of these batches is outlined: then there is nothing to learn.
    """
    part = keras.Model(model.input, model.output["mask"])
    found, outlined = 0.0, 0.0
    for inputs, _, weights in training.take(_BATCHES):
        logits = part(inputs, training=False)[..., 0]  # (batch, z, y, x), the fine cube
        marked = tf.cast(tf.reduce_any(logits > 0, axis=(1, 2, 3)), tf.float32)
        known = tf.cast(weights["mask"] > 0, tf.float32)
        found += float(tf.reduce_sum(marked * known))
        outlined += float(tf.reduce_sum(known))
    return outlined == 0 or found >= outlined / 2
