"""Options that say what a clinical table holds, the same for every command that reads one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from pet_mtl.errors import UsageError
from pet_mtl.readers.clinical import DAYS_PER, ClinicalColumns, split_names

_Command = TypeVar("_Command", bound=Callable[..., Any])
_NAMES = {"id_column": "id", "time": "time", "event": "event", "response": "response"}
_LISTS = ("covariates", "response_positive", "response_classes", "groups")

decimal_option = click.option(
    "--decimal", type=click.Choice(["point", "comma"]),
    help="Table: the decimal sign, where its numbers leave it open.",
)  # fmt: skip


def coding_options(command: _Command) -> _Command:
    """Adds --time-unit, --response-positive, --response-classes and --decimal."""
    unit = click.option(
        "--time-unit", type=click.Choice(list(DAYS_PER)), default="days", show_default=True,
        help="Table: unit of --time; a month is 30.4375 and a year 365.25 days.",
    )  # fmt: skip
    positive = click.option(
        "--response-positive", metavar="V,V",
        help="Table: values of --response that are class 1, such as CR,PR; all others are 0.",
    )  # fmt: skip
    classes = click.option(
        "--response-classes", metavar="V,V,V",
        help="Table: all values of --response in the order of their classes, such as "
        "CR,PR,SD,PD; the first is class 0. Two to eight.",
    )  # fmt: skip
    return unit(positive(classes(decimal_option(command))))


def group_options(command: _Command) -> _Command:
    """Adds --groups and --folds-by."""
    groups = click.option(
        "--groups", metavar="C,C",
        help="Table: columns of groups of patients, such as the centre, kept as they are written "
        "for --folds-by and `evaluate --subgroups`; never a covariate.",
    )  # fmt: skip
    folds = click.option(
        "--folds-by", metavar="C", default="",
        help="One fold a group: one of --groups, or scanner.",
    )  # fmt: skip
    return groups(folds(command))


def take_columns(clinical: Path | None, options: dict[str, Any]) -> ClinicalColumns | None:
    """Takes all options of a table out of a command's options.

    Args:
        clinical: The table, or None.
        options: Options by name; those of the table are removed.

    Returns:
        Its columns; None without a table.

    Raises:
        UsageError: CLINICAL_NO_ID, a table without the column of patients; CLINICAL_NO_TABLE,
            columns without a table.
    """
    given: dict[str, Any] = {field: options.pop(name, None) for name, field in _NAMES.items()}
    given |= {name: split_names(options.pop(name, None) or "") for name in _LISTS}
    unit, decimal = options.pop("time_unit", "days"), options.pop("decimal", None)
    if clinical is None:
        if any(given.values()) or decimal:
            raise UsageError(
                "CLINICAL_NO_TABLE", "columns are named, but no table", todo="Give --clinical FILE"
            )
        return None
    if not given["id"]:
        raise UsageError(
            "CLINICAL_NO_ID", "--clinical needs --id-column", todo="Name the column of the patients"
        )
    return ClinicalColumns(**given, time_unit=unit, decimal=decimal or "")
