"""`pet-mtl doctor`: whether this installation and this machine are fit."""

import json
from typing import Any

import click

from pet_mtl.cli._show import show_facts, show_table

_GIB = 1 << 30


@click.command(name="doctor")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> int:
    """Tell whether this installation and this machine are fit.

    Looks at versions, devices, memory, disk and what each extra lacks, computes one SUV and one
    small convolution on every device. TensorFlow is tried in a process of its own, so a broken
    one is told like everything else. Exit code 0: fit; 1: something essential is wrong.
    """
    from pet_mtl.inspection.doctor import doctor

    found = doctor()
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        _tell(found)
    return 0 if found["fit"] else 1


def _tell(found: dict[str, Any]) -> None:
    """Facts first, then what was checked, then the verdict."""
    show_facts("Versions", found["versions"])
    machine = found["machine"]
    for name in ("memory_bytes", "available_bytes", "disk_free_bytes"):
        size = machine.pop(name)
        machine[name.replace("_bytes", "")] = None if size is None else f"{size / _GIB:.1f} GiB"
    show_facts("Machine", machine)
    backend, cuda = (found["tensorflow"].get(name) for name in ("backend", "cuda"))
    show_facts("TensorFlow", {"keras backend": backend, "built for CUDA": cuda})
    extras = {f"[{name}]": lacks or "complete" for name, lacks in found["extras"].items()}
    show_facts("Extras, and what each lacks", extras)
    rows = [(c["name"], c["status"], c["what"], c["todo"]) for c in found["checks"]]
    show_table("Checks", ("", "", "", "what to do"), rows)
    click.echo("fit" if found["fit"] else "not fit: see what is marked wrong")
