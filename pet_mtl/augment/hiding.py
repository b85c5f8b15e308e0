"""What is hidden from the network, so that it learns to do without."""

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from pet_mtl.augment.patient import Patient, cubes_of
from pet_mtl.sample import SCALES


@dataclass(frozen=True)
class HideCt:
    """Hides a patient's CT now and then: a model must also do without.

    Attributes:
        probability: How often.
    """

    probability: float

    def __call__(self, patient: Patient, seed: Any) -> Patient:
        """The patient is then as one without CT; one without stays as it is."""
        if "has_ct" not in patient:
            return patient
        shown = tf.random.stateless_uniform([], seed) >= self.probability
        names = ["has_ct", *(n for s in SCALES for n in cubes_of(s, patient)[3:])]
        return {**patient, **{n: patient[n] * tf.cast(shown, patient[n].dtype) for n in names}}


@dataclass(frozen=True)
class HideBlocks:
    """Hides blocks of both cubes from the network, not from its targets.

    A reconstruction can then not be had by copying: it needs what lies around the hole. Adds to a
    patient, for each scale, `<scale>_shown`, the SUV with holes of 0, and `<scale>_focus`, how much
    each voxel counts in the reconstruction error.

    Attributes:
        share: Largest share of the voxels that is hidden; each patient's is drawn from 0 to it.
        weight: What a hidden voxel counts; others count 1.
        blocks: Blocks along each axis.
    """

    share: float
    weight: float = 5.0
    blocks: int = 8

    def __call__(self, patient: Patient, seed: Any) -> Patient:
        """Each block is hidden by a toss of its own; the other cubes stay as they are."""
        changed = dict(patient)
        share = self.share * tf.random.stateless_uniform([], seed)
        for number, scale in enumerate(SCALES):
            size = tf.shape(patient[scale])  # (4,) z, y, x, 1
            toss = tf.random.stateless_uniform([self.blocks] * 3, seed + number + 1) < share
            # Which block a voxel lies in, along each axis; sizes need not be multiples.
            z, y, x = (tf.range(size[k]) * self.blocks // size[k] for k in range(3))
            hidden = tf.gather(tf.gather(tf.gather(toss, z, axis=0), y, axis=1), x, axis=2)
            hidden = tf.cast(hidden[..., None], patient[scale].dtype)  # (z, y, x, 1)
            changed[f"{scale}_shown"] = patient[scale] * (1.0 - hidden)
            changed[f"{scale}_focus"] = 1.0 + (self.weight - 1.0) * hidden
        return changed
