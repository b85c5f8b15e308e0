"""Survival and response beyond their headline numbers."""

from collections.abc import Iterator

import numpy as np

from pet_mtl.evaluation.findings import (
    Calibration,
    Decision,
    Findings,
    ResponseFindings,
    SurvivalFindings,
)
from pet_mtl.evaluation.judging import SEVERAL, Judged
from pet_mtl.evaluation.pages.headlines import judged_on
from pet_mtl.evaluation.pages.words import joined, measure_table, p_said, percent, short
from pet_mtl.evaluation.results import Evaluation
from pet_mtl.evaluation.wording import counted
from pet_mtl.metrics import Accuracy
from pet_mtl.report import (
    CalibrationCurve,
    NetBenefit,
    Picture,
    Response,
    Section,
    Survival,
    Table,
    logrank_said,
)

_LEAST_FOR_CURVES = 4
_ROC_BESIDE = ("logit", "mtv_suv_max")
_GROUPS_SAID = (
    "The two groups were set before any outcome was looked at: patients above, and not above, the "
    "median predicted risk of the judged patients."
)


def survival(evaluation: Evaluation) -> Section:
    """Risk groups, calibration, decision curves, all measures."""
    judged, found = judged_on(evaluation, "survival"), evaluation.findings.survival
    if judged is None:
        reason = _reason(evaluation, "survival")
        return Section("survival", "Survival", lead=(f"Not judged: {reason}.",))
    content = survival_content(evaluation, judged)
    pictures = [_kaplan_meier(content)] if len(content.risk) >= _LEAST_FOR_CURVES else []
    tables = [_groups_table(content)]
    lead = [_GROUPS_SAID]
    if found is not None:
        lead += _survival_lead(found)
        for one in found.calibration:
            pictures += _calibration(one, "survival")
        for curve in found.decision:
            pictures += _decision(curve, "survival")
        tables.append(measure_table("Measures", "survival_measures", found.measures))
    return Section(
        "survival", "Survival", tuple(lead), pictures=tuple(pictures), tables=tuple(tables)
    )


def response(evaluation: Evaluation) -> Section:
    """ROC, calibration, decision curves, accuracy at a threshold, all measures."""
    judged, found = judged_on(evaluation, "response"), evaluation.findings.response
    if judged is None:
        reason = _reason(evaluation, "response")
        return Section("response", "Response", lead=(f"Not judged: {reason}.",))
    pictures, lead = list(_roc(evaluation, judged)), []
    if judged.endpoint is SEVERAL:
        lead.append("ROC curves are drawn of a response of two classes only.")
    tables = []
    if found is not None:
        lead += [f"Shuffled outcomes: {p_said(found.permutation)}."] if found.permutation else []
        pictures += _calibration(found.calibration, "response") if found.calibration else []
        pictures += _decision(found.decision, "response") if found.decision else []
        tables.append(measure_table("Measures", "response_measures", found.measures))
        tables += _accuracy(found)
    return Section("response", "Response", tuple(lead), pictures=tuple(pictures),
                   tables=tuple(tables))  # fmt: skip


def survival_content(evaluation: Evaluation, judged: Judged) -> Survival:
    """Patients of the Kaplan-Meier curves."""
    patients, rows = evaluation.cohort.patients, judged.rows
    return Survival(patients.time_days[rows], patients.event[rows], evaluation.cohort.risk[rows])


def _reason(evaluation: Evaluation, key: str) -> str:
    """Why an endpoint is not judged."""
    judged = next((one for one in evaluation.endpoints if one.endpoint.key == key), None)
    return judged.model.reason.rstrip(".") if judged else "the model has no such task"


def _survival_lead(found: SurvivalFindings) -> Iterator[str]:
    """Horizons and the permutation test in words."""
    if found.horizons_days:
        days = joined([f"{day:g}" for day in found.horizons_days])
        said = f" ({found.horizons_said})" if found.horizons_said else ""
        yield f"Probabilities are judged at {days} days{said}."
    if found.permutation:
        yield f"Shuffled outcomes: {p_said(found.permutation)}."


def _kaplan_meier(content: Survival) -> Picture:
    """The curves of both risk groups."""
    high = content.high
    alt = (
        f"Kaplan-Meier curves of {int(high.sum())} patients above and {int((~high).sum())} not "
        f"above the median predicted risk, with numbers at risk; {logrank_said(content)}"
    )
    note = "Kaplan-Meier, split at the median risk; bands: 95 %; ticks: censored"
    return Picture("kaplan_meier", "Survival by predicted risk", content, alt, note)


def _groups_table(content: Survival) -> Table:
    """Patients, events and follow-up of both risk groups."""
    rows = []
    for name, chosen in (("higher risk", content.high), ("lower risk", ~content.high)):
        if chosen.any():
            time, event = content.time_days[chosen], content.event[chosen]
            risk = content.risk[chosen]
            ends = f"{risk.min():.3f} to {risk.max():.3f}"
            known = (str(len(time)), str(int(event.sum())), f"{np.median(time):.0f}", ends)
            rows.append((name, *known))
    header = ("", "patients", "events", "median time seen (days)", "predicted risk")
    return Table("Risk groups", header, tuple(rows), logrank_said(content), "risk_groups")


