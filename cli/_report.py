"""What the report of an evaluation holds, as options."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from pet_mtl.evaluation import Outputs

F = TypeVar("F", bound=Callable[..., Any])


def report_options(function: F) -> F:
    """Adds --gallery, --ablation and --pdf."""
    options = (
        click.option("--gallery", type=click.IntRange(min=0, max=10), default=4, show_default=True,
                     help="Patients shown with images and volumes, chosen by rule."),
        click.option("--ablation",
                     type=click.Path(exists=True, file_okay=False, path_type=Path),
                     help="What `pet-mtl ablate` wrote, for the report."),
        click.option("--pdf", is_flag=True, help="Write report.pdf, too."),
    )  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


def take_outputs(options: dict[str, Any]) -> "Outputs":
    """What is written beyond the numbers."""
    from pet_mtl.evaluation import Outputs

    return Outputs(options["gallery"], options["ablation"], options["pdf"])
