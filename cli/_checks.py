"""Options of `pet-mtl evaluate` about groups of patients and leaks."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from pet_mtl.readers.clinical import split_names

_Command = TypeVar("_Command", bound=Callable[..., Any])


def check_options(command: _Command) -> _Command:
    """Adds --subgroups and --allow-leaks."""
    groups = click.option(
        "--subgroups", metavar="C,C",
        help="Columns to group patients by, beside sex, age, groups, scanner and lesion volume: "
        "C, or C:50:70 for bands.",
    )  # fmt: skip
    leaks = click.option(
        "--allow-leaks", is_flag=True,
        help="Let numbers pass whose leak checks failed; told in the report.",
    )  # fmt: skip
    return groups(leaks(command))


def take_checks(options: dict[str, Any]) -> dict[str, Any]:
    """These options as fields of a `Request`."""
    return {
        "subgroups": split_names(options["subgroups"] or ""),
        "allow_leaks": options["allow_leaks"],
    }
