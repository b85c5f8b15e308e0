"""Context cubes cut away from the lesion, in the batches of the mask stage and nowhere else."""

import numpy as np
import pytest
import tensorflow as tf

from pet_mtl.augment import Elsewhere
from pet_mtl.training.batches import BatchPlan, in_memory, plain_batches, training_batches

SIZE, ROOM = 4, 3
PLAN = BatchPlan(4, False, 1e4, 3)
SHOWN = BatchPlan(4, False, 1e4, 3, elsewhere=0.5)


def patients(present=(2, 0, 3, 1), ct=False):
    """Patient n holds n.0 in its cubes and n.1, n.2, ... in those cut elsewhere."""
    cube = (SIZE,) * 3 + (1,)
    rows = []
    for n, count in enumerate(present, start=1):
        own = np.full(cube, n, float)
        away = np.stack([np.full(cube, n + (k + 1) / 10) for k in range(ROOM)])
        row = {"fine": own, "context": own, "elsewhere": away}
        for scale, cubes in (("fine", own), ("context", own), ("elsewhere", away)):
            row |= {f"{scale}_valid": np.ones_like(cubes)}
            row |= {f"{scale}_mask": np.full_like(cubes, scale != "elsewhere")}
            if ct:
                row |= {f"{scale}_ct": -row[scale], f"{scale}_ct_valid": np.ones_like(cubes)}
        row |= {"has_elsewhere": np.arange(ROOM) < count, "has_ct": 1.0, "event": 1.0}
        row |= {n: 1.0 for n in ("has_mask", "has_survival", "has_response", "time_days")}
        rows.append(row | {"response": 0.0})
    if not ct:
        rows = [{name: v for name, v in row.items() if name != "has_ct"} for row in rows]
    columns = {n: np.stack([row[n] for row in rows]).astype(np.float32) for n in rows[0]}
    return in_memory(tf.data.Dataset.from_tensor_slices(columns))


def shown(batches, take=1):
    """Of every patient of some batches: its number, its context and its context mask."""
    seen = []
    for inputs, targets, _ in batches.take(take):
        contexts = inputs["context"].numpy()[:, 0, 0, 0, 0]
        fines = inputs["fine"].numpy()[:, 0, 0, 0, 0]
        masks = targets["mask"].numpy()[:, 0, 0, 0, :2]
        seen += [(f, c, *m) for f, c, m in zip(fines, contexts, masks, strict=True)]
    return seen


def test_the_mask_stage_sees_them_as_often_as_asked_each_with_its_mask():
    rows = shown(training_batches(patients(), 4, (), SHOWN), 60)
    replaced = [row for row in rows if row[0] != row[1]]
    for fine, context, fine_mask, context_mask in rows:
        assert fine_mask == 1 and context_mask == (fine == context)
        assert int(context) == fine
    counts = {n: sum(row[0] == n for row in replaced) for n in (1, 2, 3, 4)}
    assert counts[2] == 0  # has none
    assert all(15 <= counts[n] <= 45 for n in (1, 3, 4))
    kinds = {round(float(row[1]), 1) for row in replaced}
    assert kinds == {1.1, 1.2, 3.1, 3.2, 3.3, 4.1}  # only those there are


def test_they_are_the_same_under_the_same_seed():
    one, two = (shown(training_batches(patients(), 4, (), SHOWN), 5) for _ in range(2))
    assert one == two


@pytest.mark.parametrize("made", [plain_batches, lambda p, plan: training_batches(p, 4, (), plan)])
def test_other_stages_never_see_them(made):
    rows = shown(made(patients(), PLAN), 20)
    assert rows and all(row[0] == row[1] for row in rows)
    inputs, targets, _ = next(iter(made(patients(), PLAN)))
    assert not [name for name in (*inputs, *targets) if "elsewhere" in name]


def test_inner_validation_reads_every_patient_both_ways():
    rows = shown(plain_batches(patients(), SHOWN), 9)
    assert [row[1] for row in rows[:4]] == [1, 2, 3, 4]
    assert [int(row[1]) for row in rows[4:]] == [1, 2, 3, 4]
    assert [row[0] != row[1] for row in rows[4:]] == [True, False, True, True]


def test_ct_moves_along():
    plan = BatchPlan(4, False, 1e4, 3, ct=True, elsewhere=1.0)
    inputs, _, _ = next(iter(training_batches(patients(ct=True), 4, (), plan)))
    np.testing.assert_array_equal(inputs["context_ct"][..., :1], -inputs["context"])


def test_a_dataset_without_them_is_left_alone():
    patient = {"context": tf.ones((2, 2, 2, 1))}
    assert Elsewhere(1.0)(patient, [0, 0]) is patient
