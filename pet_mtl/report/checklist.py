"""Reporting checklists, filled as far as the evaluation knows."""

import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

from pet_mtl.report.page import FILLED, PARTLY, TO_WRITE, Checklist, Item

NAMES = ("tripod_ai", "claim_2024")


def filled(name: str, facts: Mapping[str, str]) -> Checklist:
    """A checklist with what is known written beside each item.

    Args:
        name: "tripod_ai" or "claim_2024".
        facts: Key to a sentence or more; the keys that items name. What is not known is absent.

    Returns:
        Each item as filled, as partly filled where a person must add something, or as to be
        written where nothing is known.

    Source:
        TRIPOD+AI: Collins et al., BMJ 385 (2024) e078378, doi:10.1136/bmj-2023-078378.
        CLAIM: Tejani et al., Radiol Artif Intell 6 (2024) e240300, doi:10.1148/ryai.240300.
    """
    content = _content(name)
    items = tuple(_item(one, facts) for one in content["items"])
    return Checklist(name, content["title"], content["citation"], content["doi"], items)


def fact_keys() -> frozenset[str]:
    """Every key that an item of any checklist asks for."""
    return frozenset(
        key for name in NAMES for one in _content(name)["items"] for key in one["facts"]
    )


def _item(one: Mapping[str, Any], facts: Mapping[str, str]) -> Item:
    """One item with its answer."""
    known = list(dict.fromkeys(facts[key] for key in one["facts"] if facts.get(key)))
    if one["write"]:
        known_or_not = PARTLY if known else TO_WRITE
        said = " ".join([*known, f"To write: {one['write']}."])
        return Item(one["number"], one["part"], one["text"], said, known_or_not)
    if not known:
        return Item(one["number"], one["part"], one["text"], "Not known here.", TO_WRITE)
    return Item(one["number"], one["part"], one["text"], " ".join(known), FILLED)


def _content(name: str) -> dict[str, Any]:
    """The checklist as it is stored."""
    path = resources.files("pet_mtl.report").joinpath("checklists", f"{name}.json")
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return content
