"""What prediction needs of a model."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pet_mtl.covariates import Covariate
from pet_mtl.sample import GridPlan, Patch
from pet_mtl.trust import Trust


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
    def ct(self) -> bool:
        """Whether the model reads CT."""

    @property
    def response_classes(self) -> tuple[str, ...]:
        """Names of the classes of the response in order; empty for two without a name."""

    @property
    def edges_days(self) -> tuple[float, ...]:
        """Days at which the survival probability is given, ascending."""

    @property
    def versions(self) -> dict[str, str]:
        """Versions of the libraries that made the model."""

    @property
    def fingerprint(self) -> str:
        """Recognises the model by its graph and weights."""

    @property
    def trust(self) -> Trust:
        """Response sets, and what is usual among the training patients."""

    def predict(
        self,
        fine: NDArray[np.float32],
        context: NDArray[np.float32],
        clinical: NDArray[np.float32] | None = None,
        clinical_known: NDArray[np.float32] | None = None,
        ct: Mapping[str, NDArray[np.float32]] | None = None,
    ) -> dict[str, NDArray[np.float32]]:
        """Outputs `mask`, `survival`, `risk`, `response` of (N, S, S, S, 1) cubes in SUV.

        `response` is (N,), the probability of class 1, or (N, classes) of more than two.
        Of several models also `survival_sd`, `risk_sd`, `response_sd`; `novelty` if it has that.
        `ct` holds the CT of both scales, (N, S, S, S, 2): HU, and 1 where known.
        """

    def context_mask(
        self, tiles: NDArray[np.float32], ct: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Lesion probability (N, S, S, S, 1) of cubes at context spacing, and their CT."""


def ct_channels(patch: Patch) -> NDArray[np.float32] | None:
    """(z, y, x, 2) HU, and 1 where known, as the model reads them; None without CT."""
    if patch.ct is None or patch.ct_valid is None:
        return None
    return np.stack([patch.ct, patch.ct_valid.astype(np.float32)], axis=-1)


def as_batch(cube: NDArray[Any]) -> NDArray[np.float32]:
    """One cube (z, y, x) as a batch (1, z, y, x, 1)."""
    return np.ascontiguousarray(cube, dtype=np.float32)[None, ..., None]
