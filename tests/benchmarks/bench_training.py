"""Times what decides how training is done, as ratios to a matrix product of the same run.

- Augmentation: deformation per patient in tf.data, per batch inside the step, and by
  `keras.ops.image.map_coordinates`.
- Group normalisation: ours and Keras's.
- Precision: one step of the mask stage in float32 and in mixed bfloat16.
- Determinism: the same step with `--deterministic`, in a process of its own.

Run: `.venv/bin/python tests/benchmarks/bench_training.py [step]`. The fastest of several runs
counts; alternate runs share what else the machine does. What was measured is in
docs/how-to/tune-training.md.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from pet_mtl.augment.deform import Deform, _interpolated
from pet_mtl.config import LossConfig, ModelConfig, StageConfig
from pet_mtl.layers import GroupNorm
from pet_mtl.models import ModelSpec, build_model
from pet_mtl.sample import GridPlan
from pet_mtl.training.determinism import prepare_tensorflow
from pet_mtl.training.objectives import task_losses
from pet_mtl.training.part import StagePlan, Tasks, as_planned, make_part

SIZE, BATCH = 48, 8
SPACING = (3.0, 6.0)


def fastest(calls: dict[str, Callable[[], Any]], runs: int = 7) -> dict[str, float]:
    """Seconds of the fastest run of each, taken in turns after two to warm up."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(runs + 2):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            if turn > 1:
                times[name].append(time.perf_counter() - start)
    return {name: min(seconds) for name, seconds in times.items()}


def patient() -> dict[str, Any]:
    """Two random cubes, all valid."""
    rng = np.random.default_rng(0)
    cubes = {}
    for scale in ("fine", "context"):
        suv = rng.random((SIZE, SIZE, SIZE, 1), dtype=np.float32)
        cubes |= {scale: suv, f"{scale}_mask": suv > 0.9, f"{scale}_valid": np.ones_like(suv)}
    return {name: tf.constant(cube, tf.float32) for name, cube in cubes.items()}


def augmentation() -> dict[str, Callable[[], Any]]:
    """One batch deformed in three ways."""
    deform, one = Deform(0.2, 0.1, 4.0, 1.0, SPACING), patient()
    seeds = tf.data.Dataset.range(10**6).map(lambda k: tf.stack([tf.cast(k, tf.int32), 1]))
    piped = seeds.map(lambda s: deform(one, s), num_parallel_calls=2).batch(BATCH)

    def pipeline_of_five() -> None:
        for _ in piped.take(5):  # begun anew, so that nothing was made ahead of time
            pass

    batch = {name: tf.stack([cube] * BATCH) for name, cube in one.items()}

    @tf.function
    def inside(seed: Any) -> Any:
        steps = seed + tf.range(BATCH)
        return tf.map_fn(
            lambda part: deform(part[0], tf.stack([part[1], 1])), (batch, steps),
            fn_output_signature={n: tf.TensorSpec((SIZE,) * 3 + (1,)) for n in batch},
        )  # fmt: skip

    index = tf.random.uniform((3, SIZE, SIZE, SIZE), 0, SIZE - 1.0)
    volume = one["fine"][..., 0]
    keras_map = tf.function(lambda: keras.ops.image.map_coordinates(volume, index, order=1))
    turned = tf.transpose(index, (1, 2, 3, 0))
    ours = tf.function(lambda: _interpolated(one["fine"], turned))
    return {
        "deform, tf.data, five batches": pipeline_of_five,
        "deform, inside the step, a batch": lambda: inside(3)["fine"].numpy(),
        "interpolate one cube, ours": lambda: ours().numpy(),
        "interpolate one cube, keras": lambda: keras_map().numpy(),
    }


def normalization() -> dict[str, Callable[[], Any]]:
    """Forward and backward pass of both layers."""
    features = tf.random.normal((BATCH, SIZE // 2, SIZE // 2, SIZE // 2, 8))

    def both(layer: keras.layers.Layer) -> Callable[[], Any]:
        layer.build(features.shape)

        @tf.function
        def run() -> Any:
            with tf.GradientTape() as tape:
                tape.watch(features)
                out = layer(features)
            return tape.gradient(out, features, output_gradients=features)

        return lambda: run().numpy()

    return {
        "group norm, ours": both(GroupNorm(4)),
        "group norm, keras": both(keras.layers.GroupNormalization(4)),
    }


def step(precision: str) -> Callable[[], Any]:
    """One step of the default mask stage."""
    spec = ModelSpec(GridPlan(SIZE, *SPACING), (), (100.0, 200.0, 300.0))
    model = build_model(ModelConfig(), spec)
    rng = np.random.default_rng(0)
    inputs = {
        s: tf.constant(rng.random((BATCH, SIZE, SIZE, SIZE, 1)), tf.float32)
        for s in ("fine", "context")
    }
    truth = tf.constant(rng.random((BATCH, SIZE, SIZE, SIZE, 4)) > 0.5, tf.float32)
    names = ("mask", "reconstruction")
    batch = (inputs, dict.fromkeys(names, truth), dict.fromkeys(names, tf.ones(BATCH)))
    stream = iter(tf.data.Dataset.from_tensors(batch).repeat())
    plan, schedule = StagePlan("mask", names, 240, 4e-3), StageConfig(precision=precision)

    def run() -> Any:
        with as_planned(model, plan, precision):
            return part.train_function(stream)

    with as_planned(model, plan, precision):
        losses = task_losses(model, names, LossConfig())
        part = make_part(model, plan, Tasks.of(losses, LossConfig()), schedule)
        part.make_train_function()
        run()
    return run


def main(arguments: list[str]) -> int:
    """Prints every time beside that of a matrix product."""
    prepare_tensorflow(0, "deterministic" in arguments)
    square = tf.random.normal((1500, 1500))
    calls: dict[str, Callable[[], Any]] = {
        "matrix product 1500": lambda: tf.matmul(square, square).numpy()
    }
    if "step" not in arguments:
        calls |= augmentation() | normalization()
    calls |= {"step, float32": step("float32")}
    if "deterministic" not in arguments:
        calls |= {"step, mixed bfloat16": step("mixed_bfloat16")}
    seconds = fastest(calls)
    base = seconds["matrix product 1500"]
    for name, value in seconds.items():
        sys.stdout.write(f"{name:34s} {value:7.3f} s  {value / base:7.2f} products\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
