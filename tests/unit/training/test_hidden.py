"""Hidden blocks: the network must fill in what its target still shows."""

import numpy as np
import tensorflow as tf

from pet_mtl.augment import HideBlocks
from pet_mtl.losses import ReconstructionLoss
from pet_mtl.training.batches import BatchPlan, in_memory, plain_batches, training_batches

SIZE = 6


def patients(count: int = 3) -> tf.data.Dataset:
    """Decoded patients; half of every fine cube lies beyond the image."""
    rng = np.random.default_rng(0)
    cube = (count, SIZE, SIZE, SIZE, 1)
    columns = {s: rng.uniform(1, 5, cube) for s in ("fine", "context")}
    columns |= {f"{s}_mask": np.zeros(cube) for s in ("fine", "context")}
    columns |= {f"{s}_valid": np.ones(cube) for s in ("fine", "context")}
    columns["fine_valid"][:, : SIZE // 2] = 0.0
    flags = ("has_mask", "has_survival", "has_response", "time_days", "event", "response")
    columns |= {name: np.ones(count) for name in flags}
    return tf.data.Dataset.from_tensor_slices(
        {name: value.astype(np.float32) for name, value in columns.items()}
    )


def test_inputs_have_holes_and_targets_do_not() -> None:
    plan = BatchPlan(3, False, 30.0, 1)
    operations = (HideBlocks(0.9, 4.0, 3),)
    batches = training_batches(in_memory(patients()), 3, operations, plan)
    inputs, targets, _ = next(iter(batches))
    target = targets["reconstruction"].numpy()
    assert (target[..., :2] > 0).all()  # every voxel's uptake is asked for
    for k, scale in enumerate(("fine", "context")):
        image, weight = inputs[scale].numpy()[..., 0], target[..., 2 + k]
        hidden = image == 0
        assert 0.02 < hidden.mean() < 0.98
        inside = np.ones_like(hidden)
        inside[:, : SIZE // 2] = scale != "fine"
        np.testing.assert_array_equal(weight, inside * np.where(hidden, 4.0, 1.0))
        np.testing.assert_allclose(np.log1p(image[~hidden]), target[..., k][~hidden], rtol=1e-6)


def test_an_error_in_a_hole_counts_more() -> None:
    target = np.ones((1, 2, 2, 2, 2), np.float32)
    target[..., 0] = 0.0  # uptake
    target[0, 0, ..., 1] = 4.0  # the upper half is hidden
    outputs = np.zeros((2, 1, 2, 2, 2, 1), np.float32)
    outputs[0, 0, 0], outputs[1, 0, 1] = 1.0, 1.0
    hidden, shown = (float(ReconstructionLoss()(target, output)) for output in outputs)
    assert hidden == 4 * shown > 0
    assert shown == np.float32(4 / (4 * 4 + 4 + 1))


def test_without_hiding_inputs_and_targets_agree() -> None:
    inputs, targets, _ = next(
        iter(plain_batches(in_memory(patients()), BatchPlan(3, False, 30, 0)))
    )
    target = targets["reconstruction"].numpy()
    for k, scale in enumerate(("fine", "context")):
        np.testing.assert_allclose(np.log1p(inputs[scale][..., 0]), target[..., k], rtol=1e-6)
        assert set(np.unique(target[..., 2 + k])) <= {0.0, 1.0}
