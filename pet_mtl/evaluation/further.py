"""Lines of the terminal's table beyond the headline numbers."""

from pet_mtl.evaluation.findings import (
    Evidence,
    Findings,
    MaskFindings,
    Measure,
    ResponseFindings,
    SurvivalFindings,
)
from pet_mtl.metrics import Interval

# With the number behind it as wide as the lines of the scores above.
_WIDTH = 30
# On a terminal those without a day; the days are many, and in the files.
_SHOWN = {
    "survival": ("uno_c", "mean_auc", "ibs"),
    "response": ("average_precision", "scaled_brier", "calibration_slope", "ece"),
    "mask": ("hd95_mm", "surface_dice"),
}


def further_lines(findings: Findings, key: str) -> list[str]:
    """The further numbers of one outcome.

    Args:
        findings: All of them.
        key: "survival", "response" or "mask".

    Returns:
        Lines of plain text; none where the model was not judged on it.
    """
    part: SurvivalFindings | ResponseFindings | MaskFindings | None = getattr(findings, key)
    if part is None:
        return []
    lines = [_line(m, m.interval) for m in part.measures if m.key in _SHOWN[key] and m.interval]
    if isinstance(part, ResponseFindings):
        lines += _accuracy_lines(part)
    if isinstance(part, MaskFindings):
        return lines + _mask_lines(part)
    return lines + _evidence_lines(part.evidence)


def _line(measure: Measure, interval: Interval) -> str:
    """One measure, and what it is without a model."""
    text = f"  {measure.title:<{_WIDTH}} {interval.value:6.3f}  {_span(interval, measure)}"
    if measure.reference is None:
        return text
    name = measure.details.get("reference_is", "without a model")
    return f"{text}  ({name} {measure.reference:.3f})"


def _span(interval: Interval, measure: Measure) -> str:
    """Both ends, where they mean something."""
    return "too few" if measure.too_few else f"{interval.low:.3f} to {interval.high:.3f}"


def _accuracy_lines(response: ResponseFindings) -> list[str]:
    """Sensitivity and specificity, and where the threshold comes from."""
    accuracy = response.accuracy
    if accuracy is None:
        return [f"  {'Sensitivity':<{_WIDTH}} not computed: {response.accuracy_reason.rstrip('.')}"]
    few = any(measure.too_few for measure in response.measures)
    shares = {"Sensitivity": accuracy.sensitivity, "Specificity": accuracy.specificity}
    lines = [_line(Measure("", title, too_few=few), share) for title, share in shares.items()]
    return [*lines, f"  from {accuracy.threshold.value:.3f} on: {accuracy.threshold.rule}"]


def _mask_lines(mask: MaskFindings) -> list[str]:
    """Volumes, predicted over true."""
    return [
        f"  {f'{one.key.upper()}, predicted / true':<{_WIDTH}} {one.ratio.bias.value:6.3f}  "
        f"{one.ratio.bias.low:.3f} to {one.ratio.bias.high:.3f}"
        for one in mask.agreements
    ]


def _evidence_lines(evidence: Evidence | None) -> list[str]:
    """Whether the model is shown to beat chance."""
    return [f"  {evidence.said}"] if evidence else []
