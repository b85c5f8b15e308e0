"""One study through the model: from SUV to the lesion's mask, risk, survival and response."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pet_mtl.classes import names_or_numbers
from pet_mtl.errors import StudyError
from pet_mtl.geometry import Grid
from pet_mtl.prediction.doubt import (
    NO_DOUBT,
    Doubt,
    doubt_of,
    empty_warnings,
    scalar,
    seen_in,
    several,
    study_numbers,
)
from pet_mtl.prediction.lesion import (
    LesionStatistics,
    lesion_statistics,
    one_lesion,
    paste_near,
)
from pet_mtl.prediction.locate import Candidate, find_lesion
from pet_mtl.prediction.model import Predictor, as_batch, ct_channels
from pet_mtl.preprocess.crop import (
    Point,
    UprightVolume,
    cut_patches,
    mask_centre_mm,
    upright,
    with_ct,
)
from pet_mtl.study import Study

_MOST_RECENTRINGS = 2
_RECENTRE_VOXELS = 2.0


@dataclass(frozen=True)
class Request:
    """What is asked of one study.

    Attributes:
        centre: "found" lets the model find the lesion; "mask" takes the study's own mask; a
            world point (x, y, z), LPS, in mm is where the user points to it.
        clinical: Name to value of the covariates known of this patient.
        inputs: Stamp of the study's files, by which a later run knows that they are the same.
        outline: With centre "mask", whether the study's own mask is the outline, too: mask and
            statistics are of it. Risk and response still read what the model outlines.
        abstain: Whether the outcomes are withheld where a hard reason speaks against them.
    """

    centre: str | Point = "found"
    clinical: tuple[tuple[str, float], ...] = ()
    inputs: str = ""
    outline: bool = False
    abstain: bool = True


@dataclass(frozen=True)
class Prediction:
    """What the model says about one study.

    Attributes:
        mask: (z, y, x) bool, one lesion, on the study's own grid.
        centre_mm: World point (x, y, z), LPS, the cubes were cut around.
        centre_source: "found", "mask" or "point".
        recentred: How often the cubes were cut again around the outlined lesion.
        candidates: The regions found, the highest evidence first; empty if not searched.
        risk: Higher means worse; None of a model without survival, or withheld.
        survival: (T,) survival probability at the model's `edges_days`; empty without survival, or
            withheld.
        response: Probability of response class 1; None of a model without response, of one with
            more than two classes, or withheld.
        statistics: Volume and uptake of the lesion.
        warnings: What was odd, each starting with a stable code.
        doubt: Spread, response set, novelty, and whether the outcomes are withheld, and why.
        response_classes: Names of the classes, of a response with more than two.
        responses: Probability of each of them; empty if withheld.
    """

    mask: NDArray[np.bool_]
    centre_mm: Point
    centre_source: str
    recentred: int
    candidates: tuple[Candidate, ...]
    risk: float | None
    survival: tuple[float, ...]
    response: float | None
    statistics: LesionStatistics
    warnings: tuple[str, ...]
    doubt: Doubt = NO_DOUBT
    response_classes: tuple[str, ...] = ()
    responses: tuple[float, ...] = ()

    @property
    def likeliest(self) -> str | None:
        """Name of the most probable class, of a response with more than two that is told."""
        if not self.responses:
            return None
        return self.response_classes[int(np.argmax(self.responses))]


@dataclass(frozen=True)
class _Start:
    """Where to cut first, and how it was found."""

    centre_mm: Point
    source: str
    candidates: tuple[Candidate, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Case:
    """One study in front of the model."""

    study: Study
    volume: UprightVolume
    predictor: Predictor
    request: Request


@dataclass(frozen=True)
class _Look:
    """What the model says of the cubes around one centre."""

    centre_mm: Point
    outputs: dict[str, NDArray[Any]]
    mask: NDArray[np.bool_]
    seen: dict[str, float]


def predict_case(study: Study, predictor: Predictor, request: Request) -> Prediction:
    """Predicts one study.

    The training cubes are centred on the lesion's bounding box, so once the lesion is outlined,
    the cubes are cut again around it where the first point was off by more than two voxels of
    the context cube, at most twice. A study's own mask already gives that centre.

    Args:
        study: The study; its mask is read only if the request says so.
        predictor: The model.
        request: What the user says about this study.

    Returns:
        The prediction.

    Raises:
        StudyError: The model's answer is not a number.
    """
    volume = upright(study.suv, study.grid)
    volume = with_ct(volume, study) if predictor.ct else volume
    case = _Case(study, volume, predictor, request)
    start = _start(case)
    look, rounds = _settle(case, start)
    mask = _outline(case, start, look)
    return _judged(
        case,
        look,
        Prediction(
            mask=mask,
            centre_mm=look.centre_mm,
            centre_source=start.source,
            recentred=rounds,
            candidates=start.candidates,
            risk=scalar(look.outputs, "risk"),
            survival=tuple(float(p) for p in look.outputs.get("survival", ())),
            response=scalar(look.outputs, "response"),
            response_classes=_class_names(case, look),
            responses=several(look.outputs),
            statistics=lesion_statistics(study.suv, mask, study.grid),
            warnings=(
                *study.warnings,
                *_ct_warnings(case),
                *start.warnings,
                *_mask_warnings(look, mask),
            ),
        ),
    )


def _judged(case: _Case, look: _Look, told: Prediction) -> Prediction:
    """The prediction beside what speaks against it; its outcomes withheld if that is hard."""
    seen = look.seen | study_numbers(case.volume)
    abstain = case.request.abstain
    doubt, warnings = doubt_of(case.predictor, look.outputs, seen, told.warnings, abstain)
    told = replace(told, warnings=told.warnings + warnings, doubt=doubt)
    if not doubt.abstained:
        return told
    return replace(told, risk=None, survival=(), response=None, responses=())


def _class_names(case: _Case, look: _Look) -> tuple[str, ...]:
    """What the classes are called, of a response with more than two."""
    classes = len(several(look.outputs))
    return names_or_numbers(case.predictor.response_classes, classes) if classes else ()


def _start(case: _Case) -> _Start:
    """The first centre: given by point or mask, or found."""
    study, wanted = case.study, case.request.centre
    if not isinstance(wanted, str):
        _check_inside(wanted, case.volume.grid)
        return _Start(wanted, "point")
    warnings: tuple[str, ...] = ()
    if wanted == "mask":
        if study.mask is not None and study.mask.any():
            return _Start(mask_centre_mm(study.mask, study.grid), "mask")
        warnings = ("MASK_ABSENT: the study has no mask; the lesion was searched",)
    finding = find_lesion(case.volume, case.predictor)
    if finding.faint:
        warnings += ("LESION_FAINT: no region is likely a lesion; the likeliest place was taken",)
    return _Start(finding.centre_mm, "found", finding.candidates, warnings)


def _check_inside(point_mm: Point, upright_grid: Grid) -> None:
    """Refuses a point beyond the image: numbers computed on nothing look like any others."""
    index = upright_grid.world_to_index(point_mm)
    if ((index >= -0.5) & (index <= np.asarray(upright_grid.shape) - 0.5)).all():
        return
    last = upright_grid.index_to_world(np.asarray(upright_grid.shape) - 1)
    spans = ", ".join(
        f"{axis} {low:.0f} to {high:.0f}"
        for axis, low, high in zip("xyz", upright_grid.origin_mm, last, strict=True)
    )
    raise StudyError(
        "PREDICT_CENTRE_OUTSIDE",
        "the given point lies outside the image",
        expected=f"a point (x, y, z) in mm, LPS, within {spans}",
        found=", ".join(f"{value:g}" for value in point_mm),
    )


def _settle(case: _Case, start: _Start) -> tuple[_Look, int]:
    """Looks at the first centre, then around what was outlined; and how often it moved."""
    # Within reach of the cubes may lie an organ that takes up more than the lesion.
    anchor = start.centre_mm
    look = _look(case, start.centre_mm, anchor)
    if start.source == "mask":
        return look, 0
    for moved in range(_MOST_RECENTRINGS):
        centre = _better_centre(look.mask, case, look.centre_mm)
        following = None if centre is None else _look(case, centre, anchor)
        # A lesion lost by moving means that the look before was the better one.
        if following is None or not following.mask.any():
            return look, moved
        look = following
    return look, _MOST_RECENTRINGS


def _look(case: _Case, centre_mm: Point, anchor: Point | None) -> _Look:
    """What the model says of the cubes around one point."""
    fine, context = cut_patches(case.volume, case.predictor.plan, centre_mm)
    clinical, known = _clinical(case.predictor, case.request) or (None, None)
    both = {"fine": ct_channels(fine), "context": ct_channels(context)}
    ct = {scale: cube[None] for scale, cube in both.items() if cube is not None} or None
    suv = (as_batch(fine.suv), as_batch(context.suv))
    batch = case.predictor.predict(*suv, clinical, known, ct)
    outputs = {key: np.asarray(value)[0] for key, value in batch.items()}
    named = ("risk", "survival", "response", "novelty")
    numbers = [outputs[key] for key in named if key in outputs]
    if not all(np.isfinite(number).all() for number in numbers):
        raise StudyError(
            "PREDICTION_NOT_FINITE",
            "the model's answer for this study is not a number",
            todo="Check the SUV volume with `pet-mtl suv`; NaN or huge values upset the model",
        )
    seen = seen_in(fine, context, outputs.get("mask"), case.predictor.plan.fine_mm)
    if "mask" not in outputs:
        return _Look(centre_mm, outputs, np.zeros(case.study.grid.shape, bool), seen)
    pasted = paste_near(outputs["mask"], case.predictor.plan, centre_mm, case.study.grid)
    mask = one_lesion(pasted, case.study.suv, case.study.grid, anchor)
    return _Look(centre_mm, outputs, mask, seen)


def _outline(case: _Case, start: _Start, look: _Look) -> NDArray[np.bool_]:
    """The study's own mask where the user trusts it more, else the model's."""
    own = case.study.mask
    return own if case.request.outline and start.source == "mask" and own is not None else look.mask


def _ct_warnings(case: _Case) -> tuple[str, ...]:
    """Says that a model which reads CT had to do without."""
    if not case.predictor.ct or case.volume.ct is not None:
        return ()
    return ("CT_ABSENT: the model reads CT, the study has none that can be used",)


def _clinical(predictor: Predictor, request: Request) -> list[NDArray[np.float32]]:
    """Values and known-flags (1, C), each 0 where unknown; nothing for a model without."""
    if not predictor.covariates:
        return []
    given = dict(request.clinical)
    values = [[given.get(name, 0.0) for name in predictor.covariates]]
    known = [[float(name in given) for name in predictor.covariates]]
    return [np.asarray(values, np.float32), np.asarray(known, np.float32)]


def _better_centre(mask: NDArray[np.bool_], case: _Case, centre_mm: Point) -> Point | None:
    """The lesion's own centre where it is clearly elsewhere, else None."""
    if not mask.any():
        return None
    own = mask_centre_mm(mask, case.study.grid)
    index = np.rint(case.study.grid.world_to_index(own)).astype(int)
    # The middle of an outline that runs on into an organ lies beside both.
    if not mask[tuple(index)]:
        return None
    clearly_mm = _RECENTRE_VOXELS * case.predictor.plan.context_mm
    return own if math.dist(own, centre_mm) > clearly_mm else None


def _mask_warnings(look: _Look, mask: NDArray[np.bool_]) -> tuple[str, ...]:
    """What the mask itself says about its own trustworthiness."""
    if mask is look.mask and "mask" not in look.outputs:
        return ("MASK_NOT_LEARNED: the model has no mask task; mask and volume say nothing",)
    empty = empty_warnings(look.outputs, look.mask, mask)
    if not mask.any():
        return empty
    ends = [mask.take(end, axis=axis).any() for axis in range(3) for end in (0, -1)]
    if any(ends):
        return (
            *empty,
            "LESION_AT_BORDER: the lesion reaches the image's border; volume may be too low",
        )
    return empty
