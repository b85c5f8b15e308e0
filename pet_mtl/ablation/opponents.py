"""Simple rules, fitted on the arms' training patients and judged on the same others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from pet_mtl.ablation.handcrafted import read_handcrafted, write_handcrafted
from pet_mtl.ablation.learning import judged_samples
from pet_mtl.ablation.scores import write_scores
from pet_mtl.ablation.work import Setting, Work
from pet_mtl.config import LossConfig
from pet_mtl.errors import MetricError
from pet_mtl.evaluation.baselines import BASELINES, baseline_scores
from pet_mtl.evaluation.cohort import Patients, Training, patients_of
from pet_mtl.training.cox import CoxTask, fit_cox_head
from pet_mtl.training.heads import FEWEST_LABELS, HeadTask, fit_head
from pet_mtl.training.progress import Report, Steps

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_TREES = 200
_LEAVES = (3, 6, 12, 24)


@dataclass(frozen=True)
class Sides:
    """Patients to fit on, and patients to score.

    Attributes:
        learned: Outcomes of the first.
        features: (patients, features) of the first, NaN rows for those without.
        asked: (patients, features) of the second, likewise.
    """

    learned: Patients
    features: Floats
    asked: Floats


def extract(setting: Setting, work: Work, report: Report) -> None:
    """Handcrafted statistics of all patients, once for all seeds."""
    sources = [setting.material.training, setting.material.judged]
    for path, source in dict(zip(setting.folders.handcrafted(), sources, strict=True)).items():
        info = source.info(0)
        done, total = 0, len(info.studies())

        def told(label: str = work.label, total: int = total) -> None:
            nonlocal done
            done += 1
            report(Steps(label, done, total))

        write_handcrafted(info, path, told)


def score_opponents(setting: Setting, work: Work, report: Report) -> None:
    """Fits all simple rules of a seed, and scores the judged patients."""
    learned, judged = _patients(setting, work)
    samples = judged_samples(setting, work)
    for baseline in BASELINES:
        if baseline.key not in ("clinical", "mtv_suv_max"):
            continue
        training = Training(learned, False, "the arms' training patients")
        found = {}
        for endpoint, name in (("survival", "risk"), ("response", "response")):
            try:
                found[name] = baseline_scores(baseline, endpoint, judged, training)
            except MetricError as error:
                report(f"{baseline.label}, {endpoint}: {error.problem.sentence()}")
                found[name] = np.full(len(judged), np.nan)
        write_scores(setting.folders.scores(baseline.key, work.seed, work.fold), samples, found)
    tables = setting.folders.handcrafted()
    features = (read_handcrafted(tables[0], learned.ids), read_handcrafted(tables[1], judged.ids))
    seed = setting.base.seed + work.seed
    for key, rule in handcrafted_rules(setting.base.loss, seed).items():
        scores = rule(Sides(learned, *features))
        write_scores(setting.folders.scores(key, work.seed, work.fold), samples, scores)


def handcrafted_rules(
    losses: LossConfig, seed: int
) -> dict[str, Callable[[Sides], dict[str, Floats]]]:
    """The rules on handcrafted statistics.

    Args:
        losses: The L2 penalties that the arms' heads try, too.
        seed: Seed of inner folds and trees.

    Returns:
        Key to a function that fits and scores.
    """
    penalties = losses.head_penalty
    return {
        "hand_cox": lambda sides: {"risk": cox_scores(sides, penalties, seed)},
        "hand_logistic": lambda sides: {"response": logistic_scores(sides, penalties, seed)},
        "hand_forest": lambda sides: {
            "risk": forest_risk(sides, seed),
            "response": forest_probability(sides, seed),
        },
    }


def cox_scores(sides: Sides, penalties: Sequence[float], seed: int) -> Floats:
    """Log hazards of a ridge-penalised Cox regression (Efron ties), penalty by inner folds."""
    rows = _complete(sides.features) & sides.learned.has_survival
    if not rows.any():
        return np.full(len(sides.asked), np.nan)
    fitted, asked = _standardised(sides, rows)
    time, event = sides.learned.time_days[rows], sides.learned.event[rows]
    return asked @ fit_cox_head(CoxTask(fitted, time, event, (1.0,)), penalties, seed).slopes


def logistic_scores(sides: Sides, penalties: Sequence[float], seed: int) -> Floats:
    """Log odds of a ridge-penalised logistic regression, penalty by inner folds."""
    rows = _complete(sides.features) & sides.learned.has_response
    if not rows.any():
        return np.full(len(sides.asked), np.nan)
    fitted, asked = _standardised(sides, rows)
    hits = sides.learned.response[rows][:, None]
    head = fit_head(HeadTask(fitted, hits, np.ones_like(hits)), penalties, seed)
    return asked @ head.slopes + head.baseline[0]


def forest_probability(sides: Sides, seed: int) -> Floats:
    """Probability by a random forest, its smallest leaf chosen out of bag."""
    rows = _complete(sides.features) & sides.learned.has_response
    target = sides.learned.response[rows].astype(int)
    if len(target) < FEWEST_LABELS or len(np.unique(target)) < 2:
        return np.full(len(sides.asked), np.nan)
    forests = [
        RandomForestClassifier(_TREES, min_samples_leaf=leaf, oob_score=True, random_state=seed)
        for leaf in _LEAVES
    ]
    return _forest(forests, sides, rows, target, lambda f, x: f.predict_proba(x)[:, 1])


def forest_risk(sides: Sides, seed: int) -> Floats:
    """Risk by a random forest on the martingale residuals of the model without covariates.

    Source:
        Therneau et al. 1990, doi:10.1093/biomet/77.1.147.
    """
    rows = _complete(sides.features) & sides.learned.has_survival
    time, event = sides.learned.time_days[rows], sides.learned.event[rows]
    if len(time) < FEWEST_LABELS or not event.any():
        return np.full(len(sides.asked), np.nan)
    forests = [
        RandomForestRegressor(_TREES, min_samples_leaf=leaf, oob_score=True, random_state=seed)
        for leaf in _LEAVES
    ]
    residuals = martingale_residuals(time, event)
    return _forest(forests, sides, rows, residuals, lambda f, x: f.predict(x))


def martingale_residuals(time: Floats, event: Floats) -> Floats:
    """Events seen less events expected by Nelson and Aalen's cumulative hazard.

    Args:
        time: (patients,) time to event or censoring.
        event: (patients,) 1 where the event was seen, else 0.

    Returns:
        (patients,); their sum is 0.
    """
    moments, place = np.unique(time, return_inverse=True)
    events = np.bincount(place, event, len(moments))
    at_risk = np.cumsum(np.bincount(place, minlength=len(moments))[::-1])[::-1]
    return event - np.cumsum(events / at_risk)[place]


def _forest(
    forests: Sequence[RandomForestClassifier | RandomForestRegressor],
    sides: Sides,
    rows: Bools,
    target: NDArray[np.generic],
    predict: Callable[[RandomForestClassifier | RandomForestRegressor, Floats], Floats],
) -> Floats:
    """The scores of the forest that does best out of bag; NaN without features."""
    fitted = [forest.fit(sides.features[rows], target) for forest in forests]
    best = max(fitted, key=lambda forest: float(forest.oob_score_))
    known = _complete(sides.asked)
    scores = np.full(len(sides.asked), np.nan)
    if known.any():
        scores[known] = predict(best, sides.asked[known])
    return scores


def _complete(features: Floats) -> Bools:
    """Patients who have the features."""
    known: Bools = np.all(np.isfinite(features), axis=1)
    return known


def _standardised(sides: Sides, rows: Bools) -> tuple[Floats, Floats]:
    """Features of the chosen training patients and of all asked, by mean and deviation there."""
    inputs = sides.features[rows]
    mean, deviation = inputs.mean(axis=0), inputs.std(axis=0)
    scale = np.where(deviation > 0, deviation, np.inf)
    return (inputs - mean) / scale, (sides.asked - mean) / scale


def _patients(setting: Setting, work: Work) -> tuple[Patients, Patients]:
    """Who is fitted on, and who is scored, in the order of `judged_samples`."""
    rows = setting.material.training.info(work.seed).studies()
    learned = [row for row in rows if int(row["fold"]) != work.fold]
    wanted = set(judged_samples(setting, work))
    judged = setting.material.judged.info(work.seed).studies()
    return (
        patients_of(learned, "studies.csv"),
        patients_of([row for row in judged if row["sample_id"] in wanted], "studies.csv"),
    )
