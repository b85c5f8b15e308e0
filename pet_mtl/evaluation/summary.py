"""The numbers in words: the table on the terminal, and the page of the report."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from pet_mtl.classes import BINARY
from pet_mtl.evaluation.baselines import fit_said
from pet_mtl.evaluation.further import further_lines
from pet_mtl.evaluation.judging import CHANCE, SEVERAL, Judged, Score
from pet_mtl.evaluation.results import (
    NO_TRUTH,
    Evaluation,
    behind_words,
    counts,
    versions,
    warnings_of,
)
from pet_mtl.evaluation.wording import counted
from pet_mtl.metrics import Interval
from pet_mtl.report import Comparison, Dot, Headline, Page, Response, Survival, Table

_KINDS = {
    "run": "out-of-fold predictions: no patient was predicted by a model trained on them",
    "predictions": "predictions of a finished model",
}
_HEADER = ("", "value", "95 % interval", "patients", "share of oracle", "model minus this")
_COUNTS = {
    "patients": "Patients with a prediction",
    "with_survival": "with survival",
    "events": "events among them",
    "with_response": "with response",
    "responders": "responders among them",
    "with_dice": "with a compared mask",
    "with_mtv": "with MTV and SUVmax under the true mask",
}
_ROC_BESIDE = ("logit", "mtv_suv_max")
_SHORT_HASH = 16
_TOO_FEW = "too few"


def summary_lines(evaluation: Evaluation) -> list[str]:
    """A short plain table of the numbers, for a terminal."""
    lines = []
    for judged in evaluation.endpoints:
        model = judged.model
        head = f"{judged.endpoint.title}: {behind_words(judged)}"
        share = "  share of the oracle's excess over 0.5" if model.share else ""
        lines.append(f"{head:<39}  95 % interval{share}")
        lines += [f"  {_line(score)}" for score in judged.scores]
        lines += further_lines(evaluation.findings, judged.endpoint.key)
    score = replace(evaluation.dice, label="This model")
    lines.append(
        f"Mean Dice: {counted(score.patients, 'patient')}, in {evaluation.cohort.dice_where}"
    )
    lines.append(f"  {_line(score)}")
    lines += further_lines(evaluation.findings, "mask")
    lines += [f"warning: {text}" for text in warnings_of(evaluation)]
    return lines


def to_page(evaluation: Evaluation) -> Page:
    """The evaluation as a page to be rendered."""
    cohort = evaluation.cohort
    return Page(
        title=f"Evaluation of {cohort.name}",
        subtitle=f"{counted(len(cohort.patients), 'patient')}; {_KINDS[cohort.kind]}.",
        headlines=tuple(_headlines(evaluation)),
        comparisons=tuple(_comparisons(evaluation)),
        survival=_survival(evaluation),
        response=_response(evaluation),
        dice=cohort.dice[np.isfinite(cohort.dice)],
        dice_where=cohort.dice_where,
        warnings=warnings_of(evaluation),
        tables=tuple(_tables(evaluation)),
    )


def _span(interval: Interval, too_few: bool) -> str:
    """Both ends, where they mean something."""
    return _TOO_FEW if too_few else f"{interval.low:.3f} to {interval.high:.3f}"


def _percent(interval: Interval, too_few: bool) -> str:
    """A share in percent."""
    span = f"{100 * interval.low:.0f} to {100 * interval.high:.0f} %"
    return f"{100 * interval.value:.0f} % ({_TOO_FEW if too_few else span})"


def _signed(interval: Interval, too_few: bool) -> str:
    """A difference with its sign."""
    span = f"{interval.low:+.3f} to {interval.high:+.3f}"
    return f"{interval.value:+.3f} ({_TOO_FEW if too_few else span})"


def _line(score: Score) -> str:
    """One score on the terminal."""
    if score.interval is None:
        return f"{score.label:<26} not computed: {score.reason.rstrip('.')}"
    text = f"{score.label:<26} {score.interval.value:10.3f}  "
    text += _span(score.interval, score.too_few)
    if score.share:
        text += f"  {_percent(score.share, score.too_few)}"
    if score.same:
        text += f"  ({counted(score.patients, 'patient')}; the model there {score.same.value:.3f})"
    return text


def _headlines(evaluation: Evaluation) -> Iterator[Headline]:
    """The numbers to take away."""
    names = {"survival": "Survival", "response": "Response"}
    for judged in evaluation.endpoints:
        model = judged.model
        lines = [behind_words(judged)]
        for score in judged.scores[1:]:
            if score.interval and score.role == "oracle":
                lines.append(f"{score.label}: {score.interval.value:.2f}")
        if model.share:
            share = _percent(model.share, model.too_few)
            lines.append(f"{share} of the oracle's excess over {CHANCE}")
        best = _best_baseline(judged)
        if best and best.interval:
            lines.append(f"Best baseline: {best.interval.value:.2f}, {_short(best.label)}")
        yield Headline(
            f"{names[judged.endpoint.key]}: {judged.endpoint.title}",
            model.interval,
            model.reason.rstrip("."),
            tuple(lines),
            model.too_few,
        )
    yield _dice_headline(evaluation)


def _dice_headline(evaluation: Evaluation) -> Headline:
    """Mean Dice."""
    dice = evaluation.dice
    known = evaluation.cohort.dice[np.isfinite(evaluation.cohort.dice)]
    lines = [counted(dice.patients, "patient"), f"in {evaluation.cohort.dice_where}"]
    lines += [f"median {np.median(known):.2f}"] if len(known) else []
    shown = tuple(lines) if dice.interval else ()
    return Headline("Mask: mean Dice", dice.interval, dice.reason, shown, dice.too_few)


def _best_baseline(judged: Judged) -> Score | None:
    """The baseline of the highest value."""
    return max(
        (s for s in judged.scores if s.role == "baseline" and s.interval),
        key=lambda score: score.interval.value if score.interval else 0.0,
        default=None,
    )


def _comparisons(evaluation: Evaluation) -> Iterator[Comparison]:
    """One figure an endpoint that has a number."""
    titles = {"survival": "Survival", "response": "Response"}
    for judged in evaluation.endpoints:
        if judged.model.interval:
            yield Comparison(
                title=titles[judged.endpoint.key],
                axis=f"{judged.endpoint.title}, 95 % bootstrap interval",
                chance=CHANCE,
                dots=tuple(
                    Dot(_dot_label(score), score.role, score.interval, score.too_few)
                    for score in judged.scores
                    if score.interval
                ),
                note="MTV and SUVmax are under the true mask." if _best_baseline(judged) else "",
            )


def _dot_label(score: Score) -> str:
    """The label, with the number of patients where they are fewer than the model's."""
    label = _short(score.label)
    return f"{label}, n = {score.patients}" if score.same else label


