"""Size and first-order uptake of the lesion."""

from typing import Any

from keras import ops

from pet_mtl.layers.radiomics.region import Region, log
from pet_mtl.layers.smoothing import smooth
from pet_mtl.layers.statistics import power_mean, weighted_deviation

SIZE_NAMES = ("log_volume",)
MEAN_NAMES = ("log_mean",)
UPTAKE_NAMES = ("log_tlg", "log_max", "log_low", "log_peak", "log_viable", "cov")
# The sphere of SUVpeak holds 1 ml; a Gaussian of this width weighs as much tissue.
_PEAK_SIGMA_MM = 4.0


def size(region: Region) -> list[Any]:
    """Log volume in ml."""
    return [log(_volume_ml(region))]


def mean(region: Region) -> list[Any]:
    """Log SUVmean."""
    return [log(region.mean)]


def uptake(region: Region) -> list[Any]:
    """TLG; smooth SUVmax, minimum and SUVpeak, and the viable level, over SUVmean; CoV."""
    suv, mask, level = region.suv, region.mask, region.mean
    peak = ops.max(smooth(suv, _PEAK_SIGMA_MM / region.spacing_mm) * mask, axis=(1, 2, 3))
    return [
        log(_volume_ml(region) * level),
        log(power_mean(suv, mask, 8.0) / level),
        log(power_mean(suv, mask, -2.0) / level),
        log(peak / level),
        log(region.viable / level),
        weighted_deviation(suv, mask) / level,
    ]


def _volume_ml(region: Region) -> Any:
    """Metabolic tumour volume, at least about a voxel: (batch,)."""
    return region.voxels * region.spacing_mm**3 / 1000.0
