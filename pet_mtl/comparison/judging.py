"""The numbers: every metric of every model, and their differences, on the same resamples."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from pet_mtl.classes import BINARY
from pet_mtl.comparison.holm import holm
from pet_mtl.comparison.patients import Outcomes, Said, Together
from pet_mtl.comparison.results import Difference, Reached, Row
from pet_mtl.errors import MetricError
from pet_mtl.evaluation import Settings
from pet_mtl.evaluation.cohort import Bools, Floats, known_in
from pet_mtl.evaluation.horizons import horizons_of
from pet_mtl.evaluation.measuring import counts_of, too_few
from pet_mtl.evaluation.wording import counted
from pet_mtl.metrics import (
    auc_replicates,
    binary_brier_score,
    brier_replicates,
    compare_aucs,
    concordance_index,
    concordance_replicates,
    integrated_brier_score,
    macro_auc,
    macro_auc_replicates,
    percentile_interval,
    roc_auc,
)

PAIRED, DELONG = "paired bootstrap", "DeLong"

_GRID_POINTS = 51
_Numbers = tuple[float, Floats]


@dataclass(frozen=True)
class _Metric:
    """One metric on the patients that all its models predict.

    Attributes:
        row: The row without its numbers.
        rows: (patients,) whom it is judged on.
        models: The models that have it.
        numbers: Model to its value and (samples,) replicates.
        label: (patients,) classes for DeLong's test, or None.
    """

    row: Row
    rows: Bools
    models: tuple[str, ...]
    numbers: Callable[[Said], _Numbers]
    label: Floats | None = None


def judge(all_: Together, reference: str, settings: Settings) -> tuple[Row, ...]:
    """Judges all metrics.

    Args:
        all_: The models on the same patients.
        reference: The model that all others are compared with; "" for all pairs.
        settings: The bootstrap, and horizons.

    Returns:
        A row a metric; one that fewer than two models have says so.
    """
    return tuple(
        _judged(one, all_.said, reference) if isinstance(one, _Metric) else one
        for one in _metrics(all_, settings)
    )


def _judged(metric: _Metric, said: Mapping[str, Said], reference: str) -> Row:
    """One metric of all its models."""
    try:
        numbers = {name: metric.numbers(said[name]) for name in metric.models}
        reached = tuple(Reached(n, percentile_interval(*numbers[n])) for n in metric.models)
        found = [
            _difference(metric, said, numbers, pair) for pair in _pairs(metric.models, reference)
        ]
    except MetricError as error:
        return replace(metric.row, reason=error.problem.sentence())
    adjusted = holm([one.p_value for one in found])
    pairs = (replace(one, p_holm=p) for one, p in zip(found, adjusted, strict=True))
    return replace(metric.row, reached=reached, differences=tuple(pairs))


def _pairs(models: tuple[str, ...], reference: str) -> list[tuple[str, str]]:
    """Every model with the reference; without one, every later model with every earlier."""
    if reference in models:
        return [(name, reference) for name in models if name != reference]
    return [(b, a) for i, a in enumerate(models) for b in models[i + 1 :]]


def _difference(
    metric: _Metric,
    said: Mapping[str, Said],
    numbers: Mapping[str, _Numbers],
    pair: tuple[str, str],
) -> Difference:
    """First less second, resample by resample."""
    (one, ones), (other, others) = (numbers[name] for name in pair)
    interval = percentile_interval(one - other, ones - others)
    p_value, test = _bootstrap_p(ones - others), PAIRED
    if metric.label is not None:
        first, second = (said[name].probability[metric.rows] for name in pair)
        try:
            p_value, test = compare_aucs(metric.label, first, second).p_value, DELONG
        except MetricError:  # equal rankings do not vary: the resamples say the same
            pass
    return Difference(*pair, interval, p_value, p_value, test)


def _bootstrap_p(differences: Floats) -> float:
    """Two-sided p: how often resamples are on the other side of 0, that of the data counted in.

    Source: Davison and Hinkley, Bootstrap Methods and their Application (1997), section 4.4; the
        inverse of the percentile interval.
    """
    known = differences[np.isfinite(differences)]
    below, above = np.count_nonzero(known <= 0), np.count_nonzero(known >= 0)
    return float(min(1.0, 2.0 * (1 + min(below, above)) / (1 + len(known))))


def _metrics(all_: Together, settings: Settings) -> Iterator[_Metric | Row]:
    """All metrics in the order of the table."""
    said, outcomes = all_.said, all_.outcomes
    survival = np.isfinite(outcomes.time_days) & np.isfinite(outcomes.event)
    response = np.isfinite(outcomes.response)
    yield _ranking_of_survival(said, outcomes, survival, settings)
    yield _integrated_brier(said, outcomes, survival, settings)
    yield from _of_response(said, outcomes, response, settings)
    yield _overlap(said, settings)


def _ranking_of_survival(
    said: Mapping[str, Said], outcomes: Outcomes, known: Bools, settings: Settings
) -> _Metric | Row:
    """Harrell's C."""
    row = Row("harrell_c", "Harrell's C", reference=0.5)
    rows, models = _judgeable(said, known, lambda one: one.risk)
    time, event = outcomes.time_days[rows], outcomes.event[rows]
    row = _told(row, rows, models, (int(event.sum()),), "event")
    if row.reason:
        return row

    def numbers(one: Said) -> _Numbers:
        data = (time, event, one.risk[rows])
        counts = counts_of(len(time), settings.samples, settings.seed)
        return concordance_index(*data), concordance_replicates(*data, counts)

    return _Metric(row, rows, models, numbers)


