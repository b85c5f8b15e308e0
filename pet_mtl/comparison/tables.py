"""comparison.json, comparison.csv and the figure, and the same in a few lines."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pet_mtl.comparison.figure import draw
from pet_mtl.comparison.page import render_page
from pet_mtl.comparison.results import Comparison, Difference, Row
from pet_mtl.comparison.wording import difference_words, number, p_words, span
from pet_mtl.evaluation.results import versions
from pet_mtl.files import write_csv, write_json, write_text
from pet_mtl.metrics import Interval

NAME = "comparison"
SCHEMA_VERSION = 1
_COLUMNS = (
    "kind", "metric", "model", "minus", "patients", "value", "low", "high",
    "p", "p_holm", "test", "too_few",
)  # fmt: skip


def write_comparison(found: Comparison, out: Path) -> Path:
    """Writes comparison.json, .csv, .svg, .png and .html.

    Args:
        found: What was found.
        out: Folder; made if absent.

    Returns:
        The page, comparison.html.
    """
    write_json(out / f"{NAME}.json", to_document(found))
    write_csv(out / f"{NAME}.csv", _COLUMNS, [*_value_rows(found), *_difference_rows(found)])
    if found.has_numbers:
        draw(found, out / f"{NAME}.svg")
        draw(found, out / f"{NAME}.png")
    page = out / f"{NAME}.html"
    write_text(page, render_page(found))
    return page


def to_document(found: Comparison) -> dict[str, Any]:
    """All numbers as plain data; a metric that could not be computed says why."""
    return {
        "schema_version": SCHEMA_VERSION,
        "models": [
            {"name": m.name, "kind": m.kind, "patients": m.patients,
             "provenance": dict(m.provenance)}
            for m in found.models
        ],
        "patients": found.common,
        "reference": found.reference or None,
        "metrics": {row.key: _row(row) for row in found.rows},
        "notes": list(found.notes),
        "adjustment": "Holm, over the comparisons of one metric",
        "bootstrap": {
            "samples": found.settings.samples,
            "seed": found.settings.seed,
            "level": 0.95,
            "kind": "percentile, over patients, paired",
        },
        "versions": versions(),
    }  # fmt: skip


def summary_lines(found: Comparison) -> Iterator[str]:
    """A plain table for a terminal."""
    width = max(len(model.name) for model in found.models)
    for row in found.rows:
        if row.reason:
            yield f"{row.title}: not compared: {row.reason.rstrip('.')}"
            continue
        better = "higher" if row.higher_is_better else "lower"
        few = "; too few patients for the intervals to say anything" if row.too_few else ""
        yield f"{row.title}: {row.behind}; {better} is better{few}"
        for one in row.reached:
            yield f"  {one.name:<{width}}  {number(one.interval.value)}  {span(one.interval)}"
        for pair in row.differences:
            yield f"  {difference_words(pair)}  {p_words(pair, len(row.differences) > 1)}"
    yield from (f"note: {text}" for text in found.notes)


def _row(row: Row) -> dict[str, Any]:
    """One metric."""
    content: dict[str, Any] = {
        "title": row.title,
        "higher_is_better": row.higher_is_better,
        "patients": row.patients,
    }
    if row.reason:
        return content | {"reason": row.reason}
    return content | {
        "behind": row.behind,
        "too_few": row.too_few,
        "models": {one.name: _plain(one.interval) for one in row.reached},
        "differences": [_difference(one) for one in row.differences],
    }


def _difference(one: Difference) -> dict[str, Any]:
    """One pair."""
    return {
        "model": one.first,
        "minus": one.second,
        **_plain(one.interval),
        "p": one.p_value,
        "p_holm": one.p_holm,
        "test": one.test,
    }


def _plain(interval: Interval) -> dict[str, float]:
    """Value and both ends."""
    return {name: float(getattr(interval, name)) for name in ("value", "low", "high")}


def _value_rows(found: Comparison) -> Iterator[dict[str, Any]]:
    """Rows of comparison.csv about models."""
    for row in found.rows:
        for one in row.reached:
            head = {"kind": "model", "metric": row.key, "model": one.name}
            yield head | _cells(row, one.interval)


def _difference_rows(found: Comparison) -> Iterator[dict[str, Any]]:
    """Rows of comparison.csv about pairs."""
    for row in found.rows:
        for one in row.differences:
            yield {
                **{"kind": "difference", "metric": row.key},
                **{"model": one.first, "minus": one.second},
                **_cells(row, one.interval),
                **{"p": f"{one.p_value:.4g}", "p_holm": f"{one.p_holm:.4g}", "test": one.test},
            }


def _cells(row: Row, interval: Interval) -> dict[str, Any]:
    """Numbers of one row of comparison.csv."""
    numbers = {name: f"{value:.5f}" for name, value in _plain(interval).items()}
    return numbers | {"patients": row.patients, "too_few": int(row.too_few)}
