"""One study explained: prediction first, then what of its uptake it comes of."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pet_mtl.errors import StudyError
from pet_mtl.explanation.baseline import baseline_of
from pet_mtl.explanation.explainer import Explainer
from pet_mtl.explanation.gradients import activation_maps, integrate
from pet_mtl.explanation.member import Array
from pet_mtl.explanation.placing import maps_on_voxels, on_study, slopes_of_voxels
from pet_mtl.explanation.settings import CAM
from pet_mtl.explanation.shares import Shares, regions_of, shares_of
from pet_mtl.prediction.case import Prediction, Request, predict_case
from pet_mtl.prediction.model import as_batch, ct_channels
from pet_mtl.preprocess.crop import UprightVolume, cut_patches, upright, with_ct
from pet_mtl.sample import SCALES
from pet_mtl.study import Study

# Outcome to its voxels on the study's grid, its value and its baseline's.
_Found = dict[str, tuple[NDArray[np.float32], float, float | None]]

# Exported model and Keras models differ by rounding alone: about 1e-4.
_SAME_RISK = 0.02
_INCOMPLETE = 0.05
# Log odds; a relative error of a smaller difference says nothing.
_SMALLEST = 0.1


@dataclass(frozen=True)
class Attribution:
    """What of the uptake raises, and what lowers one outcome of one study.

    Attributes:
        outcome: "survival" or "response".
        unit: What it is counted in, such as "log odds"; "relative" of Grad-CAM.
        voxels: (z, y, x) float32 on the study's own grid: what each voxel adds to the outcome,
            in `unit`.
        value: The outcome of the study.
        baseline_value: That of the baseline; None of Grad-CAM.
        shares: By region.
    """

    outcome: str
    unit: str
    voxels: NDArray[np.float32]
    value: float
    baseline_value: float | None
    shares: Shares

    @property
    def attributed(self) -> float:
        """Sum over all voxels."""
        return float(self.voxels.sum(dtype=np.float64))

    @property
    def error(self) -> float | None:
        """What is attributed less what is to be explained, value - baseline_value."""
        if self.baseline_value is None:
            return None
        return self.attributed - (self.value - self.baseline_value)

    @property
    def relative_error(self) -> float | None:
        """|error| over |value - baseline_value|, of which less than 0.1 counts as 0.1."""
        if self.error is None or self.baseline_value is None:
            return None
        return abs(self.error) / max(abs(self.value - self.baseline_value), _SMALLEST)


@dataclass(frozen=True)
class Explanation:
    """One study explained.

    Attributes:
        prediction: What the model says of it.
        attributions: One an outcome.
        warnings: What was odd, the prediction's included, each starting with a stable code.
    """

    prediction: Prediction
    attributions: tuple[Attribution, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Place:
    """The study turned upright, and where its cubes are cut."""

    study: Study
    volume: UprightVolume
    explainer: Explainer
    prediction: Prediction

    def to_study(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """From upright voxels to the study's own."""
        return on_study(values, self.volume.grid, self.study.grid)


def explain_case(study: Study, explainer: Explainer, request: Request) -> Explanation:
    """Predicts one study and attributes its outcomes to its uptake.

    Args:
        study: The study.
        explainer: The run.
        request: What the user says about this study.

    Returns:
        The explanation.

    Raises:
        StudyError: The model's answer is not a number, or the folds' models do not say what the
            exported one says.
    """
    # What is explained must be told, whatever speaks against it.
    prediction = predict_case(study, explainer.predictor, replace(request, abstain=False))
    volume = upright(study.suv, study.grid)
    volume = with_ct(volume, study) if explainer.predictor.ct else volume
    place = _Place(study, volume, explainer, prediction)
    inputs = _inputs(place, request)
    found = (_cams if explainer.settings.method == CAM else _integrals)(place, inputs)
    regions = regions_of(prediction.mask, study.grid, explainer.ring_mm)
    cam = explainer.settings.method == CAM
    units = {name: "relative" if cam else explainer.members[0].unit(name) for name in found}
    attributions = tuple(
        Attribution(name, units[name], voxels, value, less, shares_of(voxels, regions))
        for name, (voxels, value, less) in found.items()
    )
    _check(attributions, prediction)
    warnings = [text for one in attributions for text in _warnings(one)]
    return Explanation(prediction, attributions, (*prediction.warnings, *warnings))


