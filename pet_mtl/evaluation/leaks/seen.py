"""Whether a finished model is judged on patients it learned from, by their names and images."""

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pet_mtl.errors import DatasetError, PetMtlError
from pet_mtl.evaluation.cohort import Patients, patients_of
from pet_mtl.evaluation.findings import LeakCheck
from pet_mtl.evaluation.leaks.evidence import STUDIES, Evidence
from pet_mtl.evaluation.leaks.images import dataset_signatures
from pet_mtl.evaluation.leaks.signature import signatures, twins_among, twins_between
from pet_mtl.evaluation.leaks.verdicts import FAILED, PASSED, SUSPICIOUS, UNCHECKED, listed
from pet_mtl.evaluation.wording import counted
from pet_mtl.files import read_csv
from pet_mtl.preprocess.crop import cut_patch
from pet_mtl.preprocess.locate import uptake_centre
from pet_mtl.preprocess.pipeline import examine
from pet_mtl.pseudonym import load_or_make_key, pseudonym
from pet_mtl.readers import find_studies, read_study
from pet_mtl.sample import GridPlan
from pet_mtl.study import StudySource

_SEEN = ("trained_on_judged", "A judged patient among those that the model learned from")
_TWICE = ("duplicate_images", "The same image, or nearly, under two names")
_NO_DATASET = "give --baselines-from with the dataset that the model was trained on"
_NO_STUDIES = "give --studies to compare images"
# Where no dataset says how large the cubes are.
_PLAN = GridPlan(48, 4.0, 8.0)


@dataclass(frozen=True)
class JudgedImages:
    """Context cubes of the judged studies; of an outlined one also around its hottest region.

    Attributes:
        names: (cubes,) study of each.
        cubes: (cubes,) each (z, y, x) SUV.
        ids: (patients,) all judged studies, in the order of their table.
    """

    names: tuple[str, ...] = ()
    cubes: tuple[NDArray[np.float32], ...] = ()
    ids: tuple[str, ...] = ()


def check_seen(evidence: Evidence, images: JudgedImages) -> LeakCheck:
    """No judged patient is in the dataset that the model learned from.

    A name alone is no proof, for many cohorts count their patients from 1: it counts where the
    outcome is the same, too. An image is one.
    """
    if evidence.dataset is None or not evidence.studies:
        return LeakCheck(*_SEEN, UNCHECKED, _NO_DATASET)
    named = _same_names(evidence)
    if named is None and not images.names:
        why = "neither DATASET.ids.csv nor DATASET.key lies beside the dataset"
        return LeakCheck(*_SEEN, UNCHECKED, f"{why}; {_NO_STUDIES}")
    try:
        pictured = _same_images(evidence, images)
    except DatasetError as error:
        return LeakCheck(*_SEEN, UNCHECKED, error.problem.sentence().rstrip("."))
    return _verdict(evidence, named, pictured)


def check_twice(images: JudgedImages) -> LeakCheck:
    """No two judged studies hold nearly the same image."""
    if not images.names:
        return LeakCheck(*_TWICE, UNCHECKED, _NO_STUDIES)
    rows = [images.ids.index(name) + 1 for name in images.names]
    pairs = sorted(
        {
            tuple(sorted((rows[t.first], rows[t.second])))
            for t in twins_among(signatures(images.cubes))
            if rows[t.first] != rows[t.second]
        }
    )
    if pairs:
        said = listed(f"rows {first} and {second}" for first, second in pairs)
        return LeakCheck(*_TWICE, SUSPICIOUS, f"counted as two patients of the table: {said}")
    return LeakCheck(*_TWICE, PASSED, counted(len(set(images.names)), "image"))


def judged_images(evidence: Evidence) -> JudgedImages:
    """Context cubes of the judged studies, as the training dataset cuts them.

    A study that cannot be read is passed over; the evaluation says so elsewhere.
    """
    known = evidence.known
    if known.studies is None:
        return JudgedImages()
    wanted = set(evidence.cohort.patients.ids)
    sources = [s for s in find_studies(known.studies, known.layout).sources if s.name in wanted]
    plan = _plan_of(evidence.told)
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        found = list(pool.map(lambda source: list(_cubes(source, known.roi, plan)), sources))
    pairs = [(s.name, cube) for s, cubes in zip(sources, found, strict=True) for cube in cubes]
    names, cubes = (tuple(part) for part in zip(*pairs, strict=True)) if pairs else ((), ())
    return JudgedImages(names, cubes, evidence.cohort.patients.ids)


