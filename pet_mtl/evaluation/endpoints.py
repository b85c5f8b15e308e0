"""What is judged: the outcomes, their headline metrics, and how the numbers are made."""

from collections.abc import Callable
from dataclasses import dataclass

from pet_mtl.classes import BINARY
from pet_mtl.evaluation.cohort import Bools, Cohort, Floats, Patients
from pet_mtl.metrics import (
    auc_replicates,
    concordance_index,
    concordance_replicates,
    macro_auc,
    macro_auc_replicates,
    roc_auc,
)


@dataclass(frozen=True)
class Settings:
    """How the numbers are made.

    Attributes:
        samples: Resamples of the bootstrap, and shuffles of the permutation test, less one.
        seed: Seed of both.
        horizons: Days at which survival is judged, increasing; empty lets the data tell.
    """

    samples: int = 2000
    seed: int = 0
    horizons: tuple[float, ...] = ()


@dataclass(frozen=True)
class Endpoint:
    """One outcome and its metric.

    Attributes:
        key: "survival" or "response".
        measure: Name of the metric in evaluation.json.
        title: Name of the metric for people.
        statistic: Takes the outcome's arrays and a score.
        resampled: Takes the same and how often each resample draws each patient; the statistic on
            every resample.
        oracles: Column of the truth to its label; the first is what the image alone can tell.
    """

    key: str
    measure: str
    title: str
    statistic: Callable[..., float]
    resampled: Callable[..., Floats]
    oracles: dict[str, str]

    def outcome(self, patients: Patients) -> tuple[tuple[Floats, ...], Bools]:
        """The outcome's arrays, each (patients,), and who has it."""
        if self.key == "survival":
            return (patients.time_days, patients.event), patients.has_survival
        return (patients.response,), patients.has_response


ENDPOINTS = (
    Endpoint(
        "survival",
        "harrell_c",
        "Harrell's C",
        concordance_index,
        concordance_replicates,
        {"log_hazard_image": "Oracle, image only", "log_hazard": "Oracle, image and age"},
    ),
    Endpoint("response", "auc", "AUC", roc_auc, auc_replicates, {"logit": "Oracle"}),
)
# Of more than two classes: the mean over them of one against all others. No truth is known of it.
SEVERAL = Endpoint("response", "macro_auc", "Macro AUC", macro_auc, macro_auc_replicates, {})


def endpoints_of(cohort: Cohort) -> tuple[Endpoint, ...]:
    """The outcomes, and the metrics that fit the number of classes of the response."""
    return (ENDPOINTS[0], SEVERAL) if cohort.patients.classes > BINARY else ENDPOINTS
