"""Training one fold: stages, heads, held-out predictions."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pet_mtl.augment import pipeline
from pet_mtl.config import TrainConfig
from pet_mtl.errors import DatasetError
from pet_mtl.export import export_bundle
from pet_mtl.files import atomic_path, remove_stale, write_csv
from pet_mtl.models import (
    ModelSpec,
    build_model,
    load_model,
    segmenter_file,
)
from pet_mtl.tfrecords.dataset import DatasetInfo
from pet_mtl.training.batches import BatchPlan, only, plain_batches, training_batches
from pet_mtl.training.cox import store_baseline
from pet_mtl.training.features import (
    collect,
    fit_outcomes,
    group_names,
    head_inputs,
    readable,
)
from pet_mtl.training.inner import InnerSplit, split_patients
from pet_mtl.training.novelty import with_novelty
from pet_mtl.training.objectives import response_weights
from pet_mtl.training.oof import write_predictions
from pet_mtl.training.part import StagePlan
from pet_mtl.training.progress import Report
from pet_mtl.training.schedule import FitHeads, stages_of
from pet_mtl.training.second_try import run_stage_safely
from pet_mtl.training.stage import HISTORY_COLUMNS, StageData, StageSettings, history_rows

Floats = NDArray[np.float64]

_EVENTS_PER_INTERVAL = 4
_FEWEST_INTERVALS = 3
_DEFAULT_EDGES = (365.0, 730.0, 1095.0)


@dataclass(frozen=True)
class FoldJob:
    """One fold to train.

    Attributes:
        info: The dataset.
        config: The configuration.
        fold: The fold that is held out; -1 to train on everything.
        folder: Where its results go.
    """

    info: DatasetInfo
    config: TrainConfig
    fold: int
    folder: Path


@dataclass(frozen=True)
class LearnedFold:
    """What the training of one fold gave.

    Attributes:
        model: The trained network.
        spec: What the data fixed of it.
        plan: How its batches were made.
        history: Rows of metrics.csv.
        patients: Batches of all its training patients, unchanged.
        inputs: (patients, features) what its heads were fitted on; None of a network without, or
            one that was trained on since.
    """

    model: keras.Model
    spec: ModelSpec
    plan: BatchPlan
    history: list[tuple[Any, ...]]
    patients: tf.data.Dataset
    inputs: Floats | None = None

    def head_inputs(self) -> Floats | None:
        """What the heads read of the training patients; None of a network without heads."""
        if self.inputs is not None or not group_names(self.model):
            return self.inputs
        groups, labels = collect(self.model, self.patients)
        return head_inputs(self.model, groups, labels)[readable(labels)]


def train_fold(job: FoldJob, report: Report) -> None:
    """Trains one fold and writes `best.keras`, `metrics.csv`, `predictions.csv`, `saved_model/`.

    Args:
        job: What to train.
        report: Called with one line a validation, and with the steps between.
    """
    learned = learn_fold(job, report)
    inputs = learned.head_inputs()
    model = learned.model if inputs is None else with_novelty(learned.model, inputs)
    with atomic_path(job.folder / "best.keras") as temporary:
        model.save(temporary)
    write_csv(job.folder / "metrics.csv", HISTORY_COLUMNS, history_rows(learned.history))
    facts = {"fold": job.fold, "dataset_fingerprint": job.info.fingerprint}
    export_bundle([model], learned.spec, job.folder / "saved_model", facts)
    if job.fold >= 0:
        table = job.folder / "predictions.csv"
        write_predictions(model, job.info, job.fold, learned.plan, table)


def learn_fold(job: FoldJob, report: Report) -> LearnedFold:
    """Trains one fold; writes nothing but the state that a killed training goes on from.

    Args:
        job: What to train.
        report: Called with one line a validation, and with the steps between.

    Returns:
        The trained network, and what it was trained with.
    """
    config = job.config
    remove_stale(job.folder)
    plan, spec = plan_of(job), spec_of(job)
    keras.utils.set_random_seed(plan.seed)
    split = split_patients(job.info, job.fold, plan.seed)
    path = segmenter_file(config.model.segmenter, job.fold)
    segmenter = load_model(path) if config.model.segmenter else None
    model = build_model(config.model, spec, segmenter)
    report(
        f"{len(split.training_rows)} training and "
        f"{len(split.validation_rows)} inner validation patients"
    )
    history, inputs = _learn(model, job, split, plan, report)
    return LearnedFold(model, spec, plan, history, _everyone(split, plan), inputs)


def spec_of(job: FoldJob) -> ModelSpec:
    """What the dataset fixes of the network of a fold."""
    config, info = job.config.model, job.info
    covariates = info.covariates if config.clinical and config.outcomes else ()
    edges = survival_edges(info, config.intervals)
    edges = edges if "survival" in config.tasks else ()
    classes = info.response_classes if "response" in config.tasks else ()
    return ModelSpec(info.plan, covariates, edges, config.ct, classes)


def plan_of(job: FoldJob) -> BatchPlan:
    """How the batches of a fold are made, and its seed."""
    config, plan = job.config, job.info.plan
    clinical = bool(spec_of(job).covariates)
    return BatchPlan(
        config.stage.batch_size, clinical, config.model.suv_clip, config.seed * 1000 + job.fold + 1,
        config.model.ct, (plan.fine_mm, plan.context_mm), config.output.tta,
    )  # fmt: skip


def _learn(
    model: keras.Model, job: FoldJob, split: InnerSplit, plan: BatchPlan, report: Report
) -> tuple[list[tuple[Any, ...]], Floats | None]:
    """Runs the stages, and fits the heads when the schedule says so.

    Returns:
        The history, and what the heads read, if nothing was trained since they were fitted.
    """
    config = job.config
    class_weights = response_weights(config.loss, split.training_rows, job.info.classes)
    settings = StageSettings(config.loss, config.stage, job.folder / "state", report, class_weights)
    everyone = _everyone(split, plan)
    history: list[tuple[Any, ...]] = []
    inputs: Floats | None = None
    for stage in stages_of(config.stage, model.output):
        if isinstance(stage, FitHeads):
            heads = fit_outcomes(model, everyone, config.loss, plan.seed)
            inputs = heads.inputs
            penalties = [f"{name} {head.penalty:g}" for name, head in heads.fitted.items()]
            unread = (
                f"; {heads.unread} patients without an outline left out" if heads.unread else ""
            )
            report(f"heads on {heads.features} features: penalty {', '.join(penalties)}{unread}")
        else:
            inputs = None
            data = _stage_data(stage, config, split, plan)
            history += run_stage_safely(model, stage, data, settings)
    store_baseline(model, everyone)
    return history, inputs


def _everyone(split: InnerSplit, plan: BatchPlan) -> tf.data.Dataset:
    """All training patients, unchanged."""
    return plain_batches(split.training.concatenate(split.validation), plan)


def _stage_data(
    stage: StagePlan, config: TrainConfig, split: InnerSplit, plan: BatchPlan
) -> StageData:
    """Batches of a stage: the mask stage reads patients with masks only, if there are any."""
    has_mask = [row["has_mask"] == "1" for row in split.training_rows]
    masked = stage.masked and any(has_mask)
    training, validation, held = split.training, split.validation, len(split.validation_rows)
    if masked:
        training, validation = training.filter(_masked), validation.filter(_masked)
        held = sum(row["has_mask"] == "1" for row in split.validation_rows)
        plan = replace(plan, elsewhere=config.augment.elsewhere)
    count = sum(has_mask) if masked else len(has_mask)
    known = validation.apply(tf.data.experimental.assert_cardinality(held))
    keep = only(stage.outputs)
    operations = pipeline(config.augment, plan.spacing_mm, config.loss.hidden_weight)

    def batches(done: int = 0) -> tf.data.Dataset:
        return training_batches(training, count, operations, plan, done).map(keep)

    return StageData(batches(), plain_batches(known, plan).map(keep) if held else None, batches)


def _masked(patient: dict[str, Any]) -> Any:
    return patient["has_mask"] > 0.5


def survival_edges(info: DatasetInfo, intervals: int) -> tuple[float, ...]:
    """Right ends of the survival intervals: quantiles of the dataset's event times.

    Few events make few intervals, so that each holds some. The days are a property of the
    dataset, like its voxel grids, so that the curves of all folds can be averaged.

    Args:
        info: The dataset.
        intervals: Number of intervals wanted.

    Returns:
        Days, increasing.

    Raises:
        DatasetError: Nothing to learn: neither an outcome nor a mask.
    """
    rows = info.studies()
    if not any("1" in (r["has_survival"], r["has_response"], r["has_mask"]) for r in rows):
        raise DatasetError(
            "DATASET_NO_LABELS",
            "no patient has a mask, a survival time or a response",
            todo="Convert again with --clinical and its columns, or with masks",
        )
    known = [r for r in rows if r["has_survival"] == "1" and float(r["event"]) > 0]
    if not known:
        return _DEFAULT_EDGES
    count = max(_FEWEST_INTERVALS, min(intervals, len(known) // _EVENTS_PER_INTERVAL))
    times = [float(row["time_days"]) for row in known]
    edges = np.quantile(times, np.linspace(0, 1, count + 1)[1:])
    return tuple(float(edge) for edge in np.unique(np.maximum(1.0, np.ceil(edges))))
