"""What simple rules reach on the same patients: SUVmax, MTV, both, radiomics, the clinical table.

Every baseline is a penalised Cox regression (survival) or logistic regression (response) on
standardised columns, MTV and SUVmax as logarithms, never fitted on the patients it is judged
on. Scores are linear predictors without intercept, so that folds may be pooled; of a response of
more than two classes they are the probabilities of a multinomial regression.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from pet_mtl.classes import BINARY
from pet_mtl.errors import MetricError
from pet_mtl.evaluation.cohort import Bools, Floats, Patients, Training
from pet_mtl.evaluation.harmonising import harmonised
from pet_mtl.evaluation.regressions import Told, cox, logistic
from pet_mtl.evaluation.wording import counted

CROSS_FOLDS = 5

_SEED = 0
_LEAST_TRAINING = 10
_LEAST_CLASS = 3
_IMAGE_PENALTY = 0.01
_CLINICAL_PENALTY = 0.1
# Some twenty statistics that say much the same.
_RADIOMICS_PENALTY = 0.1


@dataclass(frozen=True)
class Baseline:
    """One simple rule.

    Attributes:
        key: Its name in evaluation.json.
        label: Its name for people.
        image: Attributes of Patients it reads under the true mask.
        clinical: Whether it reads the clinical covariates.
        radiomics: Whether it reads the handcrafted statistics under the true mask.
        combat: Whether ComBat, fitted on the same patients, takes the batches off its columns.
        penalty: Strength of the L2 penalty, per patient.
    """

    key: str
    label: str
    image: tuple[str, ...] = ()
    clinical: bool = False
    radiomics: bool = False
    combat: bool = False
    penalty: float = _IMAGE_PENALTY


BASELINES = (
    Baseline("suv_max", "SUVmax (true mask)", ("suv_max",)),
    Baseline("mtv", "MTV (true mask)", ("mtv_ml",)),
    Baseline("mtv_suv_max", "MTV + SUVmax (true mask)", ("mtv_ml", "suv_max")),
    Baseline("radiomics", "Radiomics (true mask)", radiomics=True, penalty=_RADIOMICS_PENALTY),
    Baseline("clinical", "Clinical covariates", clinical=True, penalty=_CLINICAL_PENALTY),
)


# Behind radiomics, where the patients have batches.
COMBAT = Baseline(
    "radiomics_combat",
    "Radiomics, ComBat",
    radiomics=True,
    combat=True,
    penalty=_RADIOMICS_PENALTY,
)


def baselines_for(patients: Patients) -> tuple[Baseline, ...]:
    """The baselines that patients are judged beside."""
    if not patients.batch:
        return BASELINES
    beside = ((one, COMBAT) if one.radiomics else (one,) for one in BASELINES)
    return tuple(baseline for pair in beside for baseline in pair)


def baseline_scores(
    baseline: Baseline, endpoint: str, patients: Patients, training: Training | None
) -> Floats:
    """Scores of a baseline for the evaluated patients.

    Args:
        baseline: Which one.
        endpoint: "survival" or "response".
        patients: The evaluated patients.
        training: What to fit on; None cross-fits among the evaluated patients themselves.

    Returns:
        (patients,) scores, higher is worse (survival) or more likely 1 (response); of more than
        two classes (patients, classes) probabilities, since no line rises with a class in the
        middle. NaN where a patient lacks every column.

    Raises:
        MetricError: The baseline cannot be fitted; the message says why.
    """
    return baseline_told(baseline, endpoint, patients, training).scores


def baseline_told(
    baseline: Baseline,
    endpoint: str,
    patients: Patients,
    training: Training | None,
    horizons: tuple[float, ...] = (),
) -> Told:
    """Scores and probabilities of a baseline for the evaluated patients.

    Args:
        baseline: Which one.
        endpoint: "survival" or "response".
        patients: The evaluated patients.
        training: What to fit on; None cross-fits among the evaluated patients themselves.
        horizons: Days at which survival is predicted.

    Returns:
        Scores as `baseline_scores`; the probability of response 1, or (patients, horizons) to
        live beyond each horizon. NaN where a patient lacks every column.

    Raises:
        MetricError: The baseline cannot be fitted; the message says why.
    """
    own = _columns(baseline, patients)
    source = training.patients if training else patients
    fit_on = _columns(baseline, source)
    names = _usable(baseline, own, fit_on)
    target, usable = _target(endpoint, source)
    inputs = _stack(fit_on, names)
    usable = usable & _complete(baseline, inputs)
    fit = _Fit(baseline.penalty, endpoint, patients.classes, horizons)
    queries = _stack(own, names)
    judged = _complete(baseline, queries) & _target(endpoint, patients)[1]
    found = fit.nothing(len(patients))
    for fitted, asked in _splits(endpoint, patients, training, usable, judged):
        rows, asking = inputs[fitted], queries[asked]
        if baseline.combat:
            rows, asking = harmonised(
                (rows, asking), (_batch(source)[fitted], _batch(patients)[asked])
            )
        told = fit.told(rows, target[fitted], asking)
        found.scores[asked], found.probability[asked] = told.scores, told.probability
    return found


def _batch(patients: Patients) -> NDArray[np.str_]:
    """(patients,) batches, "" where unknown."""
    return np.array(patients.batch or ("",) * len(patients), dtype=np.str_)


def fit_said(training: Training | None) -> str:
    """Where the baselines of an evaluation were fitted, in words."""
    if training:
        return f"fitted on {training.said}"
    return f"cross-fitted in {CROSS_FOLDS} folds of the evaluated patients"


def _columns(baseline: Baseline, patients: Patients) -> dict[str, Floats]:
    """The baseline's columns, NaN where absent."""
    columns = {name: getattr(patients, name) for name in baseline.image}
    columns = {name: np.log(np.where(v > 0, v, np.nan)) for name, v in columns.items()}
    columns |= patients.radiomics if baseline.radiomics else {}
    return columns | (patients.covariates if baseline.clinical else {})


