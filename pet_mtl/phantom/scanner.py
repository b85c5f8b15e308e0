"""The scanners of the phantom: voxel size, point spread and noise."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pet_mtl.geometry import Grid

FWHM_PER_SIGMA = 2.0 * math.sqrt(2.0 * math.log(2.0))
_BORDER_MM = 12.0


@dataclass(frozen=True)
class Scanner:
    """One PET scanner.

    Attributes:
        manufacturer: Synthetic name that goes into the DICOM attributes.
        model: Synthetic model name.
        spacing_mm: Voxel size along (z, y, x).
        fwhm_mm: Full width at half maximum of its point spread, range over patients.
        noise: Standard deviation of the noise at 1 SUV; it grows with the root of the uptake.
    """

    manufacturer: str
    model: str
    spacing_mm: tuple[float, float, float]
    fwhm_mm: tuple[float, float]
    noise: float


SCANNERS = (
    Scanner("Phantom Works", "PW-407", (3.0, 4.07, 4.07), (5.0, 6.0), 0.10),
    Scanner("Phantom Works", "PW-469", (3.27, 4.69, 4.69), (5.5, 6.5), 0.09),
    Scanner("Phantom Works", "PW-547", (3.27, 5.47, 5.47), (6.0, 7.0), 0.08),
)


def scan_grid(scanner: Scanner, half_mm: tuple[float, float, float], z_mm: float) -> Grid:
    """The smallest matrix of a scanner that holds the body.

    Args:
        scanner: The scanner.
        half_mm: Half extents of the body along (z, y, x); z is not padded.
        z_mm: World z of the middle of the body.

    Returns:
        An axial head-first supine grid; origin on whole micrometres, as DICOM will write it.
    """
    sz, sy, sx = scanner.spacing_mm
    nz = round(2 * half_mm[0] / sz)
    ny, nx = (
        math.ceil(2 * (half + _BORDER_MM) / step)
        for half, step in zip(half_mm[1:], (sy, sx), strict=True)
    )
    origin = (-(nx - 1) / 2 * sx, -(ny - 1) / 2 * sy, z_mm - (nz - 1) / 2 * sz)
    x, y, z = (round(value, 3) for value in origin)
    return Grid((nz, ny, nx), scanner.spacing_mm, (x, y, z))


def blur(
    volume: NDArray[np.float32], spacing_mm: tuple[float, float, float], sigma_mm: float
) -> NDArray[np.float32]:
    """Gaussian smoothing in millimetres.

    Args:
        volume: (z, y, x) float32.
        spacing_mm: Voxel size along (z, y, x).
        sigma_mm: Standard deviation of the kernel.
    """
    sigma = [sigma_mm / step for step in spacing_mm]
    return ndimage.gaussian_filter(volume, sigma, mode="nearest", truncate=3.0)


def acquire(
    activity: NDArray[np.float32],
    grid: Grid,
    scanner: Scanner,
    sigma_mm: float,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """What the scanner shows: blurred, with correlated noise, never negative.

    Args:
        activity: (z, y, x) true uptake in SUV.
        grid: Its grid.
        scanner: The scanner.
        sigma_mm: Standard deviation of the point spread.
        rng: Source of the noise.

    Returns:
        (z, y, x) float32 SUV.
    """
    image = blur(activity, grid.spacing_mm, sigma_mm)
    noise = ndimage.gaussian_filter(
        rng.standard_normal(grid.shape, dtype=np.float32), 0.7, mode="wrap", truncate=3.0
    )
    noise *= scanner.noise / float(noise.std())
    image += noise * np.sqrt(np.maximum(image, 0.0) + 0.05)
    return np.maximum(image, 0.0, out=image)
