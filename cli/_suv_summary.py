"""What `pet-mtl suv` tells of a study, in the normalisation that was asked for."""

import dataclasses
from typing import Any

import numpy as np

from pet_mtl.errors import SuvError
from pet_mtl.preprocess.statistics import mask_statistics
from pet_mtl.study import Study
from pet_mtl.suv import per_suvbw, unit_of


def normalised(study: Study, normalisation: str) -> Study:
    """The study in another SUV than SUVbw; to be written and shown, not to go on with.

    Args:
        study: A study in SUVbw.
        normalisation: One of `pet_mtl.suv.NORMALISATIONS`.

    Returns:
        The same with `suv` and `suv_factor` in that normalisation.

    Raises:
        SuvError: Weight, height or sex are missing or impossible.
    """
    if normalisation == "bw":
        return study
    try:
        ratio, odd = per_suvbw(normalisation, study.body)
    except SuvError as error:
        raise error.about(study.name) from None
    return dataclasses.replace(
        study,
        suv=(study.suv.astype(np.float64) * ratio).astype(np.float32),
        suv_factor=study.suv_factor * ratio,
        warnings=tuple(dict.fromkeys((*study.warnings, *odd))),
    )


def summary(study: Study, normalisation: str = "bw") -> dict[str, Any]:
    """What the command prints of a study.

    Args:
        study: The study, already in the normalisation.
        normalisation: Which one.

    Returns:
        `suv_factor` (per rescaled unit), `reference_time` (or null), `rule` (what gave SUVbw),
        `normalisation`, `unit`, `warnings`, perhaps `passed_over` and `mask`.
    """
    content: dict[str, Any] = {
        "suv_factor": study.suv_factor,
        "reference_time": study.reference_time or None,
        "rule": study.suv_rule or None,
        "normalisation": normalisation,
        "unit": unit_of(normalisation),
        "warnings": list(study.warnings),
    }
    if study.passed_over:
        content["passed_over"] = [f"{p.code}: {p.sentence()}" for p in study.passed_over]
    if study.mask is not None:
        content["mask"] = mask_statistics(study)
    return content
