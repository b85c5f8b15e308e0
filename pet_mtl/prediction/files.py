"""The files of one prediction, and the tables over all."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pet_mtl._version import __version__
from pet_mtl.classes import class_columns
from pet_mtl.errors import Problem, code_of
from pet_mtl.files import read_object, write_csv, write_json
from pet_mtl.geometry import Grid
from pet_mtl.prediction.case import Prediction, Request
from pet_mtl.prediction.locate import THRESHOLD
from pet_mtl.prediction.model import Predictor
from pet_mtl.preprocess.crop import upright
from pet_mtl.study import Study
from pet_mtl.writers.overview import Overview, overview_planes

MASK = "mask.nii.gz"
RECORD = "prediction.json"
OVERVIEW = "overview.png"
_NUMBERS = ("risk", "response", "volume_ml", "suv_max", "suv_mean", "tlg")
_DOUBTS = ("risk_sd", "response_sd", "novelty", "response_set", "abstained")
_CENTRE = ("centre_x_mm", "centre_y_mm", "centre_z_mm")
_REFUSED = ("id", "code", "what", "expected", "found", "todo")

Record = dict[str, Any]


@dataclass(frozen=True)
class ModelIdentity:
    """What of a model is written beside every prediction.

    Attributes:
        fingerprint: Recognises the model by its graph and weights.
        edges_days: Days of the survival curve.
        context_extent_mm: Edge of the context cube.
        versions: Versions the model was made with.
    """

    fingerprint: str
    edges_days: tuple[float, ...]
    context_extent_mm: float
    versions: Mapping[str, str]


def identity_of(predictor: Predictor) -> ModelIdentity:
    """What of a model is written beside every prediction."""
    extent = predictor.plan.size * predictor.plan.context_mm
    days = tuple(float(day) for day in predictor.edges_days)
    return ModelIdentity(predictor.fingerprint, days, extent, dict(predictor.versions))


def record_of(
    study: Study, prediction: Prediction, request: Request, model: ModelIdentity
) -> Record:
    """The content of prediction.json: plain data, no NaN, keys in reading order."""
    lesion, several = prediction.statistics, bool(prediction.response_classes)
    return {
        "id": study.name,
        "case": study.case,
        "risk": prediction.risk,
        "response": prediction.likeliest if several else prediction.response,
        **(_classes(prediction) if several else {}),
        "survival": _survival(prediction, model),
        **_doubt(prediction),
        "volume_ml": lesion.volume_ml,
        "suv_max": lesion.suv_max,
        "suv_mean": lesion.suv_mean,
        "tlg": lesion.tlg,
        "centre_mm": list(prediction.centre_mm),
        "centre_source": prediction.centre_source,
        "recentred": prediction.recentred,
        "candidates": [
            {
                "centre_mm": list(candidate.centre_mm),
                "volume_ml": candidate.volume_ml,
                "total_uptake": candidate.total_uptake,
                "probability": candidate.probability,
                "evidence": candidate.evidence,
            }
            for candidate in prediction.candidates
        ],
        "warnings": list(prediction.warnings),
        "grid": _grid(study.grid),
        "request": plain_request(request),
        "model_fingerprint": model.fingerprint,
        "model_versions": dict(model.versions),
        "versions": {"pet_mtl": __version__},
    }


def _classes(prediction: Prediction) -> Record:
    """Names and probabilities of more than two classes; null where they are withheld."""
    names, told = prediction.response_classes, prediction.responses
    each = dict(zip(names, told, strict=True)) if told else None
    return {"response_classes": list(names), "response_probability": each}


def _survival(prediction: Prediction, model: ModelIdentity) -> Record:
    """The curve, null where it is withheld."""
    withheld = prediction.doubt.abstained
    return {
        "days": list(model.edges_days),
        "probability": None if withheld else list(prediction.survival),
    }


def _doubt(prediction: Prediction) -> Record:
    """What is to be said against the prediction."""
    doubt, classes = prediction.doubt, prediction.doubt.response_set
    return {
        "risk_sd": doubt.risk_sd,
        "response_sd": doubt.response_sd,
        "survival_sd": list(doubt.survival_sd) or None,
        "response_set": None
        if classes is None
        else {"classes": list(classes), "coverage": doubt.coverage},
        "novelty": doubt.novelty,
        "abstained": doubt.abstained,
        "abstain_reasons": list(doubt.reasons),
    }


def _grid(grid: Grid) -> Record:
    """The mask's grid, as in `pet_mtl.geometry.Grid`."""
    return {
        "shape_zyx": list(grid.shape),
        "spacing_zyx_mm": list(grid.spacing_mm),
        "origin_xyz_mm": list(grid.origin_mm),
        "direction": list(grid.direction),
    }


def plain_request(request: Request) -> Record:
    """What the user said, and of which files, as JSON knows it."""
    centre = request.centre
    plain: Record = {
        "centre": centre if isinstance(centre, str) else list(centre),
        "clinical": dict(request.clinical),
        "inputs": request.inputs,
        "abstain": request.abstain,
    }
    return plain | ({"outline": True} if request.outline else {})


