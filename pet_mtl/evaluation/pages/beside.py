"""Each endpoint's number beside baselines and, where the truth is known, the oracle."""

from collections.abc import Iterator

from pet_mtl.evaluation.baselines import fit_said
from pet_mtl.evaluation.judging import CHANCE, Judged, Score
from pet_mtl.evaluation.pages.headlines import NAMES, best_baseline
from pet_mtl.evaluation.pages.words import percent, short, signed, span
from pet_mtl.evaluation.results import Evaluation
from pet_mtl.metrics import Interval
from pet_mtl.report import Comparison, Dot, Picture, Section, Table

_HEADER = ("", "value", "95 % interval", "patients", "share of oracle", "model minus this")
_NUMBERS = ("value", "low", "high")
_COLUMNS = (
    *("key", "label", "role", "value", "low", "high", "too_few", "patients", "positives"),
    *(f"model_on_same_{end}" for end in _NUMBERS),
    *(f"share_of_oracle_{end}" for end in _NUMBERS),
    *(f"model_minus_this_{end}" for end in _NUMBERS),
    "reason",
)
_ROLES = {"oracle": "the oracle", "baseline": "simple rules"}


def section(evaluation: Evaluation) -> Section:
    """Dots and tables, one an endpoint."""
    judged = [one for one in evaluation.endpoints if one.model.interval]
    roles = {score.role for one in judged for score in one.scores if score.interval}
    names = [name for role, name in _ROLES.items() if role in roles]
    fitted = f"Simple rules are {fit_said(evaluation.cohort.training)}."
    return Section(
        "beside",
        f"Beside {' and '.join(names)}" if names else "With 95 % intervals",
        lead=(fitted,) if "baseline" in roles else (),
        pictures=tuple(_picture(one) for one in judged),
        tables=tuple(_tables(evaluation)),
    )


def _picture(judged: Judged) -> Picture:
    """Dots with whiskers."""
    scores = [score for score in judged.scores if score.interval]
    dots = tuple(
        Dot(_label(score), score.role, score.interval, score.too_few)
        for score in scores
        if score.interval
    )
    told = (f"{dot.label} {dot.interval.value:.2f} ({_ends(dot)})" for dot in dots)
    key, title = judged.endpoint.key, judged.endpoint.title
    return Picture(
        f"{key}_beside",
        f"{NAMES[key]}: {title} and its interval",
        Comparison(f"{title}, 95 % bootstrap interval", dots, CHANCE),
        alt=f"{title}: {'; '.join(told)}",
        note="MTV and SUVmax are under the true mask." if best_baseline(judged) else "",
    )


def _ends(dot: Dot) -> str:
    """Both ends of a dot's interval."""
    return "too few" if dot.too_few else f"{dot.interval.low:.2f} to {dot.interval.high:.2f}"


def _label(score: Score) -> str:
    """The label, with the number of patients where they are fewer than the model's."""
    label = short(score.label)
    return f"{label}, n = {score.patients}" if score.same else label


def _tables(evaluation: Evaluation) -> Iterator[Table]:
    """All scores of each endpoint."""
    for judged in evaluation.endpoints:
        rows = tuple(_row(score) for score in judged.scores if score.interval)
        if rows:
            yield Table(
                f"{NAMES[judged.endpoint.key]}: {judged.endpoint.title}",
                _HEADER,
                rows,
                _note(judged),
                f"{judged.endpoint.key}_beside",
                columns=_COLUMNS,
                data=tuple(_data(score) for score in judged.scores),
            )


def _note(judged: Judged) -> str:
    """What belongs below an endpoint's table."""
    if judged.within_folds is None:
        return ""
    return (
        f"From pairs of patients inside one fold only, {judged.endpoint.title} of the "
        f"model is {judged.within_folds:.3f}."
    )


def _row(score: Score) -> tuple[str, ...]:
    """One row on the page."""
    if score.interval is None:
        return ()
    counted = str(score.patients)
    if score.same:
        counted += f" (model there {score.same.value:.3f})"
    return (
        score.label,
        f"{score.interval.value:.3f}",
        span(score.interval, score.too_few),
        counted,
        percent(score.share, score.too_few) if score.share else "",
        signed(score.difference, score.too_few) if score.difference else "",
    )


def _data(score: Score) -> tuple[object, ...]:
    """One row of the file."""
    return (
        *(score.key, score.label, score.role),
        *(*_numbers(score.interval), int(score.too_few), score.patients, score.positives),
        *_numbers(score.same),
        *_numbers(score.share),
        *_numbers(score.difference),
        score.reason,
    )


def _numbers(interval: Interval | None) -> tuple[object, ...]:
    """Value and ends; nothing without an interval."""
    return ("",) * 3 if interval is None else (interval.value, interval.low, interval.high)
