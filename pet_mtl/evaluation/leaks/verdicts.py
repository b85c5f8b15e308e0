"""The four verdicts of a leak check, and what is written of them."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from pet_mtl.evaluation.findings import Findings, LeakCheck

PASSED, FAILED, SUSPICIOUS, UNCHECKED = "passed", "failed", "suspicious", "not checked"

_MOST_SHOWN = 5
_VERBS = {FAILED: "failed", SUSPICIOUS: "is suspicious"}


def judged(key: str, title: str, failures: Sequence[str], said: str) -> LeakCheck:
    """A check that failed if there is a failure, and else passed.

    Args:
        key: Its name in evaluation.json.
        title: What was looked for.
        failures: What was found, a sentence each without its stop.
        said: What to say where nothing was found.
    """
    if failures:
        return LeakCheck(key, title, FAILED, listed(failures))
    return LeakCheck(key, title, PASSED, said)


def listed(parts: Iterable[str]) -> str:
    """The first few parts, and how many more there are."""
    each = list(parts)
    more = len(each) - _MOST_SHOWN
    return "; ".join(each[:_MOST_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def failed(checks: Iterable[LeakCheck]) -> tuple[LeakCheck, ...]:
    """Those that failed."""
    return tuple(check for check in checks if check.verdict == FAILED)


def warned(findings: Findings) -> tuple[str, ...]:
    """A sentence for every check that failed or found something suspicious."""
    told = [
        f"leak check {check.key} {_VERBS[check.verdict]}: {check.said}."
        for check in findings.leaks
        if check.verdict in _VERBS
    ]
    if failed(findings.leaks) and findings.leaks_allowed:
        told.insert(0, "leak checks failed, and --allow-leaks let these numbers pass all the same.")
    return tuple(told)


def leaks_document(findings: Findings) -> dict[str, Any]:
    """The part of evaluation.json about the checks."""
    return {
        "failed": len(failed(findings.leaks)),
        "allowed": findings.leaks_allowed,
        "checks": [dataclasses.asdict(check) for check in findings.leaks],
    }
