"""The losses give the same numbers on the JAX backend."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import keras
import numpy as np
import pytest

# Run in this process and in others; prints one number a loss.
PROGRAM = """
import json
import numpy as np
from pet_mtl import losses

rng = np.random.default_rng(4)
labels = np.stack([rng.integers(1, 6, 9), rng.random(9) < 0.6], 1).astype(np.float32)
eta, weight = rng.normal(size=(9, 1)), (rng.random(9) < 0.8)
eta, weight = eta.astype(np.float32), weight.astype(np.float32)
cubes = (rng.random((3, 4, 4, 4, 4)) < 0.5).astype(np.float32)
logits = rng.normal(size=(3, 4, 4, 4, 2)).astype(np.float32)
label = (np.arange(9) % 3)[:, None].astype(np.float32)
three = rng.normal(size=(9, 3)).astype(np.float32)
memory = losses.RiskSetMemory(5)
memory(labels, eta, weight, training=True)
found = {
    "efron": losses.CoxPartialLikelihood()(labels, eta, weight),
    "breslow": losses.CoxPartialLikelihood("breslow")(labels, eta.astype(np.float16), weight),
    "cohort": losses.CoxPartialLikelihood()(labels[:, 0], labels[:, 1], eta[:, 0]),
    "memory": memory(labels[:4], eta[:4], weight[:4]),
    "hazard": losses.LogisticHazard((2.0, 4.0, 6.0))(labels, three, weight),
    "mask": losses.MaskLoss("focal")(cubes, logits),
    "reconstruction": losses.ReconstructionLoss()(cubes, logits),
    "response": losses.ResponseLoss(0.1, (1.0, 2.0, 0.5))(label, three, weight),
}
for kind in ("fixed", "uncertainty", "gradient"):
    weighting = losses.TaskWeighting(("a", "b"), (1.0, 0.3), kind)
    weighting.observe({"a": 2.0, "b": 0.5})
    found[kind] = weighting.combine({"a": 0.7, "b": 1.1}, {"a": 3.0, "b": 1.0})
print(json.dumps({name: float(np.asarray(value)) for name, value in found.items()}))
"""


def numbers(backend: str) -> dict[str, float]:
    """What the program prints on a backend."""
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


@pytest.fixture(scope="module")
def ours() -> dict[str, float]:
    assert keras.backend.backend() == "tensorflow"
    printed: list[str] = []
    exec(compile(PROGRAM, "losses", "exec"), {"print": printed.append})
    result: dict[str, float] = json.loads(printed[-1])
    return result


def test_equal_on_jax(ours: dict[str, float]) -> None:
    if find_spec("jax") is None:
        pytest.skip("jax is not installed")
    theirs = numbers("jax")
    assert list(theirs) == list(ours)
    assert list(theirs.values()) == pytest.approx(list(ours.values()), abs=1e-5)


def test_every_loss_is_a_number(ours: dict[str, float]) -> None:
    assert len(ours) == 11 and np.isfinite(list(ours.values())).all()
