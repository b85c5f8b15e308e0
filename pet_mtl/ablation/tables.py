"""ablation.json, ablation.csv and ablation.md, and the same in a few lines."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pet_mtl.ablation.figure import draw
from pet_mtl.ablation.judging import HELPS, HURTS, Judged
from pet_mtl.ablation.results import TITLES, Ablation, Part, Row
from pet_mtl.export import versions
from pet_mtl.files import write_csv, write_json, write_text
from pet_mtl.metrics import Interval

NAME = "ablation"
_NUMBERS = ("value", "low", "high")
_COLUMNS = (
    "kind", "key", "label", "outcome", "patients", *_NUMBERS,
    "share", "share_low", "share_high", "difference", "difference_low", "difference_high",
    "verdict",
)  # fmt: skip


def write_tables(found: Ablation, out: Path) -> Path:
    """Writes ablation.json, .csv, .md, .svg and .png.

    Args:
        found: What was found.
        out: Folder; made if absent.

    Returns:
        The table for people, ablation.md.
    """
    write_json(out / f"{NAME}.json", to_document(found))
    write_csv(out / f"{NAME}.csv", _COLUMNS, [*_score_rows(found), *_part_rows(found)])
    draw(found, out / f"{NAME}.svg")
    draw(found, out / f"{NAME}.png")
    table = out / f"{NAME}.md"
    write_text(table, "\n".join(_page(found)) + "\n")
    return table


def to_document(found: Ablation) -> dict[str, Any]:
    """All numbers as plain data."""
    return {
        "facts": found.facts | {"versions": versions()},
        "scores": {row.key: _row_document(row) for row in found.rows},
        "parts": {part.comparison.part: _part_document(part) for part in found.parts},
    }


def summary_lines(found: Ablation) -> Iterator[str]:
    """The verdicts, one line a part."""
    for part in found.parts:
        told = [
            f"{TITLES[outcome]} {_signed(gain)}: {part.verdicts[outcome]}"
            for outcome, gain in part.gains.items()
            if gain
        ]
        yield f"{part.comparison.label}: {'; '.join(told)}"


def _row_document(row: Row) -> dict[str, Any]:
    """One score."""
    judged = {
        outcome: {"reason": one} if isinstance(one, str) else _judged_document(one)
        for outcome, one in row.judged.items()
    }
    return {"label": row.label, "role": row.role, **judged}


def _judged_document(judged: Judged) -> dict[str, Any]:
    """One score under one outcome."""
    return {
        **_plain(judged.value),
        "patients": judged.patients,
        "by_seed": list(judged.by_seed),
        "share_of_oracle": _plain(judged.share) if judged.share else None,
        "base_less_this": _plain(judged.to_base) if judged.to_base else None,
    }


def _part_document(part: Part) -> dict[str, Any]:
    """One part."""
    told: dict[str, Any] = {"label": part.comparison.label, "with": part.comparison.added}
    told["without"] = dict(part.comparison.without)
    for outcome, gain in part.gains.items():
        if gain:
            told[outcome] = _plain(gain) | {"verdict": part.verdicts[outcome]}
    return told


def _plain(interval: Interval) -> dict[str, float]:
    return {name: getattr(interval, name) for name in _NUMBERS}


def _score_rows(found: Ablation) -> Iterator[dict[str, Any]]:
    """Rows of ablation.csv about scores: their difference is that of the base arm to them."""
    for row in found.rows:
        for outcome, judged in row.judged.items():
            head = {"kind": row.role, "key": row.key, "label": row.label, "outcome": outcome}
            if isinstance(judged, str):
                yield head
                continue
            yield {
                **head,
                "patients": f"{judged.patients:g}",
                **_cells(judged.value, *_NUMBERS),
                **_cells(judged.share, "share", "share_low", "share_high"),
                **_cells(judged.to_base, "difference", "difference_low", "difference_high"),
            }


def _part_rows(found: Ablation) -> Iterator[dict[str, Any]]:
    """Rows of ablation.csv about parts."""
    for part in found.parts:
        for outcome, gain in part.gains.items():
            if gain:
                yield {
                    "kind": "part",
                    "key": part.comparison.part,
                    "label": part.comparison.label,
                    "outcome": outcome,
                    **_cells(gain, "difference", "difference_low", "difference_high"),
                    "verdict": part.verdicts[outcome],
                }


def _cells(interval: Interval | None, *names: str) -> dict[str, str]:
    """Value, low and high under other names; nothing without an interval."""
    if interval is None:
        return {}
    return {
        name: f"{getattr(interval, own):.4f}" for name, own in zip(names, _NUMBERS, strict=True)
    }


def _page(found: Ablation) -> Iterator[str]:
    """ablation.md."""
    facts = found.facts
    yield "# Ablation"
    yield ""
    own = ", each seed with its own draw of outcomes" if facts["own_outcomes_a_seed"] else ""
    yield (
        f"{facts['seeds']} seeds{own}; {facts['training_patients']} patients learned from, "
        f"{facts['judged_patients']} judged on {facts['judged_on']}. Brackets are 95 % intervals "
        f"over patients ({facts['resamples']} resamples, the same for all rows, the mean over the "
        "seeds inside each)."
    )
    if facts["dice"] is not None:
        yield ""
        yield f"The segmenter that all arms share reaches a mean Dice of {facts['dice']:.3f}."
    yield from ("", "## What each part adds", "", *_part_table(found), "")
    yield from (*_verdicts(found), "", "## Arms and simple rules", "", *_score_table(found), "")
    yield "![What each part adds, and every arm beside simple rules](ablation.svg)"


def _part_table(found: Ablation) -> Iterator[str]:
    """Gains with verdicts."""
    titles = [f"{TITLES[outcome]} gained | verdict" for outcome in found.outcomes]
    yield f"| part | {' | '.join(titles)} |"
    yield "|---|" + "---:|---|" * len(found.outcomes)
    for part in found.parts:
        verdicts = {
            outcome: part.verdicts[outcome] if gain else "" for outcome, gain in part.gains.items()
        }
        cells = [f"{_signed(part.gains[name])} | {verdicts[name]}" for name in found.outcomes]
        yield f"| {part.comparison.label} | {' | '.join(cells)} |"


def _verdicts(found: Ablation) -> Iterator[str]:
    """The verdicts in words."""
    for word, said in ((HELPS, "Shown to help"), (HURTS, "Shown to hurt")):
        names = [
            f"{part.comparison.label.lower()} ({TITLES[outcome]})"
            for part in found.parts
            for outcome, one in part.verdicts.items()
            if one == word and part.gains[outcome]
        ]
        yield f"- {said}: {', '.join(names) or 'nothing'}."
    yield "- Of everything else no effect is shown: its interval holds 0."


def _score_table(found: Ablation) -> Iterator[str]:
    """All scores."""
    oracle = any(row.role == "oracle" for row in found.rows)
    titles = []
    for outcome in found.outcomes:
        titles += [TITLES[outcome], *(["share of oracle"] if oracle else []), "base less this"]
    yield f"| | {' | '.join(titles)} |"
    yield "|---|" + "---:|" * len(titles)
    for row in found.rows:
        cells: list[str] = []
        for outcome in found.outcomes:
            cells += _score_cells(row.judged[outcome], oracle)
        yield f"| {row.label} | {' | '.join(cells)} |"


def _score_cells(judged: Judged | str, oracle: bool) -> list[str]:
    """One score under one outcome."""
    if isinstance(judged, str):
        return ["-"] * (3 if oracle else 2)
    value = judged.value
    cells = [f"{value.value:.3f} [{value.low:.3f}, {value.high:.3f}]"]
    if oracle:
        share = judged.share
        cells.append(f"{share.value:.0%} [{share.low:.0%}, {share.high:.0%}]" if share else "-")
    return [*cells, _signed(judged.to_base)]


def _signed(interval: Interval | None) -> str:
    """A difference."""
    if interval is None:
        return "-"
    return f"{interval.value:+.3f} [{interval.low:+.3f}, {interval.high:+.3f}]"