def _integrated_brier(
    said: Mapping[str, Said], outcomes: Outcomes, known: Bools, settings: Settings
) -> _Metric | Row:
    """The Brier score of predicted survival, averaged over the days until the last horizon."""
    row = Row("ibs", "Integrated Brier score", False, 0.0)
    days = horizons_of(outcomes.time_days[known], outcomes.event[known], settings.horizons).days
    if not days:
        return replace(row, reason="no day can be judged")
    last = _last_day(said, known, days)
    grid = np.linspace(0.0, last, _GRID_POINTS)
    row = replace(row, title=f"Integrated Brier score to {last:g} days")
    rows, models = _judgeable(said, known, lambda one: one.curves.at([last])[:, 0])
    time, event = outcomes.time_days[rows], outcomes.event[rows]
    row = _told(row, rows, models, (int(event.sum()),), "event")
    if row.reason:
        return row

    def numbers(one: Said) -> _Numbers:
        data, curves = (time, event), one.curves.at(grid)[rows]
        counts = counts_of(len(time), settings.samples, settings.seed)
        each = np.trapezoid(brier_replicates(*data, curves, grid, counts), grid, axis=1) / last
        return integrated_brier_score(*data, *data, curves, grid), np.asarray(each, np.float64)

    return _Metric(row, rows, models, numbers)


def _last_day(said: Mapping[str, Said], known: Bools, days: tuple[float, ...]) -> float:
    """The last of the days that the curves of all models with curves reach."""
    curves = [one.curves for one in said.values() if len(one.curves.days)]
    for day in reversed(days):
        if all(np.isfinite(one.at([day])[known, 0]).any() for one in curves):
            return day
    return days[-1]


def _of_response(
    said: Mapping[str, Said], outcomes: Outcomes, known: Bools, settings: Settings
) -> Iterator[_Metric | Row]:
    """AUC and Brier score; of several classes the macro AUC."""
    rows, models = _judgeable(said, known, lambda one: one.probability)
    label = outcomes.response[rows]
    several = outcomes.classes > BINARY
    sizes = np.bincount(label.astype(np.int64), minlength=outcomes.classes)
    noun = "patient of the rarest class" if several else "responder"
    number = int(sizes.min()) if several else int(sizes[1])
    classes = (number, *(() if several else (int(sizes[0]),)))

    def ranking(one: Said) -> _Numbers:
        data = (label, one.probability[rows])
        counts = counts_of(len(label), settings.samples, settings.seed)
        if several:
            return macro_auc(*data), macro_auc_replicates(*data, counts)
        return roc_auc(*data), auc_replicates(*data, counts)

    def brier(one: Said) -> _Numbers:
        probability = one.probability[rows]
        counts = counts_of(len(label), settings.samples, settings.seed)
        errors = (probability - label) ** 2
        return binary_brier_score(label, probability), counts @ errors / len(label)

    title = ("macro_auc", "Macro AUC") if several else ("auc", "AUC")
    row = _told(Row(*title, reference=0.5), rows, models, classes, noun)
    yield row if row.reason else _Metric(row, rows, models, ranking, None if several else label)
    if not several:
        row = _told(Row("brier", "Brier score", False, 0.0), rows, models, classes, noun)
        yield row if row.reason else _Metric(row, rows, models, brier)


def _overlap(said: Mapping[str, Said], settings: Settings) -> _Metric | Row:
    """Mean Dice."""
    row = Row("dice", "Mean Dice", reference=1.0)
    everybody = np.ones(len(next(iter(said.values())).dice), bool)
    rows, models = _judgeable(said, everybody, lambda one: one.dice)
    row = _told(row, rows, models, (), "")
    if not row.reason and len({said[name].dice_where for name in models}) > 1:
        return replace(row, reason="the masks were compared in different geometries")
    if row.reason:
        return row

    def numbers(one: Said) -> _Numbers:
        dice = one.dice[rows]
        counts = counts_of(len(dice), settings.samples, settings.seed)
        return float(dice.mean()), counts @ dice / len(dice)

    return _Metric(row, rows, models, numbers)


def _judgeable(
    said: Mapping[str, Said], known: Bools, of: Callable[[Said], Floats]
) -> tuple[Bools, tuple[str, ...]]:
    """Patients whose outcome is known and whom all models predict that predict anybody."""
    told = {name: known_in(of(one)) & known for name, one in said.items()}
    models = tuple(name for name, rows in told.items() if rows.any())
    rows = known.copy()
    for name in models:
        rows &= told[name]
    return rows, models


def _told(
    row: Row, rows: Bools, models: tuple[str, ...], classes: tuple[int, ...], noun: str
) -> Row:
    """The row with what is behind it, or with why it has no number."""
    patients = int(np.count_nonzero(rows))
    if len(models) < len(("one", "another")):
        return replace(row, reason="fewer than two models predict it for these patients")
    if not patients:
        return replace(row, reason="no patient is predicted by all of the models")
    behind = counted(patients, "patient")
    if noun:
        behind += f", {counted(classes[0], noun)}"
    return replace(row, patients=patients, behind=behind, too_few=too_few(patients, *classes))
