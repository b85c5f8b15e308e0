"""The numbers in words: the table on the terminal."""

from dataclasses import replace

from pet_mtl.evaluation.further import further_lines
from pet_mtl.evaluation.judging import Score
from pet_mtl.evaluation.pages.words import percent, span
from pet_mtl.evaluation.results import Evaluation, behind_words, warnings_of
from pet_mtl.evaluation.wording import counted


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


def _line(score: Score) -> str:
    """One score on the terminal."""
    if score.interval is None:
        return f"{score.label:<26} not computed: {score.reason.rstrip('.')}"
    text = f"{score.label:<26} {score.interval.value:10.3f}  "
    text += span(score.interval, score.too_few)
    if score.share:
        text += f"  {percent(score.share, score.too_few)}"
    if score.same:
        text += f"  ({counted(score.patients, 'patient')}; the model there {score.same.value:.3f})"
    return text
