"""Findings as plain data: their part of evaluation.json, and of its list of what is absent."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from pet_mtl.evaluation.findings import (
    Agreement,
    Calibration,
    Decision,
    Findings,
    MaskFindings,
    Measure,
    ResponseFindings,
    Subgroup,
    SurvivalFindings,
)
from pet_mtl.evaluation.judging import Judged
from pet_mtl.evaluation.leaks.verdicts import leaks_document
from pet_mtl.evaluation.mask_findings import mask_gap
from pet_mtl.evaluation.rivals import MODEL
from pet_mtl.metrics import DecisionCurve, Interval

Plain = dict[str, Any]
_NOBODY_CALLED = {"ppv": "nobody is called positive", "npv": "nobody is called negative"}
_WILSON = "Wilson"


def further_metrics(findings: Findings) -> dict[str, Plain]:
    """Metrics beyond the headline ones, by outcome; those without a number are left out."""
    found: dict[str, Plain] = {}
    for key, part in (
        ("survival", findings.survival),
        ("response", findings.response),
        ("mask", findings.mask),
    ):
        metrics = _measures(part.measures) if part else {}
        if isinstance(part, ResponseFindings):
            metrics |= _accuracy(part)
        if isinstance(part, MaskFindings):
            metrics |= _masks(part)
        if metrics:
            found[key] = metrics
    return found


def further_sections(findings: Findings, endpoints: tuple[Judged, ...]) -> Plain:
    """Sections that hold more than single numbers; empty ones are left out."""
    survival, response = findings.survival, findings.response
    keys = {
        j.endpoint.key: {s.label: s.key for s in j.scores} | {MODEL: "model"} for j in endpoints
    }
    sections = {
        "horizons": _horizons(survival),
        "threshold": _threshold(response),
        "calibration": _both(
            {f"{c.horizon_days:g}": _groups(c) for c in survival.calibration if c.groups}
            if survival
            else {},
            _groups(response.calibration) if response and response.calibration else [],
        ),
        "decision": _both(
            {
                f"{d.horizon_days:g}": _decision(d, keys["survival"])
                for d in survival.decision
                if d.curves
            }
            if survival
            else {},
            _decision(response.decision, keys["response"])
            if response and response.decision and response.decision.curves
            else {},
        ),
        "permutation": _both(
            *(
                {**asdict(p.permutation)} if p and p.permutation else {}
                for p in (survival, response)
            )
        ),
        "evidence": _both(
            *({**asdict(p.evidence)} if p and p.evidence else {} for p in (survival, response))
        ),
        "subgroups": [_subgroup(one) for one in findings.subgroups],
        "leaks": leaks_document(findings) if findings.leaks else {},
    }
    return {name: content for name, content in sections.items() if content}


def further_absences(findings: Findings, endpoints: tuple[Judged, ...], cohort: Any) -> list[Plain]:
    """Every further number that could not be computed, and why."""
    found = [
        {"what": f"metrics.{j.endpoint.key}", "reason": j.model.reason}
        for j in endpoints
        if getattr(findings, j.endpoint.key) is None and j.model.reason
    ]
    if findings.mask is None:
        why = mask_gap(cohort)
        found += [{"what": f"metrics.mask.{key}", "reason": why} for key in _ALL_MASK_KEYS]
    for place, reason in _gaps(findings):
        if reason:
            found.append({"what": place, "reason": reason})
    return found


def plain_interval(interval: Interval) -> Plain:
    """Value and both ends."""
    return {
        "value": float(interval.value),
        "low": float(interval.low),
        "high": float(interval.high),
    }


def _gaps(findings: Findings) -> Iterator[tuple[str, str]]:
    """Places in the document and why nothing is there."""
    survival, response, mask = findings.survival, findings.response, findings.mask
    if survival:
        yield from _measure_gaps("survival", survival.measures)
        yield from (
            (f"calibration.survival.{c.horizon_days:g}", c.reason) for c in survival.calibration
        )
        yield from ((f"decision.survival.{d.horizon_days:g}", d.reason) for d in survival.decision)
        yield "permutation.survival", survival.permutation_reason
    if response:
        yield from _measure_gaps("response", response.measures)
        yield from _accuracy_gaps(response)
        yield "calibration.response", response.calibration.reason if response.calibration else ""
        yield "decision.response", response.decision.reason if response.decision else ""
        yield "permutation.response", response.permutation_reason
    if mask:
        yield from _measure_gaps("mask", mask.measures)
        yield from ((f"metrics.mask.{_MASK_KEYS[key]}", why) for key, why in mask.gaps.items())
        yield from (
            (f"metrics.mask.{one.key}_concordance", one.concordance_reason)
            for one in mask.agreements
        )


def _measure_gaps(key: str, measures: tuple[Measure, ...]) -> Iterator[tuple[str, str]]:
    """Measures without a number."""
    return ((f"metrics.{key}.{m.key}", m.reason) for m in measures if m.interval is None)


def _accuracy_gaps(response: ResponseFindings) -> Iterator[tuple[str, str]]:
    """Sensitivity and its kin."""
    accuracy = response.accuracy
    for name in ("sensitivity", "specificity", "ppv", "npv"):
        if accuracy is None:
            yield f"metrics.response.{name}", response.accuracy_reason
        elif getattr(accuracy, name) is None:
            yield f"metrics.response.{name}", _NOBODY_CALLED[name]


def _measures(measures: tuple[Measure, ...]) -> Plain:
    """Key to number, interval, and how it came about."""
    return {m.key: _measure(m, m.interval) for m in measures if m.interval}


def _measure(measure: Measure, interval: Interval) -> Plain:
    """One number."""
    known = {"reference": measure.reference, "ideal": measure.ideal}
    return {
        **plain_interval(interval),
        "samples": interval.samples,
        "skipped": interval.skipped,
        "too_few": measure.too_few,
        "patients": measure.patients,
        "method": measure.method,
        **{name: float(value) for name, value in known.items() if value is not None},
        **measure.details,
    }


def _accuracy(response: ResponseFindings) -> Plain:
    """Sensitivity, specificity and predictive values."""
    accuracy = response.accuracy
    if accuracy is None:
        return {}
    few = any(m.too_few for m in response.measures)
    patients = max((m.patients for m in response.measures), default=0)
    names = ("sensitivity", "specificity", "ppv", "npv")
    shares = {name: getattr(accuracy, name) for name in names}
    return {
        name: plain_interval(share) | {"too_few": few, "patients": patients, "method": _WILSON}
        for name, share in shares.items()
        if share
    }


_MASK_KEYS = {"detection": "lesion_sensitivity", "mtv": "mtv_ratio", "tlg": "tlg_ratio"}
_ALL_MASK_KEYS = ("hd95_mm", "surface_dice", "centre_found", *_MASK_KEYS.values())


def _masks(mask: MaskFindings) -> Plain:
    """Lesions found, and agreement of volumes."""
    found: Plain = {}
    rates = mask.detection
    if rates:
        found["lesion_sensitivity"] = {
            **plain_interval(rates.sensitivity),
            "lesions": rates.lesions,
            "patients": rates.patients,
            "false_positives_per_patient": float(rates.false_positives),
            "method": "Wilson, lesions of a patient counted together",
        }
    for one in mask.agreements:
        found |= _agreement(one)
    if "surface_dice" in (m.key for m in mask.measures) and mask.tolerance_mm is not None:
        found["surface_tolerance_mm"] = mask.tolerance_mm
    return found


def _agreement(one: Agreement) -> Plain:
    """Predicted over true: bias, limits, and concordance."""
    content: Plain = {
        f"{one.key}_ratio": {
            **plain_interval(one.ratio.bias),
            "lower_limit": plain_interval(one.ratio.lower),
            "upper_limit": plain_interval(one.ratio.upper),
            "patients": one.ratio.patients,
            "missed": one.missed,
            "method": "Bland-Altman of the ratio predicted / true, by logarithms",
            "ideal": 1.0,
        }
    }
    if one.concordance:
        content[f"{one.key}_concordance"] = {
            **plain_interval(one.concordance),
            "patients": one.ratio.patients,
            "method": "Lin, Fisher's z",
            "ideal": 1.0,
        }
    return content


def _horizons(survival: SurvivalFindings | None) -> Plain:
    """The days, and who chose them."""
    if survival is None:
        return {}
    return {"days": list(survival.horizons_days), "chosen": survival.horizons_said}


def _threshold(response: ResponseFindings | None) -> Plain:
    """From which probability on a patient is called positive."""
    if response is None or response.accuracy is None:
        return {}
    threshold = response.accuracy.threshold
    by_fold = {"by_fold": dict(response.fold_thresholds)} if response.fold_thresholds else {}
    return {"value": float(threshold.value), "rule": threshold.rule, **by_fold}


def _both(survival: Any, response: Any) -> Plain:
    """Of both outcomes, as far as there is something."""
    parts = {"survival": survival, "response": response}
    return {key: part for key, part in parts.items() if part}


def _groups(calibration: Calibration) -> list[Plain]:
    """Patients by prediction."""
    return [
        {
            "patients": group.patients,
            "predicted": group.predicted,
            "observed": plain_interval(group.observed),
        }
        for group in calibration.groups
    ]


def _decision(decision: Decision, keys: Mapping[str, str]) -> Plain:
    """Net benefit of the model and its rivals at each threshold."""
    first: DecisionCurve = next(iter(decision.curves.values()))
    return {
        "patients": decision.patients,
        "thresholds": first.thresholds.tolist(),
        "treat_all": first.treat_all.tolist(),
        "net_benefit": {keys[label]: c.model.tolist() for label, c in decision.curves.items()},
    }


def _subgroup(one: Subgroup) -> Plain:
    """Some of the patients; what could not be computed of them says why."""
    reasons = {m.key: m.reason for m in one.measures if m.interval is None}
    return {
        "variable": one.variable,
        "label": one.label,
        "patients": one.patients,
        "metrics": _measures(one.measures),
        **({"absent": reasons} if reasons else {}),
    }
