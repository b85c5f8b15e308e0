"""More of the predicted survival: ranking that survives censoring, Brier scores, calibration."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from pet_mtl.errors import MetricError
from pet_mtl.evaluation.cohort import Bools, Cohort, Floats
from pet_mtl.evaluation.curves import Curves, no_curves
from pet_mtl.evaluation.endpoints import Settings
from pet_mtl.evaluation.findings import Calibration, Measure, SurvivalFindings
from pet_mtl.evaluation.horizons import Horizons, last_followed
from pet_mtl.evaluation.judging import Judged
from pet_mtl.evaluation.measuring import (
    BOOTSTRAP,
    CHANCE,
    computed,
    counts_of,
    evidence_of,
    shuffles_of,
    too_few,
    uncertain,
)
from pet_mtl.evaluation.rivals import survival_decisions
from pet_mtl.metrics import (
    Interval,
    brier_replicates,
    brier_score,
    concordance_index,
    cumulative_dynamic_auc,
    dynamic_auc_replicates,
    integrated_brier_score,
    kaplan_meier,
    observed_over_expected,
    percentile_interval,
    permutation_test,
    replicates,
    survival_calibration_groups,
    survival_calibration_slope,
    uno_c,
    uno_replicates,
)

_GRID_POINTS = 51
_MOST_GROUPS, _A_GROUP = 5, 20
_WEIGHED = f"{BOOTSTRAP}, weighted for the censoring of the same patients"
_FAMILIES = (
    ("auc", "Time-dependent AUC"),
    ("mean_auc", "Mean time-dependent AUC"),
    ("brier", "Brier score"),
    ("ibs", "Integrated Brier score"),
    ("calibration_slope", "Calibration slope"),
    ("observed_expected", "Observed over expected events"),
)


@dataclass(frozen=True)
class _Case:
    """The judged patients: what happened to them, and what was predicted."""

    time: Floats
    event: Floats
    risk: Floats
    curves: Curves
    days: tuple[float, ...]
    settings: Settings

    def kept(self, rows: Bools) -> "_Case":
        """Some of them."""
        parts = (self.time[rows], self.event[rows], self.risk[rows])
        curves = Curves(self.curves.days, self.curves.probability[rows])
        return _Case(*parts, curves, self.days, self.settings)

    def reaching(self, day: float) -> "_Case":
        """Those whose curve reaches a day."""
        return self.kept(np.isfinite(self.curves.at([day])[:, 0]))

    def at(self, day: float) -> Floats:
        """(patients,) predicted probability to live beyond a day."""
        return self.curves.at([day])[:, 0]

    def few(self, day: float) -> bool:
        """Whether too few have, or have not, had the event by a day."""
        had = int(np.sum((self.event == 1) & (self.time <= day)))
        return too_few(len(self.time), had, int(np.sum(self.time > day)))

    @property
    def counts(self) -> Floats:
        """(samples, patients) the resamples."""
        return counts_of(len(self.time), self.settings.samples, self.settings.seed)


def survival_findings(
    judged: Judged, cohort: Cohort, settings: Settings
) -> SurvivalFindings | None:
    """What stands beyond Harrell's C.

    Args:
        judged: The endpoint of survival, judged.
        cohort: Patients and predictions.
        settings: Bootstrap and horizons.

    Returns:
        The findings; None where nobody has both outcome and risk.
    """
    rows = judged.rows
    if not rows.any():
        return None
    case = _case(judged, cohort, settings)
    findings = SurvivalFindings(
        horizons_days=judged.horizons.days,
        horizons_said=judged.horizons.said,
        measures=tuple(_measures(case, judged.horizons)),
        calibration=tuple(_calibration(case.reaching(day), day) for day in case.days),
        decision=survival_decisions(judged, cohort),
    )
    return _shuffled(findings, judged, case)


def _case(judged: Judged, cohort: Cohort, settings: Settings) -> _Case:
    """The patients that the model is judged on."""
    patients = cohort.patients
    everybody = _Case(
        patients.time_days,
        patients.event,
        cohort.risk,
        cohort.curves or no_curves(len(patients)),
        judged.horizons.days,
        settings,
    )
    return everybody.kept(judged.rows)


def _shuffled(findings: SurvivalFindings, judged: Judged, case: _Case) -> SurvivalFindings:
    """The same with what shuffled outcomes reach."""
    title, interval = judged.endpoint.title, judged.model.interval
    plan = shuffles_of(case.settings.samples, case.settings.seed)
    try:
        permutation = permutation_test(concordance_index, (case.time, case.event), case.risk, plan)
    except MetricError as error:
        return replace(findings, permutation_reason=error.problem.sentence())
    evidence = evidence_of(title, interval, permutation, judged.model.too_few)
    return replace(findings, permutation=permutation, evidence=evidence)


def _measures(case: _Case, horizons: Horizons) -> Iterator[Measure]:
    """All of them, those without a number included."""
    yield _uno(case)
    if not case.days:
        why = f"no day can be judged; days are {horizons.said}"
        yield from (Measure(key, title, reason=why) for key, title in _FAMILIES)
        return
    for day in case.days:
        yield _dynamic_auc(case, day)
    yield _mean_auc(case)
    for day in case.days:
        yield _told(case, day, Measure(f"brier_{day:g}", f"Brier score at {day:g} days"), _brier)
    last = case.days[-1]
    yield _told(case, last, Measure("ibs", f"Integrated Brier to {last:g} days"), _ibs)
    for day in case.days:
        slope = Measure(f"calibration_slope_{day:g}", f"Calibration slope at {day:g} days")
        yield _told(case, day, slope, _slope)
        ratio = Measure(f"observed_expected_{day:g}", f"Observed over expected by {day:g} days")
        yield _told(case, day, ratio, _ratio)


def _uno(case: _Case) -> Measure:
    """Uno's C until a tenth is followed."""
    tau = last_followed(case.time)
    data = (case.time, case.event)

    def compute() -> Interval:
        value = uno_c(*data, *data, case.risk, tau)
        return percentile_interval(value, uno_replicates(*data, case.risk, case.counts, tau))

    events = int(np.sum((case.event == 1) & (case.time < tau)))
    measure = Measure(
        "uno_c",
        "Uno's C",
        patients=len(case.time),
        method=_WEIGHED,
        reference=CHANCE,
        ideal=1.0,
        too_few=too_few(len(case.time), events),
        details={"tau_days": tau},
    )
    return computed(measure, compute)


