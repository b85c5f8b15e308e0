"""What a stage knows of its inner validation patients: their loss, and how they are ranked."""

import math
from typing import Any

import tensorflow as tf

from pet_mtl.metrics import EpochOutcomes
from pet_mtl.training.part import Part

# In metrics.csv, behind stage, epoch and training loss.
HELD_OUT_COLUMNS = ("val_loss", "val_c_index", "val_auc")
_OUTCOMES = ("survival", "response")


class HeldOut:
    """Validates a part on the inner validation patients, all of them in one pass.

    Args:
        part: What is trained.
        batches: The patients, once, as (inputs, targets, weights); None if there are none.
    """

    def __init__(self, part: Part, batches: tf.data.Dataset | None) -> None:
        self._part, self._batches = part, batches
        signature = None if batches is None else batches.element_spec
        self._step = tf.function(self._judge, input_signature=signature)

    @property
    def absent(self) -> bool:
        """Whether there are no such patients."""
        return self._batches is None

    def judge(self) -> dict[str, float]:
        """The loss with the prior weights; C-index and AUC over all patients with the label.

        Returns:
            The numbers of `HELD_OUT_COLUMNS`, NaN where there is nothing to tell.
        """
        numbers = dict.fromkeys(HELD_OUT_COLUMNS, math.nan)
        if self._batches is None:
            return numbers
        total, patients = 0.0, 0
        epoch = EpochOutcomes()
        for batch in self._batches:
            loss, outcomes = self._step(*batch)
            count = int(tf.shape(next(iter(batch[0].values())))[0])
            total, patients = total + float(loss) * count, patients + count
            truth, known = batch[1], batch[2]
            if "survival" in outcomes:  # the mean logit is the risk up to a constant
                risk = outcomes["survival"].numpy().mean(axis=-1)
                epoch.add_survival(truth["survival"], risk, known["survival"])
            if "response" in outcomes:
                scores = outcomes["response"].numpy()
                epoch.add_response(truth["response"], scores, known["response"])
        numbers["val_loss"] = total / max(1, patients)
        ranked = epoch.result()
        numbers |= {"val_c_index": ranked["c_index"], "val_auc": ranked["auc"]}
        return numbers

    def _judge(self, inputs: Any, targets: Any, weights: Any) -> tuple[Any, dict[str, Any]]:
        outputs = self._part(inputs, training=False)
        loss = self._part.compute_loss(inputs, targets, outputs, weights, training=False)
        return loss, {name: outputs[name] for name in _OUTCOMES if name in outputs}
