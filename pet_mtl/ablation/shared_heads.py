"""The arms that need no training of their own: shared features, and heads in closed form."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray
from scipy import special

from pet_mtl.ablation.collecting import Collected, Collector
from pet_mtl.ablation.learning import judged_batches, judged_samples
from pet_mtl.ablation.scores import write_scores
from pet_mtl.ablation.work import STATISTICS, Setting, Work
from pet_mtl.config import ModelConfig, TrainConfig
from pet_mtl.config.model import OUTCOMES
from pet_mtl.files import write_json
from pet_mtl.models import build_model, load_model
from pet_mtl.training.batches import BatchPlan, plain_batches
from pet_mtl.training.features import (
    fit_collected,
    hazard_task,
    head_inputs,
    readable,
    response_task,
)
from pet_mtl.training.fold import FoldJob, plan_of, spec_of, survival_edges
from pet_mtl.training.heads import HeadWeights, fit_head
from pet_mtl.training.inner import split_patients
from pet_mtl.training.progress import Report

Floats = NDArray[np.float64]

JUDGED = "judged.json"


def fit_shared(setting: Setting, work: Work, report: Report) -> None:
    """Collects what all of these arms read in one pass over the patients, then fits each."""
    configs = {arm.key: setting.arm(arm, work.seed, work.fold) for arm in work.arms}
    job = _job(setting, work, replace(setting.base, seed=setting.base.seed + work.seed))
    segmenter = load_model(setting.segmenter_file(work.seed, work.fold))
    # Arms that differ in their heads alone read the same features.
    distinct = dict.fromkeys(config.model for config in configs.values())
    name_of = {config: f"network {place}" for place, config in enumerate(distinct)}
    models = {name: _network(segmenter, config, job) for config, name in name_of.items()}
    collector = Collector(models, _network(segmenter, _plain(setting.base), job), _fine_mm(job))
    plan = plan_of(job)
    split = split_patients(job.info, work.fold, plan.seed)
    everyone = plain_batches(split.training.concatenate(split.validation), plan)
    report("collecting features")
    learned = collector.collect(everyone)
    judged = collector.collect(judged_batches(setting, work, plan))
    samples = judged_samples(setting, work)
    for key, config in configs.items():
        report(f"heads of {key}")
        name = name_of[config.model]
        scores = _arm_scores(models[name], name, (learned, judged), (config, plan))
        write_scores(setting.folders.scores(key, work.seed, work.fold), samples, scores)
    path = setting.folders.scores(STATISTICS, work.seed, work.fold)
    edges = survival_edges(job.info, job.config.model.intervals)
    write_scores(path, samples, statistics_scores(learned, judged, (job.config, plan.seed), edges))
    _write_dice(setting, work, judged)


def statistics_scores(
    learned: Collected,
    judged: Collected,
    told: tuple[TrainConfig, int],
    edges_days: Sequence[float],
) -> dict[str, Floats]:
    """Scores of three SUV statistics under the predicted mask, with the network's own heads.

    Args:
        learned: Patients to fit on.
        judged: Patients to score.
        told: The configuration (outcomes, penalties tried, balance), and the seed of inner folds.
        edges_days: Right ends of the survival intervals.

    Returns:
        "risk" and "response", each (patients,), of the outcomes learned.
    """
    config, seed = told
    rows = readable(learned.labels)
    labels = {name: values[rows] for name, values in learned.labels.items()}
    read = learned.statistics[rows]
    mean, deviation = read.mean(axis=0), read.std(axis=0)
    scale = np.where(deviation > 0, deviation, np.inf)
    features, asked = ((s - mean) / scale for s in (read, judged.statistics))
    penalties, fitted = config.loss.head_penalty, {}
    if "survival" in config.model.outcomes:
        task = hazard_task(features, labels, edges_days)
        fitted["survival"] = fit_head(task, penalties, seed)
    if "response" in config.model.outcomes:
        task = response_task(features, labels, config.loss.balance_response)
        fitted["response"] = fit_head(task, penalties, seed + 1)
    return _head_scores(fitted, asked)


def _job(setting: Setting, work: Work, config: TrainConfig) -> FoldJob:
    """The training that the arms of a seed would have."""
    folder = setting.folders.segmenter(work.seed, work.fold)
    return FoldJob(setting.material.training.info(work.seed), config, work.fold, folder)


def _fine_mm(job: FoldJob) -> float:
    return job.info.plan.fine_mm


def _network(segmenter: keras.Model, config: ModelConfig, job: FoldJob) -> keras.Model:
    """An arm's network without what reaches no outcome; its encoder is the segmenter's."""
    outcomes: ModelConfig = replace(config, tasks=config.outcomes)
    own = replace(job, config=replace(job.config, model=outcomes))
    model = build_model(outcomes, spec_of(own), segmenter)
    if outcomes.learned:
        trained = segmenter.get_layer("encoder").get_weights()
        model.get_layer("encoder").set_weights(trained)
    return model


def _plain(base: TrainConfig) -> ModelConfig:
    """A network that is sure to outline, for the mask of all arms."""
    return replace(base.model, tasks=OUTCOMES, learned=False, radiomics=True)


def _arm_scores(
    model: keras.Model,
    name: str,
    patients: tuple[Collected, Collected],
    told: tuple[TrainConfig, BatchPlan],
) -> dict[str, Floats]:
    """Fits an arm's heads on some patients and scores others."""
    learned, judged = patients
    config, plan = told
    heads = fit_collected(model, learned.groups[name], learned.labels, config.loss, plan.seed)
    return _head_scores(heads.fitted, head_inputs(model, judged.groups[name], judged.labels))


def _head_scores(fitted: dict[str, HeadWeights], features: Floats) -> dict[str, Floats]:
    """What linear heads say: a risk, and the probability of response."""
    scores: dict[str, Any] = {}
    if "survival" in fitted:
        scores["risk"] = features @ fitted["survival"].slopes
    if "response" in fitted:
        head = fitted["response"]
        scores["response"] = special.expit(features @ head.slopes + head.baseline[0])
    return scores


def _write_dice(setting: Setting, work: Work, judged: Collected) -> None:
    """Mean overlap of the segmenter's masks with the true ones, where there are some."""
    known = judged.dice[np.isfinite(judged.dice)]
    mean = float(known.mean()) if len(known) else None
    path = setting.folders.segmenter(work.seed, work.fold) / JUDGED
    write_json(path, {"dice": mean, "patients": len(known)})
