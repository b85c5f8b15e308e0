"""What each part of the network adds, from what `pet-mtl ablate` wrote."""

from collections.abc import Iterator, Mapping
from typing import Any

from pet_mtl.errors import UsageError
from pet_mtl.evaluation.judging import CHANCE
from pet_mtl.evaluation.pages.words import signed
from pet_mtl.metrics import Interval
from pet_mtl.report import Comparison, Dot, Picture, Section, Table

_TITLES = {"survival": "C-index", "response": "AUC"}
_ROLES = {"arm": "model", "opponent": "baseline", "oracle": "oracle"}


def section(document: Mapping[str, Any]) -> Section | None:
    """Gains of the parts, all arms beside simple rules; None without an ablation.

    Raises:
        UsageError: ABLATION_DAMAGED.
    """
    if not document:
        return None
    try:
        return Section(
            "ablation",
            "What each part adds",
            lead=(_lead(document["facts"]),),
            pictures=(*_gains(document["parts"]), *_arms(document["scores"])),
            tables=tuple(_tables(document)),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            "ABLATION_DAMAGED",
            "the ablation cannot be read",
            found=type(error).__name__,
            todo="Write it anew: the same `pet-mtl ablate` goes on where it stood",
        ) from error


def _lead(facts: Mapping[str, Any]) -> str:
    """How the arms were judged."""
    return (
        f"{facts['seeds']} seeds; {facts['training_patients']} patients learned from, "
        f"{facts['judged_patients']} judged on {facts['judged_on']}; 95 % intervals over patients, "
        f"{facts['resamples']} resamples, the same for all rows."
    )


def _gains(parts: Mapping[str, Any]) -> Iterator[Picture]:
    """One figure an outcome: the index with a part less that without."""
    for outcome, title in _TITLES.items():
        dots = tuple(
            Dot(part["label"], part[outcome]["verdict"], _interval(part[outcome]))
            for part in parts.values()
            if outcome in part
        )
        if dots:
            told = "; ".join(f"{dot.label} {signed(dot.interval)}: {dot.role}" for dot in dots)
            yield Picture(
                f"ablation_{outcome}_parts",
                f"{title} gained by each part",
                Comparison(f"{title} gained, 95 % interval", dots, 0.0, "no effect", signed=True),
                told,
                "Filled: the interval excludes 0 (circle: helps, cross: hurts); hollow: not shown",
            )


def _arms(scores: Mapping[str, Any]) -> Iterator[Picture]:
    """One figure an outcome: every arm and every simple rule."""
    for outcome, title in _TITLES.items():
        dots = tuple(
            Dot(row["label"], _ROLES[row["role"]], _interval(row[outcome]))
            for row in scores.values()
            if "value" in row.get(outcome, {})
        )
        if dots:
            told = "; ".join(f"{dot.label} {dot.interval.value:.2f}" for dot in dots)
            yield Picture(
                f"ablation_{outcome}_arms",
                f"{title} of every arm",
                Comparison(f"{title}, 95 % interval", dots, CHANCE),
                told,
                "Circles: arms; squares: simple rules; diamond: the oracle",
            )


def _tables(document: Mapping[str, Any]) -> Iterator[Table]:
    """Parts with verdicts, and all arms."""
    outcomes = [name for name in _TITLES if any(name in row for row in document["scores"].values())]
    heads = tuple(h for name in outcomes for h in (f"{_TITLES[name]} gained", "verdict"))
    rows = tuple(
        (part["label"], *(cell for name in outcomes for cell in _part_cells(part.get(name))))
        for part in document["parts"].values()
    )
    yield Table("Parts", ("part", *heads), rows, name="ablation_parts")
    heads = tuple(h for name in outcomes for h in (_TITLES[name], "base less this"))
    rows = tuple(
        (row["label"], *(cell for name in outcomes for cell in _arm_cells(row.get(name))))
        for row in document["scores"].values()
    )
    yield Table("Arms and simple rules", ("", *heads), rows, name="ablation_arms")


def _part_cells(gain: Mapping[str, Any] | None) -> tuple[str, str]:
    """A gain and its verdict."""
    return (signed(_interval(gain)), str(gain["verdict"])) if gain else ("-", "")


def _arm_cells(judged: Mapping[str, Any] | None) -> tuple[str, str]:
    """A number, and the base arm's less this."""
    if not judged or "value" not in judged:
        return "-", "-"
    value, less = _interval(judged), judged.get("base_less_this")
    told = f"{value.value:.3f} ({value.low:.3f} to {value.high:.3f})"
    return told, signed(_interval(less)) if less else "-"


def _interval(plain: Mapping[str, Any]) -> Interval:
    """A number with its ends."""
    value, low, high = (float(plain[name]) for name in ("value", "low", "high"))
    return Interval(value, low, high)
