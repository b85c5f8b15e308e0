"""What an evaluation finds beyond the headline numbers: plain results, free of how they are made.

The report reads these, and so does evaluation.json. A number that could not be computed stays, with
its reason, so that nothing is silently left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pet_mtl.evaluation.cohort import Floats
from pet_mtl.metrics import (
    Accuracy,
    BlandAltman,
    CalibrationGroup,
    DecisionCurve,
    DetectionRates,
    Interval,
    Permutation,
)


@dataclass(frozen=True)
class Measure:
    """One number, or why there is none.

    Attributes:
        key: Its name in evaluation.json, such as "uno_c" or "brier_365".
        title: Its name for people, such as "Brier score at 365 days".
        interval: The number with its 95 % interval, or None.
        reason: Why it is None.
        patients: Patients behind it.
        method: How its interval was made, such as "bootstrap over patients" or "DeLong".
        reference: What the number is without a model, such as Kaplan-Meier's Brier score; None
            where there is no such thing.
        ideal: What a perfect model reaches; None where it is not a single number.
        too_few: Whether so few patients are behind it that its interval says nothing.
        details: More of it for evaluation.json, plain data, such as the days it covers.
    """

    key: str
    title: str
    interval: Interval | None = None
    reason: str = ""
    patients: int = 0
    method: str = ""
    reference: float | None = None
    ideal: float | None = None
    too_few: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Evidence:
    """Whether the model is shown to do better than chance.

    Attributes:
        verdict: "better than chance", "no evidence" or "worse than chance".
        said: The same with its numbers, one sentence.
    """

    verdict: str
    said: str


@dataclass(frozen=True)
class Calibration:
    """Predicted beside observed probability.

    Attributes:
        groups: Patients by prediction, the lowest first; of survival what is predicted and
            observed is the probability to live beyond the horizon.
        horizon_days: The day at which death is predicted; None of a response.
        reason: Why there are no groups.
    """

    groups: tuple[CalibrationGroup, ...]
    horizon_days: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class Decision:
    """Net benefit of deciding by a prediction.

    Attributes:
        curves: Label to its curve, the model first; all on the same patients.
        horizon_days: The day at which death is predicted; None of a response.
        patients: Patients behind every curve.
        reason: Why there are no curves, or which rivals are missing.
    """

    curves: Mapping[str, DecisionCurve]
    horizon_days: float | None = None
    patients: int = 0
    reason: str = ""


@dataclass(frozen=True)
class SurvivalFindings:
    """More of the predicted survival.

    Attributes:
        horizons_days: The days that are judged.
        horizons_said: Who chose them, in words.
        measures: Uno's C, dynamic AUC, Brier scores, calibration slope and ratio.
        calibration: One a horizon, where it could be computed.
        decision: One a horizon, likewise.
        permutation: Harrell's C against shuffled outcomes, or None.
        permutation_reason: Why it is None.
        evidence: What interval and permutation say of Harrell's C, or None.
    """

    horizons_days: tuple[float, ...] = ()
    horizons_said: str = ""
    measures: tuple[Measure, ...] = ()
    calibration: tuple[Calibration, ...] = ()
    decision: tuple[Decision, ...] = ()
    permutation: Permutation | None = None
    permutation_reason: str = ""
    evidence: Evidence | None = None


@dataclass(frozen=True)
class ResponseFindings:
    """More of the predicted response, of two classes.

    Attributes:
        measures: AUC with DeLong's interval, average precision, Brier score, calibration.
        accuracy: Sensitivity and specificity at a threshold chosen on other patients, or None.
        accuracy_reason: Why it is None.
        calibration: Or None.
        decision: Or None.
        permutation: AUC, of several classes macro AUC, against shuffled outcomes, or None.
        permutation_reason: Why it is None.
        evidence: What interval and permutation say of the AUC, or None.
        fold_thresholds: Fold to the threshold of its patients, where each has its own.
    """

    measures: tuple[Measure, ...] = ()
    accuracy: Accuracy | None = None
    accuracy_reason: str = ""
    calibration: Calibration | None = None
    decision: Decision | None = None
    permutation: Permutation | None = None
    permutation_reason: str = ""
    evidence: Evidence | None = None
    fold_thresholds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Agreement:
    """A volume or an uptake under the predicted mask beside that under the true one.

    Attributes:
        key: "mtv" or "tlg".
        title: With its unit.
        true: (patients,) under the true mask.
        predicted: (patients,) under the predicted one, positive.
        ratio: Bland-Altman of predicted over true.
        missed: Patients whose predicted mask is empty, who have no ratio.
        concordance: Lin's concordance correlation, or None.
        concordance_reason: Why it is None.
    """

    key: str
    title: str
    true: Floats
    predicted: Floats
    ratio: BlandAltman
    missed: int = 0
    concordance: Interval | None = None
    concordance_reason: str = ""


@dataclass(frozen=True)
class MaskFindings:
    """More of the predicted mask.

    Attributes:
        measures: HD95, surface Dice, centres found.
        detection: Lesions found, and false ones, or None.
        agreements: MTV and TLG, where they could be compared.
        gaps: Key of what of detection and agreements could not be computed, and why.
        tolerance_mm: Distance of surfaces that does not matter in surface Dice.
    """

    measures: tuple[Measure, ...] = ()
    detection: DetectionRates | None = None
    agreements: tuple[Agreement, ...] = ()
    gaps: Mapping[str, str] = field(default_factory=dict)
    tolerance_mm: float | None = None


@dataclass(frozen=True)
class Subgroup:
    """The headline numbers of some of the patients.

    Attributes:
        variable: What they are grouped by, such as "sex" or "lesion volume".
        label: Which group, such as "below 42 ml".
        patients: How many.
        measures: Harrell's C, AUC and mean Dice, as far as they are known.
    """

    variable: str
    label: str
    patients: int
    measures: tuple[Measure, ...] = ()


@dataclass(frozen=True)
class LeakCheck:
    """One check that the numbers could be known to be wrong by.

    Attributes:
        key: Such as "patient_in_two_folds".
        title: What was looked for, in a few words.
        verdict: "passed", "failed", "suspicious" or "not checked".
        said: What was found, or why it was not checked.
    """

    key: str
    title: str
    verdict: str
    said: str = ""


@dataclass(frozen=True)
class Findings:
    """All of it.

    Attributes:
        survival: Or None where the model was not judged on survival.
        response: Or None, likewise.
        mask: Or None, likewise.
        subgroups: Groups of patients.
        leaks: What was checked.
        leaks_allowed: Whether the user let numbers pass whatever the checks say.
    """

    survival: SurvivalFindings | None = None
    response: ResponseFindings | None = None
    mask: MaskFindings | None = None
    subgroups: tuple[Subgroup, ...] = ()
    leaks: tuple[LeakCheck, ...] = field(default_factory=tuple)
    leaks_allowed: bool = False
