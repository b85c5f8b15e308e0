"""Fitting the recalibration of response and survival on out-of-fold predictions."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from pet_mtl.classes import columns_in
from pet_mtl.models.calibration import (
    EDGE,
    LEAST_SURVIVAL,
    Calibration,
    ResponseScale,
    ResponseTemperature,
    SurvivalScale,
)
from pet_mtl.training.oof import response_probabilities, survival_columns

Floats = NDArray[np.float64]
Row = Mapping[str, str]

# Two numbers are fitted to each; from fewer patients they would be noise.
_FEWEST, _FEWEST_OF_A_KIND = 40, 12
_SLOPES = (0.1, 2.0)
_SHIFTS = (-3.0, 3.0)


def fit_calibration(
    rows: Sequence[Row], edges_days: Sequence[float]
) -> tuple[Calibration, tuple[str, ...]]:
    """Fits what there are enough patients for.

    Every prediction comes from a model that never saw the patient. The exported model averages
    such models, which makes it a little less sure than each of them.

    Args:
        rows: Of out_of_fold.csv.
        edges_days: Days of the survival curves.

    Returns:
        The calibration, and a line about each outcome.
    """
    response, about_response = _response(rows)
    survival, about_survival = _survival(rows, tuple(edges_days))
    return Calibration(response, survival), (about_response, about_survival)


def _response(
    rows: Sequence[Row],
) -> tuple[ResponseScale | ResponseTemperature | None, str]:
    """Platt scaling, drawn slightly towards no change."""
    known = [row for row in rows if row.get("response_true") and row.get("response")]
    truth = np.array([float(row["response_true"]) for row in known])
    if known and columns_in(known[0]):
        return _temperature(response_probabilities(known), truth.astype(np.int64))
    ones = int((truth > 0.5).sum())
    if len(known) < _FEWEST or min(ones, len(known) - ones) < _FEWEST_OF_A_KIND:
        return None, f"response: not recalibrated, too few ({ones} of {len(known)} responded)"
    cut = np.clip([float(row["response"]) for row in known], EDGE, 1 - EDGE)
    logit = special.logit(cut)

    def loss(values: Floats) -> float:
        scaled = values[0] * logit + values[1]
        return float((np.logaddexp(0.0, scaled) - truth * scaled).sum()) + _prior(values)

    slope, shift = _least(loss)
    return ResponseScale(slope, shift), f"response: slope {slope:.2f}, shift {shift:+.2f}"


def _temperature(
    probability: Floats, truth: NDArray[np.int64]
) -> tuple[ResponseTemperature | None, str]:
    """One slope of all log probabilities (patients, classes), drawn slightly towards no change."""
    others = len(truth) - int(np.bincount(truth).max())
    if len(truth) < _FEWEST or others < _FEWEST_OF_A_KIND:
        said = f"{others} of {len(truth)} outside the commonest class"
        return None, f"response: not recalibrated, too few ({said})"
    log = np.log(np.clip(probability, EDGE, 1.0))
    patients = np.arange(len(truth))

    def loss(values: Floats) -> float:
        scaled = special.log_softmax(values[0] * log, axis=1)
        return float(-scaled[patients, truth].sum() + 0.5 * np.log(values[0]) ** 2)

    found = optimize.minimize(loss, [1.0], bounds=[_SLOPES], method="L-BFGS-B")
    slope = float(found.x[0])
    return ResponseTemperature(slope), f"response: temperature {1.0 / slope:.2f}"


def _survival(rows: Sequence[Row], edges: tuple[float, ...]) -> tuple[SurvivalScale | None, str]:
    """Slope and shift of the log cumulative hazard, by the likelihood of the times."""
    if not edges:
        return None, "survival: not recalibrated, as the model has no such output"
    names = survival_columns(edges)
    known = [r for r in rows if r.get("time_days") and r.get("event") and r.get(names[0])]
    events = sum(float(row["event"]) > 0.5 for row in known)
    if len(known) < _FEWEST or events < _FEWEST_OF_A_KIND:
        return None, f"survival: not recalibrated, too few ({events} events of {len(known)})"
    curves = np.array([[float(row[name]) for name in names] for row in known])
    time = np.array([float(row["time_days"]) for row in known])
    event = np.array([float(row["event"]) > 0.5 for row in known])
    log_hazard = np.log(-np.log(np.clip(curves, LEAST_SURVIVAL, 1 - EDGE)))  # (patients, edges)
    centre = log_hazard.mean(axis=0)

    def loss(values: Floats) -> float:
        moved = centre + values[0] * (log_hazard - centre) + values[1]
        hazard = np.maximum.accumulate(np.exp(moved), axis=1)
        return -_log_likelihood(hazard, time, event, np.asarray(edges)) + _prior(values)

    slope, shift = _least(loss)
    scale = SurvivalScale(slope, shift, tuple(float(value) for value in centre))
    return scale, f"survival: slope {slope:.2f}, shift {shift:+.2f}"


def _log_likelihood(hazard: Floats, time: Floats, event: NDArray[np.bool_], edges: Floats) -> float:
    """Of cumulative hazards (patients, edges) that grow evenly between edges.

    By whole intervals, those censored within one would not count there, and the hazards of the
    others would seem too high.
    """
    knots = np.concatenate(([0.0], edges))
    full = np.pad(hazard, ((0, 0), (1, 0)))  # from day 0
    seen = event & (time <= edges[-1])
    until = np.minimum(time, edges[-1])
    cell = np.searchsorted(edges, until, side="left")  # (patients,)
    patients = np.arange(len(time))
    rate = (full[patients, cell + 1] - full[patients, cell]) / (knots[cell + 1] - knots[cell])
    passed = full[patients, cell] + rate * (until - knots[cell])
    return float((seen * np.log(np.maximum(rate, 1e-12)) - passed).sum())


def _prior(values: Floats) -> float:
    """Weak: as one patient's word against a slope other than 1 and a shift other than 0."""
    return float(0.5 * (np.log(values[0]) ** 2 + values[1] ** 2))


def _least(loss: Callable[[Floats], float]) -> tuple[float, float]:
    """The best slope and shift within their bounds."""
    found = optimize.minimize(loss, [1.0, 0.0], bounds=[_SLOPES, _SHIFTS], method="L-BFGS-B")
    return float(found.x[0]), float(found.x[1])
