"""The evaluation as plain data: evaluation.json, and the warnings that belong to it."""

import importlib.metadata
import platform
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pet_mtl._version import __version__
from pet_mtl.classes import BINARY
from pet_mtl.evaluation.baselines import fit_said
from pet_mtl.evaluation.cohort import Cohort, Patients
from pet_mtl.evaluation.findings import Findings
from pet_mtl.evaluation.judging import CHANCE, SEVERAL, Judged, Score, Settings
from pet_mtl.evaluation.leaks.verdicts import warned
from pet_mtl.evaluation.measuring import BETTER
from pet_mtl.evaluation.sections import further_absences, further_metrics, further_sections
from pet_mtl.evaluation.wording import are, counted, have
from pet_mtl.metrics import Interval

SCHEMA_VERSION = 2
NO_TRUTH = "no truth given (--truth truth.csv, of simulated cohorts only)"

_LIBRARIES = ("numpy", "scikit-learn", "lifelines", "matplotlib")
_WIDE = 0.2
_MANY_SKIPPED = 0.01


@dataclass(frozen=True)
class Evaluation:
    """All that was found.

    Attributes:
        cohort: Patients and predictions.
        endpoints: Survival and response, judged.
        dice: Mean Dice.
        settings: The bootstrap.
        findings: What stands beyond these headline numbers.
    """

    cohort: Cohort
    endpoints: tuple[Judged, ...]
    dice: Score
    settings: Settings
    findings: Findings = field(default_factory=Findings)

    @property
    def has_numbers(self) -> bool:
        """Whether any metric of the model could be computed."""
        return any(score.interval for score in (*(e.model for e in self.endpoints), self.dice))


def to_document(evaluation: Evaluation) -> dict[str, Any]:
    """The content of evaluation.json.

    Args:
        evaluation: What was found.

    Returns:
        Plain data without NaN. A number that could not be computed is absent; `absent` says why.
    """
    cohort, settings = evaluation.cohort, evaluation.settings
    metrics: dict[str, Any] = {}
    sections: dict[str, dict[str, Any]] = {"oracle": {}, "share_of_oracle": {}, "baselines": {}}
    for judged in evaluation.endpoints:
        key, measure = judged.endpoint.key, judged.endpoint.measure
        if judged.model.interval:
            metrics[key] = {measure: _counted(judged.model)} | _within(judged)
        for name, part in _sections(judged).items():
            if part:
                sections[name][key] = part
    if evaluation.dice.interval:
        known = cohort.dice[np.isfinite(cohort.dice)]
        metrics["mask"] = {
            "dice": {
                **_counted(evaluation.dice),
                "median": float(np.median(known)),
                "geometry": cohort.dice_where,
            }
        }
    for key, more in further_metrics(evaluation.findings).items():
        metrics[key] = metrics.get(key, {}) | more
    return {
        "schema_version": SCHEMA_VERSION,
        "target": {"kind": cohort.kind, "name": cohort.name},
        "counts": counts(cohort),
        "metrics": metrics,
        **sections,
        **further_sections(evaluation.findings, evaluation.endpoints),
        **cohort.doubts.to_json(cohort.patients.response),
        "baselines_fit": fit_said(cohort.training),
        "absent": absences(evaluation),
        "warnings": list(warnings_of(evaluation)),
        "bootstrap": {
            "samples": settings.samples,
            "seed": settings.seed,
            "level": 0.95,
            "kind": "percentile, over patients",
        },
        "provenance": cohort.provenance,
        "versions": versions(),
    }


def counts(cohort: Cohort) -> dict[str, int]:
    """How many patients have what."""
    patients = cohort.patients
    survival, response = patients.has_survival, patients.has_response
    return {
        "patients": len(patients),
        "with_survival": int(survival.sum()),
        "events": int(patients.event[survival].sum()),
        "with_response": int(response.sum()),
        **_of_classes(patients),
        "with_dice": int(np.isfinite(cohort.dice).sum()),
        "with_mtv": int(np.isfinite(patients.mtv_ml).sum()),
    }


def _of_classes(patients: Patients) -> dict[str, int]:
    """Responders; of more than two classes the patients of each."""
    label = patients.response[patients.has_response]
    if patients.classes == BINARY:
        return {"responders": int(label.sum())}
    return {f"class_{k}": int((label == k).sum()) for k in range(patients.classes)}


def absences(evaluation: Evaluation) -> list[dict[str, str]]:
    """Every number that could not be computed, and why."""
    found = []
    for judged in evaluation.endpoints:
        place = {"model": "metrics", "oracle": "oracle", "baseline": "baselines"}
        found += [
            {"what": f"{place[score.role]}.{judged.endpoint.key}.{_leaf(judged, score)}",
             "reason": score.reason}
            for score in judged.scores
            if score.interval is None
        ]  # fmt: skip
        found += [
            {"what": f"share_of_oracle.{judged.endpoint.key}.{score.key}", "reason": score.no_share}
            for score in judged.scores
            if score.no_share
        ]
    if evaluation.dice.interval is None:
        found.append({"what": "metrics.mask.dice", "reason": evaluation.dice.reason})
    if not evaluation.cohort.oracle:
        found.append({"what": "oracle", "reason": NO_TRUTH})
    further = further_absences(evaluation.findings, evaluation.endpoints, evaluation.cohort)
    return found + further