def _usable(baseline: Baseline, own: dict[str, Floats], fit_on: dict[str, Floats]) -> list[str]:
    """Columns that both the fit and the evaluated patients have."""
    names = [
        name
        for name, values in fit_on.items()
        if name in own and np.isfinite(values).any() and np.isfinite(own[name]).any()
    ]
    if not names or (baseline.image and len(names) < len(baseline.image)):
        what = "clinical covariates" if baseline.clinical else "true masks"
        raise MetricError("BASELINE_NO_DATA", f"no {what} for these patients")
    return names


def _stack(columns: dict[str, Floats], names: list[str]) -> Floats:
    """(patients, columns)."""
    return np.stack([columns[name] for name in names], axis=1)


def _complete(baseline: Baseline, inputs: Floats) -> Bools:
    """Rows that can be used: all image values, or at least one covariate."""
    known = np.isfinite(inputs)
    return np.any(known, axis=1) if baseline.clinical else np.all(known, axis=1)


def _target(endpoint: str, patients: Patients) -> tuple[Floats, Bools]:
    """(patients, 2) time and event, or (patients, 1) class; and who has it."""
    if endpoint == "survival":
        return np.stack([patients.time_days, patients.event], axis=1), patients.has_survival
    return patients.response[:, None], patients.has_response


def _splits(
    endpoint: str, patients: Patients, training: Training | None, usable: Bools, judged: Bools
) -> Iterator[tuple[Bools, Bools]]:
    """Who is fitted on (rows of the training patients), and who is then scored."""
    if training is None:
        yield from _cross(endpoint, patients, usable)
    elif training.other_folds:
        for fold in np.unique(patients.fold[judged]):
            yield usable & (training.patients.fold != fold), judged & (patients.fold == fold)
    else:
        yield usable, judged


