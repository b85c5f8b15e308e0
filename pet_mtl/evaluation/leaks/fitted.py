"""Whether anything behind the predictions was fitted on the patients it is judged on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pet_mtl.errors import ModelError
from pet_mtl.evaluation.cohort import Cohort
from pet_mtl.evaluation.findings import LeakCheck
from pet_mtl.evaluation.leaks.evidence import DATASET, PLAN, Evidence
from pet_mtl.evaluation.leaks.verdicts import FAILED, PASSED, UNCHECKED, listed
from pet_mtl.evaluation.run import OUT_OF_FOLD, told_by
from pet_mtl.evaluation.thresholds import GIVEN
from pet_mtl.evaluation.wording import are, counted
from pet_mtl.files import read_csv

_DATASET = ("same_dataset", "Predictions, models and folds of one and the same dataset")
_SEGMENTER = ("segmenter", "A mask from another run that learned from the judged patients")
_THRESHOLD = ("threshold", "A threshold that was chosen on the judged patients")
_BUNDLE = Path("saved_model") / "assets.extra" / "bundle.json"


def check_dataset(evidence: Evidence) -> LeakCheck:
    """The dataset is still the one that was trained on, by its fingerprint over all records.

    A dataset that was made anew deals its folds anew: what was held out then may have been
    learned from.
    """
    told = dict(_fingerprints(evidence))
    if len(told) < len(("one", "another")):
        return LeakCheck(*_DATASET, UNCHECKED, "fewer than two fingerprints are there to compare")
    if len(set(told.values())) == 1:
        return LeakCheck(*_DATASET, PASSED, f"one fingerprint: {', '.join(told)}")
    parts = [f"{value[:8]} in {place}" for place, value in told.items()]
    return LeakCheck(*_DATASET, FAILED, f"fingerprints differ: {listed(parts)}")


def check_segmenter(evidence: Evidence) -> LeakCheck:
    """A frozen segmenter learned from no patient that its fold is judged on."""
    name = _segmenter_of(evidence.plan)
    if not evidence.plan:
        return LeakCheck(*_SEGMENTER, UNCHECKED, f"the run has no {PLAN}")
    if not name:
        return LeakCheck(*_SEGMENTER, PASSED, "the model outlines by itself, or not at all")
    table = Path(name) / OUT_OF_FOLD
    if not table.is_file():
        why = "the segmenter is no run that is still there, so nobody knows whom it learned from"
        return LeakCheck(*_SEGMENTER, UNCHECKED, why)
    own = {row["sample_id"]: row.get("fold", "") for row in read_csv(table)}
    patients = evidence.cohort.patients
    # Of a run, each fold takes the model that left the same fold out.
    seen = [
        sample
        for sample, fold in zip(patients.ids, patients.fold, strict=True)
        if sample in own and np.isfinite(fold) and own[sample] != f"{fold:.0f}"
    ]
    if seen:
        said = f"{counted(len(seen), 'patient')} {are(len(seen))} in another fold of the segmenter"
        return LeakCheck(*_SEGMENTER, FAILED, f"{said}, which learned their masks")
    both = sum(sample in own for sample in patients.ids)
    said = f"{counted(both, 'patient')} of both runs, each left out by the segmenter of the fold"
    return LeakCheck(*_SEGMENTER, PASSED, said)


def check_threshold(cohort: Cohort) -> LeakCheck:
    """Sensitivity and specificity are told at a threshold that other patients chose."""
    if cohort.threshold is not None and cohort.threshold.rule == GIVEN:
        why = "given by hand: nobody knows which patients it was chosen on"
        return LeakCheck(*_THRESHOLD, UNCHECKED, why)
    if cohort.threshold is not None:
        return LeakCheck(*_THRESHOLD, PASSED, cohort.threshold.rule)
    if cohort.kind == "run":
        return LeakCheck(*_THRESHOLD, PASSED, "each fold's is chosen on the other folds")
    return LeakCheck(*_THRESHOLD, PASSED, "none is used")


def _segmenter_of(plan: dict[str, Any]) -> str:
    """`model.segmenter` of a run's configuration."""
    config = plan.get("config")
    model = config.get("model") if isinstance(config, dict) else None
    name = model.get("segmenter") if isinstance(model, dict) else None
    return name if isinstance(name, str) else ""


def _fingerprints(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Where a fingerprint of the dataset is told, and which."""
    run = evidence.run or Path()
    places = {
        PLAN: evidence.plan.get("dataset_fingerprint"),
        f"the run's {DATASET}": told_by(run / DATASET).get("fingerprint"),
        "the dataset": evidence.told.get("fingerprint"),
        "the model": _told_by_bundle(run / _BUNDLE),
    }
    for folder in sorted(run.glob("fold_*")):
        places[f"the model of {folder.name.replace('_', ' ')}"] = _told_by_bundle(folder / _BUNDLE)
    for place, value in places.items():
        if isinstance(value, str) and value:
            yield place, value


def _told_by_bundle(path: Path) -> Any:
    """The fingerprint in a bundle; a damaged bundle is for others to judge."""
    try:
        return told_by(path).get("dataset_fingerprint")
    except ModelError:
        return None
