"""Steps are reported now and then, and always the last one."""

import pytest

from pet_mtl.training import progress
from pet_mtl.training.progress import StepReporter, Steps


@pytest.mark.parametrize(("seconds_a_step", "expected"), [(0.125, 26), (1.0, 100)])
def test_at_most_twice_a_second(monkeypatch, seconds_a_step, expected):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    told = []
    reporter = StepReporter("mask", 0, 100, told.append)
    for step in range(100):
        now[0] += seconds_a_step
        reporter.on_train_batch_end(step)
    assert told[-1] == Steps("mask", 100, 100)
    assert len(told) == expected


def test_a_continued_stage_begins_where_it_stood():
    told = []
    StepReporter("joint", 80, 120, told.append).on_train_batch_end(0)
    assert told == [Steps("joint", 81, 120)]
