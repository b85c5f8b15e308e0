"""Do the predicted probabilities of a binary outcome mean what they say?"""

from typing import Any

import numpy as np

from pet_mtl.metrics._checks import Bools, Floats, labelled_scores
from pet_mtl.metrics._groups import CalibrationGroup, probabilities, quantile_groups
from pet_mtl.metrics._logistic import fit_logistic
from pet_mtl.metrics._quantiles import normal_reach
from pet_mtl.metrics.bootstrap import Interval
from pet_mtl.metrics.proportion import wilson_interval


def calibration_intercept(label: Any, probability: Any, level: float = 0.95) -> Interval:
    """Calibration in the large: the shift of the predicted logits, their slope held at 1.

    Args:
        label: (patients,) 0 or 1.
        probability: (patients,) predicted probability of 1, between 0 and 1.
        level: Coverage of Wald's interval.

    Returns:
        The shift; 0 is perfect, above 0 means that too little is predicted.

    Raises:
        MetricError: As `roc_auc`; a probability of 0 or 1 or outside.

    Source:
        Cox, Biometrika 45 (1958) 562-565; Van Calster et al., BMC Medicine 17 (2019) 230,
        doi:10.1186/s12916-019-1466-7.
    """
    positive, logit = _logits(label, probability)
    fit = fit_logistic(np.ones((len(logit), 1)), positive, fixed=logit)
    return _wald(float(fit.coefficients[0]), float(fit.errors[0]), level)


def calibration_slope(label: Any, probability: Any, level: float = 0.95) -> Interval:
    """The factor by which the predicted logits should be multiplied, an intercept being free.

    Args:
        label: (patients,) 0 or 1.
        probability: (patients,) predicted probability of 1, between 0 and 1.
        level: Coverage of Wald's interval.

    Returns:
        The slope; 1 is perfect, below 1 means that the predictions are too extreme, as of an
        overfitted model.

    Raises:
        MetricError: As `calibration_intercept`; predictions that do not vary or that separate
            the patients perfectly.

    Source:
        As `calibration_intercept`.
    """
    positive, logit = _logits(label, probability)
    fit = fit_logistic(np.stack([np.ones_like(logit), logit], axis=1), positive)
    return _wald(float(fit.coefficients[1]), float(fit.errors[1]), level)


def calibration_groups(
    label: Any, probability: Any, groups: int = 10, level: float = 0.95
) -> tuple[CalibrationGroup, ...]:
    """The calibration curve: observed share against mean prediction, in quantile groups.

    Args:
        label: (patients,) 0 or 1.
        probability: (patients,) predicted probability of 1, 0..1.
        groups: How many; fewer come back where many predictions are equal.
        level: Coverage of Wilson's intervals.

    Returns:
        The groups, from the lowest predictions to the highest.

    Raises:
        MetricError: As `roc_auc`; a probability outside 0..1; more groups than patients.

    >>> [g.observed.value for g in calibration_groups([0, 0, 0, 1], [0.1, 0.2, 0.7, 0.9], 2)]
    [0.0, 0.5]
    """
    positive, predicted = labelled_scores(label, probabilities(probability, "probability"))
    return tuple(
        CalibrationGroup(
            len(place),
            float(predicted[place].mean()),
            wilson_interval(int(positive[place].sum()), len(place), level),
        )
        for place in quantile_groups(predicted, groups)
    )


def expected_calibration_error(label: Any, probability: Any, groups: int = 10) -> float:
    """Mean distance of observed share and mean prediction over quantile groups.

    Above 0 even for a perfect model, by chance alone, and the more so the fewer the patients a
    group: compare it only between models of the same patients and groups.

    Args:
        label: (patients,) 0 or 1.
        probability: (patients,) predicted probability of 1, 0..1.
        groups: How many.

    Returns:
        0..1; 0 is perfect.

    Raises:
        MetricError: As `calibration_groups`.

    Source:
        Naeini et al., AAAI 2015, 2901-2907; groups of equal size: Nguyen and O'Connor, EMNLP
        2015, doi:10.18653/v1/D15-1182.
    """
    curve = calibration_groups(label, probability, groups)
    gaps = [g.patients * abs(g.observed.value - g.predicted) for g in curve]
    return float(sum(gaps) / sum(g.patients for g in curve))


def _logits(label: Any, probability: Any) -> tuple[Bools, Floats]:
    """Checked labels and the logits of the predictions."""
    inner = probabilities(probability, "probability", inner=True)
    positive, predicted = labelled_scores(label, inner)
    return positive, np.log(predicted) - np.log1p(-predicted)


def _wald(value: float, error: float, level: float) -> Interval:
    """value +- z standard errors."""
    half = normal_reach(level) * error
    return Interval(value, value - half, value + half)
