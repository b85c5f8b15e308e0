"""What a prediction is worth, in numpy alone.

One file a metric. Each refuses NaN and undefined inputs with a MetricError: who leaves out
patients decides that, and says so, before the metric sees them.
"""

from pet_mtl.metrics.bootstrap import (
    Interval,
    bootstrap_interval,
    paired_difference,
    percentile_interval,
    replicates,
)
from pet_mtl.metrics.concordance import ConcordancePairs, concordance_index, concordance_pairs
from pet_mtl.metrics.dice import dice
from pet_mtl.metrics.roc import roc_auc, roc_curve

__all__ = [
    "ConcordancePairs",
    "Interval",
    "bootstrap_interval",
    "concordance_index",
    "concordance_pairs",
    "dice",
    "paired_difference",
    "percentile_interval",
    "replicates",
    "roc_auc",
    "roc_curve",
]
