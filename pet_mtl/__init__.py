"""pet-mtl: what a PET scan says about a patient's outcome.

Multi-task, multi-scale learning from 3-D PET: DICOM to SUV to TFRecord to a Keras 3
model to predictions in the patient's geometry.

Importing this package loads neither TensorFlow nor Keras: the rooms (`pet_mtl.suv`,
`pet_mtl.losses`, ...) are imported on first use.
"""

import importlib
from types import ModuleType

from pet_mtl._version import __version__

_ROOMS = (
    "config",
    "conversion",
    "errors",
    "evaluation",
    "geometry",
    "layers",
    "losses",
    "metrics",
    "models",
    "models_zoo",
    "phantom",
    "prediction",
    "preprocess",
    "readers",
    "sample",
    "study",
    "suv",
    "tfrecords",
    "training",
    "writers",
)

__all__ = ["__version__", *_ROOMS]


def __getattr__(name: str) -> ModuleType:
    """Imports a room on first use, so that `import pet_mtl` stays light."""
    if name in _ROOMS:
        return importlib.import_module(f"pet_mtl.{name}")
    raise AttributeError(f"module 'pet_mtl' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Lists the rooms beside the version."""
    return sorted(__all__)
