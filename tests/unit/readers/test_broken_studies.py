"""Every broken study is right, warned of or refused as docs/broken-studies.md says."""

from pathlib import Path

import pytest
from mutations.expected import Mutation, agrees, outcome
from mutations.table import all_mutations

MUTATIONS = all_mutations()


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_broken_study(tmp_path: Path, mutation: Mutation) -> None:
    seen = outcome(mutation, tmp_path / "study")
    assert agrees(seen, mutation.expected), f"{seen} is not {mutation.expected}"


def test_names_are_unique_and_many() -> None:
    names = [mutation.name for mutation in MUTATIONS]
    assert len(set(names)) == len(names) >= 60
