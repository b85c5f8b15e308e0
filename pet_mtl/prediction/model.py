"""What prediction needs of a model."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pet_mtl.covariates import Covariate
from pet_mtl.sample import GridPlan


class Predictor(Protocol):
    """A loaded model; `pet_mtl.export.load_predictor` returns one."""

    @property
    def plan(self) -> GridPlan:
        """The two cubes the model reads."""

    @property
    def covariates(self) -> tuple[str, ...]:
        """Names of the clinical inputs, in order; empty for a model without."""

    @property
    def schema(self) -> tuple[Covariate, ...]:
        """The covariates that the clinical inputs encode."""

    @property
    def edges_days(self) -> tuple[float, ...]:
        """Days at which the survival probability is given, ascending."""

    @property
    def versions(self) -> dict[str, str]:
        """Versions of the libraries that made the model."""

    @property
    def fingerprint(self) -> str:
        """Recognises the model by its graph and weights."""

    def predict(
        self,
        fine: NDArray[np.float32],
        context: NDArray[np.float32],
        clinical: NDArray[np.float32] | None = None,
        clinical_known: NDArray[np.float32] | None = None,
    ) -> dict[str, NDArray[np.float32]]:
        """Outputs `mask`, `survival`, `risk`, `response` of (N, S, S, S, 1) cubes in SUV."""

    def context_mask(self, tiles: NDArray[np.float32]) -> NDArray[np.float32]:
        """Lesion probability (N, S, S, S, 1) of cubes at context spacing."""


def as_batch(cube: NDArray[Any]) -> NDArray[np.float32]:
    """One cube (z, y, x) as a batch (1, z, y, x, 1)."""
    return np.ascontiguousarray(cube, dtype=np.float32)[None, ..., None]
