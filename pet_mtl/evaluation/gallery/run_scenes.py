"""Chosen patients of a run: cubes from its dataset, outlines by the fold that never saw them."""

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from pet_mtl.errors import ModelError
from pet_mtl.evaluation.gallery.scene import Layer, Scene
from pet_mtl.models import load_model
from pet_mtl.models.views import mirrored
from pet_mtl.sample import SCALES, GridPlan
from pet_mtl.tfrecords.dataset import DatasetInfo, load_samples, read_info

Arrays = Mapping[str, NDArray[Any]]
Outline = Callable[[Arrays], NDArray[Any]]

_THRESHOLD = 0.5


def run_scenes(
    run: Path, dataset: Path, folds: Mapping[str, int], tta: bool
) -> Iterator[tuple[str, Scene]]:
    """Reads cubes and predicts masks; a fold's model is loaded once.

    Args:
        run: Run directory.
        dataset: Its dataset directory.
        folds: Patient to the fold that holds them.
        tta: Whether predictions average the eight mirrored views.

    Yields:
        Patient and scene; without a predicted mask where the fold's model is gone or outlines
        nothing.

    Raises:
        DatasetError: The dataset is damaged.
    """
    info = read_info(dataset)
    for fold in sorted(set(folds.values())):
        wanted = [name for name, where in folds.items() if where == fold]
        outline = _outline(run / f"fold_{fold}" / "best.keras", tta)
        for name, patient in _patients(info, fold, wanted):
            predicted = outline(patient) >= _THRESHOLD if outline else None
            yield name, _scene(info.plan, patient, predicted)


def _outline(path: Path, tta: bool) -> Outline | None:
    """What the fold's model outlines, (z, y, x, 2) probabilities; None if it is gone or does not.

    The part of the network behind the mask is enough, and loads sooner than a whole bundle.
    """
    try:
        model = load_model(path)
    except ModelError:
        return None
    lesion = model.output.get("segmented", model.output.get("mask"))
    if lesion is None:
        return None
    part, names = keras.Model(model.input, lesion), tuple(model.input)

    def call(inputs: Mapping[str, Any]) -> dict[str, Any]:
        return {"mask": keras.ops.sigmoid(part(dict(inputs), training=False))}

    def outline(patient: Arrays) -> NDArray[Any]:
        inputs = _inputs(patient, names)
        told = mirrored(call, inputs) if tta else call(inputs)
        return np.asarray(keras.ops.convert_to_numpy(told["mask"]))[0]

    return outline


def _inputs(patient: Arrays, names: Collection[str]) -> dict[str, NDArray[np.float32]]:
    """A batch of one patient, as training makes it."""
    one = {key: value[None] for key, value in patient.items() if value.dtype == np.float32}
    for scale in SCALES:
        if f"{scale}_ct" in names:
            # HU, and 1 where the patient has a CT that reaches the voxel.
            known = one[f"{scale}_ct_valid"] * one["has_ct"][:, None, None, None, None]
            one[f"{scale}_ct"] = np.concatenate([one[f"{scale}_ct"], known], axis=-1)
    return {name: one[name] for name in names}


def _patients(info: DatasetInfo, fold: int, names: Collection[str]) -> Iterator[tuple[str, Arrays]]:
    """The records of some patients."""
    missing = set(names)
    for sample in load_samples(info, [fold]):
        name = sample["sample_id"].numpy().decode()
        if name in missing:
            missing.remove(name)
            yield name, {key: np.asarray(value) for key, value in sample.items()}
        if not missing:
            return


def _scene(plan: GridPlan, patient: Arrays, predicted: NDArray[np.bool_] | None) -> Scene:
    """Both cubes."""
    fine, context = (
        _layer(plan, patient, scale, None if predicted is None else predicted[..., number])
        for number, scale in enumerate(SCALES)
    )
    return Scene(fine, context, "Part of the network's fine cube around the lesion")


def _layer(
    plan: GridPlan, patient: Arrays, scale: str, predicted: NDArray[np.bool_] | None
) -> Layer:
    """One cube; beyond the image nothing is outlined."""
    valid = patient[f"{scale}_valid"][..., 0] > 0
    x, y, z = (float(value) for value in patient["centre_mm"])
    true = patient[f"{scale}_mask"][..., 0] > 0 if patient["has_mask"] else None
    shown = None if predicted is None else predicted & valid
    return Layer(patient[scale][..., 0], plan.grid(scale, (x, y, z)), true, shown)