def _cross(endpoint: str, patients: Patients, usable: Bools) -> Iterator[tuple[Bools, Bools]]:
    """Stratified folds of the evaluated patients."""
    label = patients.event if endpoint == "survival" else patients.response
    rows = np.flatnonzero(usable)
    classes = np.unique(label[rows], return_counts=True)[1]
    if len(classes) < 2 and endpoint == "response":
        raise MetricError("BASELINE_ONE_CLASS", "only one class to fit on")
    if len(rows) < _LEAST_TRAINING or min(classes) < CROSS_FOLDS:
        raise MetricError(
            "BASELINE_FEW",
            f"too few patients to cross-fit in {CROSS_FOLDS} folds",
            expected=f"{_LEAST_TRAINING} patients, {CROSS_FOLDS} of each outcome",
            found=counted(len(rows), "patient"),
        )
    splitter = StratifiedKFold(CROSS_FOLDS, shuffle=True, random_state=_SEED)
    for train, test in splitter.split(np.zeros(len(rows)), label[rows]):
        fitted, asked = np.zeros(len(usable), bool), np.zeros(len(usable), bool)
        fitted[rows[train]], asked[rows[test]] = True, True
        yield fitted, asked


@dataclass(frozen=True)
class _Fit:
    """A regression that is fitted on some patients and asked of others."""

    penalty: float
    endpoint: str
    classes: int
    horizons: tuple[float, ...]

    @property
    def several(self) -> bool:
        """Whether the outcome is a response of more than two classes."""
        return self.endpoint == "response" and self.classes > BINARY

    def nothing(self, patients: int) -> Told:
        """What is said of patients as long as nothing is."""
        scores = (patients, self.classes) if self.several else (patients,)
        shape = (patients, len(self.horizons)) if self.endpoint == "survival" else scores
        return Told(np.full(scores, np.nan), np.full(shape, np.nan))

    def told(self, inputs: Floats, target: Floats, queries: Floats) -> Told:
        """Fits on some patients, asks of others."""
        _enough(target[:, -1], self.endpoint, self.classes if self.several else BINARY)
        middle = np.nanmedian(inputs, axis=0)
        filled = np.where(np.isfinite(inputs), inputs, middle)
        mean, deviation = filled.mean(axis=0), filled.std(axis=0)
        deviation[deviation == 0] = np.inf  # a constant column says nothing
        scaled = (filled - mean) / deviation
        asked = (np.where(np.isfinite(queries), queries, middle) - mean) / deviation
        if self.endpoint == "survival":
            return cox(scaled, target, asked, self.penalty, self.horizons)
        return logistic(scaled, target, asked, self.penalty, self.classes)


def _enough(label: Floats, endpoint: str, classes: int) -> None:
    """Refuses a fit that would be noise."""
    if classes > BINARY:
        _enough_classes(label)
        return
    ones = int(label.sum())
    zeros = len(label) - ones if endpoint == "response" else _LEAST_CLASS
    if len(label) < _LEAST_TRAINING or min(ones, zeros) < _LEAST_CLASS:
        raise MetricError(
            "BASELINE_FEW",
            "too few patients to fit a baseline",
            expected=f"{_LEAST_TRAINING} patients, {_LEAST_CLASS} of each outcome",
            found=f"{counted(len(label), 'patient')}, {ones} with the event or response",
        )


def _enough_classes(label: Floats) -> None:
    """Refuses a fit to several classes that would be noise."""
    others = len(label) - int(np.unique(label, return_counts=True)[1].max(initial=0))
    if len(label) < _LEAST_TRAINING or others < _LEAST_CLASS:
        raise MetricError(
            "BASELINE_FEW",
            "too few patients to fit a baseline",
            expected=f"{_LEAST_TRAINING} patients, {_LEAST_CLASS} outside the commonest class",
            found=f"{counted(len(label), 'patient')}, {others} outside it",
        )
