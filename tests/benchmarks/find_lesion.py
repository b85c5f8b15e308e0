"""How often the lesion of a long study is found without a mask, physiological uptake or not.

    python tests/benchmarks/find_lesion.py WORK [--run RUN] [--studies 200] [--field body]

Simulates a mixed cohort, converts it, trains the mask stage, and predicts fresh long studies of
another seed. Found means that the centre the cubes were cut around lies in the true mask. With
--run an existing model is judged instead. About fifteen minutes on two cores; WORK may be
given again: finished steps are kept.
"""

import argparse
import itertools
import json
import math
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pet_mtl.export import Predictor, load_predictor
from pet_mtl.phantom import make_patient
from pet_mtl.phantom.patient import draw_frame, stream
from pet_mtl.prediction.case import Request, predict_case
from pet_mtl.study import Study

PATIENTS, MASKS = 240, 0.4
TRAIN_SEED, TEST_SEED = 103, 911
VOLUMES_ML = (3.0, 20.0, 45.0, 100.0, 1000.0)
COLUMNS = "--id-column patient_id --time time_days --event event --response response"
STEPS = "--set model.clinical=false"


# Middles of organs, mm from the middle of a trunk of typical size.
ORGANS_MM = {
    "brain": [(0, -5, 352)], "throat": [(0, -48, 274), (0, -38, 236)],
    "shoulders": [(-72, 12, 190), (72, 12, 190)], "lungs": [(-80, -5, 25), (80, -5, 25)],
    "heart": [(34, -38, -58)], "liver": [(-62, -5, -118)], "spleen": [(98, 35, -112)],
    "stomach": [(72, -48, -135)], "kidney": [(-60, 55, -208), (60, 55, -208)],
    "bowel": [(0, -30, -290)], "bladder": [(0, -30, -412)],
}  # fmt: skip


@dataclass(frozen=True)
class Judged:
    """One study: the lesion's volume, whether it was found, its Dice, where else was looked."""

    volume_ml: float
    found: bool
    dice: float
    place: str
    rank: int | None


def main() -> int:
    """Prints the table and writes WORK/found.json; 1 below 95 percent."""
    parser = argparse.ArgumentParser()
    parser.add_argument("work", type=Path)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--field", default="body")
    arguments = parser.parse_args()
    run = arguments.run or trained(arguments.work)
    predictor = load_predictor(run)
    judged = []
    for index in range(arguments.studies):
        judged.append(judge(predictor, index, arguments.field))
        share = sum(one.found for one in judged) / len(judged)
        sys.stderr.write(f"\r{len(judged)} studies, {share:.1%} found")
    text, result = table(judged)
    sys.stdout.write(f"\n{text}\n")
    (arguments.work / "found.json").write_text(json.dumps(result, indent=2) + "\n")
    return int(result["share"] < 0.95)


def trained(work: Path) -> Path:
    """A model of a mixed cohort, its mask stage alone."""
    cohort, dataset, run = work / "train", work / "dataset", work / "run"
    if not (cohort / "truth.csv").exists():
        size = f"--patients {PATIENTS} --mask-fraction {MASKS} --format nifti --seed {TRAIN_SEED}"
        call("phantom", cohort, *size.split(), "--field", "mixed", "--overwrite")
    table = ("--clinical", cohort / "clinical.csv", *COLUMNS.split())
    call("convert", cohort / "studies", dataset, *table, "--elsewhere", 8)
    if not (run / "saved_model").exists():
        call("train", dataset, "-o", run, "--fold", "0", *STEPS.split())
    return run


def call(*words: object) -> None:
    """One command of pet-mtl."""
    subprocess.run([sys.executable, "-m", "pet_mtl", *map(str, words)], check=True)


def judge(predictor: Predictor, index: int, field: str) -> Judged:
    """Simulates and predicts one study."""
    patient = make_patient(TEST_SEED, index, field)
    study = Study("study", "", patient.suv, patient.grid)
    found = predict_case(study, predictor, Request())

    def inside(point: tuple[float, float, float]) -> bool:
        place = np.rint(patient.grid.world_to_index(point)).astype(int)
        return bool(patient.mask[tuple(np.clip(place, 0, np.asarray(patient.mask.shape) - 1))])

    ranks = [n for n, one in enumerate(found.candidates) if inside(one.centre_mm)]
    overlap = 2 * (found.mask & patient.mask).sum() / (found.mask.sum() + patient.mask.sum())
    _, _, size, z_mm = draw_frame(stream(TEST_SEED, index, "body"))
    relative = (np.asarray(found.centre_mm) - (0.0, 0.0, z_mm)) / size
    hit = inside(found.centre_mm)
    place = "lesion" if hit else nearest(relative)
    volume_ml = float(patient.mask.sum() * patient.grid.voxel_ml)
    return Judged(volume_ml, hit, float(overlap), place, ranks[0] if ranks else None)


def nearest(point: np.ndarray) -> str:
    """The organ whose middle is nearest."""
    gaps = {
        name: min(float(np.linalg.norm(point - np.asarray(one))) for one in middles)
        for name, middles in ORGANS_MM.items()
    }
    return min(gaps, key=lambda name: gaps[name])


def wilson(found: int, count: int) -> tuple[float, float]:
    """95 percent interval of a share; Wilson 1927, doi:10.1080/01621459.1927.10502953."""
    z, share = 1.959964, found / count
    middle = share + z * z / (2 * count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return (middle - half) / (1 + z * z / count), (middle + half) / (1 + z * z / count)


def table(judged: list[Judged]) -> tuple[str, dict[str, object]]:
    """The table as text, and its numbers."""
    lines = ["| lesion | studies | found | 95 % interval | median Dice |", "|---|---|---|---|---|"]
    spans = [*itertools.pairwise(VOLUMES_ML), (VOLUMES_ML[0], VOLUMES_ML[-1])]
    for low, high in spans:
        group = [one for one in judged if low <= one.volume_ml < high]
        if not group:
            continue
        hits = sum(one.found for one in group)
        a, b = wilson(hits, len(group))
        dice = np.median([one.dice for one in group])
        name = "all" if (low, high) == spans[-1] else f"{low:g} to {high:g} ml"
        row = (
            f"| {name} | {len(group)} | {hits / len(group):.1%} | {a:.1%} to {b:.1%} | {dice:.2f} |"
        )
        lines.append(row)
    missed = [one for one in judged if not one.found]
    places = Counter(one.place for one in missed)
    ranks = Counter("absent" if one.rank is None else str(one.rank + 1) for one in missed)
    lines.append(f"\nInstead: {dict(places)}. Rank of the lesion then: {dict(ranks)}.")
    share = 1 - len(missed) / len(judged)
    return "\n".join(lines), {"share": share, "studies": len(judged), "missed": dict(places)}


if __name__ == "__main__":
    sys.exit(main())
