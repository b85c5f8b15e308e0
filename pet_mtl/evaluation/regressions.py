"""The penalised regressions behind the baselines: a score, and a probability, of new patients."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas
from lifelines import CoxPHFitter
from lifelines.exceptions import ConvergenceError
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from pet_mtl.classes import BINARY
from pet_mtl.errors import MetricError

Floats = NDArray[np.float64]

# Beyond it nobody lives; the exponential of more overflows.
_MOST_LOG_HAZARD = 50.0


@dataclass(frozen=True)
class Told:
    """What a regression says of patients.

    Attributes:
        scores: (patients,) linear predictor without intercept, so that those of several fits
            may be pooled; of more than two classes (patients, classes) probabilities.
        probability: (patients,) of response 1; (patients, horizons) to live beyond each horizon;
            of more than two classes as `scores`.
    """

    scores: Floats
    probability: Floats


def cox(
    inputs: Floats, target: Floats, queries: Floats, penalty: float, horizons: tuple[float, ...]
) -> Told:
    """A ridge-penalised Cox regression (Efron ties) with Breslow's baseline hazard.

    Args:
        inputs: (training patients, columns), standardised.
        target: (training patients, 2) time and event.
        queries: (patients, columns).
        penalty: Strength of the L2 penalty, per patient.
        horizons: Days at which survival is predicted.

    Returns:
        Log hazards and survival.

    Raises:
        MetricError: No convergence.
    """
    varying = [name for name in range(inputs.shape[1]) if np.ptp(inputs[:, name]) > 0]
    weights = np.zeros(inputs.shape[1])
    if varying:
        weights[varying] = _slopes(inputs[:, varying], target, penalty)
    scores = queries @ weights
    hazard = _breslow(target[:, 0], target[:, 1], inputs @ weights, horizons)
    ratio = np.exp(np.minimum(scores, _MOST_LOG_HAZARD))
    return Told(scores, np.exp(-ratio[:, None] * hazard[None, :]))


def logistic(
    inputs: Floats, target: Floats, queries: Floats, penalty: float, classes: int = BINARY
) -> Told:
    """A ridge-penalised logistic regression; multinomial of more than two classes.

    Args:
        inputs: (training patients, columns), standardised.
        target: (training patients, 1) class.
        queries: (patients, columns).
        penalty: Strength of the L2 penalty, per patient.
        classes: Number of classes of the response.

    Returns:
        Scores and probabilities.
    """
    model = LogisticRegression(C=1.0 / (penalty * len(inputs)), max_iter=1000)
    model.fit(inputs, target[:, 0].astype(int))
    told = model.predict_proba(queries) if len(queries) else np.empty((0, len(model.classes_)))
    if classes > BINARY:
        each = np.zeros((len(queries), classes))
        each[:, model.classes_] = told
        return Told(each, each)
    return Told(queries @ np.asarray(model.coef_[0], np.float64), told[:, 1])


def _slopes(inputs: Floats, target: Floats, penalty: float) -> Floats:
    """(columns,) coefficients of columns that vary."""
    table = pandas.DataFrame(inputs).assign(time=np.maximum(target[:, 0], 0), event=target[:, 1])
    try:
        with warnings.catch_warnings():
            # lifelines warns of slow convergence and low variance; the penalty handles both.
            warnings.simplefilter("ignore")
            fitter = CoxPHFitter(penalizer=penalty).fit(table, "time", "event")
    except (ConvergenceError, ValueError) as error:
        raise MetricError("BASELINE_FIT", "the Cox regression did not converge") from error
    slopes: Floats = fitter.params_.to_numpy()
    return slopes


def _breslow(time: Floats, event: Floats, score: Floats, horizons: tuple[float, ...]) -> Floats:
    """(horizons,) Breslow's cumulative hazard of a patient of score 0."""
    moments, place = np.unique(time, return_inverse=True)
    events = np.bincount(place, event, len(moments))
    weight = np.bincount(place, np.exp(np.minimum(score, _MOST_LOG_HAZARD)), len(moments))
    at_risk = np.cumsum(weight[::-1])[::-1]
    steps = np.concatenate(([0.0], np.cumsum(events / at_risk)))
    hazard: Floats = steps[np.searchsorted(moments, horizons, side="right")]
    return hazard
