"""Results that are better than what can be believed."""

from collections.abc import Iterator, Sequence

from pet_mtl.evaluation.findings import LeakCheck
from pet_mtl.evaluation.judging import Judged
from pet_mtl.evaluation.leaks.verdicts import PASSED, SUSPICIOUS, UNCHECKED
from pet_mtl.metrics import Interval

SUSPICIOUS_ABOVE = {"harrell_c": 0.90, "auc": 0.95, "macro_auc": 0.95}
FAR_ABOVE = 0.2

_CHECK = ("credible_results", "A result that is better than can be believed")


def check_results(endpoints: Sequence[Judged]) -> LeakCheck:
    """No number of the model is too good to be true.

    Args:
        endpoints: Survival and response, judged.

    Returns:
        Suspicious where a number is very high, above the true risk, or far above every baseline.
    """
    told = [one for one in endpoints if one.model.interval and not one.model.too_few]
    if not told:
        return LeakCheck(*_CHECK, UNCHECKED, "no number of enough patients")
    found = [
        f"{one.endpoint.title}: {text}"
        for one in told
        if one.model.interval
        for text in _suspicions(one, one.model.interval)
    ]
    if found:
        return LeakCheck(
            *_CHECK, SUSPICIOUS, f"{'; '.join(found)}; look for leakage of the outcome"
        )
    return LeakCheck(*_CHECK, PASSED, ", ".join(one.endpoint.title for one in told))


def _suspicions(judged: Judged, interval: Interval) -> Iterator[str]:
    """Numbers too good to be true."""
    limit = SUSPICIOUS_ABOVE[judged.endpoint.measure]
    if interval.value > limit:
        yield f"a value above {limit:.2f} is rare"
    oracles = [score for score in judged.scores if score.role == "oracle" and score.difference]
    if any(score.difference and score.difference.low > 0 for score in oracles[-1:]):
        yield "the model beats the true risk itself"
    rivals = [s.interval.value for s in judged.scores if s.role == "baseline" and s.interval]
    if rivals and not oracles and interval.value > max(rivals) + FAR_ABOVE:
        yield f"the model is more than {FAR_ABOVE} above every baseline"
