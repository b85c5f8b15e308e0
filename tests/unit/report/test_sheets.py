"""Breaking text into lines, and a table's width into columns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pet_mtl.report.sheets import BODY, TEXT_IN, column_widths, width_in, wrapped

TEXTS = st.text(st.characters(codec="latin-1", categories=("L", "N", "P", "Zs")), max_size=120)


@given(TEXTS, st.floats(0.5, 6.0))
def test_lines_fit_and_lose_no_letter(text, room):
    lines = wrapped(text, BODY, room)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(width_in(line, BODY) <= room + 1e-6 for line in lines)


@given(st.lists(st.lists(TEXTS, min_size=3, max_size=3), min_size=1, max_size=6))
def test_columns_fill_at_most_the_page(rows):
    widths = column_widths(rows)
    assert len(widths) == 3 and min(widths) > 0
    assert sum(widths) <= TEXT_IN + 1e-6


def test_narrow_tables_are_not_stretched():
    first, second = column_widths([("a", "bb"), ("ccc", "d")])
    assert first < 0.5 and second < 0.5


def test_long_cells_share_what_short_ones_leave():
    short, long = column_widths([("x", "word " * 100)])
    assert long == pytest.approx(TEXT_IN - short - 0.14, abs=0.01) and long > 10 * short
