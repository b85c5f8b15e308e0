"""The pieces of work that train a network: the segmenter of a seed, and an arm."""

import shutil
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pet_mtl.ablation.arms import segmenter_config, shares_first_stage
from pet_mtl.ablation.material import judged_folds
from pet_mtl.ablation.scores import write_scores
from pet_mtl.ablation.work import Setting, Work
from pet_mtl.export import readable_outputs
from pet_mtl.files import atomic_path, write_csv
from pet_mtl.tfrecords.dataset import load_samples
from pet_mtl.training.batches import BatchPlan, plain_batches
from pet_mtl.training.fold import FoldJob, learn_fold
from pet_mtl.training.progress import Report
from pet_mtl.training.stage import HISTORY_COLUMNS, history_rows

Floats = NDArray[np.float64]


def train_segmenter(setting: Setting, work: Work, report: Report) -> None:
    """Trains the segmenter of a seed; the state of its stage stays, for the arms that share it."""
    config = segmenter_config(setting.base, work.seed)
    folder = setting.folders.segmenter(work.seed, work.fold)
    info = setting.material.training.info(work.seed)
    learned = learn_fold(FoldJob(info, config, work.fold, folder), report)
    write_csv(folder / "metrics.csv", HISTORY_COLUMNS, history_rows(learned.history))
    with atomic_path(folder / "best.keras") as temporary:
        learned.model.save(temporary)


def train_network(setting: Setting, work: Work, report: Report) -> None:
    """Trains one arm and scores the judged patients; its folder goes when that is done."""
    arm = work.arms[0]
    config = setting.arm(arm, work.seed, work.fold)
    folder = setting.folders.training(arm.key, work.seed, work.fold)
    if shares_first_stage(config, setting.base):
        _share_first_stage(setting, work)
    info = setting.material.training.info(work.seed)
    learned = learn_fold(FoldJob(info, config, work.fold, folder), report)
    scores = _predicted(learned.model, judged_batches(setting, work, learned.plan))
    samples = judged_samples(setting, work)
    for path in work.made(setting.folders):
        write_scores(path, samples, scores)
    shutil.rmtree(folder)


def judged_batches(setting: Setting, work: Work, plan: BatchPlan) -> tf.data.Dataset:
    """The patients that a piece of work is judged on, unchanged."""
    folds = judged_folds(setting.material, work.fold)
    return plain_batches(load_samples(setting.material.judged.info(work.seed), folds), plan)


def judged_samples(setting: Setting, work: Work) -> list[str]:
    """Their pseudonyms, in the same order: that of studies.csv."""
    folds = {str(fold) for fold in judged_folds(setting.material, work.fold)}
    rows = setting.material.judged.info(work.seed).studies()
    return [row["sample_id"] for row in rows if row["fold"] in folds]


def _share_first_stage(setting: Setting, work: Work) -> None:
    """Lets the arm go on where the segmenter's training stood: its first stage is the same."""
    source = setting.folders.segmenter(work.seed, work.fold) / "state"
    target = setting.folders.training(work.arms[0].key, work.seed, work.fold) / "state"
    target.mkdir(parents=True, exist_ok=True)
    for state in source.glob("*.npz"):
        if not (target / state.name).exists():
            with atomic_path(target / state.name) as temporary:
                shutil.copyfile(state, temporary)


def _predicted(model: keras.Model, batches: tf.data.Dataset) -> dict[str, Floats]:
    """Risk and probability of response, of the outcomes that the model has."""

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def call(inputs: dict[str, Any]) -> dict[str, Any]:
        outputs = readable_outputs(model, inputs)
        return {name: outputs[name] for name in ("risk", "response") if name in outputs}

    rows: dict[str, list[Any]] = {}
    for inputs, _, _ in batches:
        for name, value in call(inputs).items():
            rows.setdefault(name, []).append(value.numpy())
    return {name: np.concatenate(values).astype(np.float64) for name, values in rows.items()}
