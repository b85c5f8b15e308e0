"""What a run must hold to be explained: its exported model, and the models of its folds."""

from dataclasses import dataclass
from pathlib import Path

from pet_mtl.classes import BINARY
from pet_mtl.errors import ModelError, UsageError
from pet_mtl.explanation.member import Member
from pet_mtl.explanation.settings import CAM, Settings
from pet_mtl.export import Predictor, load_predictor
from pet_mtl.files import read_object
from pet_mtl.models import load_model

_RING_MM = (0.0, 20.0)


@dataclass(frozen=True)
class Explainer:
    """A run, ready to explain studies.

    Attributes:
        predictor: Its exported model, which finds and outlines the lesion.
        members: Its folds' models.
        ring_mm: Inner and outer distance of the ring that the run was trained with, mm.
        settings: How it explains.
        response_class: Name of the class that is explained, of a response with more than two.
    """

    predictor: Predictor
    members: tuple[Member, ...]
    ring_mm: tuple[float, float]
    settings: Settings
    response_class: str = ""


def load_explainer(run: Path, settings: Settings) -> Explainer:
    """Loads a run.

    Args:
        run: Output folder of `pet-mtl train`.
        settings: How it is to explain.

    Returns:
        The explainer.

    Raises:
        ModelError: A bundle, which has no gradients; a run without an outcome; damaged files.
        UsageError: Grad-CAM of a model whose heads read no learned features; a class of the
            response that the model does not have.
    """
    if not sorted(run.glob("fold_*/best.keras")):
        raise ModelError(
            "EXPLAIN_NO_GRADIENTS",
            "there are no models with gradients here; an exported model (SavedModel) has none",
            expected="a run directory with fold_<k>/best.keras",
            todo="Give the output folder of `pet-mtl train`, not its saved_model/ or a bundle",
            subject=run.name,
        )
    predictor = load_predictor(run)
    # The folds that the exported model averages, so that both say the same.
    files = [run / f"fold_{fold}" / "best.keras" for fold in predictor.about["folds"]]
    place = _class_number(predictor, settings.response_class)
    members = tuple(Member(load_model(file), place) for file in files)
    if not members[0].outcomes:
        raise ModelError(
            "EXPLAIN_NO_OUTCOME",
            "the run predicts no outcome that could be explained",
            expected="a run with the task survival or response",
            subject=run.name,
        )
    if settings.method == CAM and not members[0].learned:
        raise UsageError(
            "EXPLAIN_NOT_LEARNED",
            "Grad-CAM needs learned features, and the outcome heads of this run read none",
            expected="a run trained with model.learned = true",
            todo="Use --method integrated_gradients, which explains every run",
            subject=run.name,
        )
    names = predictor.response_classes if len(predictor.response_classes) > BINARY else ("",)
    told = names[-1 if place is None else place]
    return Explainer(predictor, members, _ring_mm(run), settings, told)


def _class_number(predictor: Predictor, name: str) -> int | None:
    """The number of the class that is asked for; None for the one that is explained unasked."""
    names = predictor.response_classes
    if not name:
        return None
    if len(names) <= BINARY or name not in names:
        raise UsageError(
            "EXPLAIN_CLASS",
            "the run has no such class to explain",
            expected=f"one of {', '.join(names)}"
            if len(names) > BINARY
            else "no class, as the response has two: what raises the one lowers the other",
            found=repr(name),
            todo="Correct --response-class, or leave it out",
        )
    return names.index(name)


def _ring_mm(run: Path) -> tuple[float, float]:
    """The ring of the run's plan; the default of a run without one."""
    plan = read_object(run / "plan.json") or {}
    ring = plan.get("config", {}).get("model", {}).get("ring_mm", _RING_MM)
    return (float(ring[0]), float(ring[1]))
