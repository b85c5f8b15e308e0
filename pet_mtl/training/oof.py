"""Predictions for the held-out fold: what the evaluation reads."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pet_mtl.classes import class_columns, columns_in, names_or_numbers
from pet_mtl.export import readable_outputs
from pet_mtl.files import write_csv
from pet_mtl.metrics import SURFACE_TOLERANCE_MM, compare_masks
from pet_mtl.models import classes_of, edges_of
from pet_mtl.models.views import mirrored
from pet_mtl.sample import SCALES
from pet_mtl.tfrecords.dataset import DatasetInfo, load_samples
from pet_mtl.training.batches import BatchPlan, plain_batches
from pet_mtl.trust import appearance_of

Floats = NDArray[np.float64]

SURFACE_DICE = f"surface_dice_{SURFACE_TOLERANCE_MM:g}mm"
COLUMNS = (
    *("sample_id", "fold", "time_days", "event", "response_true"),
    *("risk", "response", "dice", "volume_ml", "suv_max", "suv_mean", "suv_body", "novelty"),
    *("tlg", "true_volume_ml", "true_tlg", "hd95_mm", SURFACE_DICE),
    *("lesions_found", "lesions_missed", "lesions_false", "centre_found"),
)
# What the true mask is needed for.
_OF_TRUE_MASK = ("dice", *COLUMNS[COLUMNS.index("true_volume_ml") :])


def response_probabilities(rows: Sequence[Mapping[str, str]]) -> Floats:
    """Out-of-fold probabilities of the response.

    Args:
        rows: Of out_of_fold.csv, each with a predicted response.

    Returns:
        (rows,) of class 1; of more than two classes (rows, classes).
    """
    names = columns_in(rows[0]) if rows else ()
    if not names:
        return np.array([float(row["response"]) for row in rows])
    return np.array([[float(row[name]) for name in names] for row in rows])


def survival_columns(edges_days: tuple[float, ...]) -> tuple[str, ...]:
    """Names of the survival columns, one an edge."""
    return tuple(f"survival_{edge:g}" for edge in edges_days)


def write_predictions(
    model: keras.Model, info: DatasetInfo, fold: int, plan: BatchPlan, path: Path
) -> None:
    """Predicts every patient of one fold and writes one row each.

    Args:
        model: Trained without that fold.
        info: The dataset.
        fold: The fold.
        plan: Batch size.
        path: The CSV file.
    """
    edges, classes = edges_of(model), class_columns(classes_of(model))
    graph = tf.function(lambda inputs: readable_outputs(model, inputs))

    def call(inputs: dict[str, Any]) -> dict[str, Any]:
        return {name: value.numpy() for name, value in graph(inputs).items()}

    patients = load_samples(info, [fold])
    rows: list[dict[str, Any]] = []
    names = [p["sample_id"].numpy().decode() for p in patients]
    for inputs, targets, weights in plain_batches(patients, plan):
        outputs = mirrored(call, inputs) if plan.tta else call(inputs)
        labels = {name: value.numpy() for name, value in targets.items()}
        known = {name: value.numpy() for name, value in weights.items()}
        suv = np.concatenate([inputs[scale].numpy() for scale in SCALES], axis=-1)
        for i in range(len(suv)):
            row = _row(info, suv[i], *({n: v[i] for n, v in d.items()} for d in (outputs, labels)))
            if edges:
                row |= dict(zip(survival_columns(edges), outputs["survival"][i], strict=True))
            if classes:
                row |= _several(info, classes, outputs["response"][i])
            row |= {"sample_id": names[len(rows)], "fold": fold}
            rows.append(_without_unknown(row, {n: v[i] for n, v in known.items()}))
    columns = (*COLUMNS, *classes, *survival_columns(edges))
    write_csv(path, columns, sorted(rows, key=lambda r: r["sample_id"]))


def _several(info: DatasetInfo, columns: Sequence[str], probability: Any) -> dict[str, Any]:
    """The probability of each class, and the name of the most probable one."""
    names = names_or_numbers(info.response_classes, len(columns))
    told = dict(zip(columns, map(float, probability), strict=True))
    return told | {"response": names[int(np.argmax(probability))]}


def _row(
    info: DatasetInfo, suv: Any, outputs: dict[str, Any], labels: dict[str, Any]
) -> dict[str, Any]:
    """Numbers of one patient, all labels taken as known; empty where the model has no task.

    `suv` holds the fine and the context cube.
    """
    fine, context = suv[..., 0], suv[..., 1]
    row = {
        "time_days": float(labels["survival"][0]),
        "event": int(labels["survival"][1]),
        "response_true": int(labels["response"][0]),
        "risk": float(outputs["risk"]) if "risk" in outputs else "",
        "response": _one(outputs["response"]) if "response" in outputs else "",
        "novelty": float(outputs["novelty"]) if "novelty" in outputs else "",
    }
    if "mask" not in outputs:
        return row | appearance_of(fine, context, None, info.plan.fine_mm)
    mask = outputs["mask"][..., 0] >= 0.5
    truth, valid = labels["mask"][..., 0] > 0.5, labels["mask"][..., 2] > 0.5
    mask &= valid
    both = float(mask.sum() + truth.sum())
    return row | {
        "dice": 2.0 * float((mask & truth).sum()) / both if both else 1.0,
        **appearance_of(fine, context, mask, info.plan.fine_mm),
        **_beside_truth(mask, truth, fine, info.plan.fine_mm),
    }


def _beside_truth(mask: Any, truth: Any, fine: Any, fine_mm: float) -> dict[str, float | str]:
    """The outline beside the true one, in the fine cube; empty where a number is undefined."""
    told = compare_masks(mask, truth, fine, (fine_mm,) * 3)
    cells = {
        "tlg": told.predicted_tlg,
        "true_volume_ml": told.true_ml,
        "true_tlg": told.true_tlg,
        "hd95_mm": told.hd95_mm,
        SURFACE_DICE: told.surface_dice,
        "lesions_found": told.lesions_found,
        "lesions_missed": told.lesions_missed,
        "lesions_false": told.lesions_false,
        "centre_found": told.centre_found,
    }
    return {name: value if np.isfinite(value) else "" for name, value in cells.items()}


def _one(probability: Any) -> float | str:
    """The probability of class 1; nothing of several classes, which are told one by one."""
    return float(probability) if np.ndim(probability) == 0 else ""


def _without_unknown(row: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """Empties the cells of labels that the patient lacks."""
    cells = {
        "survival": ("time_days", "event"),
        "response": ("response_true",),
        "mask": _OF_TRUE_MASK,
    }
    for label, names in cells.items():
        if not known[label]:
            row |= dict.fromkeys(names, "")
    return row