def _dynamic_auc(case: _Case, day: float) -> Measure:
    """Who has had the event by a day, against who has not."""
    data = (case.time, case.event)

    def compute() -> Interval:
        value = float(cumulative_dynamic_auc(*data, *data, case.risk, [day])[0][0])
        values = dynamic_auc_replicates(*data, case.risk, case.counts, day)
        return percentile_interval(value, values)

    measure = Measure(
        f"auc_{day:g}",
        f"Time-dependent AUC at {day:g} days",
        patients=len(case.time),
        method=_WEIGHED,
        reference=CHANCE,
        ideal=1.0,
        too_few=case.few(day),
        details={"horizon_days": day},
    )
    return computed(measure, compute)


def _mean_auc(case: _Case) -> Measure:
    """The mean over the horizons."""

    def mean(time: Floats, event: Floats, risk: Floats) -> float:
        return cumulative_dynamic_auc(time, event, time, event, risk, case.days)[1]

    def compute() -> Interval:
        arrays = (case.time, case.event, case.risk)
        values = replicates(mean, arrays, case.settings.samples, case.settings.seed)
        return percentile_interval(mean(*arrays), values)

    measure = Measure(
        "mean_auc",
        "Mean time-dependent AUC",
        patients=len(case.time),
        method=_WEIGHED,
        reference=CHANCE,
        ideal=1.0,
        too_few=any(map(case.few, case.days)),
        details={"horizons_days": list(case.days)},
    )
    return computed(measure, compute)


