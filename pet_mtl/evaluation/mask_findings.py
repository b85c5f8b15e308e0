"""More of the predicted mask: distances of surfaces, lesions found, volumes."""

from dataclasses import replace

import numpy as np

from pet_mtl.errors import MetricError
from pet_mtl.evaluation.cohort import Cohort, Floats
from pet_mtl.evaluation.endpoints import Settings
from pet_mtl.evaluation.findings import Agreement, MaskFindings, Measure
from pet_mtl.evaluation.masks import MaskNumbers
from pet_mtl.evaluation.measuring import BOOTSTRAP, computed, too_few
from pet_mtl.metrics import (
    Detection,
    DetectionRates,
    bland_altman,
    bootstrap_interval,
    concordance_correlation_interval,
    detection_rates,
    wilson_interval,
)

_AGREEMENTS = {
    "mtv": ("Metabolic tumour volume, ml", "true_ml", "predicted_ml"),
    "tlg": ("Total lesion glycolysis, g", "true_tlg", "predicted_tlg"),
}
_NOT_COMPARED = "no predicted mask was compared with a true one"


def mask_findings(cohort: Cohort, settings: Settings) -> MaskFindings | None:
    """What stands beyond Dice.

    Args:
        cohort: Patients and predictions.
        settings: The bootstrap.

    Returns:
        The findings; None where no mask was compared.
    """
    masks = cohort.masks
    if masks is None or not masks.compared.any():
        return None
    gaps: dict[str, str] = {}
    agreements = tuple(_agreements(masks, gaps))
    return MaskFindings(
        measures=(
            _distances(masks, settings, "hd95_mm", "95 % Hausdorff distance, mm", 0.0),
            _distances(masks, settings, "surface_dice", _surface_title(masks), 1.0),
            _centres(masks),
        ),
        detection=_detection(masks, gaps),
        agreements=agreements,
        gaps=gaps,
        tolerance_mm=masks.tolerance_mm,
    )


def mask_gap(cohort: Cohort) -> str:
    """Why there are no findings of the masks."""
    return cohort.mask_gap or _NOT_COMPARED


def _surface_title(masks: MaskNumbers) -> str:
    """With its tolerance."""
    return f"Surface Dice at {masks.tolerance_mm:g} mm"


def _distances(
    masks: MaskNumbers, settings: Settings, key: str, title: str, ideal: float
) -> Measure:
    """The mean of what is undefined where a mask is empty."""
    values = masks[key][masks.compared]
    known = values[np.isfinite(values)]
    details = {"undefined": len(values) - len(known)}
    measure = Measure(
        key, title, patients=len(known), method=BOOTSTRAP, ideal=ideal, details=details
    )
    if not len(known):
        return replace(measure, reason="one of the masks is empty in every patient")
    measure = replace(
        measure,
        too_few=too_few(len(known)),
        details={**details, "median": float(np.median(known))},
    )
    return computed(
        measure, lambda: bootstrap_interval(np.mean, [known], settings.samples, settings.seed)
    )


def _centres(masks: MaskNumbers) -> Measure:
    """Share of the patients in whose true mask the predicted centre lies."""
    values = masks["centre_found"]
    known = values[np.isfinite(values)]
    measure = Measure(
        "centre_found",
        "Centres inside the true mask",
        patients=len(known),
        method="Wilson",
        ideal=1.0,
        too_few=too_few(len(known)),
    )
    return computed(measure, lambda: wilson_interval(float(known.sum()), len(known)))


def _detection(masks: MaskNumbers, gaps: dict[str, str]) -> DetectionRates | None:
    """Of all patients with both masks."""
    names = ("lesions_found", "lesions_missed", "lesions_false")
    table = np.stack([masks[name] for name in names], axis=1)
    known = table[np.all(np.isfinite(table), axis=1) & masks.compared]
    try:
        return detection_rates([Detection(*map(int, row)) for row in known])
    except MetricError as error:
        gaps["detection"] = error.problem.sentence()
        return None


def _agreements(masks: MaskNumbers, gaps: dict[str, str]) -> list[Agreement]:
    """Volume and glycolysis, where both masks have a voxel."""
    found = []
    for key, (title, true_name, predicted_name) in _AGREEMENTS.items():
        true, predicted = masks[true_name], masks[predicted_name]
        outlined = masks.compared & (true > 0)
        drawn = outlined & (predicted > 0)
        missed = int(np.count_nonzero(outlined & ~drawn))
        try:
            ratio = bland_altman(predicted[drawn], true[drawn], ratio=True)
        except MetricError as error:
            gaps[key] = error.problem.sentence()
            continue
        agreement = Agreement(key, title, true[drawn], predicted[drawn], ratio, missed)
        found.append(_with_concordance(agreement, predicted[drawn], true[drawn]))
    return found


def _with_concordance(agreement: Agreement, predicted: Floats, true: Floats) -> Agreement:
    """The same with Lin's concordance correlation."""
    try:
        return replace(agreement, concordance=concordance_correlation_interval(predicted, true))
    except MetricError as error:
        return replace(agreement, concordance_reason=error.problem.sentence())
