"""The numbers to take away, and what they show and do not show."""

from collections.abc import Iterator

import numpy as np

from pet_mtl.evaluation.findings import ResponseFindings, SurvivalFindings
from pet_mtl.evaluation.judging import CHANCE, Judged, Score
from pet_mtl.evaluation.pages.words import percent, short, signed
from pet_mtl.evaluation.results import Evaluation, behind_words
from pet_mtl.evaluation.wording import counted
from pet_mtl.report import Headline, Statement

NAMES = {"survival": "Survival", "response": "Response"}
SHOWN = "better than chance"


def headlines(evaluation: Evaluation) -> Iterator[Headline]:
    """One card an endpoint, and one of the masks."""
    for judged in evaluation.endpoints:
        model = judged.model
        yield Headline(
            f"{NAMES[judged.endpoint.key]}: {judged.endpoint.title}",
            model.interval,
            model.reason.rstrip("."),
            tuple(_lines(judged)),
            model.too_few,
        )
    yield _dice(evaluation)


def _lines(judged: Judged) -> Iterator[str]:
    """A few short facts beside an endpoint's number."""
    model = judged.model
    yield behind_words(judged)
    for score in judged.scores[1:]:
        if score.interval and score.role == "oracle":
            yield f"{score.label}: {score.interval.value:.2f}"
    if model.share:
        yield f"{percent(model.share, model.too_few)} of the oracle's excess over {CHANCE}"
    best = best_baseline(judged)
    if best and best.interval:
        yield f"Best baseline: {best.interval.value:.2f}, {short(best.label)}"


def _dice(evaluation: Evaluation) -> Headline:
    """Mean Dice."""
    dice = evaluation.dice
    known = evaluation.cohort.dice[np.isfinite(evaluation.cohort.dice)]
    lines = [counted(dice.patients, "patient"), f"in {evaluation.cohort.dice_where}"]
    lines += [f"median {np.median(known):.2f}"] if len(known) else []
    shown = tuple(lines) if dice.interval else ()
    return Headline("Mask: mean Dice", dice.interval, dice.reason, shown, dice.too_few)


def best_baseline(judged: Judged) -> Score | None:
    """The baseline of the highest value."""
    return max(
        (s for s in judged.scores if s.role == "baseline" and s.interval),
        key=lambda score: score.interval.value if score.interval else 0.0,
        default=None,
    )


def judged_on(evaluation: Evaluation, key: str) -> Judged | None:
    """One endpoint, if the model could be judged on it."""
    return next(
        (j for j in evaluation.endpoints if j.endpoint.key == key and j.model.interval), None
    )


def statements(evaluation: Evaluation) -> Iterator[Statement]:
    """Whether each endpoint beats chance, and the best simple rule."""
    for judged in evaluation.endpoints:
        if judged.model.interval:
            yield _beside_chance(evaluation, judged)
            yield from _beside_rules(judged)


def _beside_chance(evaluation: Evaluation, judged: Judged) -> Statement:
    """The verdict that came with the findings, or that of the interval alone."""
    name, found = NAMES[judged.endpoint.key], findings_of(evaluation, judged)
    if found is not None and found.evidence is not None:
        told = found.evidence.said
        first, rest = told[:1], told[1:]
        # A name such as AUC keeps its capitals.
        told = f"{first.lower()}{rest}" if told.startswith(("No ", "The ")) else told
        return Statement(f"{name}: {told}", found.evidence.verdict == SHOWN)
    model, interval = judged.model, judged.model.interval
    if interval is None or model.too_few:
        text = f"{name}: {behind_words(judged)} are too few to tell the model from chance."
        return Statement(text, False)
    ends = (
        f"{judged.endpoint.title} {interval.value:.2f} ({interval.low:.2f} to {interval.high:.2f})"
    )
    if interval.low > CHANCE:
        return Statement(f"{name}: {ends} lies above {CHANCE}, better than chance.", True)
    beside = "includes" if interval.high >= CHANCE else "lies below"
    why = f"the interval of {ends} {beside} {CHANCE}"
    return Statement(f"{name}: no evidence that the model beats chance: {why}.", False)


def _beside_rules(judged: Judged) -> Iterator[Statement]:
    """Whether the model beats the best simple rule on the same patients."""
    best = best_baseline(judged)
    if best is None or best.difference is None:
        return
    shown = best.difference.low > 0 and not best.too_few
    yield Statement(
        f"{NAMES[judged.endpoint.key]}: {judged.endpoint.title} of the model less that of the best "
        f"simple rule, {short(best.label)}, is {signed(best.difference, best.too_few)}: the model "
        f"is {'' if shown else 'not '}shown to add to it.",
        shown,
    )


def findings_of(
    evaluation: Evaluation, judged: Judged
) -> SurvivalFindings | ResponseFindings | None:
    """What stands beyond the headline number of an endpoint."""
    found = evaluation.findings
    return found.survival if judged.endpoint.key == "survival" else found.response
