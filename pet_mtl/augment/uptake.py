"""SUV as another scanner would have measured it: calibration, noise, resolution."""

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from pet_mtl.augment.patient import Patient
from pet_mtl.sample import SCALES


@dataclass(frozen=True)
class Calibrate:
    """Multiplies a whole study by one factor, as a scanner's calibration error does.

    Attributes:
        deviation: Standard deviation of the logarithm of the factor.
    """

    deviation: float

    def __call__(self, patient: Patient, seed: Any) -> Patient:
        """Both cubes get the same factor."""
        factor = tf.exp(self.deviation * tf.random.stateless_normal([], seed))
        return {**patient, **{scale: patient[scale] * factor for scale in SCALES}}


@dataclass(frozen=True)
class Noise:
    """Adds noise that grows with the square root of uptake, as counting noise does.

    Attributes:
        level: Standard deviation at SUV 1.
    """

    level: float

    def __call__(self, patient: Patient, seed: Any) -> Patient:
        """Voxels beyond the image stay 0, and SUV stays positive."""
        changed = dict(patient)
        for number, scale in enumerate(SCALES):
            suv = changed[scale]
            noise = tf.random.stateless_normal(tf.shape(suv), seed + number)
            noisy = suv + self.level * tf.sqrt(tf.maximum(suv, 0.0)) * noise
            changed[scale] = tf.maximum(noisy, 0.0)
        return changed


@dataclass(frozen=True)
class Blur:
    """Smooths SUV as a scanner of lower resolution does; nothing leaks in from beyond the image.

    Attributes:
        sigma_mm: Largest standard deviation of the Gaussian; each study's is drawn from 0 to it.
        spacing_mm: Voxel edges of the fine and the context cube.
    """

    sigma_mm: float
    spacing_mm: tuple[float, float]

    def __call__(self, patient: Patient, seed: Any) -> Patient:
        """Both cubes are smoothed by as many millimetres."""
        sigma_mm = self.sigma_mm * tf.random.stateless_uniform([], seed)
        changed = dict(patient)
        for scale, spacing in zip(SCALES, self.spacing_mm, strict=True):
            suv, valid = patient[scale], patient[f"{scale}_valid"]
            places = tf.range(suv.shape[0], dtype=tf.float32)
            apart = (places[:, None] - places[None, :]) * spacing / tf.maximum(sigma_mm, 1e-3)
            weight = tf.exp(-0.5 * tf.square(apart))
            both = tf.concat([suv * valid, valid], -1)
            for axes in ("zk,kyxc->zyxc", "yk,zkxc->zyxc", "xk,zykc->zyxc"):
                both = tf.einsum(axes, weight, both)
            smooth = both[..., :1] / tf.maximum(both[..., 1:], 1e-6)
            changed[scale] = tf.where(valid > 0, smooth, suv)
        return changed
