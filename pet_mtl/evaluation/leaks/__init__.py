"""Checks by which numbers are known to be wrong before anybody believes them.

One file a question; each check says what it found, or why it could not look. What conversion
refuses or keeps together already is held against the result here, not done again.
"""

from collections.abc import Sequence

from pet_mtl.evaluation.findings import LeakCheck
from pet_mtl.evaluation.judging import Judged
from pet_mtl.evaluation.leaks.covariates import check_covariates
from pet_mtl.evaluation.leaks.credible import check_results
from pet_mtl.evaluation.leaks.evidence import Evidence, gather
from pet_mtl.evaluation.leaks.fitted import check_dataset, check_segmenter, check_threshold
from pet_mtl.evaluation.leaks.folds import check_held_out, check_patients
from pet_mtl.evaluation.leaks.images import check_images
from pet_mtl.evaluation.leaks.seen import check_seen, check_twice, judged_images
from pet_mtl.evaluation.leaks.verdicts import FAILED, PASSED, SUSPICIOUS, UNCHECKED, failed

__all__ = [
    "FAILED",
    "PASSED",
    "SUSPICIOUS",
    "UNCHECKED",
    "Evidence",
    "failed",
    "find_leaks",
    "gather",
]


def find_leaks(evidence: Evidence, endpoints: Sequence[Judged]) -> tuple[LeakCheck, ...]:
    """All checks that belong to a run, or to predictions.

    Args:
        evidence: What they look at.
        endpoints: Survival and response, judged.

    Returns:
        One verdict a check, always in the same order.
    """
    both = (
        check_threshold(evidence.cohort),
        check_covariates(evidence.cohort.patients),
        check_results(endpoints),
    )
    if evidence.run is None:
        images = judged_images(evidence)
        return (check_seen(evidence, images), check_twice(images), *both)
    return (
        check_patients(evidence),
        check_held_out(evidence),
        check_dataset(evidence),
        check_segmenter(evidence),
        check_images(evidence),
        *both,
    )
