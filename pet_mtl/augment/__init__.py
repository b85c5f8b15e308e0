"""Random changes of a decoded patient that keep the meaning of SUV.

Each operation is a frozen dataclass called with a patient and a stateless seed, so that a
pipeline prints itself and replays exactly. A patient is the dict of
`pet_mtl.tfrecords.dataset.load_samples`; cubes are (z, y, x, 1).
"""

import math
from typing import Any

import tensorflow as tf

from pet_mtl.augment.deform import Deform
from pet_mtl.augment.elsewhere import Elsewhere, without_elsewhere
from pet_mtl.augment.hiding import HideBlocks, HideCt
from pet_mtl.augment.moving import Flip, Shift, Turn
from pet_mtl.augment.patient import Operation, Patient, cubes_of
from pet_mtl.augment.uptake import Blur, Calibrate, Noise
from pet_mtl.config import AugmentConfig

__all__ = [
    "Blur",
    "Calibrate",
    "Deform",
    "Elsewhere",
    "Flip",
    "HideBlocks",
    "HideCt",
    "Noise",
    "Operation",
    "Patient",
    "Shift",
    "Turn",
    "apply",
    "cubes_of",
    "pipeline",
    "without_elsewhere",
]


def pipeline(
    config: AugmentConfig, spacing_mm: tuple[float, float], hidden_weight: float = 5.0
) -> tuple[Operation, ...]:
    """The operations a configuration asks for, in order.

    Args:
        config: What is asked for.
        spacing_mm: Voxel edges of the fine and the context cube.
        hidden_weight: What a hidden voxel counts in the reconstruction error.
    """
    radians, scale = math.radians(config.rotate_degrees), config.scale
    deform = Deform(radians, scale, config.elastic_mm, config.deform, spacing_mm)
    deforms = config.deform > 0 and max(radians, scale, config.elastic_mm) > 0
    known: tuple[tuple[bool, Operation], ...] = (
        (config.flip, Flip()),
        (config.turn, Turn()),
        (deforms, deform),
        (config.shift_voxels > 0, Shift(config.shift_voxels)),
        (config.calibration > 0, Calibrate(config.calibration)),
        (config.blur_mm > 0, Blur(config.blur_mm, spacing_mm)),
        (config.noise > 0, Noise(config.noise)),
        (config.hide_ct > 0, HideCt(config.hide_ct)),
        # Last: what is hidden must not be moved or filled again.
        (config.hide_blocks > 0, HideBlocks(config.hide_blocks, hidden_weight)),
    )
    return tuple(operation for wanted, operation in known if wanted)


def apply(operations: tuple[Operation, ...], patient: Patient, seed: Any) -> Patient:
    """Applies all operations, each with a seed of its own.

    Args:
        operations: From `pipeline`.
        patient: Decoded patient.
        seed: (2,) int32, one for each patient and epoch.

    Returns:
        The changed patient.
    """
    for number, operation in enumerate(operations):
        patient = operation(patient, tf.stack([seed[0], seed[1] + 7919 * number]))
    return patient
