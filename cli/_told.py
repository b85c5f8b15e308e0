"""What `predict` and `explain` tell at the end."""

from collections.abc import Sequence
from pathlib import Path

import click

from pet_mtl.errors import Problem
from pet_mtl.readers import Search


def tell(
    counts: Sequence[tuple[str, int]],
    refused: Sequence[tuple[str, Problem]],
    search: Search,
    table: Path,
) -> int:
    """Tells what became of the studies.

    Args:
        counts: What was done, and with how many.
        refused: Name and problem of what could not be used.
        search: What was found.
        table: The table of the results.

    Returns:
        The exit code: 0, 8 if some studies were refused, 1 if all.
    """
    for name, problem in refused:
        click.echo(f"{name}: {problem.sentence()} [{problem.code}]", err=True)
    done = ", ".join(f"{number} {what}" for what, number in counts)
    click.echo(f"{done}, {len(refused)} refused: {table}")
    if search.ignored:
        path = table.with_name("passed_over.csv")
        click.echo(f"{len(search.ignored)} entries are no study: {path}", err=True)
    return (8 if any(number for _, number in counts) else 1) if refused else 0
