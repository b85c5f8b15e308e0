"""ComBat: what a scanner or a centre adds to features, estimated on some, taken off others.

Feature g of patient j in batch i is modelled as

    Y = mean_g + X_j slopes_g + sd_g (shift_ig + spread_ig noise),

shift and spread of a batch drawn from distributions over all features, so that each feature of a
small batch borrows from its others (empirical Bayes). Everything is fitted on training patients
only; patients of a batch that was not fitted stay as they are, and `known` says who that is.

Sources:
    Johnson et al., Biostatistics 8 (2007) 118-127, doi:10.1093/biostatistics/kxj037 (the method);
    Fortin et al., NeuroImage 161 (2017) 149-170, doi:10.1016/j.neuroimage.2017.08.047 (images);
    Orlhac et al., J Nucl Med 63 (2022) 172-179, doi:10.2967/jnumed.121.262464 (PET, its limits).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pet_mtl.errors import MetricError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Texts = Sequence[str]

# Below this a batch's own mean and deviation say little, and the shrinkage decides (Orlhac 2022
# asks for 20 to 30 a batch; fewer than these few cannot be harmonised at all).
LEAST_PATIENTS = 5
ADVISED_PATIENTS = 20

_TOLERANCE = 1e-6
_MOST_ROUNDS = 1000


@dataclass(frozen=True)
class ComBat:
    """A fitted harmonisation.

    Attributes:
        batches: The batches that were fitted, sorted.
        patients: Patients behind each.
        left_out: Batches of too few patients, which stay as they are.
        mean: (features,) common mean.
        scale: (features,) common standard deviation; 0 for a constant feature, which stays.
        slopes: (covariates, features) what is kept of the covariates.
        shift: (batches, features) of each batch, in common standard deviations.
        spread: (batches, features) standard deviation of each batch, likewise.
    """

    batches: tuple[str, ...]
    patients: tuple[int, ...]
    left_out: tuple[str, ...]
    mean: Floats
    scale: Floats
    slopes: Floats
    shift: Floats
    spread: Floats

    def known(self, batch: Texts) -> Bools:
        """(patients,) whose batch was fitted."""
        return np.isin(np.asarray(batch, dtype=str), self.batches)

    def apply(self, features: Floats, batch: Texts, covariates: Floats | None = None) -> Floats:
        """Takes off what the batches add.

        Args:
            features: (patients, features).
            batch: (patients,) batch of each.
            covariates: (patients, covariates) as in the fit.

        Returns:
            (patients, features); unchanged where the batch is not known.

        Raises:
            MetricError: COMBAT_SHAPE.
        """
        values, kept = _checked(features, batch, covariates)
        if values.shape[1] != len(self.mean) or kept.shape[1] != len(self.slopes):
            raise _shape("the features and covariates of the fit")
        known, result = self.known(batch), values.copy()
        place = np.searchsorted(self.batches, np.asarray(batch, dtype=str)[known])
        centre = self.mean + kept[known] @ self.slopes
        steady = self.scale == 0
        scaled = (values[known] - centre) / np.where(steady, 1.0, self.scale)
        moved = (scaled - self.shift[place]) / self.spread[place] * self.scale + centre
        result[known] = np.where(steady, values[known], moved)
        return result


def fit_combat(
    features: Floats,
    batch: Texts,
    covariates: Floats | None = None,
    least_patients: int = LEAST_PATIENTS,
) -> ComBat:
    """Estimates what each batch adds to the features.

    Args:
        features: (patients, features) of the training patients, finite; two or more features.
        batch: (patients,) batch of each.
        covariates: (patients, covariates) whose effect is kept; never the outcome, which would
            carry it into the features.
        least_patients: A smaller batch is left out.

    Returns:
        The harmonisation.

    Raises:
        MetricError: COMBAT_SHAPE; COMBAT_BATCHES, fewer than two batches are large enough;
            COMBAT_CONFOUNDED, a covariate cannot be told from the batches.
    """
    values, kept = _checked(features, batch, covariates)
    names, place, count = np.unique(
        np.asarray(batch, dtype=str), return_inverse=True, return_counts=True
    )
    large = count >= max(2, least_patients)
    if np.count_nonzero(large) < len(("one", "another")):
        raise MetricError(
            "COMBAT_BATCHES",
            "there are not two batches to harmonise",
            expected=f"two or more of {max(2, least_patients)} patients each",
            found=", ".join(map(str, count)) or "nobody",
        )
    used = large[place]
    batches = names[large]
    own = np.searchsorted(batches, np.asarray(batch, dtype=str)[used])
    mean, scale, slopes = _common(values[used], own, kept[used])
    centred = values[used] - mean - kept[used] @ slopes
    scaled = centred / np.where(scale > 0, scale, 1.0)
    each = [_batch_effect(scaled[own == i], scale > 0) for i in range(len(batches))]
    return ComBat(
        tuple(batches.tolist()),
        tuple(count[large].tolist()),
        tuple(names[~large].tolist()),
        mean,
        scale,
        slopes,
        np.stack([shift for shift, _ in each]),
        np.stack([spread for _, spread in each]),
    )


def _common(values: Floats, own: NDArray[np.intp], kept: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean over all patients, deviation within batches, and slopes of the covariates."""
    batches = int(own.max()) + 1
    design = np.concatenate([np.eye(batches)[own], kept], axis=1)
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise MetricError(
            "COMBAT_CONFOUNDED",
            "a covariate cannot be told from the batches, or from another covariate",
            todo="Harmonise without it",
        )
    fitted = np.linalg.lstsq(design, values, rcond=None)[0]
    share = np.bincount(own, minlength=batches) / len(own)
    scale = np.sqrt(np.mean((values - design @ fitted) ** 2, axis=0))
    # What rounding leaves of a constant is no spread.
    scale[scale <= 1e-9 * np.abs(values).max(axis=0)] = 0.0
    return share @ fitted[:batches], scale, fitted[batches:]


