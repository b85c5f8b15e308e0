"""Equal weights and inputs give equal outputs on TensorFlow and on JAX."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from pet_mtl.config import ModelConfig
from pet_mtl.models import ModelSpec, build_model
from pet_mtl.sample import GridPlan

ENCODERS = ("residual", "plain", "se_residual", "convnext")
SIZE = 16
# Read by another Python, whose Keras runs on JAX and which never loads TensorFlow.
ON_JAX = """
import sys
from pathlib import Path

import jax
import keras
import numpy as np
import pet_mtl.layers, pet_mtl.losses, pet_mtl.metrics, pet_mtl.models

assert keras.backend.backend() == "jax", keras.backend.backend()
folder = Path(sys.argv[1])
inputs = dict(np.load(folder / "inputs.npz"))
for path in sorted(folder.glob("*.keras")):
    model = pet_mtl.models.load_model(path)
    call = jax.jit(lambda given, model=model: model(given, training=False))
    outputs = {name: np.asarray(value) for name, value in call(inputs).items()}
    np.savez(path.with_suffix(".jax.npz"), **outputs)
assert "tensorflow" not in sys.modules, "TensorFlow was loaded"
"""

needs_jax = pytest.mark.skipif(
    importlib.util.find_spec("jax") is None, reason="JAX is not installed: pip install pet-mtl[jax]"
)


def patients() -> dict[str, np.ndarray]:
    """A bright block in noise, and covariates of which one is unknown."""
    rng = np.random.default_rng(0)
    made = {}
    for scale in ("fine", "context"):
        suv = rng.random((2, SIZE, SIZE, SIZE, 1)).astype(np.float32)
        suv[:, 5:11, 5:11, 5:11] += 8.0
        made[scale] = suv
    made["clinical"] = rng.normal(size=(2, 2)).astype(np.float32)
    made["clinical_known"] = np.array([[1, 0], [1, 1]], np.float32)
    return made


def lively(model: keras.Model) -> None:
    """Weights with which every part counts: heads that read, a mask that is not empty."""
    rng = np.random.default_rng(1)
    for head in ("survival", "response"):
        slopes = model.get_layer(head).slopes
        slopes.assign(rng.normal(0, 0.1, slopes.shape))
    standard = model.get_layer("radiomics_standard")
    standard.scale.assign(np.full(standard.scale.shape, 0.5, np.float32))
    kernel = model.get_layer("radiomics_reduction").kernel  # else it passes few columns
    kernel.assign(rng.normal(0, 0.1, kernel.shape))
    logits = model.get_layer("mask_decoder").get_layer("logits")
    logits.bias.assign([0.05])


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[dict, dict]]:
    """Of each encoder, the outputs on TensorFlow and on JAX."""
    folder = tmp_path_factory.mktemp("models")
    inputs, ours = patients(), {}
    np.savez(folder / "inputs.npz", **inputs)
    for encoder in ENCODERS:
        keras.utils.set_random_seed(4)
        config = ModelConfig(
            encoder=encoder, filters=(4, 8), groups=2, embedding=3, clinical_missing=True,
            learned=True, pool_statistics=("mean", "sd", "max"),
        )  # fmt: skip
        model = build_model(
            config, ModelSpec(GridPlan(SIZE, 3.0, 6.0), ("age", "grade"), (100.0, 250.0, 500.0))
        )
        lively(model)
        model.save(folder / f"{encoder}.keras")
        ours[encoder] = {n: np.asarray(v) for n, v in model(inputs, training=False).items()}
    command = [sys.executable, "-c", ON_JAX, str(folder)]
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder)
    assert done.returncode == 0, done.stderr[-3000:]
    return {e: (ours[e], dict(np.load(Path(folder / f"{e}.jax.npz")))) for e in ENCODERS}


@needs_jax
@pytest.mark.parametrize("encoder", ENCODERS)
def test_tensorflow_and_jax_agree(encoder: str, outputs: dict[str, tuple[dict, dict]]) -> None:
    ours, theirs = outputs[encoder]
    assert set(ours) == set(theirs) == {"mask", "reconstruction", "survival", "response"}
    assert (ours["mask"] > 0).any() and (ours["mask"] < 0).any(), "the mask must matter"
    for name, value in ours.items():
        assert np.isfinite(value).all() and np.ptp(value) > 1e-3, name
        assert theirs[name] == pytest.approx(value, abs=1e-4), name