def read_finished(
    folder: Path, fingerprint: str, request: Request, overview: bool
) -> Record | None:
    """The record of a study that is done already, or None if it must be predicted.

    Args:
        folder: The study's folder.
        fingerprint: The model's.
        request: What is asked of the study now.
        overview: Whether the picture is wanted.

    Returns:
        The content of prediction.json if the same model answered the same request of the same files
        before.
    """
    wanted = [RECORD, MASK, *([OVERVIEW] if overview else [])]
    if not all((folder / name).is_file() for name in wanted):
        return None
    record = read_object(folder / RECORD)
    if record is None or record.get("model_fingerprint") != fingerprint:
        return None
    return record if record.get("request") == plain_request(request) else None


def write_record(record: Record, folder: Path) -> None:
    """Writes prediction.json; last of a study's files, for it says that the study is done."""
    write_json(folder / RECORD, record)


def overview_of(study: Study, prediction: Prediction, model: ModelIdentity) -> Overview:
    """What the picture shows, cut out of the study turned upright."""
    volume = upright(study.suv, study.grid, prediction.mask)
    mask = np.asarray(volume.mask) >= THRESHOLD
    planes = overview_planes(
        volume.suv, mask, volume.grid, prediction.centre_mm, model.context_extent_mm
    )
    lesion = prediction.statistics
    facts = [
        ("Risk (0: average)", _number(prediction.risk, "+.2f")),
        _response_fact(prediction),
        ("Lesion volume", f"{lesion.volume_ml:.1f} ml"),
        ("SUVmax", _number(lesion.suv_max)),
        ("SUVmean", _number(lesion.suv_mean)),
        ("Total lesion glycolysis", f"{lesion.tlg:.0f}"),
    ]
    notes = tuple(map(code_of, prediction.warnings))
    if prediction.doubt.abstained:
        facts.append(("Outcomes withheld", ""))
    days, survival = model.edges_days if prediction.survival else (), prediction.survival
    return Overview(study.name, planes, days, survival, tuple(facts), notes)


def _response_fact(prediction: Prediction) -> tuple[str, str]:
    """The probability of class 1, or the most probable of several classes with its own."""
    if not prediction.response_classes:
        return "Response probability", _number(prediction.response, ".0%")
    if prediction.likeliest is None:
        return "Response", "-"
    return "Response", f"{prediction.likeliest} ({max(prediction.responses):.0%})"


def _number(value: float | None, style: str = ".2f") -> str:
    """A number, or a dash for what is absent."""
    return "-" if value is None else format(value, style)


def write_predictions(records: Iterable[Record], edges_days: Sequence[float], path: Path) -> None:
    """Writes predictions.csv: a row a study, sorted by id; warnings by their codes.

    A response of more than two classes is told by the name of the most probable one, and by a
    column `response_<number>` of the probability of each.

    Args:
        records: Contents of prediction.json.
        edges_days: Days of the survival curve; each makes a column `survival_<days>`.
        path: The table.
    """
    survival = [f"survival_{days:g}" for days in edges_days]
    records = list(records)
    classes = class_columns(max((len(_names(one)) for one in records), default=0))
    rows = []
    for record in sorted(records, key=lambda one: str(one["id"])):
        row = {"id": record["id"], **{key: record[key] for key in _NUMBERS}}
        row.update(zip(_CENTRE, record["centre_mm"], strict=True))
        curve = record["survival"]["probability"] or [None] * len(survival)
        row.update(zip(survival, curve, strict=True))
        each = record.get("response_probability") or {}
        row.update(zip(classes, (each.get(name) for name in _names(record)), strict=False))
        row.update(_doubt_cells(record))
        row["warnings"] = " ".join(map(code_of, record["warnings"]))
        rows.append(row)
    columns = ["id", *_NUMBERS, *classes, *_CENTRE, *survival, *_DOUBTS, "warnings"]
    write_csv(path, columns, rows)


def _names(record: Record) -> list[str]:
    """The classes of a record with more than two."""
    names: list[str] = record.get("response_classes", [])
    return names


def _doubt_cells(record: Record) -> Record:
    """Cells of `_DOUBTS`: the set as {0,1}, and the reasons where outcomes are withheld."""
    sets, reasons = record["response_set"], " ".join(record["abstain_reasons"])
    return {
        **{key: record[key] for key in ("risk_sd", "response_sd", "novelty")},
        "response_set": "{" + ",".join(map(str, sets["classes"])) + "}" if sets else "",
        "abstained": reasons if record["abstained"] else "",
    }


def write_refused(refused: Iterable[tuple[str, Problem]], path: Path) -> None:
    """Writes rejected.csv: a row a study that could not be used, sorted by id."""
    rows = [
        {
            "id": name,
            "code": problem.code,
            "what": problem.what,
            "expected": problem.expected,
            "found": problem.found,
            "todo": problem.todo,
        }
        for name, problem in sorted(refused, key=lambda one: one[0])
    ]
    write_csv(path, _REFUSED, rows)
