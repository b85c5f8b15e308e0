"""Looking for studies: the option `--layout`, and the search of the commands that take SRC."""

from pathlib import Path

import click

from pet_mtl.cli._progress import progress
from pet_mtl.errors import UsageError
from pet_mtl.readers import LAYOUTS, Search, find_studies

layout_option = click.option(
    "--layout", type=click.Choice(LAYOUTS), default=LAYOUTS[0], show_default=True,
    help="How the studies lie; recognised by the files' names.",
)  # fmt: skip


def search_for(src: Path, layout: str, has_place: bool) -> Search:
    """The studies of SRC.

    Args:
        src: Folder, image file or manifest.
        layout: As `--layout` says.
        has_place: Whether a place in one patient is given.

    Returns:
        What was found.

    Raises:
        UsageError: PREDICT_CENTRE; a place, and several studies.
    """
    search = find_studies(src, layout, progress)
    if has_place and len(search.sources) > 1:
        raise UsageError(
            "PREDICT_CENTRE",
            "--center is a place in one patient",
            found=f"{len(search.sources)} studies",
            todo="Give the folder of one study",
        )
    return search