def _told(
    case: _Case, day: float, measure: Measure, judge: Callable[[_Case, float, Measure], Measure]
) -> Measure:
    """A measure of the predicted curves, on the patients whose curve reaches a day."""
    known = case.reaching(day)
    if not len(known.time):
        return replace(measure, reason=_no_curve(case.curves, day))
    details = {"horizon_days": day}
    few = known.few(day)
    measure = replace(measure, patients=len(known.time), too_few=few, details=details)
    return judge(known, day, measure)


def _no_curve(curves: Curves, day: float) -> str:
    """Why nobody's survival is predicted at a day."""
    if not np.isfinite(curves.probability).any():
        return "no survival curve is predicted (columns survival_<days>)"
    return f"no predicted curve reaches day {day:g}; the last day told is {curves.days[-1]:g}"


def _brier(case: _Case, day: float, measure: Measure) -> Measure:
    """Beside that of Kaplan and Meier's curve of the same patients."""
    data, predicted = (case.time, case.event), case.at(day)[:, None]

    def compute() -> Interval:
        value = float(brier_score(*data, *data, predicted, [day])[0])
        values = brier_replicates(*data, predicted, [day], case.counts)
        return percentile_interval(value, values[:, 0])

    def without_model() -> float:
        same = np.full_like(predicted, kaplan_meier(*data).at(day))
        return float(brier_score(*data, *data, same, [day])[0])

    return _beside(replace(measure, method=_WEIGHED, ideal=0.0), compute, without_model)


def _ibs(case: _Case, day: float, measure: Measure) -> Measure:
    """The Brier score, averaged over the days until the last horizon."""
    data, grid = (case.time, case.event), np.linspace(0.0, day, _GRID_POINTS)
    predicted = case.curves.at(grid)

    def compute() -> Interval:
        value = integrated_brier_score(*data, *data, predicted, grid)
        values = brier_replicates(*data, predicted, grid, case.counts)
        averaged: Floats = np.asarray(np.trapezoid(values, grid, axis=1)) / day
        return percentile_interval(value, averaged)

    def without_model() -> float:
        same = np.tile(kaplan_meier(*data).at(grid), (len(predicted), 1))
        return integrated_brier_score(*data, *data, same, grid)

    details = {"from_days": 0.0, "to_days": day, "points": _GRID_POINTS}
    measure = replace(measure, method=_WEIGHED, ideal=0.0, details=details)
    return _beside(measure, compute, without_model)


def _beside(
    measure: Measure, compute: Callable[[], Interval], without_model: Callable[[], float]
) -> Measure:
    """An error of the model, and that of Kaplan and Meier's curve where it has a number."""
    found = computed(measure, compute)
    details = {**found.details, "reference_is": "Kaplan-Meier"}
    return replace(found, reference=without_model(), details=details) if found.interval else found


def _slope(case: _Case, day: float, measure: Measure) -> Measure:
    """How extreme the predictions are."""
    inner, moved = uncertain(case.at(day))
    details = {**measure.details, **({"moved_from_0_or_1": moved} if moved else {})}
    measure = replace(measure, method="Wald, robust", ideal=1.0, details=details)
    return computed(measure, lambda: survival_calibration_slope(case.time, case.event, inner, day))


def _ratio(case: _Case, day: float, measure: Measure) -> Measure:
    """Whether as many have the event as are predicted to."""
    measure = replace(measure, method="Kaplan-Meier, Greenwood", ideal=1.0)
    return computed(
        measure, lambda: observed_over_expected(case.time, case.event, case.at(day), day)
    )


def _calibration(case: _Case, day: float) -> Calibration:
    """Observed beside predicted survival; as many groups as have enough patients."""
    wanted = max(1, min(_MOST_GROUPS, len(case.time) // _A_GROUP))
    reason = "nobody's predicted curve reaches the day"
    for groups in range(wanted if len(case.time) else 0, 0, -1):
        try:
            found = survival_calibration_groups(case.time, case.event, case.at(day), day, groups)
        except MetricError as error:
            reason = error.problem.sentence()
        else:
            return Calibration(found, day)
    return Calibration((), day, reason)
