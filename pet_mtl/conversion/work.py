"""What a worker process does with one study; loads no TensorFlow."""

import hashlib
import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pet_mtl.errors import PetMtlError, Problem
from pet_mtl.files import atomic_path
from pet_mtl.geometry import Grid
from pet_mtl.preprocess.crop import UprightVolume, cut_patch
from pet_mtl.preprocess.ct import CtVolume
from pet_mtl.preprocess.elsewhere import places_elsewhere
from pet_mtl.preprocess.pipeline import Labels, StudyFacts, crop_around, cut_sample, examine
from pet_mtl.preprocess.plan import Fingerprint
from pet_mtl.readers import input_stamp, read_study
from pet_mtl.sample import GridPlan, Sample
from pet_mtl.study import StudySource

# Raised with what a cut-out holds or how it is made; older ones are then made anew.
_WORK_VERSION = 5

# How whole HU are kept: 16 bits, and the lowest number for what is unknown.
_MOST_HU, _UNKNOWN_HU = 32767, -32768

# What damaged files make libraries raise. PetMtlError is the rule; this keeps one odd file from
# ending a batch of a thousand.
_LIBRARY_ERRORS = (
    OSError, ValueError, TypeError, RuntimeError, ArithmeticError, LookupError, AttributeError,
)  # fmt: skip


@dataclass(frozen=True)
class ReadTask:
    """One study to be read.

    Attributes:
        source: Where it lies.
        sample_id: Its pseudonym.
        output: File the cut-out is kept in; None keeps nothing.
        roi: Names or numbers of the regions that make the lesion, or None.
        width_mm: Edge of the widest cube that may be cut later.
        ct: Whether the CT is wanted.
        elsewhere: Context cubes wanted away from the lesion, if it is outlined.
    """

    source: StudySource
    sample_id: str
    output: Path | None
    roi: str | None
    width_mm: float
    ct: bool = False
    elsewhere: int = 0


@dataclass(frozen=True)
class CutTask:
    """One sample to be cut from a kept cut-out.

    Attributes:
        file: The cut-out.
        centre_mm: World point (x, y, z), LPS.
        plan: The cubes.
        labels: What is known beside the image.
        elsewhere_mm: World points away from the lesion.
    """

    file: Path
    centre_mm: tuple[float, float, float]
    plan: GridPlan
    labels: Labels
    elsewhere_mm: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True)
class Rejection:
    """A study that cannot be used.

    Attributes:
        sample_id: Its pseudonym.
        problem: Why.
        file: The file it is about, where known; for the private list only.
    """

    sample_id: str
    problem: Problem
    file: str = ""


def input_key(
    source: StudySource, roi: str | None, width_mm: float, ct: bool = False, elsewhere: int = 0
) -> str:
    """Changes when any file of a study, or what is cut from it, changes.

    Args:
        source: Where the study lies.
        roi: As in `ReadTask`.
        width_mm: As in `ReadTask`.
        ct: As in `ReadTask`.
        elsewhere: As in `ReadTask`.

    Returns:
        Hexadecimal digits.
    """
    rules = (_WORK_VERSION, f"{width_mm:.3f}", elsewhere, input_stamp(source, roi, with_ct=ct))
    return hashlib.sha256(repr(rules).encode()).hexdigest()[:16]


def read_task(task: ReadTask) -> StudyFacts | Rejection:
    """Reads one study and keeps what the cubes may need of it.

    Args:
        task: The study.

    Returns:
        Its facts; or why it cannot be used.
    """
    try:
        volume, facts = examine(read_study(task.source, roi=task.roi, with_ct=task.ct))
        facts = replace(facts, elsewhere_mm=places_elsewhere(volume, task.elsewhere))
        if task.output is not None:
            places = (facts.centre_mm, *facts.elsewhere_mm)
            cutouts = [crop_around(volume, place, task.width_mm) for place in places]
            save_cutout(task.output, cutouts, facts)
    except PetMtlError as error:
        file = "" if error.subject == task.source.name else error.subject
        return Rejection(task.sample_id, error.problem, file)
    except _LIBRARY_ERRORS as error:
        if isinstance(error, OSError) and error.filename and _is_own(error, task):
            raise
        return Rejection(task.sample_id, _unexpected(error))
    return facts


def _is_own(error: OSError, task: ReadTask) -> bool:
    """Whether the failure lies in our work folder (a full disk), not in the study."""
    return task.output is not None and Path(str(error.filename)).parent == task.output.parent


