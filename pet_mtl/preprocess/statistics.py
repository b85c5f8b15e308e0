"""What is said of the values within a mask."""

import numpy as np

from pet_mtl.study import Study


def mask_statistics(study: Study) -> dict[str, float]:
    """Size and SUV of the mask.

    Args:
        study: A study with a mask of at least one voxel.

    Returns:
        `voxels`, `volume_ml` (voxel counting), `suv_min`, `suv_mean`, `suv_median`, `suv_max`.

    Source: IBSI reference manual, 3.1.2 (approximate volume), 3.3 (arXiv:1612.07003v11).
    """
    inside = study.suv[study.mask].astype(np.float64)
    values = {name: getattr(np, name)(inside) for name in ("min", "mean", "median", "max")}
    size = {"voxels": inside.size, "volume_ml": inside.size * study.grid.voxel_ml}
    return size | {f"suv_{name}": float(value) for name, value in values.items()}
