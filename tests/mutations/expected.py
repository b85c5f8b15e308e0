"""What must come of a broken study: right, warned with a code and still right, or refused."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mutations.study import Break, Study, patient
from pet_mtl.errors import StudyError
from pet_mtl.readers import find_one, read_study
from pet_mtl.study import Study as Read

RELATIVE = 1e-3
_PLACE = 0.02


@dataclass(frozen=True)
class Expected:
    """The one allowed outcome.

    Attributes:
        kind: "right", "warned", "doubtful" or "refused".
        code: Of the warning or refusal; "" where right.
        mask: "same" as the truth, "none", or "other" where the mutation changes it rightly.
        factor: Of a doubtful study, its SUV over the truth: that of the statement believed.
    """

    kind: str
    code: str = ""
    mask: str = "same"
    factor: float = 1.0


@dataclass(frozen=True)
class Mutation:
    """One way to break a study.

    Attributes:
        name: Unique, short.
        what: What is done, one line.
        apply: Does it.
        expected: What must come of it.
    """

    name: str
    what: str
    apply: Break
    expected: Expected


def right(mask: str = "same") -> Expected:
    return Expected("right", "", mask)


def warned(code: str, mask: str = "same") -> Expected:
    return Expected("warned", code, mask)


def doubtful(code: str, factor: float) -> Expected:
    """The file contradicts itself and nothing tells which half is wrong: the warning says so."""
    return Expected("doubtful", code, factor=factor)


def refused(code: str) -> Expected:
    return Expected("refused", code)


def outcome(mutation: Mutation, folder: Path) -> Expected:
    """Breaks a study, reads it, and says what came of it.

    Args:
        mutation: What to do.
        folder: Where; its name names the study.

    Returns:
        What was seen. Values that are not the truth give the kind "wrong", so that a silent
        error equals no expectation.
    """
    mutation.apply(Study(folder))
    try:
        study = read_study(find_one(folder))
    except StudyError as error:
        if not error.problem.todo or not error.problem.what:
            return Expected("refused without a remedy", error.code)
        return Expected("refused", error.code)
    codes = " ".join(sorted({text.split(":")[0] for text in study.warnings}))
    factor = mutation.expected.factor
    fault = wrong_suv(study, factor)
    if factor != 1 and codes and not fault:
        return Expected("doubtful", codes, mask_of(study), factor)
    if fault:
        return Expected(f"wrong: {fault}", codes)
    return Expected("warned" if codes else "right", codes, mask_of(study))


def wrong_suv(study: Read, factor: float = 1.0) -> str:
    """What differs from the truth times a factor, voxel by voxel in the world; "" for nothing."""
    truth = patient()
    index = np.indices(study.suv.shape).reshape(3, -1).T
    place = truth.grid.world_to_index(study.grid.index_to_world(index))
    near = np.rint(place).astype(int)
    if np.abs(place - near).max() > _PLACE or (near < 0).any() or (near >= truth.suv.shape).any():
        return "voxels lie elsewhere"
    expected = truth.suv[tuple(near.T)].astype(np.float64) * factor
    # Sixteen bits a slice keep a voxel to half a step of the slice's highest value.
    step = float(truth.suv.max()) * factor / 32767
    error = np.abs(study.suv.ravel() - expected) - RELATIVE * expected - step
    return "" if error.max() <= 0 else "other SUV"


def mask_of(study: Read) -> str:
    """The mask against the truth at the same places."""
    if study.mask is None:
        return "none"
    truth = patient()
    index = np.indices(study.suv.shape).reshape(3, -1).T
    near = np.rint(truth.grid.world_to_index(study.grid.index_to_world(index))).astype(int)
    same = np.array_equal(study.mask.ravel(), truth.mask[tuple(near.T)])
    return "same" if same else "other"


def agrees(seen: Expected, expected: Expected) -> bool:
    """Whether what was seen is what is allowed; a warning may come with others."""
    if expected.kind == "refused":
        return (seen.kind, seen.code) == (expected.kind, expected.code)
    codes = expected.code in seen.code.split() if expected.code else not seen.code
    return seen.kind == expected.kind and codes and seen.mask == expected.mask