def _batch_effect(scaled: Floats, varies: Bools) -> tuple[Floats, Floats]:
    """Shift and spread of one batch: posterior modes given the distribution over the features.

    Args:
        scaled: (patients, features) of the batch.
        varies: (features,) which are no constants.
    """
    shift, spread = np.zeros(scaled.shape[1]), np.ones(scaled.shape[1])
    shift[varies], variance = _posterior(scaled[:, varies])
    spread[varies] = np.sqrt(variance)
    return shift, spread


def _posterior(scaled: Floats) -> tuple[Floats, Floats]:
    """Johnson's iteration between the mean of a normal and the variance of an inverse gamma."""
    patients, features = scaled.shape
    means, variances = scaled.mean(axis=0), scaled.var(axis=0, ddof=1)
    if features < len(("one", "another")) or np.ptp(variances) == 0 or np.ptp(means) == 0:
        return means, np.where(variances > 0, variances, 1.0)  # nothing to borrow from
    centre, between = means.mean(), means.var(ddof=1)
    middle, around = variances.mean(), variances.var(ddof=1)
    shape = (2.0 * around + middle**2) / around
    rate = (middle * around + middle**3) / around
    shift, variance = means, variances
    for _ in range(_MOST_ROUNDS):
        fresh = (between * patients * means + variance * centre) / (between * patients + variance)
        squares = ((scaled - fresh) ** 2).sum(axis=0)
        renewed = (0.5 * squares + rate) / (patients / 2.0 + shape - 1.0)
        moved = max(np.abs(fresh - shift).max(), np.abs(renewed / variance - 1.0).max())
        shift, variance = fresh, renewed
        if moved < _TOLERANCE:
            break
    return shift, variance


def _checked(features: Floats, batch: Texts, covariates: Floats | None) -> tuple[Floats, Floats]:
    """Features and covariates of the same patients, finite."""
    values = np.asarray(features, np.float64)
    if values.ndim != len(("patients", "features")) or len(values) != len(batch):
        raise _shape("one row of features a patient")
    kept = np.zeros((len(values), 0)) if covariates is None else np.asarray(covariates, np.float64)
    if len(kept) != len(values) or not (np.isfinite(values).all() and np.isfinite(kept).all()):
        raise _shape("finite features and covariates of the same patients")
    return values, kept


def _shape(expected: str) -> MetricError:
    """The refusal of what cannot be harmonised."""
    return MetricError("COMBAT_SHAPE", "these features cannot be harmonised", expected=expected)