def _roc(evaluation: Evaluation, judged: Judged) -> Iterator[Picture]:
    """ROC curves, where there are two classes."""
    label = evaluation.cohort.patients.response[judged.rows]
    if judged.endpoint is SEVERAL or len(np.unique(label)) < len(("0", "1")):
        return
    beside = [
        score
        for score in judged.scores
        if score.interval and (score.role == "model" or score.key in _ROC_BESIDE)
    ]
    scores = {(short(s.label), s.role): judged.values[s.key][judged.rows] for s in beside}
    told = [f"{short(s.label)} {s.interval.value:.2f}" for s in beside if s.interval]
    yield Picture(
        "roc",
        "ROC curves",
        Response(label, scores),
        f"ROC curves of the response; areas under them: {'; '.join(told)}",
        "Sensitivity over all thresholds, and the area under the curve (AUC)",
    )


def _calibration(found: Calibration, key: str) -> list[Picture]:
    """One calibration curve, if it could be computed."""
    if not found.groups:
        return []
    day = found.horizon_days
    event = "response 1" if day is None else f"living beyond day {day:g}"
    name = f"calibration_{key}" + ("" if day is None else f"_{day:g}")
    told = "; ".join(
        f"predicted {g.predicted:.2f}, observed {g.observed.value:.2f} "
        f"({g.observed.low:.2f} to {g.observed.high:.2f}), n = {g.patients}"
        for g in found.groups
    )
    sizes = sorted({group.patients for group in found.groups})
    groups = f"{sizes[0]}" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
    where = "" if day is None else f" at {day:g} days"
    return [
        Picture(
            name,
            f"Calibration{where}",
            CalibrationCurve(found.groups, event),
            f"Predicted and observed probability of {event}: {told}",
            f"{counted(len(found.groups), 'group')} of {groups} patients by prediction; "
            "whiskers: 95 %",
        )
    ]


def _decision(found: Decision, key: str) -> list[Picture]:
    """One figure of decision curves, if they could be computed."""
    if not found.curves:
        return []
    day = found.horizon_days
    event = "response 1" if day is None else f"the event by day {day:g}"
    name = f"decision_{key}" + ("" if day is None else f"_{day:g}")
    told = []
    for label, curve in found.curves.items():
        share = float(np.mean(curve.advantage > 0))
        told.append(f"{label} above both at {share:.0%} of the thresholds")
    patients = f" of {found.patients} patients" if found.patients else ""
    where = "" if day is None else f" at {day:g} days"
    return [
        Picture(
            name,
            f"Decision curve{where}",
            NetBenefit({short(label): curve for label, curve in found.curves.items()}, event),
            f"Net benefit beside treating everybody and nobody: {'; '.join(told)}",
            f"Net benefit{patients}; a model is of use where it lies above both black lines",
        )
    ]


def _accuracy(found: ResponseFindings) -> Iterator[Table]:
    """Sensitivity and specificity at a threshold of other patients."""
    if found.accuracy is None:
        return
    rows = tuple(_accuracy_rows(found.accuracy))
    threshold = found.accuracy.threshold
    note = f"Threshold {threshold.value:.3f}: {threshold.rule}."
    if found.fold_thresholds:
        told = ", ".join(f"{fold}: {value:.3f}" for fold, value in found.fold_thresholds.items())
        note = f"{note} By fold: {told}."
    yield Table("At a threshold", ("", "value (95 % interval)"), rows, note, "accuracy")


def _accuracy_rows(accuracy: Accuracy) -> Iterator[tuple[str, str]]:
    """The four shares."""
    shares = {
        "sensitivity": accuracy.sensitivity,
        "specificity": accuracy.specificity,
        "positive predictive value": accuracy.ppv,
        "negative predictive value": accuracy.npv,
    }
    for name, interval in shares.items():
        yield name, percent(interval) if interval else "nobody is called so"


def gaps(findings: Findings) -> Iterator[tuple[str, str]]:
    """What of the findings could not be computed, and why."""
    for title, found in (("Survival", findings.survival), ("Response", findings.response)):
        if found is None:
            continue
        for one in found.measures:
            if one.interval is None:
                yield f"{title}: {one.title}", one.reason
        if found.permutation is None and found.permutation_reason:
            yield f"{title}: shuffled outcomes", found.permutation_reason
        yield from _curve_gaps(title, found)
    if findings.response is not None and findings.response.accuracy_reason:
        yield "Response: accuracy at a threshold", findings.response.accuracy_reason


def _curve_gaps(
    title: str, found: SurvivalFindings | ResponseFindings
) -> Iterator[tuple[str, str]]:
    """Calibration and decision curves that could not be computed."""
    for name, group in (("calibration", found.calibration), ("decision curve", found.decision)):
        for one in group if isinstance(group, tuple) else (group,):
            if one is not None and one.reason:
                where = f" at {one.horizon_days:g} days" if one.horizon_days else ""
                yield f"{title}: {name}{where}", one.reason
