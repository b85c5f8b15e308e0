"""Whether a patient was judged by a model that did not learn from that patient."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pet_mtl.evaluation.findings import LeakCheck
from pet_mtl.evaluation.leaks.evidence import Evidence
from pet_mtl.evaluation.leaks.verdicts import UNCHECKED, judged
from pet_mtl.evaluation.run import told_by
from pet_mtl.evaluation.wording import counted
from pet_mtl.files import read_csv

_PATIENTS = ("patient_in_two_folds", "A patient whose studies lie in two folds")
_HELD_OUT = ("held_out_folds", "A patient predicted by a model that learned from that patient")
_BUNDLE = Path("saved_model") / "assets.extra" / "bundle.json"
_OTHER_FOLD = "the dataset keeps {} in another fold than the run says: the model learned from them"


def check_patients(evidence: Evidence) -> LeakCheck:
    """No patient's studies lie in two folds.

    Conversion joins studies by row of the table, PatientID, name and equal image, and writes the
    joined patient into studies.csv; this holds the folds against it.
    """
    if not any(row.get("patient") for row in evidence.studies):
        return LeakCheck(*_PATIENTS, UNCHECKED, "no dataset that says which studies are of whom")
    folds: dict[str, set[str]] = defaultdict(set)
    studies: dict[str, int] = defaultdict(int)
    for row in evidence.studies:
        patient = row.get("patient") or row["sample_id"]
        folds[patient].add(row.get("fold", ""))
        studies[patient] += 1
    torn = [
        f"{patient} in folds {', '.join(sorted(f))}" for patient, f in folds.items() if len(f) > 1
    ]
    several = sum(number > 1 for number in studies.values())
    said = f"{counted(len(studies), 'patient')}, {several} of them with several studies"
    return judged(*_PATIENTS, sorted(torn), said)


def check_held_out(evidence: Evidence) -> LeakCheck:
    """Out-of-fold predictions are out of their fold.

    The folds of the predictions are held against those of the dataset and of the names of its
    shards, and each fold's model against the fold that it says it left out.
    """
    dataset = list(_dataset_folds(evidence))
    models, seen = _fold_models(evidence)
    if not evidence.studies and not seen:
        why = "neither the dataset nor a model of a fold is there"
        return LeakCheck(*_HELD_OUT, UNCHECKED, why)
    parts = []
    if evidence.studies:
        parts.append(f"the dataset's folds of {counted(len(evidence.studies), 'record')}")
    if seen:
        parts.append(f"what {counted(seen, 'model')} left out")
    return judged(*_HELD_OUT, [*dataset, *models], f"compared with {' and '.join(parts)}")


def _dataset_folds(evidence: Evidence) -> Iterator[str]:
    """Patients whose fold in the dataset, or in the name of its shard, is another one."""
    told = {row["sample_id"]: row for row in evidence.studies}
    patients = evidence.cohort.patients
    moved = misfiled = 0
    for name, fold in zip(patients.ids, patients.fold, strict=True):
        row = told.get(name)
        if row is None or not np.isfinite(fold):
            continue
        moved += row.get("fold", "") != f"{fold:.0f}"
        shard = row.get("shard", "")
        misfiled += bool(shard) and f"-fold_{fold:.0f}." not in shard
    if moved:
        yield _OTHER_FOLD.format(counted(moved, "patient"))
    elif misfiled:
        yield f"the records of {counted(misfiled, 'patient')} lie in the shard of another fold"


def _fold_models(evidence: Evidence) -> tuple[list[str], int]:
    """What is wrong with the models of the folds, and how many of them were looked at."""
    patients, run = evidence.cohort.patients, evidence.run
    failures: list[str] = []
    seen = 0
    if run is None:
        return failures, seen
    for fold in np.unique(patients.fold[np.isfinite(patients.fold)]).astype(int):
        folder = run / f"fold_{fold}"
        about = told_by(folder / _BUNDLE)
        if "fold" in about:
            seen += 1
            if about["fold"] != fold:
                left = f"fold {about['fold']}" if about["fold"] >= 0 else "nobody"
                failures.append(f"the model of fold {fold} left out {left}")
        table = folder / "predictions.csv"
        if table.is_file():
            own = {row["sample_id"] for row in read_csv(table)}
            here = {n for n, f in zip(patients.ids, patients.fold, strict=True) if f == fold}
            if strangers := len(here - own):
                failures.append(
                    f"fold {fold} did not predict {counted(strangers, 'patient')} that the run "
                    "says it did"
                )
    return failures, seen
