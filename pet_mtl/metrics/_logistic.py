"""Logistic regression on a few columns, without any penalty: Newton's steps."""

from dataclasses import dataclass

import numpy as np

from pet_mtl.errors import MetricError
from pet_mtl.metrics._checks import Bools, Floats

_STEPS, _HALVINGS = 50, 30
_CLOSE, _ROUNDING = 1e-9, 1e-12


@dataclass(frozen=True)
class LogisticFit:
    """A fitted regression.

    Attributes:
        coefficients: (columns,).
        errors: (columns,) their standard errors.
    """

    coefficients: Floats
    errors: Floats


def fit_logistic(
    columns: Floats, truth: Bools, fixed: Floats | None = None, weight: Floats | None = None
) -> LogisticFit:
    """Maximum likelihood.

    Args:
        columns: (patients, columns), a column of ones for the intercept included.
        truth: (patients,) what happened.
        fixed: (patients,) part of the linear predictor that is not fitted; None is 0.
        weight: (patients,) 0 or more; None is 1 each. With weights the errors are the robust
            ones (Huber's sandwich), since weighted patients are not that many patients.

    Returns:
        The fit.

    Raises:
        MetricError: No unique or no finite maximum.
    """
    shift = np.zeros(len(truth)) if fixed is None else fixed
    counts = np.ones(len(truth)) if weight is None else weight
    coefficients = np.zeros(columns.shape[1])
    for _ in range(_STEPS):
        error, curvature = _derivatives(columns, truth, columns @ coefficients + shift, counts)
        step = _solved(curvature, error.sum(axis=0))
        if np.abs(step).max() < _CLOSE * (1.0 + np.abs(coefficients).max()):
            return LogisticFit(coefficients, _errors(error, curvature, weight is not None))
        coefficients = _climbed(coefficients, step, (columns, truth, shift, counts))
    raise MetricError(
        "METRIC_SEPARATED",
        "the recalibration is undefined: the predictions separate the patients perfectly",
        expected="predictions of both outcomes that overlap",
    )


def _derivatives(
    columns: Floats, truth: Bools, linear: Floats, counts: Floats
) -> tuple[Floats, Floats]:
    """(patients, columns) gradient of each, and the (columns, columns) negative curvature."""
    probability = _expit(linear)
    gradient = (counts * (truth - probability))[:, None] * columns
    spread = counts * probability * (1.0 - probability)
    return gradient, columns.T @ (spread[:, None] * columns)


def _solved(curvature: Floats, gradient: Floats) -> Floats:
    """Newton's step."""
    if np.linalg.cond(curvature) > 1.0 / np.finfo(np.float64).eps:
        raise MetricError(
            "METRIC_CONSTANT",
            "the recalibration is undefined: the predictions do not vary, or leave no doubt",
            expected="predictions that differ between patients",
        )
    step: Floats = np.linalg.solve(curvature, gradient).astype(np.float64)
    return step


def _climbed(start: Floats, step: Floats, data: tuple[Floats, Bools, Floats, Floats]) -> Floats:
    """The step, halved until it does not lead downhill."""
    columns, truth, shift, counts = data

    def likelihood(coefficients: Floats) -> float:
        linear = columns @ coefficients + shift
        return float((counts * (truth * linear - np.logaddexp(0.0, linear))).sum())

    # Close to the top a right step may lose what rounding takes.
    before = likelihood(start)
    least = before - _ROUNDING * (1.0 + abs(before))
    for _ in range(_HALVINGS):
        if likelihood(start + step) >= least:
            break
        step = step / 2.0
    return start + step


def _errors(gradient: Floats, curvature: Floats, robust: bool) -> Floats:
    """Standard errors of the coefficients."""
    inverse = np.linalg.inv(curvature)
    covariance = inverse @ (gradient.T @ gradient) @ inverse if robust else inverse
    return np.sqrt(np.diag(covariance))


def _expit(linear: Floats) -> Floats:
    """Probabilities of logits, without overflow."""
    return np.exp(-np.logaddexp(0.0, -linear))
