"""The files of one explanation, and the table over all."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from pet_mtl._version import __version__
from pet_mtl.errors import code_of
from pet_mtl.explanation.case import Attribution, Explanation
from pet_mtl.explanation.explainer import Explainer
from pet_mtl.files import read_object, write_csv, write_json
from pet_mtl.prediction.case import Request
from pet_mtl.prediction.files import Record, plain_request
from pet_mtl.prediction.locate import THRESHOLD
from pet_mtl.preprocess.crop import upright
from pet_mtl.study import Study
from pet_mtl.writers.attribution import AttributionPicture, attribution_planes
from pet_mtl.writers.images import write_image

RECORD = "explanation.json"
_NUMBERS = ("value", "baseline_value", "attributed", "error", "relative_error")
_SUMS = ("share", "raises", "lowers", "net")
_REGIONS = ("lesion", "ring", "elsewhere")
_MEANING = {"survival": "risk", "response": "response"}


def volume_name(outcome: str) -> str:
    """File of one outcome's attribution."""
    return f"attribution_{outcome}.nii.gz"


def picture_name(outcome: str) -> str:
    """File of one outcome's picture."""
    return f"attribution_{outcome}.png"


def settings_of(explainer: Explainer) -> Record:
    """How a run explains, as JSON knows it; what does not matter to a method is left out."""
    plain = asdict(explainer.settings)
    del plain["response_class"]
    if explainer.settings.method == "grad_cam":
        plain = {"method": plain["method"]}
    if explainer.response_class:
        plain["response_class"] = explainer.response_class
    return plain | {"ring_mm": list(explainer.ring_mm), "members": len(explainer.members)}


def record_of(
    study: Study, explanation: Explanation, request: Request, explainer: Explainer
) -> Record:
    """The content of explanation.json: plain data, no NaN, keys in reading order."""
    prediction = explanation.prediction
    return {
        "id": study.name,
        "case": study.case,
        "risk": prediction.risk,
        "response": prediction.likeliest or prediction.response,
        "volume_ml": prediction.statistics.volume_ml,
        "centre_mm": list(prediction.centre_mm),
        "centre_source": prediction.centre_source,
        "outcomes": {one.outcome: _outcome(one) for one in explanation.attributions},
        "warnings": list(explanation.warnings),
        "settings": settings_of(explainer),
        "request": plain_request(request),
        "model_fingerprint": explainer.predictor.fingerprint,
        "model_versions": dict(explainer.predictor.versions),
        "versions": {"pet_mtl": __version__},
    }


def _outcome(one: Attribution) -> Record:
    """The numbers of one outcome."""
    numbers: Record = {"unit": one.unit} | {name: getattr(one, name) for name in _NUMBERS}
    return numbers | {name: getattr(one.shares, name) for name in _SUMS}


def write_volumes(study: Study, explanation: Explanation, folder: Path) -> None:
    """Writes each attribution per ml, on the study's own grid.

    Args:
        study: The study.
        explanation: What of it is explained.
        folder: Its folder.
    """
    for one in explanation.attributions:
        per_ml = one.voxels / np.float32(study.grid.voxel_ml)
        write_image(per_ml, study.grid, folder / volume_name(one.outcome))


def write_record(record: Record, folder: Path) -> None:
    """Writes explanation.json; last of a study's files, for it says that the study is done."""
    write_json(folder / RECORD, record)


def read_finished(
    folder: Path, explainer: Explainer, request: Request, pictures: bool
) -> Record | None:
    """The record of a study that is done already, or None if it must be explained.

    Args:
        folder: The study's folder.
        explainer: The run, and how it explains.
        request: What is asked of the study now.
        pictures: Whether pictures are wanted.

    Returns:
        The content of explanation.json if the same model, explaining in the same way, answered
        the same request of the same files before.
    """
    record = read_object(folder / RECORD)
    if record is None or record.get("model_fingerprint") != explainer.predictor.fingerprint:
        return None
    outcomes = explainer.members[0].outcomes
    wanted = [volume_name(name) for name in outcomes]
    wanted += [picture_name(name) for name in outcomes] if pictures else []
    if not all((folder / name).is_file() for name in wanted):
        return None
    same = record.get("settings") == settings_of(explainer)
    return record if same and record.get("request") == plain_request(request) else None


def pictures_of(
    study: Study, explanation: Explanation, explainer: Explainer
) -> dict[str, AttributionPicture]:
    """File name to what its picture shows, cut out of the study turned upright."""
    prediction, plan = explanation.prediction, explainer.predictor.plan
    volume = upright(study.suv, study.grid, prediction.mask)
    mask = np.asarray(volume.mask) >= THRESHOLD
    notes = tuple(map(code_of, explanation.warnings))
    window = (prediction.centre_mm, plan.size * plan.context_mm)
    pictures = {}
    for one in explanation.attributions:
        per_ml = upright(one.voxels / np.float32(study.grid.voxel_ml), study.grid).suv
        planes, values = attribution_planes(volume.suv, mask, per_ml, volume.grid, window)
        pictures[picture_name(one.outcome)] = AttributionPicture(
            f"{study.name}: {_called(one.outcome, explainer)}",
            planes,
            values,
            f"{one.unit} per ml",
            f"raises {_called(_MEANING[one.outcome], explainer)}",
            f"lowers {_called(_MEANING[one.outcome], explainer)}",
            bars=tuple((n, one.shares.raises[n], one.shares.lowers[n]) for n in _REGIONS),
            bar_unit=one.unit,
            facts=_facts(one, explainer),
            notes=notes,
        )
    return pictures


def _called(outcome: str, explainer: Explainer) -> str:
    """An outcome, with the class that is explained where the response has several."""
    named = outcome == "response" and explainer.response_class
    return f"{outcome} {explainer.response_class}" if named else outcome


def _facts(one: Attribution, explainer: Explainer) -> tuple[tuple[str, str], ...]:
    """Lines of text beside the bars."""
    inner, outer = explainer.ring_mm
    places = {"lesion": "in lesion", "ring": f"in ring ({inner:g} to {outer:g} mm)"}
    facts = [
        (f"Share {places.get(name, name)}", "-" if share is None else f"{share:.0%}")
        for name, share in one.shares.share.items()
    ]
    facts.append(("This study", f"{one.value:+.2f}"))
    if one.baseline_value is None:
        return (*facts, ("Method", explainer.settings.method))
    return (
        *facts,
        (f"Baseline: {explainer.settings.baseline}", f"{one.baseline_value:+.2f}"),
        ("Attributed", f"{one.attributed:+.2f} (error {one.error:+.2f})"),
    )


def write_explanations(records: Iterable[Record], path: Path) -> None:
    """Writes explanations.csv: a row a study and outcome, sorted; warnings by their codes.

    Args:
        records: Contents of explanation.json.
        path: The table.
    """
    sums = [f"{kind}_{region}" for kind in _SUMS for region in _REGIONS]
    rows: list[dict[str, Any]] = []
    for record in sorted(records, key=lambda one: str(one["id"])):
        for outcome, numbers in record["outcomes"].items():
            row = {"id": record["id"], "outcome": outcome, "unit": numbers["unit"]}
            row.update({name: numbers[name] for name in _NUMBERS})
            row.update({f"{k}_{r}": numbers[k][r] for k in _SUMS for r in _REGIONS})
            row["warnings"] = " ".join(map(code_of, record["warnings"]))
            rows.append(row)
    write_csv(path, ["id", "outcome", "unit", *_NUMBERS, *sums, "warnings"], rows)
