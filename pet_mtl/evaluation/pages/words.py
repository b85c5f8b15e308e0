"""Numbers of the report in words."""

import re
import string
from typing import Any

from pet_mtl.evaluation.findings import Measure
from pet_mtl.evaluation.results import Evaluation
from pet_mtl.metrics import Interval, Permutation
from pet_mtl.report import Table

TOO_FEW = "too few"

_SHORT_HASH = 16
_TELLING_DIGITS = 4
_MEASURE_HEADER = ("", "value", "95 % interval", "by", "patients", "without a model", "ideal")
_MEASURE_COLUMNS = (
    *("key", "title", "value", "low", "high", "too_few", "patients"),
    *("reference", "ideal", "method", "reason"),
)


def span(interval: Interval, too_few: bool = False) -> str:
    """Both ends, where they mean something."""
    return TOO_FEW if too_few else f"{number(interval.low)} to {number(interval.high)}"


def percent(interval: Interval, too_few: bool = False) -> str:
    """A share in percent."""
    ends = f"{100 * interval.low:.0f} to {100 * interval.high:.0f} %"
    return f"{100 * interval.value:.0f} % ({TOO_FEW if too_few else ends})"


def signed(interval: Interval, too_few: bool = False) -> str:
    """A difference with its sign."""
    ends = f"{interval.low:+.3f} to {interval.high:+.3f}"
    return f"{interval.value:+.3f} ({TOO_FEW if too_few else ends})"


def number(value: float) -> str:
    """Three digits behind the point, fewer of large numbers."""
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.4g}"


def short(label: str) -> str:
    """A label without what the figure's heading says of all of them."""
    return label.split(" (")[0]


def p_said(permutation: Permutation) -> str:
    """The p of a permutation test, and of how many shuffles."""
    least = 1 / (1 + permutation.shuffles)
    p_value = permutation.p_value
    return (
        f"p = {p_value:.2g} by {permutation.shuffles} shuffles (the least possible is {least:.2g})"
    )


def said(value: Any, whole: bool = False) -> str:
    """A value in words; versions as a list, hashes shortened unless they are wanted whole."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {said(one, whole)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(said(one, whole) for one in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    is_hash = not whole and len(text) > _SHORT_HASH and all(c in "0123456789abcdef" for c in text)
    return f"{text[:_SHORT_HASH]}…" if is_hash else text


def joined(names: list[str]) -> str:
    """A list as people write it."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def measure_table(title: str, name: str, measures: tuple[Measure, ...]) -> Table:
    """Measures as a table; the file has the full numbers, and why one is missing.

    How the intervals are made is told below, by a letter each.
    """
    shown = [one for one in measures if one.interval]
    methods = dict.fromkeys(one.method for one in shown if one.method)
    letters = dict(zip(methods, string.ascii_lowercase, strict=False))
    told = [f"{letter}: {method}" for method, letter in letters.items()]
    note = f"Intervals by {'; '.join(told)}." if told else ""
    rows = tuple(_measure_row(one, letters.get(one.method, "")) for one in shown)
    data = tuple(_measure_data(one) for one in measures)
    return Table(title, _MEASURE_HEADER, rows, note, name, columns=_MEASURE_COLUMNS, data=data)


def _measure_row(one: Measure, letter: str) -> tuple[str, ...]:
    """One measure on the page."""
    if one.interval is None:
        return ()
    beside = ["" if value is None else number(value) for value in (one.reference, one.ideal)]
    value, ends = number(one.interval.value), span(one.interval, one.too_few)
    return (one.title, value, ends, letter, str(one.patients), *beside)


def _measure_data(one: Measure) -> tuple[object, ...]:
    """One measure in its file."""
    ends = (one.interval.value, one.interval.low, one.interval.high) if one.interval else ("",) * 3
    beside = ["" if value is None else value for value in (one.reference, one.ideal)]
    few = int(one.too_few)
    return (one.key, one.title, *ends, few, one.patients, *beside, one.method, one.reason)


def nameless(evaluation: Evaluation, text: str) -> str:
    """A text that names no study: those of predictions have their owners' names, not pseudonyms."""
    if is_run(evaluation):
        return text
    rows = {name: row for row, name in enumerate(evaluation.cohort.patients.ids, 1) if name in text}
    # The longest first, for one name may begin another; a short number names nobody.
    for name in sorted(rows, key=len, reverse=True):
        if not (name.isdecimal() and len(name) < _TELLING_DIGITS):
            whole = rf"(?<![\w-]){re.escape(name)}(?![\w-])"
            text = re.sub(whole, f"row {rows[name]}", text)
    return text


def is_ours(evaluation: Evaluation) -> bool:
    """Whether a model of this package predicted; any table of predictions can be judged."""
    return is_run(evaluation) or "model_fingerprint" in evaluation.cohort.provenance


def is_run(evaluation: Evaluation) -> bool:
    """Whether out-of-fold predictions of a run are judged."""
    return evaluation.cohort.kind == "run"