def _short(label: str) -> str:
    """The label without what the figure's heading says of all of them."""
    return label.split(" (")[0]


def _judged(evaluation: Evaluation, key: str) -> Judged | None:
    """One endpoint, if the model could be judged on it."""
    return next(
        (j for j in evaluation.endpoints if j.endpoint.key == key and j.model.interval), None
    )


def _survival(evaluation: Evaluation) -> Survival | None:
    """Patients of the Kaplan-Meier curves."""
    judged = _judged(evaluation, "survival")
    if judged is None:
        return None
    patients, rows = evaluation.cohort.patients, judged.rows
    return Survival(patients.time_days[rows], patients.event[rows], evaluation.cohort.risk[rows])


def _response(evaluation: Evaluation) -> Response | None:
    """Patients of the ROC curves, of two classes: the model, the oracle, and the joint baseline."""
    judged = _judged(evaluation, "response")
    if judged is None or judged.endpoint is SEVERAL:
        return None
    beside = [
        score
        for score in judged.scores
        if score.interval and (score.role == "model" or score.key in _ROC_BESIDE)
    ]
    return Response(
        evaluation.cohort.patients.response[judged.rows],
        {(_short(s.label), s.role): judged.values[s.key][judged.rows] for s in beside},
    )


def _tables(evaluation: Evaluation) -> Iterator[Table]:
    """All numbers, the cohort's counts, and what made the numbers."""
    fitted = f"Baselines are {fit_said(evaluation.cohort.training)}."
    for judged in evaluation.endpoints:
        rows = tuple(_row(score) for score in judged.scores if score.interval)
        if rows:
            yield Table(judged.endpoint.title, _HEADER, rows, _note(judged, fitted))
    yield Table(
        "Cohort",
        (),
        tuple((_count_of(key), str(value)) for key, value in counts(evaluation.cohort).items()),
    )
    yield Table("Provenance", (), tuple(_provenance(evaluation)))
    missing = tuple(_missing(evaluation))
    if missing:
        yield Table("Not computed", (), missing)


