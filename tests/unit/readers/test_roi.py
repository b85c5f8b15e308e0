from dataclasses import dataclass

import pytest

from pet_mtl.readers.roi import has_number, parts_of, select


@dataclass(frozen=True)
class Named:
    name: str
    number: int | None


ITEMS = (
    Named("GTV", 1),
    Named("GTV node [L]", 2),
    Named("liver", 5),
    Named("7", 3),
    Named("Mass, left", 4),
    Named("", None),
)


@pytest.mark.parametrize(
    ("roi", "expected"),
    [
        ("gtv", [0]),
        ("GTV*", [0, 1]),
        ("gtv node [l]", [1]),
        ("gtv node l", []),
        ("liver,GTV", [0, 2]),
        ("LIVE?", [2]),
        ("LIVE", []),
        ("2", [1]),
        (" 5 , 1 ", [0, 2]),
        ("7", [3]),
        ("3", [3]),
        ("1*", []),
        ("Mass, left", [4]),
        ("Mass, right", []),
        ("Mass* left", [4]),
        ("liver,liver,5", [2]),
        ("*", [0, 1, 2, 3, 4, 5]),
        ("nothing, 9", []),
        (",", []),
    ],
)
def test_select(roi: str, expected: list[int]) -> None:
    assert select(roi, ITEMS) == tuple(ITEMS[place] for place in expected)


def test_a_number_before_a_name_of_digits() -> None:
    items = (Named("2", 1), Named("x", 2))
    assert select("2", items) == (items[1],)
    assert select("2*", items) == (items[0],)


def test_parts() -> None:
    assert parts_of("a*, 2 ,,b c") == ("a*", "2", "b c")
    assert has_number("a,2") and not has_number("a,b2")
