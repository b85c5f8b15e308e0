"""Progress goes to standard error, sparingly where nobody watches."""

import sys

import pytest

from pet_mtl.cli import _progress
from pet_mtl.cli._progress import progress, reports


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test moves."""
    now = [0.0]
    monkeypatch.setattr(_progress.time, "monotonic", lambda: now[0])
    return now


def test_plain_lines(clock, capsys):
    with progress(100, "reading") as advance:
        for _ in range(100):
            clock[0] += 1.0
            advance()
    said = capsys.readouterr()
    assert said.out == ""
    lines = said.err.splitlines()
    assert lines[0] == "reading: 5 of 100"
    assert lines[-1] == "reading: 100 of 100"
    assert len(lines) == 20


def test_short_work_says_only_that_it_is_done(clock, capsys):
    with progress(3, "reading") as advance:
        for _ in range(3):
            advance()
    assert capsys.readouterr().err == "reading: 3 of 3\n"


def test_nothing_to_do_says_nothing(capsys):
    with progress(0, "reading") as advance:
        advance()
    assert capsys.readouterr().err == ""


def test_a_bar_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress(2, "reading") as advance:
        advance()
        advance()
    said = capsys.readouterr()
    assert said.out == ""
    assert "reading" in said.err and "2/2" in said.err


class _Steps:
    """As `pet_mtl.training.progress.Steps`, without loading Keras."""

    def __init__(self, label, done, total):
        self.label, self.done, self.total = label, done, total


def test_training_tells_only_lines_where_nobody_watches(capsys):
    with reports() as report:
        report("fold 0: training")
        report(_Steps("fold 0 mask", 3, 240))
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "fold 0: training\n")


def test_training_shows_the_stage_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with reports() as report:
        report("fold 0: [not markup]")
        for done in (1, 240):
            report(_Steps("fold 0 mask", done, 240))
        report(_Steps("fold 0 joint", 7, 120))
    said = capsys.readouterr()
    assert said.out == ""
    assert "fold 0: [not markup]" in said.err
    assert "fold 0 joint" in said.err and "7/120" in said.err