def _cubes(source: StudySource, roi: str | None, plan: GridPlan) -> Iterator[NDArray[np.float32]]:
    """Context cubes around the outline and around the hottest region."""
    try:
        volume, facts = examine(read_study(source, roi=roi))
        centres = [facts.centre_mm]
        if facts.has_mask:
            centres.append(uptake_centre(volume))
    except PetMtlError:
        return
    for centre in centres:
        yield cut_patch(volume, plan.grid("context", centre)).suv


def _plan_of(told: Mapping[str, Any]) -> GridPlan:
    """The cubes of a dataset."""
    try:
        return GridPlan(**told["grids"])
    except (KeyError, TypeError):
        return _PLAN


def _same_names(evidence: Evidence) -> dict[str, bool] | None:
    """Judged names that the training dataset has, and whether their outcome is the same, too.

    None where the dataset's names cannot be known.
    """
    own, judged = patients_of(evidence.studies, STUDIES), evidence.cohort.patients
    place = {sample: index for index, sample in enumerate(own.ids)}
    beside = list(_private_names(evidence.dataset, judged.ids))
    names = place | {name: place[sample] for name, sample in beside if sample in place}
    found = {
        name: _same_outcome(judged, index, own, names[name])
        for index, name in enumerate(judged.ids)
        if name in names
    }
    return found if found or beside else None


def _private_names(dataset: Path | None, judged: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Name and pseudonym, by the private table or by the key beside a dataset."""
    if dataset is None:
        return
    base = dataset.resolve()
    table, key = (base.with_name(f"{base.name}{suffix}") for suffix in (".ids.csv", ".key"))
    if table.is_file():
        yield from ((row["name"], row["sample_id"]) for row in read_csv(table))
    if key.is_file():
        secret = load_or_make_key(key)
        yield from ((name, pseudonym(secret, name)) for name in judged)


def _same_outcome(one: Patients, i: int, other: Patients, k: int) -> bool:
    """Whether two patients have an outcome in common and none that differs."""
    cells = [(getattr(one, name)[i], getattr(other, name)[k])
             for name in ("time_days", "event", "response")]  # fmt: skip
    both = [(a, b) for a, b in cells if np.isfinite(a) and np.isfinite(b)]
    return bool(both) and all(np.isclose(a, b, rtol=1e-6) for a, b in both)


def _same_images(evidence: Evidence, images: JudgedImages) -> set[str] | None:
    """Judged studies whose image is in the training dataset; None where none was compared."""
    if evidence.dataset is None or not images.names:
        return None
    _, stored = dataset_signatures(evidence.dataset, evidence.told)
    twins = twins_between(signatures(images.cubes), stored)
    return {images.names[one.first] for one in twins}


def _rows(evidence: Evidence, names: set[str]) -> str:
    """Patients by their rows in the table: their names may be people's."""
    ids = evidence.cohort.patients.ids
    return listed(f"row {place}" for place, name in enumerate(ids, start=1) if name in names)


def _verdict(
    evidence: Evidence, named: dict[str, bool] | None, pictured: set[str] | None
) -> LeakCheck:
    """What names and images say together."""
    total = counted(len(evidence.cohort.patients), "judged patient")
    proven = {name for name, same in (named or {}).items() if same}
    if pictured:
        said = f"the images of {len(pictured)} of {total} are in the dataset: "
        return LeakCheck(*_SEEN, FAILED, said + _rows(evidence, pictured))
    if proven and pictured is None:
        said = f"{len(proven)} of {total} have name and outcome of a patient of the dataset: "
        return LeakCheck(*_SEEN, FAILED, said + _rows(evidence, proven))
    if named and pictured is None:
        said = f"{len(named)} of {total} have the name of a patient of the dataset, whose outcome "
        return LeakCheck(*_SEEN, SUSPICIOUS, f"{said}is another or unknown; {_NO_STUDIES}")
    looked = [word for word, one in (("names", named), ("images", pictured)) if one is not None]
    told = f"{total}, {counted(len(evidence.studies), 'record')} of the dataset, "
    return LeakCheck(*_SEEN, PASSED, f"{told}compared by {' and '.join(looked)}")