def _count_of(key: str) -> str:
    """What a count is called."""
    return _COUNTS.get(key, f"{key.replace('_', ' ')} among them")


def _missing(evaluation: Evaluation) -> Iterator[tuple[str, str]]:
    """What could not be computed, one row a reason."""
    scores = [(j.endpoint.title, s) for j in evaluation.endpoints for s in j.scores]
    scores.append(("Dice", evaluation.dice))
    reasons: dict[str, dict[str, list[str]]] = {}
    for title, score in scores:
        if score.interval is None:
            reasons.setdefault(score.reason.rstrip("."), {}).setdefault(title, []).append(
                _short(score.label)
            )
        if score.no_share:
            reasons.setdefault(score.no_share.rstrip("."), {}).setdefault(title, []).append(
                f"share of oracle, {_short(score.label)}"
            )
    if not evaluation.cohort.oracle:
        yield "Oracle", NO_TRUTH
    if _judged(evaluation, "response") and evaluation.cohort.patients.classes > BINARY:
        yield "ROC curves", "drawn of a response of two classes only"
    for reason, titles in reasons.items():
        yield "; ".join(f"{title}: {', '.join(names)}" for title, names in titles.items()), reason


def _note(judged: Judged, fitted: str) -> str:
    """What belongs below an endpoint's table."""
    said = fitted if _best_baseline(judged) else ""
    if judged.within_folds is None:
        return said
    return (
        f"{said} From pairs of patients inside one fold only, {judged.endpoint.title} of the "
        f"model is {judged.within_folds:.3f}."
    ).strip()


def _row(score: Score) -> tuple[str, ...]:
    """One row of an endpoint's table."""
    if score.interval is None:
        return ()
    counted = str(score.patients)
    if score.same:
        counted += f" (model there {score.same.value:.3f})"
    difference = score.difference
    return (
        score.label,
        f"{score.interval.value:.3f}",
        _span(score.interval, score.too_few),
        counted,
        _percent(score.share, score.too_few) if score.share else "",
        _signed(difference, score.too_few) if difference else "",
    )


def _provenance(evaluation: Evaluation) -> Iterator[tuple[str, str]]:
    """Fingerprints, seeds and versions, one a row."""
    for key, value in evaluation.cohort.provenance.items():
        yield key.replace("_", " ").replace("sha256", "SHA-256"), _said(value)
    settings = evaluation.settings
    yield "bootstrap", f"{settings.samples} resamples of patients, percentile, seed {settings.seed}"
    yield "evaluated with", _said(versions())


def _said(value: Any) -> str:
    """A value in words; versions as a list, hashes shortened."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {version}" for name, version in value.items())
    text = str(value)
    is_hash = len(text) > _SHORT_HASH and all(c in "0123456789abcdef" for c in text)
    return f"{text[:_SHORT_HASH]}…" if is_hash else text
