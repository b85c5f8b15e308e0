"""What is told of a cohort whose response has several classes."""

from pet_mtl.inspection.cohort import _per_class, _rare_classes
from pet_mtl.study import Outcome


def test_each_class_is_counted_where_there_are_more_than_two() -> None:
    outcomes = [Outcome(response=k) for k in (0, 2, 2, None, 3, 2)]
    counts = _per_class(outcomes)
    assert counts == {"per_class": {"0": 1, "2": 3, "3": 1}}
    assert _per_class([Outcome(response=1), Outcome(response=0), Outcome()]) == {}
    told = _rare_classes(counts["per_class"], 3)
    assert [line[:12] for line in told] == ["1 of class 0", "1 of class 3"]
