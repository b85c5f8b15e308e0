"""The verb `doctor`: whether this installation and this machine are fit; never a crash."""

import math
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from pet_mtl.errors import PetMtlError
from pet_mtl.inspection import packages
from pet_mtl.inspection.machine import Machine, look_around
from pet_mtl.inspection.probe import probe
from pet_mtl.suv import FrameTiming, SuvAttributes, suv_factor

OK, NOTE, WRONG = "ok", "note", "wrong"
_GIB = 1 << 30
_ENOUGH_MEMORY = 4 * _GIB
_ENOUGH_DISK = 5 * _GIB
_OLDEST_PYTHON = (3, 11)

Plain = dict[str, Any]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: What.
        status: "ok", "note" (works, but) or "wrong" (something essential does not work).
        what: What was found.
        todo: What the user can do, or "".
    """

    name: str
    status: str
    what: str
    todo: str = ""


def doctor() -> Plain:
    """Looks at installation and machine.

    Returns:
        Plain data for JSON (docs/how-to/check-data.md): `fit`, `versions`, `tensorflow`,
        `machine`, `extras` (what each lacks) and `checks`.
    """
    machine, found = look_around(), probe()
    lacking = {extra: packages.unmet(extra) for extra in packages.extras()}
    checks = [
        *_installation(),
        *_tensorflow(found, machine),
        *_room(machine),
        suv_check(),
    ]
    return {
        "fit": all(check.status != WRONG for check in checks),
        "versions": packages.versions(),
        "tensorflow": found,
        "machine": asdict(machine),
        "extras": lacking,
        "checks": [asdict(check) for check in checks],
    }


def _installation() -> Iterator[Check]:
    """Python and packages."""
    fit = sys.version_info >= _OLDEST_PYTHON
    yield Check("python", OK if fit else WRONG, sys.version.split()[0], "" if fit else "Use 3.11")
    if not packages.requirements():
        yield Check("packages", WRONG, "pet-mtl is not installed", "pip install pet-mtl")
        return
    missing = packages.unmet()
    for requirement in missing:
        yield Check("packages", WRONG, f"needed: {requirement}", "Install pet-mtl again")
    if not missing:
        yield Check("packages", OK, "all that pet-mtl needs, in versions it is tested with")
    for clash in packages.clashes():
        yield Check("packages", WRONG, f"{clash.name}: {clash.why}", clash.todo)


def _tensorflow(found: Plain, machine: Machine) -> Iterator[Check]:
    """Whether TensorFlow loads and computes, and with what."""
    if "error" in found:
        todo = "Install pet-mtl again into a new environment; a CPU without AVX cannot run it"
        yield Check("tensorflow", WRONG, str(found["error"]), todo)
        return
    if found["backend"] != "tensorflow":
        yield Check(
            "keras", NOTE, f"the backend is {found['backend']}; commands need tensorflow",
            'Set "backend": "tensorflow" in keras.json',
        )  # fmt: skip
    for device in found["devices"]:
        works = device["works"]
        named = " ".join(dict.fromkeys((device["kind"], device["name"])))
        what = f"{named}: a convolution {'is right' if works else 'fails'}"
        todo = "" if works else "Update the driver; see what TensorFlow writes on its start"
        yield Check("tensorflow", OK if works else WRONG, what, todo)
    if machine.nvidia and not any(device["kind"] == "GPU" for device in found["devices"]):
        lacks = packages.unmet("gpu")
        todo = "pip install 'pet-mtl[gpu]'" if lacks else "Update the NVIDIA driver"
        yield Check("gpu", NOTE, "an NVIDIA driver is loaded, but TensorFlow sees no GPU", todo)


def _room(machine: Machine) -> Iterator[Check]:
    """Memory and disk."""
    for name, free, enough, todo in (
        ("memory", machine.available_bytes, _ENOUGH_MEMORY, "Give convert a small --jobs"),
        ("disk", machine.disk_free_bytes, _ENOUGH_DISK, "Work in a folder on a larger disk"),
    ):
        if free is None:
            yield Check(name, NOTE, "cannot be told")
        else:
            fit = free >= enough
            yield Check(
                name, OK if fit else NOTE, f"{free / _GIB:.1f} GiB free", "" if fit else todo
            )


def suv_check() -> Check:
    """SUV of a header whose answer can be told without a computer.

    370 MBq are injected one half-life before the scan, so 185 MBq are left; 70 kg.
    """
    half_life_s, scan = 6586.2, datetime(2024, 3, 1, 10)
    attributes = SuvAttributes(
        units="BQML",
        corrected=("DECY", "ATTN"),
        decay_correction="START",
        dose_bq=370e6,
        weight_kg=70.0,
        half_life_s=half_life_s,
        injection=scan - timedelta(seconds=half_life_s),
        series=scan,
        frames=(FrameTiming(acquired=scan),),
    )
    try:
        factor = suv_factor(attributes).factor
    except PetMtlError as error:
        return Check("suv", WRONG, f"a plain header is refused: {error.code}", "Install it again")
    if math.isclose(factor, 70e3 / 185e6, rel_tol=1e-9):
        return Check("suv", OK, "SUV of a known header is right")
    return Check("suv", WRONG, f"SUV factor {factor:g}, not {70e3 / 185e6:g}", "Install it again")
