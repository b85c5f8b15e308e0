"""The trained model beside the distance of a patient's features from the training patients'."""

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf

from pet_mtl.layers import Novelty
from pet_mtl.models import FEATURES

NOVELTY = "novelty"
# From fewer patients even a shrunk covariance says nothing.
_FEWEST = 10


def with_novelty(model: keras.Model, batches: tf.data.Dataset) -> keras.Model:
    """Adds the output `novelty`; all others, and the layers, stay as they are.

    Mean and covariance (shrunk as Ledoit and Wolf say, since features are not much fewer than
    patients) are of what the outcome heads read.

    Args:
        model: From `build_model`, trained.
        batches: The training patients, unchanged, as (inputs, targets, weights).

    Returns:
        A model of the same layers with one more; the given one where it has no outcome heads, or
        fewer than 10 patients.

    Source:
        Ledoit, Wolf 2004, J Multivariate Anal 88, 365-411, doi:10.1016/S0047-259X(03)00096-4.
    """
    if not any(layer.name == FEATURES for layer in model.layers):
        return model
    features = _features(model, batches)
    if len(features) < _FEWEST or not features.std(axis=0).any():
        return model
    fitted = LedoitWolf().fit(features)
    layer = Novelty(name=NOVELTY)
    distance = layer(model.get_layer(FEATURES).output)
    layer.store(fitted.location_, fitted.covariance_)
    return keras.Model(model.input, {**model.output, NOVELTY: distance}, name=model.name)


def _features(model: keras.Model, batches: tf.data.Dataset) -> NDArray[np.float64]:
    """What the heads read, of all patients: (patients, features)."""
    probe = keras.Model(model.input, model.get_layer(FEATURES).output)
    call = tf.function(probe, reduce_retracing=True)
    rows = [call(inputs, training=False).numpy() for inputs, _, _ in batches]
    return np.concatenate(rows).astype(np.float64)