def warnings_of(evaluation: Evaluation) -> tuple[str, ...]:
    """What the reader of the numbers must know."""
    found = [*warned(evaluation.findings), *evaluation.cohort.notes]
    found += evaluation.cohort.doubts.notes
    for judged in evaluation.endpoints:
        model, title = judged.model, judged.endpoint.title
        if judged.unpredicted:
            found.append(
                f"{title}: {counted(judged.unpredicted, 'patient')} with a known outcome "
                f"{have(judged.unpredicted)} no prediction and {are(judged.unpredicted)} left out."
            )
        if model.interval:
            found += [f"{title}: {text}" for text in _doubts(judged, model, model.interval)]
            found += _beside_chance(evaluation, judged, model.interval)
    if evaluation.dice.too_few:
        behind = counted(evaluation.dice.patients, "patient")
        found.append(f"Mean Dice: {behind}: the interval says nothing.")
    return tuple(found)


def versions() -> dict[str, str]:
    """Versions of what computed the numbers."""
    return {
        "pet_mtl": __version__,
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in _LIBRARIES},
    }


def _doubts(judged: Judged, model: Score, interval: Interval) -> list[str]:
    """Why a number may mean less, or something else, than it seems to."""
    if model.too_few:
        return [f"{behind_words(judged, ' with ')}: the interval says nothing."]
    found = []
    if interval.width > _WIDE:
        found.append(
            f"the interval is {interval.width:.2f} wide: {behind_words(judged, ' with ')} "
            "say little."
        )
    if interval.low <= CHANCE <= interval.high:
        found.append("the interval includes 0.5, so the model is not shown to beat chance.")
    if interval.skipped > _MANY_SKIPPED * (interval.samples + interval.skipped):
        found.append(f"undefined resamples are left out: {interval.skipped}.")
    return found


def _beside_chance(evaluation: Evaluation, judged: Judged, interval: Interval) -> list[str]:
    """What the shuffled outcomes say against a model whose interval says nothing of it."""
    findings = evaluation.findings
    part = findings.survival if judged.endpoint.key == "survival" else findings.response
    said = interval.low <= CHANCE <= interval.high or judged.model.too_few
    if said or part is None or part.evidence is None or part.evidence.verdict == BETTER:
        return []
    return [part.evidence.said]


def behind_words(judged: Judged, joint: str = ", ") -> str:
    """How many patients, and events or responders, are behind the model's number."""
    noun = "event" if judged.endpoint.key == "survival" else "responder"
    model = judged.model
    if judged.endpoint is SEVERAL:
        return f"{counted(model.patients, 'patient')}{joint}{model.positives} of the rarest class"
    return f"{counted(model.patients, 'patient')}{joint}{counted(model.positives, noun)}"


def _leaf(judged: Judged, score: Score) -> str:
    """The last part of a score's place in the document."""
    return judged.endpoint.measure if score.role == "model" else score.key


def _sections(judged: Judged) -> dict[str, dict[str, Any]]:
    """Oracles, shares and baselines of one endpoint."""
    measure = judged.endpoint.measure
    scores = [score for score in judged.scores if score.interval]
    return {
        "oracle": {s.key: {measure: _counted(s)} for s in scores if s.role == "oracle"},
        "share_of_oracle": {s.key: _plain(s.share, s.too_few) for s in scores if s.share},
        "baselines": {s.key: _baseline(s, measure) for s in scores if s.role == "baseline"},
    }


def _baseline(score: Score, measure: str) -> dict[str, Any]:
    """One baseline, and the model beside it on the same patients."""
    content: dict[str, Any] = {measure: _counted(score)}
    if score.same:
        content["model_on_same_patients"] = _plain(score.same, score.too_few)
    if score.difference:
        content["model_minus_baseline"] = _plain(score.difference, score.too_few)
    return content


def _counted(score: Score) -> dict[str, Any]:
    """An interval and the patients behind it."""
    plain = _plain(score.interval, score.too_few) if score.interval else {}
    return plain | {"patients": score.patients, "positives": score.positives}


def _plain(interval: Interval, too_few: bool) -> dict[str, Any]:
    """An interval as plain data."""
    return {
        "value": interval.value,
        "low": interval.low,
        "high": interval.high,
        "samples": interval.samples,
        "skipped": interval.skipped,
        "too_few": too_few,
    }


def _within(judged: Judged) -> dict[str, float]:
    """Harrell's C within folds, where there are folds."""
    value = judged.within_folds
    return {} if value is None else {f"{judged.endpoint.measure}_within_folds": value}
