"""Tables for a person and plain lines for a program hold the same cells."""

import pytest
from rich.console import Console

from pet_mtl.cli import _show

ROWS = [("a[b]", "refused", None), ("x\ny", True, [1.5, 2]), ("\x1b[31mred", 0.123456789, "")]


@pytest.fixture
def terminal(monkeypatch, capsys):
    monkeypatch.setattr(type(_show.sys.stdout), "isatty", lambda _self: True)
    monkeypatch.setattr(_show, "Console", lambda: Console(width=80, force_terminal=True))


def test_lines(capsys):
    _show.show_table("title", ("one", "two", "three"), ROWS)
    assert capsys.readouterr().out.splitlines() == [
        "a[b]\trefused\t-",
        "x y\tyes\t1.5, 2",
        "?[31mred\t0.123457\t-",
    ]


def test_table(capsys, terminal):
    _show.show_table("title", ("one", "two", "three"), ROWS)
    out = capsys.readouterr().out
    for text in ("title", "one", "a[b]", "1.5, 2", "?[31mred"):
        assert text in out
    refused = next(line for line in out.splitlines() if "a[b]" in line)
    assert "\x1b[31m" in refused


def test_facts_within_facts(capsys):
    _show.show_facts("", {"a": {"b": 1, "c": {"d": "x"}}, "e": [{"f": 2}], "g": {}, "h": None})
    said = capsys.readouterr().out.splitlines()
    assert said == ["a.b\t1", "a.c.d\tx", "e.0.f\t2", "g\t{}", "h\t-"]


def test_nothing_is_no_table(capsys):
    _show.show_table("title", ("one",), [])
    assert capsys.readouterr().out == ""
