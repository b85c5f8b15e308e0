"""`ablate`: matched arms over seeds, judged beside simple rules on the same patients."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pet_mtl.ablation.arms import Arm, check_base, chosen_arms, stand_ins
from pet_mtl.ablation.judging import Bench, make_bench
from pet_mtl.ablation.material import (
    Material,
    Source,
    check_test,
    names_of,
    read_draws,
)
from pet_mtl.ablation.processes import run_all
from pet_mtl.ablation.results import Ablation, judge_all
from pet_mtl.ablation.scores import read_scores
from pet_mtl.ablation.shared_heads import JUDGED
from pet_mtl.ablation.work import OPPONENTS, STATISTICS, Folders, Setting, plan_work
from pet_mtl.classes import BINARY
from pet_mtl.config import TrainConfig, to_dict
from pet_mtl.errors import UsageError
from pet_mtl.evaluation.cohort import Patients, patients_of
from pet_mtl.evaluation.truth import read_truth
from pet_mtl.files import read_object, write_json
from pet_mtl.processes import cores, only_one
from pet_mtl.tfrecords.dataset import DatasetInfo, read_info
from pet_mtl.training.progress import Report

Floats = NDArray[np.float64]

_SCORES = {"survival": "risk", "response": "response"}
# What the image can tell at best; the response depends on nothing else.
_ORACLES = {"survival": "log_hazard_image", "response": "logit"}


@dataclass(frozen=True)
class Outside:
    """What lies outside the datasets; all of it may be left out.

    Attributes:
        clinical: Clinical tables, or folders of them: outcomes of the dataset, one table a seed.
        test_clinical: Likewise of the test set.
        id_column: Their column of the patients' names.
        ids: Table of names of the dataset; None takes the one beside it.
        test_ids: Likewise of the test set.
        truth: truth.csv of the judged patients.
    """

    clinical: tuple[Path, ...] = ()
    test_clinical: tuple[Path, ...] = ()
    id_column: str = "patient_id"
    ids: Path | None = None
    test_ids: Path | None = None
    truth: Path | None = None


@dataclass(frozen=True)
class AblateRequest:
    """What to compare.

    Attributes:
        dataset: The dataset that arms learn from.
        out: The ablation's directory.
        base: The base configuration.
        test: A dataset that no choice ever sees; None judges each fold by the other folds.
        arms: Keys of arms; empty for all.
        seeds: Number of seeds.
        jobs: Processes side by side.
        samples: Resamples of the bootstrap.
        outside: Other outcomes, and the truth.
    """

    dataset: Path
    out: Path
    base: TrainConfig
    test: Path | None = None
    arms: tuple[str, ...] = ()
    seeds: int = 5
    jobs: int = 1
    samples: int = 2000
    outside: Outside = dataclasses.field(default_factory=Outside)


def ablate(request: AblateRequest, report: Report) -> Ablation:
    """Trains what is not trained yet, and judges it.

    Args:
        request: What to compare.
        report: Called with lines and steps.

    Returns:
        All numbers; `write_tables` writes them.

    Raises:
        UsageError: Unknown arms, a directory of another ablation, or options that do not fit.
        PetMtlError: A dataset or a table cannot be used, or a training failed.
    """
    check_base(request.base)
    chosen = chosen_arms(request.arms)
    stand_in = stand_ins(chosen, request.base)
    arms = tuple(arm for arm in chosen if stand_in[arm.key] == arm.key)
    material = _material(request)
    jobs = max(1, request.jobs)
    threads = max(1, cores() // jobs) if jobs > 1 else 0
    setting = Setting(material, request.base, Folders(request.out), threads)
    busy = UsageError(
        "ABLATE_BUSY", "another `pet-mtl ablate` works here", todo="Wait for it, or give another -o"
    )
    with only_one(request.out / "lock", busy):
        _check_plan(request, material)
        run_all(setting, plan_work(setting, arms, request.seeds), jobs, report)
    report("judging")
    return judge_all(_benches(request, setting, arms), stand_in, _facts(request, setting))


def _check_classes(request: AblateRequest) -> None:
    """Refuses a response that simple rules and paired comparisons do not know."""
    for dataset in filter(None, (request.dataset, request.test)):
        classes = read_info(dataset).classes
        if classes > BINARY:
            raise UsageError(
                "ABLATE_CLASSES",
                "an ablation compares models of a response of two classes",
                expected=f"a dataset whose response has {BINARY} classes, or none",
                found=f"{classes} classes",
                todo="Convert again with --response-positive in place of --response-classes, or "
                "without --response to compare models of survival",
                subject=dataset.name,
            )


def _material(request: AblateRequest) -> Material:
    """The patients, with the outcomes of each seed."""
    _check_classes(request)
    outside, ct = request.outside, request.base.model.ct
    if outside.test_clinical and request.test is None:
        raise UsageError(
            "ABLATE_OPTIONS", "--test-clinical needs --test", todo="Give --clinical alone"
        )
    draws = read_draws(
        outside.clinical, request.dataset, outside.id_column, outside.ids, request.seeds
    )
    training = Source(request.dataset, draws, ct)
    if request.test is None:
        return Material(training)
    draws = read_draws(
        outside.test_clinical, request.test, outside.id_column, outside.test_ids, request.seeds
    )
    test = Source(request.test, draws, ct)
    check_test(training.info(0), test.info(0))
    return Material(training, test)


def _check_plan(request: AblateRequest, material: Material) -> None:
    """Writes what the scores rest on; a directory that exists must rest on the same."""
    path = request.out / "plan.json"
    plan: dict[str, Any] = {
        "config": to_dict(request.base),
        "dataset": material.training.info(0).fingerprint,
        "test": material.test.info(0).fingerprint if material.test else None,
    }
    old: dict[str, Any] = read_object(path) or plan
    outcomes = _outcome_hashes(material)
    before: list[str] = old.get("outcomes", outcomes)
    differ = [name for name in plan if old.get(name) != plan[name]]
    shared = min(len(before), len(outcomes))
    if before[:shared] != outcomes[:shared] or bool(before) != bool(outcomes):
        differ.append("outcomes")
    if differ:
        raise UsageError(
            "ABLATE_OTHER_PLAN",
            f"this ablation was begun with another {' and '.join(differ)}",
            todo="Give another -o, or --overwrite to begin anew",
            subject=request.out.name,
        )
    longest = max(before, outcomes, key=len)
    write_json(path, plan | {"outcomes": longest})


def _outcome_hashes(material: Material) -> list[str]:
    """A fingerprint of each seed's outcomes; empty where the recorded ones are read."""
    test = material.test.draws if material.test else ()
    hashes = []
    for seed in range(max(len(material.training.draws), len(test))):
        both = [draws[seed] if draws else {} for draws in (material.training.draws, test)]
        told = [sorted((k, v.time_days, v.event, v.response) for k, v in d.items()) for d in both]
        hashes.append(hashlib.sha256(json.dumps(told).encode()).hexdigest())
    return hashes


