"""Context cubes cut away from the lesion, shown to the mask stage now and then."""

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from pet_mtl.augment.patient import Patient, cubes_of


@dataclass(frozen=True)
class Elsewhere:
    """Puts a cube cut away from the lesion in the place of the context cube now and then.

    The mask then learns brain, heart and bladder as what is no lesion. The patient's outcome does
    not belong to such a cube: for the mask stage only.

    Attributes:
        probability: How often, for patients that have such cubes.
    """

    probability: float

    def __call__(self, patient: Patient, seed: Any) -> Patient:
        """One of the patient's cubes, with its mask, its valid voxels and its CT."""
        if "elsewhere" not in patient:
            return patient
        count = tf.shape(patient["elsewhere"])[0]
        draw = tf.random.stateless_uniform([2], seed)
        use = (draw[0] < self.probability) & (count > 0)
        pick = tf.minimum(tf.cast(draw[1] * tf.cast(count, tf.float32), tf.int32), count - 1)
        changed = dict(patient)
        for name in cubes_of("context", patient):
            away = patient[f"elsewhere{name.removeprefix('context')}"]
            changed[name] = tf.cond(
                use, lambda a=away, n=name: tf.cast(a[pick], patient[n].dtype),
                lambda n=name: patient[n],
            )  # fmt: skip
        return changed


def without_elsewhere(patient: Patient) -> Patient:
    """The patient without the cubes cut away from the lesion, which no batch holds."""
    return {name: value for name, value in patient.items() if "elsewhere" not in name}
