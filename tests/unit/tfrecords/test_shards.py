"""Folds are a partition of the patients, even, stable, and blind to pseudonyms."""

import dataclasses
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pet_mtl.tfrecords.shards import SHARD_PATTERN, Member, patient_groups, plan_shards

members = st.lists(
    st.builds(
        lambda patient, content, event, response, mask: (patient, content, event, response, mask),
        st.integers(0, 12).map(lambda i: (str(i),)), st.integers(0, 40).map(str),
        st.none() | st.booleans(), st.none() | st.integers(0, 1), st.booleans(),
    ),
    min_size=1, max_size=30,
).map(lambda rows: [Member(f"id{i:02d}", f"n{i}", *row) for i, row in enumerate(rows)])  # fmt: skip


@given(members, st.integers(1, 6), st.integers(0, 5), st.integers(1, 5), st.randoms())
def test_partition(cohort, folds, seed, per_shard, random):
    plan = plan_shards(cohort, folds, seed, record_bytes=10, shard_bytes=10 * per_shard)
    placed = [name for shard in plan.shards for name in shard.sample_ids]
    assert sorted(placed) == sorted(m.sample_id for m in cohort)
    assert plan.folds <= folds
    assert {shard.fold for shard in plan.shards} == set(range(plan.folds))
    fold = plan.fold_of()
    for key in ("patients", "content"):
        homes = {(getattr(m, key), fold[m.sample_id]) for m in cohort}
        assert len(homes) == len({getattr(m, key) for m in cohort})
    together = {frozenset(m.sample_id for m in group) for group in patient_groups(cohort)}
    assert {name: min(group) for group in together for name in group} == plan.patient_of
    for shard in plan.shards:
        assert 1 <= len(shard.sample_ids) <= per_shard
        assert SHARD_PATTERN.fullmatch(shard.name)
    shuffled = list(cohort)
    random.shuffle(shuffled)
    assert plan == plan_shards(shuffled, folds, seed, 10, 10 * per_shard)


def cohort_of(count, rename=lambda i: f"id{i}", image="c"):
    return [
        Member(
            rename(i),
            f"n{i}",
            (f"p{i}",),
            f"{image}{i}",
            event=i % 3 == 0,
            response=i % 2,
            has_mask=i % 5 == 0,
        )
        for i in range(count)
    ]


def test_classes_are_spread_evenly():
    cohort = cohort_of(60)
    fold = plan_shards(cohort, 5, 1, 1, 100).fold_of()
    for label in ("event", "response"):
        counts = Counter((fold[m.sample_id], getattr(m, label)) for m in cohort)
        for value in (0, 1):
            sizes = [counts[f, value] for f in range(5)]
            assert max(sizes) - min(sizes) <= 2, (label, value, sizes)
    assert set(Counter(fold.values()).values()) == {12}


def test_folds_depend_on_seed_and_names_but_not_on_pseudonyms_or_images():
    def folds(seed, rename, image="c"):
        cohort = cohort_of(40, rename, image)
        fold = plan_shards(cohort, 4, seed, 1, 100).fold_of()
        return [fold[m.sample_id] for m in cohort]

    assert folds(1, lambda i: f"id{i}") == folds(1, lambda i: f"{-i}")
    assert folds(1, lambda i: f"id{i}") == folds(1, lambda i: f"id{i}", image="other")
    assert folds(1, lambda i: f"id{i}") != folds(2, lambda i: f"id{i}")


def test_members_of_groups_are_dealt_by_them():
    groups = ["north", "south", "west"]
    cohort = [dataclasses.replace(m, group=groups[i % 3]) for i, m in enumerate(cohort_of(20))]
    plan = plan_shards(cohort, 7, 1, 1, 100)
    fold = plan.fold_of()
    assert plan.folds == 3
    assert {(fold[m.sample_id], m.group) for m in cohort} == set(enumerate(groups))


def test_a_patient_of_two_groups_stays_whole():
    rows = [("a", "p", "x"), ("b", "p", "y"), ("c", "p", "y"), ("d", "q", "x"), ("e", "r", "y")]
    cohort = [Member(n, n, (p,), f"image {n}", group=group) for n, p, group in rows]
    assert plan_shards(cohort, 2, 0, 1, 100).fold_of() == {"d": 0, "a": 1, "b": 1, "c": 1, "e": 1}


def test_the_order_in_a_fold_tells_nothing_of_the_names():
    plan = plan_shards(cohort_of(12), 2, 0, 1, 100)
    assert all(list(s.sample_ids) == sorted(s.sample_ids) for s in plan.shards)


def test_shards_of_a_fold_are_balanced_and_numbered():
    plan = plan_shards(cohort_of(10), 1, 0, record_bytes=10, shard_bytes=40)
    assert [len(s.sample_ids) for s in plan.shards] == [3, 4, 3]
    assert [s.name for s in plan.shards][1] == "pet_mtl-fold_0.tfrecord-00001-of-00003"


def test_one_patient_under_two_images_and_one_image_under_two_patients_stay_together():
    rows = [("a", "p1", "c1"), ("b", "p1", "c2"), ("c", "p2", "c2")]
    cohort = [Member(name, f"name {name}", (patient,), image) for name, patient, image in rows]
    assert [len(group) for group in patient_groups(cohort)] == [3]


def test_a_patient_of_two_names_joins_the_studies_of_either():
    rows = [("a", ("A", "P1")), ("b", ("P1",)), ("c", ("A", "C")), ("d", ("D",))]
    cohort = [Member(name, name, patients, f"image {name}") for name, patients in rows]
    groups = patient_groups(cohort)
    assert sorted("".join(m.name for m in group) for group in groups) == ["abc", "d"]
