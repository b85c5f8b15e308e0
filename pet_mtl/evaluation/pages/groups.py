"""Numbers in groups of patients, and checks for leaks."""

from collections import Counter
from collections.abc import Iterator

from pet_mtl.evaluation.findings import LeakCheck, Measure, Subgroup
from pet_mtl.evaluation.judging import CHANCE
from pet_mtl.evaluation.pages.words import nameless, number, span
from pet_mtl.evaluation.results import Evaluation
from pet_mtl.metrics import Interval
from pet_mtl.report import Check, Forest, ForestRow, Picture, Section, Table

_WORST_FIRST = ("failed", "suspicious", "not checked", "passed")
_COLUMNS = ("variable", "group", "patients", "measure", "value", "low", "high", "behind", "reason")


def leaks(evaluation: Evaluation) -> Section | None:
    """What was checked, with verdicts; None where nothing was."""
    found = evaluation.findings.leaks
    if not found:
        return None
    counts = Counter(one.verdict for one in found)
    told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in _WORST_FIRST if counts[verdict])
    lead = [f"Checks for outcomes that leak into predictions: {told}."]
    checks = tuple(_check(evaluation, one) for one in found)
    if evaluation.findings.leaks_allowed:
        lead.append("The evaluation was told to let numbers pass whatever these checks say.")
    return Section("leaks", "Leak checks", tuple(lead), checks=checks)


def _check(evaluation: Evaluation, one: LeakCheck) -> Check:
    """One check, which may tell of studies."""
    return Check(one.title, one.verdict, nameless(evaluation, one.said))


def subgroups(evaluation: Evaluation) -> Section | None:
    """A forest plot a number, and all numbers as a table; None where there are no groups."""
    found = evaluation.findings.subgroups
    if not found:
        return None
    keys: dict[str, str] = {}
    for group in found:
        for measure in group.measures:
            keys.setdefault(measure.key, measure.title)
    pictures = (_forest(evaluation, key, title) for key, title in keys.items())
    return Section(
        "subgroups",
        "Subgroups",
        (
            "Groups are described, not compared: intervals are wide, and with many groups some "
            "differ by chance.",
        ),
        pictures=tuple(picture for picture in pictures if picture),
        tables=(_table(found),),
    )


def _forest(evaluation: Evaluation, key: str, title: str) -> Picture | None:
    """One number in all groups; None where no group has it."""
    rows = tuple(
        ForestRow(group.variable, group.label, measure.patients, _shown(measure))
        for group in evaluation.findings.subgroups
        for measure in group.measures
        if measure.key == key
    )
    if not any(row.interval for row in rows):
        return None
    told = "; ".join(
        f"{row.variable} {row.label}: "
        + (f"{row.interval.value:.2f} ({span(row.interval)})" if row.interval else "none")
        for row in rows
    )
    everyone, chance = _everyone(evaluation, key)
    return Picture(
        f"subgroups_{key}",
        title,
        Forest(title, (*everyone, *rows), chance),
        f"{title} in groups: {told}",
        "Diamond: all patients; squares: groups; a dash where too few are in a group",
    )


def _shown(measure: Measure) -> Interval | None:
    """The interval, if it says anything."""
    return None if measure.too_few else measure.interval


def _everyone(evaluation: Evaluation, key: str) -> tuple[tuple[ForestRow, ...], float | None]:
    """The row of all patients, and where chance is."""
    for judged in evaluation.endpoints:
        if judged.endpoint.measure == key and judged.model.interval:
            model = judged.model
            return (ForestRow("", "All patients", model.patients, model.interval),), CHANCE
    dice = evaluation.dice
    if "dice" in key and dice.interval:
        return (ForestRow("", "All patients", dice.patients, dice.interval),), None
    return (), None


def _table(found: tuple[Subgroup, ...]) -> Table:
    """All numbers of all groups."""
    titles = dict.fromkeys(m.title for group in found for m in group.measures)
    rows = []
    for group in found:
        by_title = {measure.title: measure for measure in group.measures}
        cells = (_cell(by_title.get(title)) for title in titles)
        rows.append((group.variable, group.label, str(group.patients), *cells))
    return Table(
        "All groups",
        ("", "group", "patients", *titles),
        tuple(rows),
        name="subgroups",
        columns=_COLUMNS,
        data=tuple(_data(found)),
    )


def _cell(measure: Measure | None) -> str:
    """A number with its interval, or nothing."""
    if measure is None or measure.interval is None:
        return "-"
    return f"{number(measure.interval.value)} ({span(measure.interval, measure.too_few)})"


def _data(found: tuple[Subgroup, ...]) -> Iterator[tuple[object, ...]]:
    """One row a group and measure."""
    for group in found:
        for one in group.measures:
            ends = one.interval
            numbers = (ends.value, ends.low, ends.high) if ends else ("",) * 3
            head = (group.variable, group.label, group.patients, one.key)
            yield (*head, *numbers, one.patients, one.reason)
