"""More of the predicted response: precision, Brier score, calibration, sensitivity, net benefit."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from pet_mtl.classes import BINARY
from pet_mtl.errors import MetricError
from pet_mtl.evaluation.cohort import Cohort, Floats
from pet_mtl.evaluation.endpoints import Settings
from pet_mtl.evaluation.findings import Calibration, Decision, Measure, ResponseFindings
from pet_mtl.evaluation.judging import Judged
from pet_mtl.evaluation.measuring import (
    BOOTSTRAP,
    CHANCE,
    computed,
    evidence_of,
    shuffles_of,
    too_few,
    uncertain,
)
from pet_mtl.evaluation.rivals import response_decision
from pet_mtl.evaluation.thresholds import accuracy_of
from pet_mtl.metrics import (
    Interval,
    Permutation,
    auc_interval,
    average_precision,
    binary_brier_score,
    bootstrap_interval,
    calibration_groups,
    calibration_intercept,
    calibration_slope,
    expected_calibration_error,
    macro_auc,
    permutation_test,
    roc_auc_rows,
    scaled_brier_score,
)

_TWO_CLASSES = "defined for a response of two classes only"
_MOST_GROUPS, _A_GROUP = 10, 10
_PERFECT_DRAWS = 200
_TITLES = {
    "auc_delong": "AUC, DeLong",
    "average_precision": "Average precision",
    "brier": "Brier score",
    "scaled_brier": "Scaled Brier score",
    "calibration_slope": "Calibration slope",
    "calibration_intercept": "Calibration in the large",
    "ece": "Expected calibration error",
}


@dataclass(frozen=True)
class _Case:
    """The judged patients of a response of two classes."""

    label: Floats
    predicted: Floats
    settings: Settings

    @property
    def share(self) -> float:
        """Share of responders."""
        return float(self.label.mean())

    @property
    def groups(self) -> int:
        """Groups of the calibration curve; each has ten patients if there are as many."""
        return max(1, min(_MOST_GROUPS, len(self.label) // _A_GROUP))


def response_findings(
    judged: Judged, cohort: Cohort, settings: Settings
) -> ResponseFindings | None:
    """What stands beyond the AUC.

    Args:
        judged: The endpoint of the response, judged.
        cohort: Patients and predictions.
        settings: The bootstrap.

    Returns:
        The findings; None where nobody has both outcome and prediction. Of more than two classes
        all but the permutation say that they are defined for two only.
    """
    rows = judged.rows
    if not rows.any():
        return None
    label, predicted = cohort.patients.response[rows], cohort.probability[rows]
    if cohort.patients.classes > BINARY:
        return _shuffled(_of_several(), judged, label, lambda: _macro(label, predicted, settings))
    case = _Case(label, predicted, settings)
    findings = ResponseFindings(
        measures=tuple(_measures(case)),
        calibration=_calibration(case),
        decision=response_decision(judged, cohort),
    )
    try:
        called = accuracy_of(cohort, rows)
        findings = replace(findings, accuracy=called.accuracy, fold_thresholds=called.by_fold)
    except MetricError as error:
        findings = replace(findings, accuracy_reason=error.problem.sentence())
    plan = shuffles_of(settings.samples, settings.seed)
    return _shuffled(
        findings,
        judged,
        label,
        lambda: permutation_test(roc_auc_rows, [label], predicted, plan, rows=True),
    )


def _of_several() -> ResponseFindings:
    """What is not defined of more than two classes."""
    return ResponseFindings(
        measures=tuple(Measure(key, title, reason=_TWO_CLASSES) for key, title in _TITLES.items()),
        accuracy_reason=_TWO_CLASSES,
        calibration=Calibration((), reason=_TWO_CLASSES),
        decision=Decision({}, reason=_TWO_CLASSES),
    )


def _macro(label: Floats, each: Floats, settings: Settings) -> Permutation:
    """The macro AUC against shuffled patients: their rows are shuffled as they stand."""

    def of_order(truth: Floats, order: Floats) -> float:
        return macro_auc(truth, each[order.astype(np.int64)])

    plan = shuffles_of(settings.samples, settings.seed)
    return permutation_test(of_order, [label], np.arange(len(label)), plan)


def _shuffled(
    findings: ResponseFindings, judged: Judged, label: Floats, test: Callable[[], Permutation]
) -> ResponseFindings:
    """The same with what shuffled outcomes reach."""
    try:
        permutation = test()
    except MetricError as error:
        return replace(findings, permutation_reason=error.problem.sentence())
    model = judged.model
    title = judged.endpoint.title
    evidence = evidence_of(title, model.interval, permutation, model.too_few)
    return replace(findings, permutation=permutation, evidence=evidence)


def _measures(case: _Case) -> Iterator[Measure]:
    """All of them, those without a number included."""
    label, predicted = case.label, case.predicted
    delong = _named(case, "auc_delong", method="DeLong, logit", reference=CHANCE, ideal=1.0)
    yield computed(delong, lambda: auc_interval(label, predicted))
    yield _bootstrapped(case, "average_precision", average_precision, case.share, 1.0)
    same_for_all = case.share * (1.0 - case.share)
    yield _bootstrapped(case, "brier", binary_brier_score, same_for_all, 0.0)
    yield _bootstrapped(case, "scaled_brier", scaled_brier_score, 0.0, 1.0)
    inner, moved = uncertain(predicted)
    details = {"moved_from_0_or_1": moved} if moved else {}
    slope = _named(case, "calibration_slope", method="Wald", ideal=1.0, details=details)
    yield computed(slope, lambda: calibration_slope(label, inner))
    shift = _named(case, "calibration_intercept", method="Wald", ideal=0.0, details=details)
    yield computed(shift, lambda: calibration_intercept(label, inner))
    yield _ece(case)


def _named(case: _Case, key: str, **more: object) -> Measure:
    """A measure of all judged patients, still without its number."""
    ones = int(case.label.sum())
    few = too_few(len(case.label), ones, len(case.label) - ones)
    measure = Measure(key, _TITLES[key], patients=len(case.label), too_few=few)
    return replace(measure, **more)  # type: ignore[arg-type]


def _bootstrapped(
    case: _Case, key: str, statistic: Callable[..., float], reference: float, ideal: float
) -> Measure:
    """A measure whose interval comes from resampled patients."""
    measure = _named(case, key, method=BOOTSTRAP, reference=reference, ideal=ideal)
    return computed(measure, lambda: _interval(case, statistic))


def _interval(case: _Case, statistic: Callable[..., float]) -> Interval:
    """A statistic with its bootstrap interval."""
    arrays = (case.label, case.predicted)
    return bootstrap_interval(statistic, arrays, case.settings.samples, case.settings.seed)


def _ece(case: _Case) -> Measure:
    """Beside what a perfect model of the same predictions reaches by chance."""

    def error(label: Floats, predicted: Floats) -> float:
        return expected_calibration_error(label, predicted, case.groups)

    measure = _named(case, "ece", method=f"{BOOTSTRAP}; chance alone raises it", ideal=0.0)
    found = computed(measure, lambda: _interval(case, error))
    if found.interval is None:
        return found
    details = {"groups": case.groups, "reference_is": "perfectly calibrated"}
    return replace(found, reference=_perfect(case, error), details=details)


def _perfect(case: _Case, error: Callable[..., float]) -> float | None:
    """The mean error where outcomes are drawn from the predictions themselves."""
    generator = np.random.default_rng(case.settings.seed)
    drawn = generator.random((_PERFECT_DRAWS, len(case.label))) < case.predicted
    both = [label for label in drawn if label.any() and not label.all()]
    if not both:
        return None
    return float(np.mean([error(label, case.predicted) for label in both]))


def _calibration(case: _Case) -> Calibration:
    """Observed beside predicted share."""
    try:
        return Calibration(calibration_groups(case.label, case.predicted, case.groups))
    except MetricError as error:
        return Calibration((), reason=error.problem.sentence())
