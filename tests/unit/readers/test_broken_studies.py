"""Every broken study is right, warned of or refused as docs/broken-studies.md says."""

from pathlib import Path

import numpy as np
import pytest
from mutations.enhanced import enhanced, legacy
from mutations.expected import Mutation, agrees, outcome
from mutations.study import Study
from mutations.table import all_mutations

from pet_mtl.errors import StudyError
from pet_mtl.readers import find_one, read_study

MUTATIONS = all_mutations()


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_broken_study(tmp_path: Path, mutation: Mutation) -> None:
    seen = outcome(mutation, tmp_path / "study")
    assert agrees(seen, mutation.expected), f"{seen} is not {mutation.expected}"


@pytest.mark.parametrize("seed", range(40))
def test_random_damage_is_refused_or_read_but_never_a_crash(tmp_path: Path, seed: int) -> None:
    """Bytes of one file changed at random, or its end cut off, in each kind of object."""
    rng = np.random.default_rng(seed)
    study = Study(tmp_path / "study")
    (lambda study: None, legacy(), enhanced(), lambda study: None)[seed % 4](study)
    path = study.struct if seed % 4 == 3 else study.slices[rng.integers(len(study.slices))]
    content = bytearray(path.read_bytes())
    for place in rng.integers(132, len(content), rng.choice((1, 5, 20))):
        content[place] = rng.integers(256)
    kept = len(content) if rng.random() < 0.8 else int(rng.integers(len(content)))
    path.write_bytes(bytes(content[:kept]))
    try:
        assert read_study(find_one(tmp_path / "study")).suv.ndim == 3
    except StudyError as error:
        assert error.problem.todo


def test_names_are_unique_and_many() -> None:
    names = [mutation.name for mutation in MUTATIONS]
    assert len(set(names)) == len(names) >= 60
