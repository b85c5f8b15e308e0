"""How much of the phantom's law can be measured in its images, and how much volume explains.

    python tests/benchmarks/phantom_ceiling.py [--patients 300] [--seed 11] [--draws 12]

For every patient some fifty simple statistics are taken under the TRUE mask and around it.
Strongly penalised linear models (Cox, logistic) are cross-validated on them, five folds, and
averaged over several draws of the outcome over the same images. Two yardsticks stand beside:
the oracle (the law itself, image factors only) and MTV + SUVmax under the true mask. The table
gives every C-index and AUC, and its part of the oracle's excess over 0.5. Below it: how well
each factor is recovered (cross-validated R2 of a ridge regression), and how it correlates
with what MTV and SUVmax see.
"""

import argparse
import itertools
import multiprocessing
import sys
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter
from lifelines.utils import concordance_index
from numpy.typing import NDArray
from scipy import ndimage
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pet_mtl.phantom import PhantomPatient, make_patient
from pet_mtl.phantom.law import FACTORS, IMAGE_FACTORS, log_hazard, logit
from pet_mtl.phantom.patient import factors_of, outcome_of

Array = NDArray[np.float64]
_BAND_MM = (2.0, 3.0, 4.5, 6.75, 10.0)
_SHELLS_MM = ((0, 5), (5, 10), (10, 15), (15, 20))
_FAR_MM = 24.0
_HOT_SUV = 3.3


def statistics(patient: PhantomPatient) -> dict[str, float]:
    """All statistics of one patient under the true mask."""
    inside = ndimage.distance_transform_edt(patient.mask, sampling=patient.grid.spacing_mm)
    outside = ndimage.distance_transform_edt(~patient.mask, sampling=patient.grid.spacing_mm)
    values = patient.suv[patient.mask]
    level = float(values.mean())
    return {
        **_level(patient, values, inside),
        **_texture(patient, inside),
        **_core(patient, inside, level),
        **_shape(patient),
        **_ring(patient, outside, level),
        **_far(patient, outside),
    }


def _level(patient: PhantomPatient, values: Array, inside: Array) -> dict[str, float]:
    """Volume and histogram of the lesion."""
    deep = patient.suv[inside > min(5.0, 0.6 * inside.max())]
    quantiles = np.quantile(values, (0.1, 0.5, 0.9)) / values.mean()
    return {
        "log_mtv": float(np.log(patient.mask.sum() * patient.grid.voxel_ml)),
        "log_max": float(np.log(values.max())),
        "mean": float(np.log(values.mean())),
        "cov": float(deep.std() / deep.mean()),
        **dict(zip(("p10", "p50", "p90"), map(float, quantiles), strict=True)),
    }


def _texture(patient: PhantomPatient, inside: Array) -> dict[str, float]:
    """Deviation of log SUV in bands of scale, and differences of neighbours."""
    log_suv = np.log(patient.suv / patient.suv[patient.mask].mean() + 0.1)
    mask = patient.mask.astype(np.float64)
    smooth = [log_suv]
    for sigma_mm in _BAND_MM:
        sigma = [sigma_mm / step for step in patient.grid.spacing_mm]
        weight = ndimage.gaussian_filter(mask, sigma)
        smooth.append(ndimage.gaussian_filter(log_suv * mask, sigma) / np.maximum(weight, 1e-3))
    deep = inside > min(4.0, 0.5 * inside.max())
    found = {
        f"band{k}": float(np.log(np.std((a - b)[deep]) + 1e-3))
        for k, (a, b) in enumerate(itertools.pairwise(smooth))
    }
    for lag_mm in (3.0, 6.0, 9.0, 14.0):
        jumps = _jumps(log_suv, deep, np.asarray(patient.grid.spacing_mm), lag_mm)
        found[f"lag{lag_mm:.0f}_median"] = float(np.log(np.median(jumps) + 3e-3))
        found[f"lag{lag_mm:.0f}_mean"] = float(np.log(jumps.mean() + 3e-3))
    return found


def _jumps(image: Array, region: Array, spacing: Array, lag_mm: float) -> Array:
    """Absolute differences at one lag along the three axes, between voxels of a region."""
    found = []
    for axis in range(3):
        shift = np.zeros(3)
        shift[axis] = lag_mm / spacing[axis]
        moved = ndimage.shift(image, shift, order=1, mode="nearest")
        still = ndimage.shift(region.astype(np.float32), shift, order=1) > 0.5
        found.append(np.abs(image - moved)[region & still])
    jumps = np.concatenate(found)
    return jumps if len(jumps) else np.abs(image - moved)[region]


