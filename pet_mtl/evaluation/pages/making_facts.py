"""What a run's files tell of how the model was made, for reporting checklists."""

from collections.abc import Callable, Mapping
from typing import Any

from pet_mtl.evaluation.pages.material import Material
from pet_mtl.evaluation.pages.words import is_ours, is_run, joined, said
from pet_mtl.evaluation.results import Evaluation

_AUGMENTED_OFF = (0, 0.0, False)


def _part(material: Material, name: str) -> Mapping[str, Any]:
    """One part of the configuration."""
    part = material.config.get(name)
    return part if isinstance(part, dict) else {}


def _preprocessing(evaluation: Evaluation, material: Material) -> str:
    if not is_ours(evaluation):
        return ""
    grids = material.dataset.get("grids")
    suv = material.dataset.get("suv", "SUV by body weight, g/ml")
    if not grids:
        return f"{suv}; by the same code for every patient."
    return (
        f"{suv}; two cubes of {grids['size']} voxels along each axis around the lesion, of "
        f"{grids['fine_mm']:g} and {grids['context_mm']:g} mm, by the same code for every patient; "
        "normalised inside the network."
    )


def _predictors(evaluation: Evaluation, material: Material) -> str:
    if not is_ours(evaluation):
        return ""
    channels = "PET and CT" if _part(material, "model").get("ct") else "PET"
    clinical = _part(material, "model").get("clinical", True)
    covariates = list(evaluation.cohort.patients.covariates) if clinical else []
    beside = f"; covariates {joined(covariates)}" if covariates else ""
    return f"The {channels} itself{beside}; no predictor is selected beforehand."


def _partition(_: Evaluation, material: Material) -> str:
    folds = material.dataset.get("folds")
    if not folds:
        return ""
    seed = material.dataset.get("seed")
    return (
        f"{folds} folds, dealt with seed {seed}; each is predicted by a model of the others, and "
        "of these an inner part chooses the weights."
    )


def _disjoint(evaluation: Evaluation, _: Material) -> str:
    return "Patients: all studies of a patient share a fold." if is_run(evaluation) else ""


def _model(_: Evaluation, material: Material) -> str:
    model = _part(material, "model")
    if not model:
        return ""
    return (
        f"A {model.get('encoder')} encoder of {said(model.get('filters'))} filters shared by both "
        f"scales, {model.get('norm')} normalisation; tasks {said(model.get('tasks'))}; survival "
        f"by {str(model.get('survival')).replace('_', ' ')}. All keys stand under Configuration."
    )


def _training(_: Evaluation, material: Material) -> str:
    stage, augment = _part(material, "stage"), _part(material, "augment")
    if not stage:
        return ""
    used = [name for name, value in augment.items() if value not in _AUGMENTED_OFF]
    return (
        f"Schedule {stage.get('schedule')}: {stage.get('mask_steps')} and "
        f"{stage.get('joint_steps')} steps of {stage.get('batch_size')} patients, AdamW, peak "
        f"rates {stage.get('mask_rate')} and {stage.get('joint_rate')}; augmentation: "
        f"{', '.join(used) or 'none'}; one model a fold."
    )


def _selection(_: Evaluation, material: Material) -> str:
    if not material.config:
        return ""
    return (
        "The weights of the lowest inner validation loss, else the last; never by held-out folds."
    )


def _initialisation(_: Evaluation, material: Material) -> str:
    if not material.config:
        return ""
    segmenter = _part(material, "model").get("segmenter")
    beside = "the frozen segmenter is another run's" if segmenter else "nothing is pretrained"
    return f"Random initial weights, seed {material.plan.get('seed')}; {beside}."


def _ensembling(evaluation: Evaluation, material: Material) -> str:
    if not is_ours(evaluation):
        return ""
    if not is_run(evaluation):
        return "The model averages those of its folds, if it was trained on several."
    mirrored = _part(material, "output").get("tta")
    views = " on eight mirrored views" if mirrored else ""
    return (
        f"Numbers are of single models{views}; the run's saved model averages those of the folds."
    )


def _imbalance(_: Evaluation, material: Material) -> str:
    loss = _part(material, "loss")
    if not loss:
        return ""
    if loss.get("balance_response"):
        return "Classes of the response are weighed by their rarity."
    return "No method against class imbalance was used."


def _updating(_: Evaluation, material: Material) -> str:
    calibration = material.run.get("calibration")
    if not calibration:
        return "No updating is part of this evaluation."
    return (
        "The saved model is recalibrated on the out-of-fold predictions; the numbers here are not."
    )


def _calculation(evaluation: Evaluation, _: Material) -> str:
    if not is_ours(evaluation):
        return ""
    fingerprint = evaluation.cohort.provenance.get("model_fingerprint")
    named = f" {fingerprint}" if fingerprint else ""
    return f"By the saved model{named}, with `pet-mtl train` or `pet-mtl predict`."


def _output(evaluation: Evaluation, material: Material) -> str:
    if not is_ours(evaluation):
        return ""
    tasks = _part(material, "model").get("tasks")
    names = {"mask": "a mask of the lesion", "survival": "risk and survival probabilities by day",
             "response": "probabilities of the response's classes"}  # fmt: skip
    told = [text for task, text in names.items() if tasks is None or task in tasks]
    return f"Output: {joined(told)}."


def _training_evaluation(evaluation: Evaluation, _: Material) -> str:
    if is_run(evaluation):
        return "Both are parts of one dataset, dealt at random."
    return ""


def _plan(evaluation: Evaluation, material: Material) -> str:
    if not material.plan:
        return ""
    return "plan.json of the run holds configuration, seed, versions and the data's fingerprint."


def _input_handling(evaluation: Evaluation, _: Material) -> str:
    if not is_ours(evaluation):
        return ""
    return (
        "Studies whose SUV cannot be trusted are refused with a code; without mask or covariates "
        "a study is predicted all the same, with a warning; unusual ones are told."
    )


def _deidentification(evaluation: Evaluation, _: Material) -> str:
    if is_run(evaluation):
        return "Patients are known by keyed hashes (HMAC-SHA256); pixels are not altered."
    return "This report names no patient; pixels are not altered."


def _acquisition(_: Evaluation, material: Material) -> str:
    channels = material.dataset.get("channels")
    return f"Channels: {said(channels)}." if channels else ""


def _explainability(_: Evaluation, __: Material) -> str:
    return "`pet-mtl explain` gives integrated gradients; none are part of this evaluation."


MAKING: dict[str, Callable[[Evaluation, Material], str]] = {
    "acquisition": _acquisition,
    "calculation": _calculation,
    "deidentification": _deidentification,
    "disjoint": _disjoint,
    "ensembling": _ensembling,
    "explainability": _explainability,
    "imbalance": _imbalance,
    "initialisation": _initialisation,
    "input_handling": _input_handling,
    "model": _model,
    "output": _output,
    "partition": _partition,
    "plan": _plan,
    "predictors": _predictors,
    "preprocessing": _preprocessing,
    "selection": _selection,
    "training": _training,
    "training_evaluation": _training_evaluation,
    "updating": _updating,
}
