"""Other outcomes for the patients of a dataset, put in their place while it is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

from pet_mtl.study import Outcome

_CELLS = ("time_days", "event", "response", "has_survival", "has_response")


@dataclass(frozen=True)
class Outcomes:
    """Outcomes by pseudonym; a patient without one has no label.

    Attributes:
        of: `sample_id` to the outcome; its covariates are not read.
    """

    of: Mapping[str, Outcome] = field(default_factory=dict)

    def in_row(self, row: Mapping[str, str]) -> dict[str, str]:
        """A row of studies.csv with these outcomes."""
        known = self.of.get(row["sample_id"], Outcome())
        survival = known.time_days is not None and known.event is not None
        response = known.response is not None
        return {
            **row,
            "time_days": f"{known.time_days:g}" if survival else "",
            "event": f"{int(bool(known.event))}" if survival else "",
            "response": f"{known.response}" if response else "",
            "has_survival": f"{int(survival)}",
            "has_response": f"{int(response)}",
        }

    def in_samples(self, samples: tf.data.Dataset) -> tf.data.Dataset:
        """Samples, as `load_samples` gives them, with these outcomes."""
        names = sorted(self.of)
        if not names:
            return samples.map(lambda one: one | {name: one[name] * 0.0 for name in _CELLS})
        values = np.array([self._cells(name) for name in names], np.float32)
        table = np.concatenate([values, np.zeros((1, len(_CELLS)), np.float32)])  # the stranger
        place = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(names, list(range(len(names)))), len(names)
        )

        def relabelled(sample: dict[str, Any]) -> dict[str, Any]:
            cells = tf.gather(tf.constant(table), place.lookup(sample["sample_id"]))
            return sample | {name: cells[k] for k, name in enumerate(_CELLS)}

        return samples.map(relabelled)

    def _cells(self, name: str) -> tuple[float, ...]:
        """Numbers of one patient, 0 where absent."""
        row = self.in_row({"sample_id": name})
        return tuple(float(row[cell] or 0.0) for cell in _CELLS)