def _core(patient: PhantomPatient, inside: Array, level: float) -> dict[str, float]:
    """Profile from border to core, and the share of low uptake inside."""
    rank = np.argsort(np.argsort(inside[patient.mask])) / patient.mask.sum()
    values = patient.suv[patient.mask] / level
    cuts = (0.0, 0.25, 0.5, 0.75, 1.01)
    found = {
        f"core{k}": float(values[(rank >= a) & (rank < b)].mean())
        for k, (a, b) in enumerate(itertools.pairwise(cuts))
    }
    deep = values[rank > 0.4]
    return {**found, **{f"low{k}": float((deep < c).mean()) for k, c in enumerate((0.45, 0.7))}}


def _shape(patient: PhantomPatient) -> dict[str, float]:
    """Surface to volume, second moments and longest extent, each relative to a sphere's."""
    spacing = np.asarray(patient.grid.spacing_mm)
    volume = patient.mask.sum() * np.prod(spacing)
    padded = np.pad(patient.mask, 1).astype(np.float64)
    soft = ndimage.gaussian_filter(padded, 3.0 / spacing)
    slope = np.sqrt(sum(g**2 for g in np.gradient(soft, *spacing)))
    points = np.argwhere(patient.mask) * spacing
    spread = np.linalg.eigvalsh(np.cov(points.T))[::-1]
    reach = np.linalg.norm(points - points.mean(axis=0), axis=1)
    return {
        "surface": float(np.log(slope.sum() * np.prod(spacing) / volume ** (2 / 3))),
        "moment": float(np.log(spread.sum() / volume ** (2 / 3))),
        "longest": float(np.log(spread[0] / spread[2])),
        "extent": float(np.log(np.quantile(reach, 0.98) / volume ** (1 / 3))),
    }


def _ring(patient: PhantomPatient, outside: Array, level: float) -> dict[str, float]:
    """Shells around the lesion, relative to it, and the strongest blobs there."""
    found = {}
    for k, (near, far) in enumerate(_SHELLS_MM):
        shell = patient.suv[(outside > near) & (outside <= far)] / level
        found[f"ring_mean{k}"] = float(shell.mean())
        found[f"ring_median{k}"] = float(np.median(shell))
        found[f"ring_p99_{k}"] = float(np.quantile(shell, 0.99))
    around = (outside > 5.0) & (outside <= 20.0)
    found["ring_hot"] = float(np.maximum(patient.suv[around] / level - 0.25, 0.0).mean())
    for k, sigma_mm in enumerate((3.0, 4.5)):
        sigma = np.array([sigma_mm / step for step in patient.grid.spacing_mm])
        blobs = ndimage.gaussian_filter(patient.suv, sigma) - ndimage.gaussian_filter(
            patient.suv, 1.6 * sigma
        )
        inside_ring = np.maximum(blobs[around] / level, 0.0)
        found[f"blob_p99_{k}"] = float(np.quantile(inside_ring, 0.99))
        found[f"blob_sum{k}"] = float(inside_ring.sum() * patient.grid.voxel_ml)
    return found


def _far(patient: PhantomPatient, outside: Array) -> dict[str, float]:
    """Hot uptake far from the lesion, and blobs there."""
    far = outside > _FAR_MM
    hot = np.maximum(patient.suv[far] - _HOT_SUV, 0.0)
    _, count = ndimage.label((patient.suv > _HOT_SUV + 0.7) & far)
    return {
        "far_hot": float(np.sqrt(hot.sum() * patient.grid.voxel_ml)),
        "far_share": float(np.log1p((hot > 0).sum() * patient.grid.voxel_ml)),
        "far_count": float(np.sqrt(count)),
        "far_p999": float(np.quantile(patient.suv[far], 0.999)),
    }


def _one(seed: int, index: int) -> dict[str, float]:
    """Simulates and measures one patient."""
    return statistics(make_patient(seed, index))


def _folds(patients: int) -> list[tuple[Array, Array]]:
    """The five folds, the same for every model and draw."""
    return list(KFold(5, shuffle=True, random_state=0).split(np.arange(patients)))


def cox_index(table: Array, time: Array, event: Array, penalty: float) -> float:
    """Cross-validated Harrell C of a penalised Cox model, mean over folds."""
    found = []
    for train, test in _folds(len(table)):
        scaler = StandardScaler().fit(table[train])
        frame = pd.DataFrame(scaler.transform(table[train])).assign(time=time[train])
        frame["event"] = event[train]
        model = CoxPHFitter(penalizer=penalty).fit(frame, "time", "event")
        risk = scaler.transform(table[test]) @ model.params_.to_numpy()
        found.append(concordance_index(time[test], -risk, event[test]))
    return float(np.mean(found))


