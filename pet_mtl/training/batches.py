"""Decoded patients to batches of inputs, targets and weights."""

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from pet_mtl.augment import Elsewhere, Operation, apply, cubes_of, without_elsewhere
from pet_mtl.sample import SCALES


@dataclass(frozen=True)
class BatchPlan:
    """How batches are made.

    Attributes:
        batch_size: Patients a batch.
        clinical: Whether the model has clinical inputs.
        suv_clip: Upper SUV of the reconstruction target.
        seed: Seed of order and augmentation.
        ct: Whether the model reads CT.
        spacing_mm: Voxel edges of the fine and the context cube.
        tta: Whether out-of-fold predictions average the mirrored views of a patient.
        elsewhere: How often a context cube is replaced by one cut away from the lesion.
    """

    batch_size: int
    clinical: bool
    suv_clip: float
    seed: int
    ct: bool = False
    spacing_mm: tuple[float, float] = (1.0, 1.0)
    tta: bool = False
    elsewhere: float = 0.0


def in_memory(patients: tf.data.Dataset) -> tf.data.Dataset:
    """Keeps decoded patients in memory; masks as bytes, which is half the room."""

    def compact(patient: dict[str, Any]) -> dict[str, Any]:
        names = [n for n in _cubes(patient) if n.endswith(("_valid", "_mask"))]
        small = {name: tf.cast(patient[name], tf.uint8) for name in names}
        return {**patient, **small, **_present(patient)}

    return patients.map(compact, num_parallel_calls=tf.data.AUTOTUNE).cache()


def training_batches(
    patients: tf.data.Dataset,
    count: int,
    operations: tuple[Operation, ...],
    plan: BatchPlan,
    done: int = 0,
) -> tf.data.Dataset:
    """Endless, shuffled, augmented batches.

    Args:
        patients: From `in_memory`.
        count: Number of patients, the size of the shuffle buffer.
        operations: Augmentation.
        plan: Batch size, seed.
        done: Batches to leave out at the start; they are not made.

    Returns:
        Dataset of (inputs, targets, weights), the same under the same seed.
    """
    seeds = tf.data.Dataset.random(seed=plan.seed, rerandomize_each_iteration=False)
    order = patients.shuffle(count, seed=plan.seed, reshuffle_each_iteration=True).repeat()

    def change(patient: dict[str, Any], seed: Any) -> dict[str, Any]:
        pair = tf.stack([tf.cast(seed % 2**31, tf.int32), plan.seed])
        shown = Elsewhere(plan.elsewhere)(patient, pair - 1) if plan.elsewhere else patient
        return apply(operations, _widened(shown), pair)

    pairs = tf.data.Dataset.zip((order, seeds)).skip(done * plan.batch_size)
    changed = pairs.map(change, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return _batched(changed, plan)


def plain_batches(patients: tf.data.Dataset, plan: BatchPlan) -> tf.data.Dataset:
    """Every patient once, in order, unchanged; with `plan.elsewhere` then each cut elsewhere."""
    if plan.elsewhere and "elsewhere" in patients.element_spec:
        # A seed for each number of the order, so that all of a patient's cubes have their turn.
        away = patients.enumerate().map(lambda n, p: Elsewhere(1.0)(p, [tf.cast(n, tf.int32), 0]))
        patients = patients.concatenate(away)
    return _batched(patients.map(_widened), plan)


def _present(patient: dict[str, Any]) -> dict[str, Any]:
    """The cubes cut elsewhere that there are, (cubes, z, y, x, 1); others need no room."""
    if "has_elsewhere" not in patient:
        return {}
    has = patient["has_elsewhere"] > 0
    names = [name for name in patient if name.startswith("elsewhere")]
    # Half precision is finer than the noise of the image, and half the room.
    kept = {name: tf.boolean_mask(tf.cast(patient[name], tf.float16), has) for name in names}
    return {
        n: tf.cast(c, tf.uint8) if n.endswith(("_valid", "_mask")) else c for n, c in kept.items()
    }


def _widened(patient: dict[str, Any]) -> dict[str, Any]:
    """Cubes back to float32, and only what belongs to a batch."""
    patient = without_elsewhere(patient)
    return {**patient, **{name: tf.cast(patient[name], tf.float32) for name in _cubes(patient)}}


def _cubes(patient: dict[str, Any]) -> list[str]:
    """Names of all cubes of a patient."""
    return [name for scale in SCALES for name in cubes_of(scale, patient)]


def _batched(patients: tf.data.Dataset, plan: BatchPlan) -> tf.data.Dataset:
    batches = patients.batch(plan.batch_size)
    return batches.map(lambda patient: _triple(patient, plan)).prefetch(2)


def _triple(patient: dict[str, Any], plan: BatchPlan) -> tuple[Any, Any, Any]:
    """Inputs, targets and weights; a missing label has weight 0."""
    # Blocks hidden from the network are not hidden from what it should reconstruct.
    inputs = {scale: patient.get(f"{scale}_shown", patient[scale]) for scale in SCALES}
    if plan.ct:
        inputs |= {f"{scale}_ct": _ct(patient, scale) for scale in SCALES}
    if plan.clinical:
        inputs |= {name: patient[name] for name in ("clinical", "clinical_known")}
    valid = [patient[f"{scale}_valid"] for scale in SCALES]
    masks = [patient[f"{scale}_mask"] for scale in SCALES]
    images = [tf.math.log1p(tf.clip_by_value(patient[s], 0.0, plan.suv_clip)) for s in SCALES]
    counted = [
        patient[f"{s}_valid"] * patient.get(f"{s}_focus", tf.ones_like(patient[s])) for s in SCALES
    ]
    targets = {
        "mask": tf.concat([*masks, *valid], axis=-1),
        "reconstruction": tf.concat([*images, *counted], axis=-1),
        "radiomics": tf.zeros_like(patient["response"])[:, None],  # computed in the network
        "survival": tf.stack([patient["time_days"], patient["event"]], axis=-1),
        "response": patient["response"][:, None],
    }
    weights = {
        "mask": patient["has_mask"],
        "reconstruction": tf.ones_like(patient["has_mask"]),
        "radiomics": tf.ones_like(patient["has_mask"]),
        "survival": patient["has_survival"],
        "response": patient["has_response"],
    }
    return inputs, targets, weights


def _ct(patient: dict[str, Any], scale: str) -> Any:
    """(batch, z, y, x, 2) HU, and 1 where the patient has a CT that reaches the voxel."""
    known = patient[f"{scale}_ct_valid"] * patient["has_ct"][:, None, None, None, None]
    return tf.concat([patient[f"{scale}_ct"], known], axis=-1)


def only(names: tuple[str, ...]) -> Any:
    """A map function that keeps some targets and weights (a stage trains only those)."""

    def keep(inputs: Any, targets: Any, weights: Any) -> tuple[Any, Any, Any]:
        return inputs, {n: targets[n] for n in names}, {n: weights[n] for n in names}

    return keep
