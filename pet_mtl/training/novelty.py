"""The trained model beside the distance of a patient's features from the training patients'."""

import keras
import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf

from pet_mtl.layers import Novelty
from pet_mtl.models import FEATURES

NOVELTY = "novelty"
# From fewer patients even a shrunk covariance says nothing.
_FEWEST = 10


def with_novelty(model: keras.Model, features: NDArray[np.float64]) -> keras.Model:
    """Adds the output `novelty`; all others, and the layers, stay as they are.

    Mean and covariance (shrunk as Ledoit and Wolf say, since features are not much fewer than
    patients) are of what the outcome heads read.

    Args:
        model: From `build_model`, trained.
        features: (patients, features) what the outcome heads read of the training patients.

    Returns:
        A model of the same layers with one more; the given one from fewer than 10 patients, or
        from features that tell none apart.

    Source:
        Ledoit, Wolf 2004, J Multivariate Anal 88, 365-411, doi:10.1016/S0047-259X(03)00096-4.
    """
    if len(features) < _FEWEST or not features.std(axis=0).any():
        return model
    fitted = LedoitWolf().fit(features)
    layer = Novelty(name=NOVELTY)
    distance = layer(model.get_layer(FEATURES).output)
    layer.store(fitted.location_, fitted.covariance_)
    return keras.Model(model.input, {**model.output, NOVELTY: distance}, name=model.name)
