"""Sorting files to studies: the same whoever is tried, and no study is tried in vain."""

import random
from pathlib import Path

import pytest

from pet_mtl.readers.headers import PET_IMAGE, RT_STRUCTURE_SET
from pet_mtl.readers.layouts.joining import Group, join
from pet_mtl.readers.layouts.peek import Peek
from pet_mtl.readers.layouts.places import Place


def _pet(number: int, folder: Path) -> Peek:
    return Peek(
        folder / f"pet{number}", PET_IMAGE, "PT", f"P{number}",
        f"study{number}", f"series{number}", f"frame{number}",
    )  # fmt: skip


def _outline(number: int, folder: Path, tie: str) -> Peek:
    """An outline that is tied to the PET of its number in one way."""
    return Peek(
        folder / f"rt{number}", RT_STRUCTURE_SET, "RTSTRUCT", f"P{number}",
        study=f"study{number}" if tie == "study" else f"other{number}",
        frame=f"frame{number}" if tie == "frame" else "",
        refers=frozenset({f"series{number}"} if tie == "series" else ()),
    )  # fmt: skip


@pytest.mark.parametrize("apart", [False, True])
def test_only_studies_that_share_a_uid_are_tried(
    monkeypatch: pytest.MonkeyPatch, apart: bool
) -> None:
    tried: list[int] = []
    real = Group.tie
    monkeypatch.setattr(Group, "tie", lambda group, peek: tried.append(1) or real(group, peek))
    root, other = Path("/flat"), Path("/outlines")
    ties = [random.Random(1).choice(("study", "frame", "series")) for _ in range(60)]
    pets = [_pet(number, root) for number in range(60)]
    outlines = [_outline(n, other if apart else root, tie) for n, tie in enumerate(ties)]
    places = [Place(root, False, (*pets, *(() if apart else outlines)))]
    places += [Place(other, False, tuple(outlines))] if apart else []
    joined = join(places, frozenset())
    assert (joined.strays, joined.without_pet) == ((), ())
    for group in joined.groups:
        (found,) = group.others
        assert found.patient_id == group.patient_id
    assert len(tried) <= 2 * len(outlines)


def test_a_study_of_the_same_place_comes_first() -> None:
    """A copy of a PET elsewhere has the same UIDs."""
    here, there = Path("/a"), Path("/b")
    places = [
        Place(there, True, (_pet(1, there),)),
        Place(here, True, (_pet(1, here), _outline(1, here, "frame"))),
    ]
    first, second = join(places, frozenset()).groups
    assert (len(first.others), len(second.others)) == (0, 1)
