"""Cox's partial likelihood, with Efron's or Breslow's ties."""

from typing import Any

import keras
from keras import ops

from pet_mtl.config.losses import TIES
from pet_mtl.errors import ConfigError
from pet_mtl.losses.likelihood import SurvivalLikelihood

_FAR_BELOW = -1e30


@keras.saving.register_keras_serializable("pet_mtl")
class CoxPartialLikelihood(SurvivalLikelihood):
    """Negative log partial likelihood of Cox's proportional hazards.

    | | shape | meaning |
    |---|---|---|
    | y_true | (batch, 2) | time > 0 in any unit, event 0 or 1 |
    | y_pred | (batch, 1) | log hazard, up to a constant |
    | sample_weight | (batch,) | 0 for a missing label: out of every risk set, too |
    | loss | (batch,) | the share of each event, 0 for the censored |

    A batch without an event, or of a single patient, has loss and gradient exactly 0. The sums
    over risk sets are shifted by their own maximum and computed in float32 whatever the inputs.
    Memory grows with the square of the batch.

    In numpy, `CoxPartialLikelihood()(time, event, log_hazard)` with one number a patient gives
    the negative log partial likelihood of a cohort as one number (a sum, not a mean), as
    `negative_log_likelihood` does.

    Weights other than 0 and 1 count as in R's `coxph`.

    Args:
        ties: "efron" (nearly exact) or "breslow" (biased towards 0 with many ties).

    Raises:
        ConfigError: Unknown ties.

    Source:
        Cox 1972, doi:10.1111/j.2517-6161.1972.tb00899.x; Breslow 1974, doi:10.2307/2529620;
        Efron 1977, doi:10.1080/01621459.1977.10480613.
    """

    def __init__(
        self, ties: str = "efron", name: str = "cox_partial_likelihood", **kwargs: Any
    ) -> None:
        super().__init__(name=name, **kwargs)
        if ties not in TIES:
            raise ConfigError(
                "SURVIVAL_TIES",
                "unknown way to count tied events",
                expected=" or ".join(TIES),
                found=ties,
            )
        self.ties = ties

    def per_patient(self, y_true: Any, y_pred: Any, weight: Any) -> Any:
        """Share of each event in the loss, before it is weighted: (batch,)."""
        terms = cox_terms(y_true[:, 0], y_true[:, 1], ops.reshape(y_pred, (-1,)), weight)
        return terms[self.ties]

    def _centred(self, values: Any) -> Any:
        """A constant in the log hazard changes nothing but the rounding."""
        return values - values.mean() if values.size else values

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {**super().get_config(), "ties": self.ties}


def cox_terms(time: Any, event: Any, log_hazard: Any, weight: Any) -> dict[str, Any]:
    """Each patient's share of the negative log partial likelihood.

    With risk set R, tied events D and d = |D|, an event's share is, by Breslow,
    log sum_R exp(eta) - eta, and by Efron the mean over k = 0 .. d - 1 of
    log (sum_R exp(eta) - k / d sum_D exp(eta)), less eta. Sums are weighted.

    Args:
        time: (patients,) time to event or censoring.
        event: (patients,) 1 or 0.
        log_hazard: (patients,) eta.
        weight: (patients,) 0 leaves a patient out.

    Returns:
        "efron" and "breslow" to (patients,) float32; 0 for whoever is censored or left out.
    """
    time, event, eta, weight = (ops.cast(v, "float32") for v in (time, event, log_hazard, weight))
    present = weight > 0
    # What stands in the place of a missing label or its prediction must not be read at all.
    time, eta = (ops.where(present, v, ops.zeros_like(v)) for v in (time, eta))
    hit = ops.logical_and(present, ops.where(present, event, ops.zeros_like(event)) > 0.5)
    at_risk = ops.logical_and(time[None, :] >= time[:, None], present[None, :])  # (row, column)
    tied = ops.logical_and(time[None, :] == time[:, None], hit[None, :])
    tied = ops.logical_and(tied, hit[:, None])
    shift = ops.max(ops.where(at_risk, eta[None, :], _FAR_BELOW), axis=1)
    shift = ops.stop_gradient(shift)  # (row,)
    # A patient outside of a risk set may be far above its maximum: cut before the exponential.
    lifted = ops.where(at_risk, eta[None, :] - shift[:, None], _FAR_BELOW)
    hazard = weight[None, :] * ops.exp(lifted)  # (row, column)
    total = ops.sum(hazard, axis=1)
    safe_total = ops.where(hit, total, ops.ones_like(total))
    breslow = shift + ops.log(safe_total) - eta
    share = _tie_share(tied)  # (row,) k / d
    dying = ops.sum(ops.where(tied, hazard, ops.zeros_like(hazard)), axis=1)
    left = ops.where(hit, total - share * dying, ops.ones_like(total))
    logs = shift + ops.log(left)
    ties = ops.cast(tied, "float32")
    shared = ops.sum(ties * logs[None, :], axis=1) / ops.maximum(ops.sum(ties, axis=1), 1.0)
    zero = ops.zeros_like(eta)
    return {
        "efron": ops.where(hit, shared - eta, zero),
        "breslow": ops.where(hit, breslow, zero),
    }


def _tie_share(tied: Any) -> Any:
    """k / d of each event: its place among those of the same time, over their number."""
    ties = ops.cast(tied, "float32")  # (row, column)
    place = ops.arange(ops.shape(ties)[0])
    before = ops.cast(place[None, :] < place[:, None], "float32")
    return ops.sum(ties * before, axis=1) / ops.maximum(ops.sum(ties, axis=1), 1.0)
