"""Numbers that are too good to be true."""

import numpy as np
import pytest

from pet_mtl.evaluation.endpoints import ENDPOINTS
from pet_mtl.evaluation.judging import Judged, Score
from pet_mtl.evaluation.leaks.credible import check_results
from pet_mtl.metrics import Interval


def _judged(value, endpoint=0, too_few=False, **rivals):
    def interval(number):
        return None if number is None else Interval(number, number - 0.05, number + 0.05, 60)

    scores = [Score("model", "This model", "model", interval(value), too_few=too_few)]
    for role, number in rivals.items():
        gap = None if value is None else interval(value - number)
        scores.append(Score(role, role, role, interval(number), difference=gap))
    return Judged(ENDPOINTS[endpoint], tuple(scores), rows=np.ones(50, bool))


@pytest.mark.parametrize(
    ("judged", "verdict", "said"),
    [
        (_judged(0.75), "passed", "Harrell's C"),
        (_judged(0.92), "suspicious", "above 0.90 is rare"),
        (_judged(0.92, endpoint=1), "passed", "AUC"),
        (_judged(0.97, endpoint=1), "suspicious", "above 0.95 is rare"),
        (_judged(0.80, baseline=0.55), "suspicious", "0.2 above every baseline"),
        (_judged(0.80, baseline=0.65), "passed", ""),
        (_judged(0.80, baseline=0.55, oracle=0.82), "passed", ""),
        (_judged(0.80, oracle=0.70), "suspicious", "beats the true risk itself"),
        (_judged(0.99, too_few=True), "not checked", "no number"),
        (_judged(None), "not checked", "no number"),
    ],
)
def test_verdicts(judged, verdict, said):
    found = check_results([judged])
    assert found.verdict == verdict and said in found.said
    assert ("look for leakage" in found.said) == (verdict == "suspicious")


def test_every_suspicion_is_told():
    found = check_results([_judged(0.95), _judged(0.99, endpoint=1)])
    assert "Harrell's C: " in found.said and "AUC: " in found.said
