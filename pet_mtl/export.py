"""Models that leave training: a SavedModel with named signatures, and how to call it.

A bundle is a folder that TF Serving reads, with `bundle.json` in `assets.extra/`:

    saved_model.pb  variables/  fingerprint.pb  assets.extra/bundle.json

Nothing in it needs Keras or this package to run.
"""

import hashlib
import json
import platform
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pet_mtl._version import __version__
from pet_mtl.covariates import Covariate, schema_from
from pet_mtl.errors import ModelError, StudyError
from pet_mtl.files import write_json
from pet_mtl.models import Calibration, ModelSpec, mask_path
from pet_mtl.models.calibration import spread_of
from pet_mtl.models.views import mirrored
from pet_mtl.sample import SCALES, GridPlan
from pet_mtl.trust import Trust

BUNDLE_JSON = "assets.extra/bundle.json"
FORMAT_VERSION = 1
# What the search for the lesion reads.
_SEARCHED = ("context", "context_ct")

NO_CALIBRATION = Calibration()

Array = NDArray[np.float32]


def versions() -> dict[str, str]:
    """Versions of what computes the numbers."""
    return {
        "pet_mtl": __version__,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def export_bundle(
    models: Sequence[keras.Model],
    spec: ModelSpec,
    path: Path,
    facts: dict[str, Any],
    calibration: Calibration = NO_CALIBRATION,
) -> None:
    """Writes one SavedModel of one or several models of the same kind.

    Several models (the folds of a run) become one that averages probabilities: of each voxel to be
    lesion, of being free of the event at each day, and of the response. Logits are not averaged,
    as each model's are relative to a baseline of its own. The risk is the mean of log odds, each
    relative to that model's own average patient; it orders patients, and is no probability. How
    much they disagree is told beside, as a standard deviation.

    Signatures: `serving_default` (both cubes in; `mask`, `survival`, `risk`, `response` out, of the
    model's tasks; of several models also `survival_sd`, `risk_sd`, `response_sd`; `novelty` where
    the models have it) and `locate` (a context cube in, `mask` out: finds the lesion), only with a
    mask.
    A model with CT reads `fine_ct` and `context_ct`, too: HU, and 1 where known; zeros for a
    patient without.

    Args:
        models: From `pet_mtl.models.build_model`, trained.
        spec: What the data fixed of them.
        path: The folder; replaced whole.
        facts: More for `bundle.json`, such as the dataset's fingerprint.
        calibration: Applied to the averaged response and survival.
    """
    module = _Served(list(models), spec, calibration)
    about = {
        "format_version": FORMAT_VERSION,
        **spec.to_json(),
        "members": len(models),
        "suv": "SUVbw, g/ml",
        "versions": versions(),
        "calibration": asdict(calibration),
        **facts,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".tmp-") as folder:
        fresh = Path(folder) / "bundle"
        tf.saved_model.save(module, str(fresh), signatures=dict(module.offered))
        write_json(fresh / BUNDLE_JSON, about)
        if path.exists():
            shutil.rmtree(path)
        fresh.rename(path)


class _Served(tf.Module):
    """The functions that are exported, and the variables they read, each stored once."""

    def __init__(
        self, models: list[keras.Model], spec: ModelSpec, calibration: Calibration
    ) -> None:
        super().__init__()
        self._models, self._spec, self._calibration = models, spec, calibration
        self.weights = [variable.value for model in models for variable in model.variables]
        cube = [None, *[spec.plan.size] * 3, 1]
        shapes = {scale: cube for scale in SCALES}
        if spec.ct:
            shapes |= {f"{scale}_ct": [*cube[:-1], 2] for scale in SCALES}
        if spec.covariates:
            shapes |= {n: [None, len(spec.covariates)] for n in ("clinical", "clinical_known")}
        inputs = {n: tf.TensorSpec(s, tf.float32, name=n) for n, s in shapes.items()}
        self._locators = [mask_path(model) for model in models if outlines(model)]
        self.predict = tf.function(self._predict, input_signature=[inputs], jit_compile=False)
        self.offered = {"serving_default": self.predict}
        searched = [inputs[n] for n in _SEARCHED if n in inputs]
        if self._locators:
            self.offered["locate"] = tf.function(
                self._locate, input_signature=searched, jit_compile=False
            )

    def _predict(self, inputs: dict[str, Any]) -> dict[str, Any]:
        results = [readable_outputs(model, inputs) for model in self._models]
        names = [n for n in results[0] if all(n in result for result in results)]
        mean = {n: tf.add_n([r[n] for r in results]) / len(results) for n in names}
        scales = {"response": self._calibration.response, "survival": self._calibration.survival}
        moved = {n: scale(mean[n]) for n, scale in scales.items() if scale and n in mean}
        return mean | moved | spread_of(results, scales)

    def _locate(self, context: Any, context_ct: Any = None) -> dict[str, Any]:
        cubes = {"suv": context, "ct": context_ct}
        given = [cubes if "ct" in path.input else {"suv": context} for path in self._locators]
        masks = [p(one, training=False) for p, one in zip(self._locators, given, strict=True)]
        return {"mask": tf.add_n([tf.sigmoid(mask) for mask in masks]) / len(masks)}


def outlines(model: keras.Model) -> bool:
    """Whether a model of this package outlines the lesion."""
    return "mask" in model.output or "segmented" in model.output


def readable_outputs(model: keras.Model, inputs: dict[str, Any]) -> dict[str, Any]:
    """Runs a model and turns its logits into what users read.

    Args:
        model: From `pet_mtl.models.build_model`.
        inputs: Its inputs.

    Returns:
        Of the model's tasks: `mask` (batch, z, y, x, 2) and `response` (batch,) or (batch, classes)
        as probabilities, `survival` (batch, intervals) as the probability to live beyond each edge,
        and with it `risk` (batch,): the log odds of the hazard (of Cox: its logarithm) relative to
        the average training patient, 0 for that one; `novelty` (batch,) where the model has it.
    """
    outputs = model(inputs, training=False)
    readable = {name: outputs[name] for name in ("novelty",) if name in outputs}
    mask = outputs.get("segmented", outputs.get("mask"))
    if mask is not None:
        readable["mask"] = tf.sigmoid(mask)
    if "survival" in outputs:
        head = model.get_layer("survival")
        readable["survival"] = head.curve(outputs["survival"])
        readable["risk"] = head.risk(outputs["survival"])
    if "response" in outputs:
        head = model.get_layer("response")
        readable["response"] = head.probability(outputs["response"])
    return readable


@dataclass(frozen=True)
class Predictor:
    """A loaded bundle; runs without Keras.

    Attributes:
        plan: The cubes it reads.
        covariates: Names of its clinical inputs.
        edges_days: Days at which its survival curves are given; empty without them.
        versions: What it was made with.
        fingerprint: SHA-256 over graph and weights, 16 hex digits.
        about: All of `bundle.json`.
        ct: Whether it reads CT.
        tta: Whether predictions average the eight mirrored views of a patient.
    """

    plan: GridPlan
    covariates: tuple[str, ...]
    edges_days: tuple[float, ...]
    versions: dict[str, str]
    fingerprint: str
    about: dict[str, Any]
    _loaded: Any
    ct: bool = False
    tta: bool = False

    @property
    def schema(self) -> tuple[Covariate, ...]:
        """The covariates that the clinical inputs encode."""
        return schema_from(self.about)

    @property
    def response_classes(self) -> tuple[str, ...]:
        """Names of the classes of the response in order; empty for two without a name."""
        return tuple(self.about.get("response_classes", ()))

    @property
    def trust(self) -> Trust:
        """Response sets, and what is usual; empty of an older bundle."""
        return Trust.from_json(self.about.get("trust", {}))

    def predict(
        self,
        fine: Array,
        context: Array,
        clinical: Array | None = None,
        clinical_known: Array | None = None,
        ct: Mapping[str, Array] | None = None,
    ) -> dict[str, Array]:
        """Runs the model.

        Args:
            fine: (batch, size, size, size, 1) SUVbw.
            context: The same shape, SUVbw.
            clinical: (batch, covariates); absent means all unknown.
            clinical_known: (batch, covariates) 1 where known.
            ct: "fine" and "context" to (batch, size, size, size, 2): HU, and 1 where known; absent
                means no CT. A model without CT does not read it.

        Returns:
            Of the model's tasks: `mask` (batch, size, size, size, 2) probability, last axis (fine,
            context); `survival` (batch, edges) probability to live beyond each edge; `risk`
            (batch,), higher is worse; `response` (batch,) or (batch, classes) probability. Of
            several folds `survival_sd`, `risk_sd`, `response_sd`: the spread between their models.
            `novelty` (batch,): Mahalanobis distance of the features from the training patients'.
        """
        inputs = {"fine": fine, "context": context}
        if self.covariates:
            empty = np.zeros((len(fine), len(self.covariates)), np.float32)
            inputs["clinical"] = empty if clinical is None else clinical
            inputs["clinical_known"] = empty if clinical_known is None else clinical_known
        if self.ct:
            inputs |= {f"{scale}_ct": self._ct(inputs[scale], ct, scale) for scale in SCALES}
        return mirrored(self._serve, inputs) if self.tta else self._serve(inputs)

    def _serve(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Calls the bundle."""
        tensors = {name: tf.constant(value) for name, value in inputs.items()}
        result = self._loaded.signatures["serving_default"](**tensors)
        return {name: value.numpy() for name, value in result.items()}

    def context_mask(self, tiles: Array, ct: Array | None = None) -> Array:
        """Lesion probability of context cubes: (batch, size, size, size, 1).

        Args:
            tiles: (batch, size, size, size, 1) SUVbw.
            ct: (batch, size, size, size, 2) HU, and 1 where known; absent means no CT.

        Raises:
            StudyError: The model outlines nothing, so that it cannot find a lesion either.
        """
        if "locate" not in self._loaded.signatures:
            raise StudyError(
                "MODEL_NO_MASK",
                "the model has no mask task, so it cannot find the lesion",
                expected="the study's own mask, or a point in the lesion",
                todo="Give --use-mask or --center, or a model that outlines",
            )
        inputs = {"context": tf.constant(tiles)}
        if self.ct:
            known = None if ct is None else {"context": ct}
            inputs["context_ct"] = tf.constant(self._ct(tiles, known, "context"))
        mask: Array = self._loaded.signatures["locate"](**inputs)["mask"].numpy()
        return mask

    @staticmethod
    def _ct(suv: Array, ct: Mapping[str, Array] | None, scale: str) -> Array:
        """The CT of one scale; zeros, which say that nothing is known, without one."""
        return np.zeros((*suv.shape[:-1], 2), np.float32) if ct is None else ct[scale]


def load_predictor(path: Path, tta: bool = False) -> Predictor:
    """Loads a run or a bundle.

    Args:
        path: A run directory (its `saved_model` is taken) or a bundle.
        tta: Whether its predictions average the eight mirrored views; eight times as slow.

    Returns:
        The predictor.

    Raises:
        ModelError: No bundle there, or one of another format.
    """
    bundle = path / "saved_model" if (path / "saved_model").is_dir() else path
    about_path = bundle / BUNDLE_JSON
    if not (bundle / "saved_model.pb").is_file() or not about_path.is_file():
        raise ModelError(
            "MODEL_NOT_FOUND",
            "there is no trained model here",
            expected="a run directory with saved_model/, or a bundle with saved_model.pb",
            todo="Give the output folder of a finished `pet-mtl train`",
            subject=path.name,
        )
    about = json.loads(about_path.read_text(encoding="utf-8"))
    if about.get("format_version") != FORMAT_VERSION:
        raise ModelError(
            "MODEL_FORMAT",
            "the bundle has another format",
            expected=str(FORMAT_VERSION),
            found=str(about.get("format_version")),
            todo="Load it with the version of pet-mtl that wrote it, or train anew",
            subject=path.name,
        )
    try:
        schema_from(about)
        trust = Trust.from_json(about.get("trust", {}))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ModelError(
            "MODEL_DAMAGED",
            "the bundle's covariates, or what is usual of its patients, cannot be read",
            todo="Copy the whole bundle again",
            subject=path.name,
        ) from error
    return Predictor(
        GridPlan(about["size"], about["fine_mm"], about["context_mm"]),
        tuple(about["covariates"]),
        tuple(about["edges_days"]),
        about["versions"],
        # Other numbers come of it: what was predicted without is not finished with.
        fingerprint(bundle) + trust.stamp + ("-tta" if tta else ""),
        about,
        tf.saved_model.load(str(bundle)),
        about.get("ct", False),
        tta,
    )


def fingerprint(bundle: Path) -> str:
    """SHA-256 over graph and weights of a bundle, 16 hex digits."""
    digest = hashlib.sha256()
    for file in [bundle / "saved_model.pb", *sorted((bundle / "variables").iterdir())]:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
