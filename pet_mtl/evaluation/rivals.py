"""Decision curves: the model beside the baselines that say a probability, on the same patients."""

from collections.abc import Callable, Mapping

import numpy as np

from pet_mtl.errors import MetricError
from pet_mtl.evaluation.cohort import Bools, Cohort, Floats
from pet_mtl.evaluation.curves import no_curves
from pet_mtl.evaluation.findings import Decision
from pet_mtl.evaluation.judging import Judged
from pet_mtl.metrics import DecisionCurve, decision_curve, survival_decision_curve

MODEL = "This model"

# One of a kind; SUVmax and MTV by themselves add lines to a figure, and nothing to a decision.
_RIVALS = ("mtv_suv_max", "radiomics", "clinical")
_LEAST_SHARE = 0.5
_THRESHOLDS = np.arange(1, 100) / 100.0

_Curve = Callable[[Bools, Floats, Floats], DecisionCurve]


def response_decision(judged: Judged, cohort: Cohort) -> Decision:
    """Net benefit of the predicted response, of two classes.

    Args:
        judged: The endpoint of the response, judged.
        cohort: Patients and predictions.
    """
    label = cohort.patients.response

    def curve(rows: Bools, predicted: Floats, marks: Floats) -> DecisionCurve:
        return decision_curve(label[rows], predicted, marks)

    told = {key: judged.probabilities[key] for key in _RIVALS if key in judged.probabilities}
    return _decision(judged, {"model": cohort.probability} | told, curve, None)


def survival_decisions(judged: Judged, cohort: Cohort) -> tuple[Decision, ...]:
    """Net benefit of the predicted risk of the event by each horizon.

    Args:
        judged: The endpoint of survival, judged.
        cohort: Patients and predictions.
    """
    patients, days = cohort.patients, judged.horizons.days
    curves = cohort.curves or no_curves(len(patients))
    model = 1.0 - curves.at(days)
    found = []
    for place, day in enumerate(days):

        def curve(rows: Bools, risk: Floats, marks: Floats, day: float = day) -> DecisionCurve:
            time, event = patients.time_days[rows], patients.event[rows]
            return survival_decision_curve(time, event, risk, day, marks)

        told = {
            key: 1.0 - judged.probabilities[key][:, place]
            for key in _RIVALS
            if key in judged.probabilities
        }
        found.append(_decision(judged, {"model": model[:, place]} | told, curve, day))
    return tuple(found)


def _decision(
    judged: Judged, told: Mapping[str, Floats], curve: _Curve, day: float | None
) -> Decision:
    """The curves of all who say a probability of enough of the model's patients."""
    rows = judged.rows & np.isfinite(told["model"])
    if not rows.any():
        return Decision({}, day, reason="no probability is predicted")
    enough = _LEAST_SHARE * np.count_nonzero(rows)
    kept = {
        key: values
        for key, values in told.items()
        if np.count_nonzero(rows & np.isfinite(values)) >= enough
    }
    for values in kept.values():
        rows = rows & np.isfinite(values)
    try:
        curves = _curves({key: values[rows] for key, values in kept.items()}, rows, curve)
    except MetricError as error:
        return Decision({}, day, reason=error.problem.sentence())
    labels = {score.key: score.label for score in judged.scores} | {"model": MODEL}
    left_out = [labels[key] for key in told if key not in kept]
    reason = f"of too few patients: {', '.join(left_out)}" if left_out else ""
    named = {labels[key]: one for key, one in curves.items()}
    return Decision(named, day, int(np.count_nonzero(rows)), reason)


def _curves(told: Mapping[str, Floats], rows: Bools, curve: _Curve) -> dict[str, DecisionCurve]:
    """All curves over the same thresholds, up to the first at which one is not known.

    High thresholds leave few patients, whose follow-up may end before the horizon.
    """
    found: list[dict[str, DecisionCurve]] = []
    for mark in _THRESHOLDS:
        try:
            found.append({key: curve(rows, values, mark[None]) for key, values in told.items()})
        except MetricError:
            if not found:
                raise
            break
    return {key: _joined([one[key] for one in found]) for key in told}


def _joined(parts: list[DecisionCurve]) -> DecisionCurve:
    """One curve of its points."""
    names = ("thresholds", "model", "treat_all")
    return DecisionCurve(*(np.concatenate([getattr(p, name) for p in parts]) for name in names))
