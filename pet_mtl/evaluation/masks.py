"""What predicted masks are beside the true ones, patient by patient."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from pet_mtl.metrics import SURFACE_TOLERANCE_MM, MaskComparison

Floats = NDArray[np.float64]

MASK_FIELDS = tuple(field.name for field in fields(MaskComparison))


@dataclass(frozen=True)
class MaskNumbers:
    """The fields of `MaskComparison`, of all patients.

    Attributes:
        values: Field to (patients,), NaN where a number is undefined or no mask was compared.
        tolerance_mm: Distance of surfaces that does not matter in `surface_dice`, mm.
    """

    values: Mapping[str, Floats]
    tolerance_mm: float = SURFACE_TOLERANCE_MM

    def __getitem__(self, name: str) -> Floats:
        """(patients,) one field."""
        return self.values[name]

    @property
    def compared(self) -> NDArray[np.bool_]:
        """(patients,) who has both masks, of which the predicted one may be empty."""
        return np.isfinite(self["true_ml"]) & np.isfinite(self["predicted_ml"])


def mask_numbers(
    comparisons: Sequence[MaskComparison | None], tolerance_mm: float = SURFACE_TOLERANCE_MM
) -> MaskNumbers:
    """The comparisons of patients, None being one without, as columns."""
    nothing = MaskComparison()
    rows = [one or nothing for one in comparisons]
    columns = {name: np.array([getattr(row, name) for row in rows]) for name in MASK_FIELDS}
    return MaskNumbers(columns, tolerance_mm)
