"""Training one fold: stages, heads, held-out predictions."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from pet_mtl.augment import pipeline
from pet_mtl.config import TrainConfig
from pet_mtl.errors import DatasetError
from pet_mtl.export import export_bundle
from pet_mtl.files import atomic_path, remove_stale, write_csv
from pet_mtl.models import ModelSpec, build_model
from pet_mtl.tfrecords.dataset import DatasetInfo
from pet_mtl.training.batches import BatchPlan, only, plain_batches, training_batches
from pet_mtl.training.features import fit_outcomes
from pet_mtl.training.inner import InnerSplit, split_patients
from pet_mtl.training.oof import write_predictions
from pet_mtl.training.progress import Report
from pet_mtl.training.second_try import run_stage_safely
from pet_mtl.training.stage import StageData, StagePlan, StageSettings

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


def train_fold(job: FoldJob, report: Report) -> None:
    """Trains one fold and writes `best.keras`, `metrics.csv`, `predictions.csv`, `saved_model/`.

    Args:
        job: What to train.
        report: Called with one line a validation, and with the steps between.
    """
    config, info = job.config, job.info
    remove_stale(job.folder)
    seed = config.seed * 1000 + job.fold + 1
    keras.utils.set_random_seed(seed)
    split = split_patients(info, job.fold, seed)
    covariates = info.covariates if config.model.clinical else ()
    edges = survival_edges(info, config.model.intervals)
    spec = ModelSpec(info.plan, covariates, edges, config.model.ct)
    model = build_model(config.model, spec)
    plan = BatchPlan(
        config.stage.batch_size, bool(covariates), config.model.suv_clip, seed, config.model.ct
    )
    report(
        f"{len(split.training_rows)} training and "
        f"{len(split.validation_rows)} inner validation patients"
    )
    history = _learn(model, job, split, plan, report)
    with atomic_path(job.folder / "best.keras") as temporary:
        model.save(temporary)
    columns = ("stage", "epoch", "loss", "val_loss")
    rows = [dict(zip(columns, row, strict=True)) for row in history]
    write_csv(job.folder / "metrics.csv", columns, rows)
    facts = {"fold": job.fold, "dataset_fingerprint": info.fingerprint}
    export_bundle([model], spec, job.folder / "saved_model", facts)
    if job.fold >= 0:
        write_predictions(model, info, job.fold, plan, job.folder / "predictions.csv")


def _learn(
    model: keras.Model, job: FoldJob, split: InnerSplit, plan: BatchPlan, report: Report
) -> list[tuple[Any, ...]]:
    """Mask and reconstruction first; then the heads; then all together, if asked for."""
    config = job.config
    settings = StageSettings(config.loss, config.stage, job.folder / "state", report)
    history: list[tuple[Any, ...]] = []
    for stage in _stages(model, config):
        data = _stage_data(stage, config, split, plan)
        history += run_stage_safely(model, stage, data, settings)
        if stage.name == "mask":
            everyone = plain_batches(split.training.concatenate(split.validation), plan)
            heads = fit_outcomes(model, everyone, config.loss.head_penalty, plan.seed)
            report(
                f"heads on {heads.features} features: penalty survival "
                f"{heads.survival.penalty:g}, response {heads.response.penalty:g}"
            )
    return history


def _stage_data(
    stage: StagePlan, config: TrainConfig, split: InnerSplit, plan: BatchPlan
) -> StageData:
    """Batches of a stage: the mask stage reads patients with masks only, if there are any."""
    has_mask = [row["has_mask"] == "1" for row in split.training_rows]
    masked = stage.name == "mask" and any(has_mask)
    training, validation, held = split.training, split.validation, len(split.validation_rows)
    if masked:
        training, validation = training.filter(_masked), validation.filter(_masked)
        held = sum(row["has_mask"] == "1" for row in split.validation_rows)
        plan = replace(plan, elsewhere=config.augment.elsewhere)
    count = sum(has_mask) if masked else len(has_mask)
    batches = training_batches(training, count, pipeline(config.augment), plan)
    known = validation.apply(tf.data.experimental.assert_cardinality(held))
    keep = only(stage.outputs)
    return StageData(batches.map(keep), plain_batches(known, plan).map(keep) if held else None)


def _masked(patient: dict[str, Any]) -> Any:
    return patient["has_mask"] > 0.5


def _stages(model: keras.Model, config: TrainConfig) -> list[StagePlan]:
    """The stages a configuration asks for."""
    pixels = tuple(name for name in ("mask", "reconstruction") if name in model.output)
    stages = [StagePlan("mask", pixels, config.stage.mask_steps, config.stage.mask_rate)]
    if config.stage.joint_steps:
        every = (*pixels, "survival", "response")
        stages.append(StagePlan("joint", every, config.stage.joint_steps, config.stage.joint_rate))
    return stages


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