def _inputs(place: _Place, request: Request) -> dict[str, Array]:
    """All inputs that a model may read, (1, ...) each; zeros say that nothing is known."""
    predictor = place.explainer.predictor
    patches = cut_patches(place.volume, predictor.plan, place.prediction.centre_mm)
    inputs = {}
    for scale, patch in zip(SCALES, patches, strict=True):
        inputs[scale] = as_batch(patch.suv)
        ct = ct_channels(patch)
        empty = np.zeros((*patch.suv.shape, 2), np.float32)
        inputs[f"{scale}_ct"] = (empty if ct is None else ct)[None]
    given = dict(request.clinical)
    values = [[given.get(name, 0.0) for name in predictor.covariates]]
    known = [[float(name in given) for name in predictor.covariates]]
    inputs["clinical"] = np.asarray(values, np.float32)
    inputs["clinical_known"] = np.asarray(known, np.float32)
    return inputs


def _integrals(place: _Place, inputs: dict[str, Array]) -> _Found:
    """Outcome to voxels, value and baseline's value, by integrated gradients."""
    explainer, volume = place.explainer, place.volume
    plan, centre = explainer.predictor.plan, place.prediction.centre_mm
    less = baseline_of(volume.suv, volume.grid, explainer.settings.baseline)
    patches = cut_patches(UprightVolume(less, volume.grid), plan, centre)
    baseline = {s: as_batch(patch.suv) for s, patch in zip(SCALES, patches, strict=True)}
    found: _Found = {}
    for name, one in integrate(
        explainer.members, inputs, baseline, explainer.settings.steps
    ).items():
        slopes = slopes_of_voxels(one.slopes, plan, centre, volume.grid)
        voxels = place.to_study(slopes * (volume.suv - less))
        found[name] = (voxels, one.value, one.baseline_value)
    return found


def _cams(place: _Place, inputs: dict[str, Array]) -> _Found:
    """Outcome to voxels and value, by Grad-CAM."""
    plan, centre = place.explainer.predictor.plan, place.prediction.centre_mm
    return {
        name: (place.to_study(maps_on_voxels(maps, plan, centre, place.volume.grid)), value, None)
        for name, (value, maps) in activation_maps(place.explainer.members, inputs).items()
    }


def _check(attributions: tuple[Attribution, ...], prediction: Prediction) -> None:
    """Refuses what is not a number, and an explanation of another model than predicted."""
    if not all(np.isfinite([one.attributed, one.value]).all() for one in attributions):
        raise StudyError(
            "ATTRIBUTION_NOT_FINITE",
            "the gradient of the model at this study is not a number",
            todo="Check the SUV volume with `pet-mtl suv`; NaN or huge values upset the model",
        )
    values = {one.outcome: one.value for one in attributions}
    risk = prediction.risk
    if risk is None or "survival" not in values:
        return
    if abs(values["survival"] - risk) > _SAME_RISK * (1.0 + abs(risk)):
        raise StudyError(
            "EXPLAIN_OTHER_MODEL",
            "the models of the folds do not say what the exported model says",
            expected=f"risk {risk:.3f}, of saved_model/",
            found=f"{values['survival']:.3f}, of fold_<k>/best.keras",
            todo="Restore the run's files, or train anew",
        )


def _warnings(one: Attribution) -> list[str]:
    """What an attribution says about its own trustworthiness."""
    if not one.voxels.any():
        return [f"ATTRIBUTION_ZERO: nothing of the uptake changes the outcome ({one.outcome})"]
    relative = one.relative_error
    if relative is not None and relative > _INCOMPLETE:
        return [
            f"ATTRIBUTION_INCOMPLETE: the attributions miss their sum by {relative:.0%} "
            f"({one.outcome}); give more --steps, or another --baseline"
        ]
    return []
