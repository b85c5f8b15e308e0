"""What a prediction is worth, in numpy, and scipy where numpy has no such function.

One file a metric. Each refuses NaN and undefined inputs with a MetricError: who leaves out
patients decides that, and says so, before the metric sees them.
"""

from pet_mtl.metrics._groups import CalibrationGroup
from pet_mtl.metrics.agreement import (
    BlandAltman,
    bland_altman,
    concordance_correlation,
    concordance_correlation_interval,
)
from pet_mtl.metrics.binary_brier import (
    BrierParts,
    binary_brier_score,
    brier_parts,
    scaled_brier_score,
)
from pet_mtl.metrics.bootstrap import (
    Interval,
    bootstrap_interval,
    paired_difference,
    percentile_interval,
    replicates,
)
from pet_mtl.metrics.brier import brier_score, integrated_brier_score
from pet_mtl.metrics.calibration import (
    calibration_groups,
    calibration_intercept,
    calibration_slope,
    expected_calibration_error,
)
from pet_mtl.metrics.censoring import (
    KaplanMeier,
    censoring_distribution,
    kaplan_meier,
    kaplan_meier_interval,
)
from pet_mtl.metrics.concordance import ConcordancePairs, concordance_index, concordance_pairs
from pet_mtl.metrics.decision import DecisionCurve, decision_curve, survival_decision_curve
from pet_mtl.metrics.delong import AucComparison, auc_interval, auc_variance, compare_aucs
from pet_mtl.metrics.detection import (
    Detection,
    DetectionRates,
    centre_inside,
    detect_lesions,
    detection_rates,
)
from pet_mtl.metrics.dice import dice
from pet_mtl.metrics.dynamic_auc import cumulative_dynamic_auc
from pet_mtl.metrics.epoch import EpochOutcomes
from pet_mtl.metrics.lesion import SURFACE_TOLERANCE_MM, MaskComparison, compare_masks
from pet_mtl.metrics.permutation import Permutation, Shuffles, permutation_test
from pet_mtl.metrics.precision import average_precision, precision_recall_curve
from pet_mtl.metrics.proportion import wilson_interval
from pet_mtl.metrics.resampled import (
    auc_replicates,
    brier_replicates,
    concordance_replicates,
    dynamic_auc_replicates,
    macro_auc_replicates,
    resample_counts,
    uno_replicates,
)
from pet_mtl.metrics.roc import macro_auc, roc_auc, roc_auc_rows, roc_curve
from pet_mtl.metrics.surface import hausdorff_95, surface_dice, surface_distances
from pet_mtl.metrics.survival_calibration import (
    observed_over_expected,
    survival_calibration_groups,
    survival_calibration_slope,
)
from pet_mtl.metrics.threshold import (
    Accuracy,
    Threshold,
    accuracy_at,
    sensitivity_threshold,
    youden_threshold,
)
from pet_mtl.metrics.uno import uno_c

__all__ = [
    "SURFACE_TOLERANCE_MM",
    "Accuracy",
    "AucComparison",
    "BlandAltman",
    "BrierParts",
    "CalibrationGroup",
    "ConcordancePairs",
    "DecisionCurve",
    "Detection",
    "DetectionRates",
    "EpochOutcomes",
    "Interval",
    "KaplanMeier",
    "MaskComparison",
    "Permutation",
    "Shuffles",
    "Threshold",
    "accuracy_at",
    "auc_interval",
    "auc_replicates",
    "auc_variance",
    "average_precision",
    "binary_brier_score",
    "bland_altman",
    "bootstrap_interval",
    "brier_parts",
    "brier_replicates",
    "brier_score",
    "calibration_groups",
    "calibration_intercept",
    "calibration_slope",
    "censoring_distribution",
    "centre_inside",
    "compare_aucs",
    "compare_masks",
    "concordance_correlation",
    "concordance_correlation_interval",
    "concordance_index",
    "concordance_pairs",
    "concordance_replicates",
    "cumulative_dynamic_auc",
    "decision_curve",
    "detect_lesions",
    "detection_rates",
    "dice",
    "dynamic_auc_replicates",
    "expected_calibration_error",
    "hausdorff_95",
    "integrated_brier_score",
    "kaplan_meier",
    "kaplan_meier_interval",
    "macro_auc",
    "macro_auc_replicates",
    "observed_over_expected",
    "paired_difference",
    "percentile_interval",
    "permutation_test",
    "precision_recall_curve",
    "replicates",
    "resample_counts",
    "roc_auc",
    "roc_auc_rows",
    "roc_curve",
    "scaled_brier_score",
    "sensitivity_threshold",
    "surface_dice",
    "surface_distances",
    "survival_calibration_groups",
    "survival_calibration_slope",
    "survival_decision_curve",
    "uno_c",
    "uno_replicates",
    "wilson_interval",
    "youden_threshold",
]
