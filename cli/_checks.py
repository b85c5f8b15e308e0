"""Options of `pet-mtl evaluate` about groups of patients and leaks."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from pet_mtl.readers.clinical import split_names

_Command = TypeVar("_Command", bound=Callable[..., Any])


def check_options(command: _Command) -> _Command:
    """Adds --subgroups, --combat and --allow-leaks."""
    groups = click.option(
        "--subgroups", metavar="C,C",
        help="Columns to group patients by, beside sex, age, groups, scanner and lesion volume: "
        "C, or C:50:70 for bands.",
    )  # fmt: skip
    leaks = click.option(
        "--allow-leaks", is_flag=True,
        help="Let numbers pass whose leak checks failed; told in the report.",
    )  # fmt: skip
    combat = click.option(
        "--combat", metavar="C", default="",
        help="Also fit the radiomics baseline after ComBat took this column, such as scanner, off.",
    )  # fmt: skip
    return groups(combat(leaks(command)))


def take_checks(options: dict[str, Any]) -> dict[str, Any]:
    """These options as fields of a `Request`."""
    return {
        "subgroups": split_names(options["subgroups"] or ""),
        "combat": options["combat"],
        "allow_leaks": options["allow_leaks"],
    }