def _benches(request: AblateRequest, setting: Setting, arms: tuple[Arm, ...]) -> dict[str, Bench]:
    """Everything that is judged, by outcome."""
    info = setting.material.judged.info(0)
    samples = tuple(row["sample_id"] for row in info.studies())
    keys = [*(arm.key for arm in arms), STATISTICS, *OPPONENTS]
    found = [
        {key: _scores(setting, key, seed, samples) for key in keys} for seed in range(request.seeds)
    ]
    patients = [_patients(setting.material.judged.info(seed)) for seed in range(request.seeds)]
    oracle = _oracle(request, samples)
    benches = {}
    for outcome in request.base.model.outcomes:
        name = _SCORES[outcome]
        scores = {key: np.array([one[key][name] for one in found]) for key in keys}
        learned = {key: value for key, value in scores.items() if np.isfinite(value).any()}
        benches[outcome] = make_bench(
            outcome, patients, learned, oracle.get(_ORACLES[outcome]), request.samples
        )
    return benches


def _scores(setting: Setting, key: str, seed: int, samples: tuple[str, ...]) -> dict[str, Floats]:
    """A score under one seed, of all folds."""
    paths = [setting.folders.scores(key, seed, fold) for fold in setting.material.folds()]
    return read_scores(paths, samples)


def _patients(info: DatasetInfo) -> Patients:
    return patients_of(info.studies(), "studies.csv")


def _oracle(request: AblateRequest, samples: tuple[str, ...]) -> dict[str, Floats]:
    """The true risks of the judged patients."""
    outside = request.outside
    if outside.truth is None:
        return {}
    dataset, ids = request.dataset, outside.ids
    if request.test is not None:
        dataset, ids = request.test, outside.test_ids
    return read_truth(outside.truth, names_of(dataset, ids, samples))[0]


def _facts(request: AblateRequest, setting: Setting) -> dict[str, Any]:
    """What the numbers rest on."""
    material, overlaps = setting.material, []
    for seed in range(request.seeds):
        for fold in material.folds():
            told = read_object(setting.folders.segmenter(seed, fold) / JUDGED) or {}
            overlaps += [told["dice"]] if told.get("dice") is not None else []
    judged = material.judged.info(0)
    return {
        "seeds": request.seeds,
        "judged_on": "a test set" if material.test else "the dataset's own folds",
        "training_patients": len(material.training.info(0).studies()),
        "judged_patients": len(judged.studies()),
        "own_outcomes_a_seed": bool(material.training.draws),
        "resamples": request.samples,
        "dice": float(np.mean(overlaps)) if overlaps else None,
        "dataset_fingerprint": material.training.info(0).fingerprint,
        "test_fingerprint": judged.fingerprint if material.test else None,
        "config": to_dict(request.base),
    }
