"""The inner split: every kind of patient by its share, and no patient on both sides."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pet_mtl.training.inner import validation_ids

Rows = dict[str, dict[str, str]]


def cohort(patients: int, seed: int, twice: float = 0.0) -> Rows:
    """Rows of studies.csv; a share of the patients has two studies."""
    random = np.random.default_rng(seed)
    rows = {}
    for number in range(patients):
        labels = {
            "has_mask": str(random.integers(2)), "has_survival": "1",
            "event": str(random.integers(2)), "response": random.choice(["", "0", "1"]),
        }  # fmt: skip
        for study in range(1 + (random.random() < twice)):
            rows[f"s{number:03d}{study}"] = {**labels, "patient": f"s{number:03d}0"}
    return rows


def kind(row: dict[str, str]) -> tuple[str, str, str]:
    return row["has_mask"], row["event"], row["response"]


@given(st.integers(0, 10**6), st.integers(150, 300))
def test_every_kind_by_its_share(seed: int, patients: int) -> None:
    rows = cohort(patients, seed)
    chosen = validation_ids(rows, seed)
    everywhere, held = Counter(map(kind, rows.values())), Counter(kind(rows[n]) for n in chosen)
    for what, count in everywhere.items():
        # Equal distances along the order miss a share by less than one at either end.
        assert abs(held[what] - 0.12 * count) < 2
    assert abs(len(chosen) - 0.12 * patients) <= 1


@given(st.integers(0, 10**6))
def test_a_patient_is_on_one_side(seed: int) -> None:
    rows = cohort(150, seed, twice=0.5)
    chosen = validation_ids(rows, seed)
    assert chosen
    held = {rows[name]["patient"] for name in chosen}
    assert not held & {row["patient"] for name, row in rows.items() if name not in chosen}


def test_the_split_depends_on_the_seed_alone() -> None:
    rows = cohort(200, 1)
    backwards = dict(reversed(rows.items()))
    assert validation_ids(rows, 5) == validation_ids(backwards, 5) != validation_ids(rows, 6)


def test_rows_without_the_column_patient_are_patients_of_their_own() -> None:
    rows = {name: {k: v for k, v in row.items() if k != "patient"} for name, row in
            cohort(200, 2).items()}  # fmt: skip
    assert validation_ids(rows, 3) == validation_ids(cohort(200, 2), 3)


@pytest.mark.parametrize("patients", [1, 20])
def test_too_few_to_choose_by(patients: int) -> None:
    assert not validation_ids(cohort(patients, 0), 0)