def logistic_auc(table: Array, label: Array, strength: float) -> float:
    """Cross-validated AUC of a penalised logistic model, mean over folds."""
    found = []
    for train, test in _folds(len(table)):
        model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=2000))
        model.fit(table[train], label[train])
        found.append(roc_auc_score(label[test], model.decision_function(table[test])))
    return float(np.mean(found))


def oracle(scores: tuple[Array, Array], outcome: tuple[Array, Array, Array]) -> tuple[float, float]:
    """C-index and AUC of the law itself, over the same folds."""
    (hazard, response), (time, event, label) = scores, outcome
    pairs = [
        (
            concordance_index(time[test], -hazard[test], event[test]),
            roc_auc_score(label[test], response[test]),
        )
        for _, test in _folds(len(time))
    ]
    c, auc = np.mean(pairs, axis=0)
    return float(c), float(auc)


def _outcomes(seed: int, patients: int, draw: int) -> tuple[Array, Array, Array]:
    """Times, events and responses of one draw."""
    drawn = [outcome_of(seed, index, draw) for index in range(patients)]
    return (
        np.array([o.time_days for o in drawn]),
        np.array([float(o.event) for o in drawn]),
        np.array([float(o.response) for o in drawn]),
    )


def _draw_rows(
    arguments: argparse.Namespace, table: pd.DataFrame, draw: int
) -> dict[str, tuple[float, float]]:
    """Every model on one draw of the outcome."""
    time, event, label = _outcomes(arguments.seed, len(table), draw)
    factors = [factors_of(arguments.seed, index) for index in range(len(table))]
    hazard = np.array([log_hazard(f, with_age=False) for f in factors])
    response = np.array([logit(f) for f in factors])
    everything = table.to_numpy()
    simple = table[["log_mtv", "log_max"]].to_numpy()
    no_far = table[[c for c in table if not c.startswith("far")]].to_numpy()
    latent = np.array([[f[name] for name in IMAGE_FACTORS] for f in factors])
    return {
        "oracle, image only": oracle((hazard, response), (time, event, label)),
        "the true factors, fitted": (
            cox_index(latent, time, event, 0.01),
            logistic_auc(latent, label, 1.0),
        ),
        "statistics, true mask": (
            cox_index(everything, time, event, 0.3),
            logistic_auc(everything, label, 0.03),
        ),
        "without far uptake": (
            cox_index(no_far, time, event, 0.3),
            logistic_auc(no_far, label, 0.03),
        ),
        "MTV + SUVmax, true mask": (
            cox_index(simple, time, event, 0.01),
            logistic_auc(simple, label, 1.0),
        ),
    }


def recovery(table: pd.DataFrame, factors: pd.DataFrame) -> pd.DataFrame:
    """How well each factor is measured, and how it correlates with volume and maximum."""
    scaled = make_pipeline(StandardScaler(), Ridge(10.0))
    rows = []
    for name in IMAGE_FACTORS:
        guess = cross_val_predict(scaled, table, factors[name], cv=10)
        rest = np.var(factors[name] - guess) / np.var(factors[name])
        rows.append(
            {
                "factor": name,
                "R2": 1.0 - rest,
                "r with log MTV": np.corrcoef(factors[name], table["log_mtv"])[0, 1],
                "r with log SUVmax": np.corrcoef(factors[name], table["log_max"])[0, 1],
            }
        )
    return pd.DataFrame(rows).set_index("factor")


def main(say: Callable[[str], object] = lambda text: sys.stdout.write(text + "\n")) -> None:
    """Runs the study and prints its tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patients", type=int, default=300)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--draws", type=int, default=12)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    with multiprocessing.get_context("spawn").Pool() as pool:
        indices = range(arguments.patients)
        table = pd.DataFrame(pool.map(partial(_one, arguments.seed), indices, chunksize=8))
        drawn = pool.map(partial(_draw_rows, arguments, table), range(arguments.draws))
    oracle_mean = np.mean([d["oracle, image only"] for d in drawn], axis=0)
    say(f"{arguments.patients} patients, {table.shape[1]} statistics, {arguments.draws} draws")
    say(f"{'':28s}{'C':>7s}{'part':>7s}{'AUC':>8s}{'part':>7s}")
    for name in drawn[0]:
        c, auc = np.mean([d[name] for d in drawn], axis=0)
        part = (np.array([c, auc]) - 0.5) / (oracle_mean - 0.5)
        say(f"{name:28s}{c:7.3f}{part[0]:7.0%}{auc:8.3f}{part[1]:7.0%}")
    factors = pd.DataFrame([factors_of(arguments.seed, i) for i in range(arguments.patients)])
    say(recovery(table, factors[list(FACTORS)]).round(2).to_string())


if __name__ == "__main__":
    main()
