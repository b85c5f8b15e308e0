"""A validation as tables for a person to read."""

from typing import Any

from pet_mtl.errors import code_of
from pet_mtl.inspection.cohort import cohort
from pet_mtl.inspection.validation import ACCEPTED, REFUSED, WARNED, Validation, Verdict

Row = tuple[Any, ...]


def tables(found: Validation) -> list[tuple[str, tuple[str, ...], list[Row]]]:
    """Every study, why some are refused, and what the warnings mean.

    Args:
        found: What `convert` would do.

    Returns:
        Title, header and rows of each table.
    """
    refused = [verdict for verdict in found.verdicts if verdict.problem is not None]
    return [
        ("Studies", ("study", "", "", "", "codes"), [_row(v) for v in found.verdicts]),
        ("Refused", ("study", "code", "why, and what to do"), [_why(v) for v in refused]),
        ("Warnings", ("code", "studies", "such as"), _meanings(found)),
    ]


def verdict_line(found: Validation) -> str:
    """How many studies have which fate, in one sentence."""
    counts = [len(found.of_status(status)) for status in (ACCEPTED, WARNED, REFUSED)]
    return (
        f"{len(found.verdicts)} studies: {counts[0]} accepted, {counts[1]} accepted with a "
        f"warning, {counts[2]} refused"
    )


def _row(verdict: Verdict) -> Row:
    facts = verdict.facts
    if verdict.problem is not None or facts is None:
        return verdict.name, verdict.status, None, None, verdict.problem and verdict.problem.code
    volume = None if facts.mtv_ml is None else f"{facts.mtv_ml:.1f} ml"
    top = None if facts.suv_max is None else f"SUVmax {facts.suv_max:.2f}"
    codes = dict.fromkeys(map(code_of, verdict.warnings))
    return verdict.name, verdict.status, volume, top, list(codes)


def _why(verdict: Verdict) -> Row:
    problem = verdict.problem
    return verdict.name, problem and problem.code, problem and problem.sentence()


def _meanings(found: Validation) -> list[Row]:
    """Each code with the text of the first warning that bears it."""
    texts = [text.partition(": ") for v in found.verdicts for text in v.warnings]
    first = {code: text for code, _, text in reversed(texts)}
    return [(code, count, first[code]) for code, count in found.codes(WARNED).items()]


def summary(found: Validation) -> dict[str, Any]:
    """The cohort in words.

    Args:
        found: What `convert` would do.

    Returns:
        Name to text or number.
    """
    facts = cohort(found)
    for name in ("volume_ml", "suv_max", "time_days"):
        if (known := facts[name]) is not None:
            facts[name] = f"{known[0]:.4g} to {known[2]:.4g}, median {known[1]:.4g}"
    facts["voxels_mm"] = [
        f"{' x '.join(f'{edge:g}' for edge in one['zyx'])} ({one['studies']})"
        for one in facts["voxels_mm"]
    ]
    facts["scanners"] = [
        f"{one['manufacturer'] or '?'} {one['model']} {one['units']} ({one['studies']})"
        for one in facts["scanners"]
    ]
    if found.plan is not None:
        facts["cubes_mm"] = [found.plan.fine_mm, found.plan.context_mm]
        facts["folds"] = found.folds
    return facts