def _unexpected(error: BaseException) -> Problem:
    """A library's error; its text may quote the file, so only its kind is told."""
    return Problem(
        "STUDY_UNREADABLE",
        "the study's files cannot be read",
        found=type(error).__name__,
        todo="Open the files in a viewer: they are probably damaged",
    )


def cut_task(task: CutTask) -> Sample:
    """Cuts one sample."""
    volumes, _ = load_cutout(task.file)
    sample = cut_sample(volumes[0], task.centre_mm, task.plan, task.labels)
    elsewhere = (
        cut_patch(volume, task.plan.grid("context", point))
        for volume, point in zip(volumes[1:], task.elsewhere_mm, strict=True)
    )
    return replace(sample, elsewhere=tuple(elsewhere))


def save_cutout(path: Path, volumes: Sequence[UprightVolume], facts: StudyFacts) -> None:
    """Keeps cut-outs and facts of one study, atomically.

    Args:
        path: An .npz file.
        volumes: The parts of the study that cubes may need: around the lesion, then elsewhere.
        facts: What is known of the study.
    """
    arrays: dict[str, Any] = {}
    told: dict[str, Any] = {"facts": asdict(facts), "parts": []}
    for number, volume in enumerate(volumes):
        arrays |= {f"{name}{number}": array for name, array in _arrays(volume).items()}
        ct_grid = None if volume.ct is None else asdict(volume.ct.grid)
        told["parts"].append({"grid": asdict(volume.grid), "ct_grid": ct_grid})
    notes = json.dumps(told)
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, notes=np.array(notes), **arrays)


def _arrays(volume: UprightVolume) -> dict[str, NDArray[Any]]:
    """The arrays of one cut-out, as small as they can be kept."""
    arrays: dict[str, NDArray[Any]] = {"suv": volume.suv}
    if volume.mask is not None:
        binary = volume.mask.astype(bool)
        # Only an oblique study has shares between 0 and 1; the rest fits an eighth of the space.
        same = bool((binary == volume.mask).all())
        arrays["mask"] = binary if same else volume.mask
    if volume.ct is not None:
        arrays["ct"] = _packed(volume.ct.hu)
    return arrays


def _packed(hu: NDArray[np.float32]) -> NDArray[Any]:
    """Whole Hounsfield units, the usual case, in half the room."""
    known = np.isfinite(hu)
    whole = np.where(known, hu, np.float32(0))
    if not (np.rint(whole) == whole).all() or np.abs(whole).max() > _MOST_HU:
        return hu
    return np.where(known, whole, _UNKNOWN_HU).astype(np.int16)


def _unpacked(stored: NDArray[Any]) -> NDArray[np.float32]:
    """The inverse of `_packed`."""
    if stored.dtype != np.int16:
        return stored
    return np.where(stored == _UNKNOWN_HU, np.float32(np.nan), stored.astype(np.float32))


def load_cutout(path: Path) -> tuple[tuple[UprightVolume, ...], StudyFacts]:
    """What `save_cutout` kept."""
    with np.load(path, allow_pickle=False) as stored:
        notes = json.loads(stored["notes"].item())
        parts = enumerate(notes["parts"])
        volumes = tuple(_volume(stored, number, part) for number, part in parts)
    return volumes, _facts(notes["facts"])


def _volume(stored: Any, number: int, part: dict[str, Any]) -> UprightVolume:
    """One cut-out."""
    mask, ct = f"mask{number}", f"ct{number}"
    return UprightVolume(
        stored[f"suv{number}"],
        _grid(part["grid"]),
        stored[mask].astype(np.float32) if mask in stored else None,
        CtVolume(_unpacked(stored[ct]), _grid(part["ct_grid"])) if ct in stored else None,
    )


def load_facts(path: Path) -> StudyFacts | None:
    """The facts alone, or None if there is no (readable) cut-out."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return _facts(json.loads(stored["notes"].item())["facts"])
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None


def _grid(notes: dict[str, Any]) -> Grid:
    z, y, x = (int(n) for n in notes["shape"])
    sz, sy, sx = notes["spacing_mm"]
    ox, oy, oz = notes["origin_mm"]
    return Grid((z, y, x), (sz, sy, sx), (ox, oy, oz), tuple(notes["direction"]))


def _facts(notes: dict[str, Any]) -> StudyFacts:
    """Facts from JSON, whose lists are our tuples."""
    values = {name: _tupled(value) for name, value in notes.items()}
    fingerprint = {name: _tupled(value) for name, value in notes["fingerprint"].items()}
    return StudyFacts(**(values | {"fingerprint": Fingerprint(**fingerprint)}))


def _tupled(value: Any) -> Any:
    return tuple(map(_tupled, value)) if isinstance(value, list) else value
