"""One patient of the phantom: a pure function of the cohort's seed and the patient's index."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pet_mtl.geometry import Grid
from pet_mtl.phantom.anatomy import TRUNK_HALF_MM, Body, make_body
from pet_mtl.phantom.law import (
    PhantomOutcome,
    age_years,
    draw_factors,
    draw_outcome,
)
from pet_mtl.phantom.lesion import Lesion, make_lesion
from pet_mtl.phantom.scanner import FWHM_PER_SIGMA, SCANNERS, Scanner, acquire, scan_grid
from pet_mtl.phantom.surroundings import nodes, rim, satellites

# One number a stream: what is drawn in one never shifts what is drawn in another.
_STREAMS = {"factors": 1, "body": 2, "lesion": 3, "surroundings": 4, "noise": 5, "outcome": 6}
_STREAMS |= {"mask": 7, "dicom": 8, "ct": 9, "has_ct": 10}


@dataclass(frozen=True)
class PhantomPatient:
    """One simulated patient.

    Attributes:
        suv: (z, y, x) float32 PET in SUVbw.
        grid: The scanner's grid.
        mask: (z, y, x) bool true lesion.
        factors: Standardised factors of the law, "age" among them.
        age: Years.
        scanner: The scanner.
        node_centres_mm: (nodes, 3) world points (x, y, z) of the distant nodes.
        satellite_centres_mm: (satellites, 3) world points of the satellites.
    """

    suv: NDArray[np.float32]
    grid: Grid
    mask: NDArray[np.bool_]
    factors: dict[str, float]
    age: float
    scanner: Scanner
    node_centres_mm: NDArray[np.float64]
    satellite_centres_mm: NDArray[np.float64]


def stream(seed: int, index: int, name: str, draw: int = 0) -> np.random.Generator:
    """The random numbers of one purpose of one patient.

    Args:
        seed: Seed of the cohort, >= 0.
        index: Patient, from 0.
        name: Purpose: "factors", "body", "lesion", "surroundings", "noise", "outcome",
            "mask", "dicom", "ct" or "has_ct".
        draw: Which of several draws.
    """
    return np.random.default_rng([seed, index, _STREAMS[name], draw])


def factors_of(seed: int, index: int) -> dict[str, float]:
    """The factors of a patient, without simulating the image."""
    return draw_factors(stream(seed, index, "factors"))


def outcome_of(seed: int, index: int, draw: int = 0) -> PhantomOutcome:
    """One draw of a patient's outcome; draw 0 is the one of clinical.csv."""
    return draw_outcome(factors_of(seed, index), stream(seed, index, "outcome", draw))


def make_patient(seed: int, index: int) -> PhantomPatient:
    """Simulates one patient; the same for the same arguments, whatever else is made.

    Args:
        seed: Seed of the cohort, >= 0.
        index: Patient, from 0.
    """
    factors = factors_of(seed, index)
    grid, scanner, sigma_mm, body = _scanned_body(stream(seed, index, "body"))
    lesion = _placed_lesion(grid, body, factors, sigma_mm, stream(seed, index, "lesion"))
    rng = stream(seed, index, "surroundings")
    spots = satellites(lesion, body, grid, factors["satellites"], rng)
    distant = nodes(lesion, body, grid, factors["nodes"], rng)
    activity = np.where(lesion.mask, lesion.activity, body.suv + rim(lesion, factors["rim"]))
    activity += spots.activity + distant.activity
    suv = acquire(activity, grid, scanner, sigma_mm, stream(seed, index, "noise"))
    return PhantomPatient(
        suv=suv,
        grid=grid,
        mask=lesion.mask,
        factors=factors,
        age=age_years(factors),
        scanner=scanner,
        node_centres_mm=grid.index_to_world(distant.centres),
        satellite_centres_mm=grid.index_to_world(spots.centres),
    )


def draw_frame(rng: np.random.Generator) -> tuple[Scanner, float, float, float]:
    """Scanner, its point spread (sigma, mm), relative size of the body, z of its middle (mm)."""
    scanner = SCANNERS[int(rng.integers(len(SCANNERS)))]
    sigma_mm = float(rng.uniform(*scanner.fwhm_mm)) / FWHM_PER_SIGMA
    size = float(rng.uniform(0.93, 1.06))
    return scanner, sigma_mm, size, round(float(rng.uniform(-700.0, -400.0)), 1)


def _scanned_body(rng: np.random.Generator) -> tuple[Grid, Scanner, float, Body]:
    """A body of random size on a random scanner; also the scanner's point spread, sigma in mm."""
    scanner, sigma_mm, size, z_mm = draw_frame(rng)
    half_z, half_y, half_x = (half * size for half in TRUNK_HALF_MM)
    grid = scan_grid(scanner, (half_z, half_y, half_x), z_mm)
    return grid, scanner, sigma_mm, make_body(grid, (0.0, 0.0, z_mm), size, rng)


def _placed_lesion(
    grid: Grid,
    body: Body,
    factors: dict[str, float],
    sigma_mm: float,
    rng: np.random.Generator,
) -> Lesion:
    """A lesion in one of the lungs, above heart and liver."""
    middle = grid.centre_mm
    side = float(rng.choice((-1.0, 1.0)))
    offset = (side * rng.uniform(62.0, 88.0), rng.uniform(-25.0, 20.0), rng.uniform(-5.0, 40.0))
    x, y, z = (float(m + o) for m, o in zip(middle, offset, strict=True))
    return make_lesion((grid, (x, y, z), body.inside), factors, sigma_mm, rng)
