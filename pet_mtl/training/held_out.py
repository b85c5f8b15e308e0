"""What a stage knows of its inner validation patients: their loss, and how they are ranked."""

import math
from collections import defaultdict
from typing import Any

import numpy as np
import tensorflow as tf

from pet_mtl.errors import MetricError
from pet_mtl.metrics import concordance_index, roc_auc
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
        self._step = tf.function(self._judge, reduce_retracing=True)

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
        rows: dict[str, list[Any]] = defaultdict(list)
        for batch in self._batches:
            loss, outcomes = self._step(*batch)
            count = int(tf.shape(next(iter(batch[0].values())))[0])
            total, patients = total + float(loss) * count, patients + count
            for name, output in outcomes.items():
                known = batch[2][name].numpy() > 0
                rows[name].append((batch[1][name].numpy()[known], output.numpy()[known]))
        numbers["val_loss"] = total / max(1, patients)
        if "survival" in rows:
            numbers["val_c_index"] = _c_index(*_joined(rows["survival"]))
        if "response" in rows:
            numbers["val_auc"] = _auc(*_joined(rows["response"]))
        return numbers

    def _judge(self, inputs: Any, targets: Any, weights: Any) -> tuple[Any, dict[str, Any]]:
        outputs = self._part(inputs, training=False)
        loss = self._part.compute_loss(inputs, targets, outputs, weights, training=False)
        return loss, {name: outputs[name] for name in _OUTCOMES if name in outputs}


def _joined(rows: list[Any]) -> tuple[Any, Any]:
    truth, outputs = zip(*rows, strict=True)
    return np.concatenate(truth), np.concatenate(outputs)


def _c_index(truth: Any, logits: Any) -> float:
    """Harrell's C of the mean logit, which is the risk up to a constant."""
    try:
        return concordance_index(truth[:, 0], truth[:, 1], logits.mean(axis=-1))
    except MetricError:
        return math.nan


def _auc(truth: Any, logits: Any) -> float:
    """AUC of a binary response; several classes have none."""
    if logits.shape[-1] != 1:
        return math.nan
    try:
        return roc_auc(truth[:, 0], logits[:, 0])
    except MetricError:
        return math.nan
