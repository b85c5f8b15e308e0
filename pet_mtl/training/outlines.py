"""Whose lesion the network outlines: who scales, axes and heads can be fitted to.

Statistics of an empty mask are far from those of any lesion. A few such patients, whose lesion lies
outside a cube that was cut at a guess, would set every scale, turn every axis, and fill every risk
set of a Cox baseline.
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pet_mtl.layers import LesionRadiomics, RegionWeights, SurroundingsRadiomics
from pet_mtl.training.heads import FEWEST_LABELS

Bools = NDArray[np.bool_]


def mask_read(model: keras.Model) -> str:
    """The output whose mask the outcome heads read under; "" where they read under none."""
    under = any(
        isinstance(layer, LesionRadiomics | SurroundingsRadiomics)
        or (isinstance(layer, RegionWeights) and layer.regions != ("all",))
        for layer in model.layers
    )
    return next((n for n in ("segmented", "mask") if under and n in model.output), "")


def outlined(logits: Any) -> Any:
    """(patients,) whether a mask, logits (patients, z, y, x, scales), is not empty in the first."""
    return tf.reduce_any(logits[..., 0] > 0, axis=(1, 2, 3))


def enough(rows: Any) -> Bools:
    """Who is fitted to: patients with an outline, or everyone where too few have one.

    Args:
        rows: (patients,) who has an outline.

    Returns:
        (patients,).
    """
    known: Bools = np.asarray(rows) > 0
    return known if known.sum() >= FEWEST_LABELS else np.ones_like(known)
