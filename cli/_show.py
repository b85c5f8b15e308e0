"""Tables for a person: drawn on a terminal, plain lines where the output is read by a program."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

_STYLES = {"accepted": "green", "warned": "yellow", "refused": "red", "ok": "green"}
_STYLES |= {"note": "yellow", "wrong": "red"}


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Prints a table, with tabs between the cells where standard output is no terminal.

    Args:
        title: What it is; "" for none.
        columns: Header.
        rows: Cells; None shows as "-".
    """
    cells = [[_cell(value) for value in row] for row in rows]
    if not cells:
        return
    if not sys.stdout.isatty():
        click.echo("\n".join("\t".join(row) for row in cells))
        return
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in cells:
        style = next((_STYLES[cell] for cell in row if cell in _STYLES), None)
        table.add_row(*(Text(cell) for cell in row), style=style)  # brackets are no markup
    Console().print(table)


def show_facts(title: str, facts: Mapping[str, Any]) -> None:
    """Prints names and values, a line each; sections of nested facts follow one another.

    Args:
        title: What it is.
        facts: Name to value; None shows as "-", a mapping becomes "name.inner".
    """
    show_table(title, ("", ""), _flat(facts))


def _flat(facts: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for name, value in facts.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            for number, item in enumerate(value):
                yield from _flat(item, f"{prefix}{name}.{number}.")
        else:
            yield f"{prefix}{name}", value


def _cell(value: Any) -> str:
    """One line of text, whatever the value."""
    if value is None or value == "" or value == []:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return ", ".join(_cell(item) for item in value)
    line = " ".join(str(value).split())
    # Names come from files: none of them may steer the terminal.
    return "".join(sign if sign.isprintable() else "?" for sign in line)
