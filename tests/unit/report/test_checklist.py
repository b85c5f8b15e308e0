"""Checklists: all items are there, and none is called filled that is not."""

import pytest

from pet_mtl.report import fact_keys, filled

TRIPOD = [
    *("1", "2", "3a", "3b", "3c", "4", "5a", "5b", "6a", "6b", "6c", "7", "8a", "8b", "8c"),
    *("9a", "9b", "9c", "10", "11", "12a", "12b", "12c", "12d", "12e", "12f", "12g", "13", "14"),
    *("15", "16", "17", "18a", "18b", "18c", "18d", "18e", "18f", "19", "20a", "20b", "20c"),
    *("21", "22", "23a", "23b", "24", "25", "26", "27a", "27b", "27c"),
]


@pytest.mark.parametrize(
    ("name", "numbers", "doi"),
    [
        ("tripod_ai", TRIPOD, "10.1136/bmj-2023-078378"),
        ("claim_2024", [str(n) for n in range(1, 45)], "10.1148/ryai.240300"),
    ],
)
def test_every_item_is_there_in_order(name, numbers, doi):
    checklist = filled(name, {})
    assert [item.number for item in checklist.items] == numbers
    assert checklist.doi == doi and checklist.citation.endswith(".")
    assert all(item.text and item.part for item in checklist.items)


@pytest.mark.parametrize("name", ["tripod_ai", "claim_2024"])
def test_nothing_known_is_nothing_filled(name):
    checklist = filled(name, {})
    assert checklist.count("to write") == len(checklist.items)
    assert all(item.answer for item in checklist.items)


@pytest.mark.parametrize("name", ["tripod_ai", "claim_2024"])
def test_what_needs_a_person_is_never_called_filled(name):
    checklist = filled(name, dict.fromkeys(fact_keys(), "Known."))
    for item in checklist.items:
        assert (item.status == "filled") == ("To write:" not in item.answer)
    counted = [checklist.count(status) for status in ("filled", "partly", "to write")]
    assert sum(counted) == len(checklist.items) and min(counted) > 5
    ethics = {"tripod_ai": "17", "claim_2024": "44"}[name]
    (item,) = [item for item in checklist.items if item.number == ethics]
    assert item.status == "to write"
