"""`pet-mtl info`: what a study, dataset, run or model is."""

import json
from pathlib import Path
from typing import Any

import click

from pet_mtl.cli._show import show_facts


@click.command(name="info")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--verify", is_flag=True, help="Dataset: hash every record, against dataset.json.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(path: Path, verify: bool, as_json: bool) -> int:
    """Tell what a study, dataset, run or model is.

    PATH is recognised by itself: a study (DICOM folder or image file), a folder of studies, what
    `pet-mtl convert` or `pet-mtl train` wrote, or a SavedModel. Nothing that names a patient is
    printed, but the names of outlined regions are, as they are free text. Exit code 1: shards of
    a dataset are missing or damaged, or PATH cannot be read.
    """
    from pet_mtl.inspection.kinds import info

    facts = info(path, verify)
    if as_json:
        click.echo(json.dumps(facts, indent=2, allow_nan=False))
    else:
        _tell(facts)
    shards = facts.get("shards", {}) if facts["kind"] == "dataset" else {}
    return 1 if shards.get("missing") or shards.get("damaged") else 0


def _tell(facts: dict[str, Any]) -> None:
    """Signatures as one line each, everything else by name."""
    shown = dict(facts)
    for name, signature in shown.pop("signatures", {}).items():
        for way in ("inputs", "outputs"):
            shown[f"{name} {way}"] = [
                f"{tensor} {about['dtype']} {_shape(about['shape'])}"
                for tensor, about in signature[way].items()
            ]
    show_facts("", shown)


def _shape(shape: list[int | None] | None) -> str:
    return "any" if shape is None else f"[{', '.join('*' if n is None else str(n) for n in shape)}]"
