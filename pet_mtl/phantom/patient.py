"""One patient of the phantom: a pure function of the cohort's seed and the patient's index."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pet_mtl.geometry import Grid
from pet_mtl.phantom.anatomy import Body, body_axes, make_body
from pet_mtl.phantom.law import (
    PhantomOutcome,
    age_years,
    draw_factors,
    draw_outcome,
)
from pet_mtl.phantom.lesion import Lesion, make_lesion
from pet_mtl.phantom.outline import TRUNK_HALF_MM
from pet_mtl.phantom.physiology import add_physiology, draw_ends
from pet_mtl.phantom.scanner import FWHM_PER_SIGMA, SCANNERS, Scanner, acquire, scan_grid
from pet_mtl.phantom.surroundings import nodes, rim, satellites

# One number a stream: what is drawn in one never shifts what is drawn in another.
_STREAMS = {"factors": 1, "body": 2, "lesion": 3, "surroundings": 4, "noise": 5, "outcome": 6}
_STREAMS |= {"mask": 7, "dicom": 8, "ct": 9, "has_ct": 10, "field": 11, "physiology": 12}

FIELDS = ("trunk", "body", "mixed")


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
        field: "trunk", or "body" for a study from the thighs up to neck or head.
    """

    suv: NDArray[np.float32]
    grid: Grid
    mask: NDArray[np.bool_]
    factors: dict[str, float]
    age: float
    scanner: Scanner
    node_centres_mm: NDArray[np.float64]
    satellite_centres_mm: NDArray[np.float64]
    field: str = "trunk"


def stream(seed: int, index: int, name: str, draw: int = 0) -> np.random.Generator:
    """The random numbers of one purpose of one patient.

    Args:
        seed: Seed of the cohort, >= 0.
        index: Patient, from 0.
        name: Purpose: "factors", "body", "lesion", "surroundings", "noise", "outcome",
            "mask", "dicom", "ct", "has_ct", "field" or "physiology".
        draw: Which of several draws.
    """
    return np.random.default_rng([seed, index, _STREAMS[name], draw])


def factors_of(seed: int, index: int) -> dict[str, float]:
    """The factors of a patient, without simulating the image."""
    return draw_factors(stream(seed, index, "factors"))


def outcome_of(seed: int, index: int, draw: int = 0) -> PhantomOutcome:
    """One draw of a patient's outcome; draw 0 is the one of clinical.csv."""
    return draw_outcome(factors_of(seed, index), stream(seed, index, "outcome", draw))


def field_of(seed: int, index: int, field: str) -> str:
    """The field of one patient: of "mixed", a coin decides between "trunk" and "body"."""
    if field != "mixed":
        return field
    return "body" if stream(seed, index, "field").random() < 0.5 else "trunk"


def make_patient(seed: int, index: int, field: str = "trunk") -> PhantomPatient:
    """Simulates one patient; the same for the same arguments, whatever else is made.

    The field changes neither factors nor outcome, nor lesion, satellites and nodes: a long study
    is the short one with more of the body and its physiological uptake, and other noise.

    Args:
        seed: Seed of the cohort, >= 0.
        index: Patient, from 0.
        field: One of `FIELDS`.
    """
    factors = factors_of(seed, index)
    scan = _scanned_body(stream(seed, index, "body"))
    lesion = _placed_lesion(scan, factors, stream(seed, index, "lesion"))
    rng = stream(seed, index, "surroundings")
    spots = satellites(lesion, scan.body, scan.grid, factors["satellites"], rng)
    distant = nodes(lesion, scan.body, scan.grid, factors["nodes"], rng)
    of_patient = field_of(seed, index, field)
    long = _lengthened(scan, seed, index) if of_patient == "body" else _short(scan)
    seen = long.body.suv[long.trunk]
    seen[:] = np.where(lesion.mask, lesion.activity, seen + rim(lesion, factors["rim"]))
    seen += spots.activity + distant.activity
    noise = stream(seed, index, "noise")
    suv = acquire(long.body.suv, long.grid, scan.scanner, scan.sigma_mm, noise)
    mask = np.zeros(long.grid.shape, dtype=bool)
    mask[long.trunk] = lesion.mask
    return PhantomPatient(
        suv=suv,
        grid=long.grid,
        mask=mask,
        factors=factors,
        age=age_years(factors),
        scanner=scan.scanner,
        node_centres_mm=scan.grid.index_to_world(distant.centres),
        satellite_centres_mm=scan.grid.index_to_world(spots.centres),
        field=of_patient,
    )


@dataclass(frozen=True)
class _Scan:
    """The trunk on its scanner: point spread as sigma in mm, size of the body, z of its middle."""

    grid: Grid
    scanner: Scanner
    sigma_mm: float
    size: float
    z_mm: float
    body: Body


@dataclass(frozen=True)
class _Long:
    """The body that is scanned, and the slices in which its trunk lies."""

    body: Body
    grid: Grid
    trunk: slice


def draw_frame(rng: np.random.Generator) -> tuple[Scanner, float, float, float]:
    """Scanner, its point spread (sigma, mm), relative size of the body, z of its middle (mm)."""
    scanner = SCANNERS[int(rng.integers(len(SCANNERS)))]
    sigma_mm = float(rng.uniform(*scanner.fwhm_mm)) / FWHM_PER_SIGMA
    size = float(rng.uniform(0.93, 1.06))
    return scanner, sigma_mm, size, round(float(rng.uniform(-700.0, -400.0)), 1)


def _scanned_body(rng: np.random.Generator) -> _Scan:
    """A trunk of random size on a random scanner."""
    scanner, sigma_mm, size, z_mm = draw_frame(rng)
    half_z, half_y, half_x = (half * size for half in TRUNK_HALF_MM)
    grid = scan_grid(scanner, (half_z, half_y, half_x), z_mm)
    body = make_body(grid, (0.0, 0.0, z_mm), size, rng)
    return _Scan(grid, scanner, sigma_mm, size, z_mm, body)


def _short(scan: _Scan) -> _Long:
    """The trunk alone."""
    return _Long(scan.body, scan.grid, slice(None))


def _lengthened(scan: _Scan, seed: int, index: int) -> _Long:
    """The same body from the thighs up, with its physiological uptake."""
    rng = stream(seed, index, "physiology")
    ends = np.asarray(draw_ends(rng)) * scan.size
    step, half = scan.grid.spacing_mm[0], scan.grid.extent_mm[0] / 2
    below, above = (round((abs(float(end)) - half) / step) for end in ends)
    x, y, z = scan.grid.origin_mm
    shape = (below + scan.grid.shape[0] + above, *scan.grid.shape[1:])
    grid = replace(scan.grid, shape=shape, origin_mm=(x, y, round(z - below * step, 3)))
    middle, body_rng = (0.0, 0.0, scan.z_mm), stream(seed, index, "body")
    draw_frame(body_rng)
    body = make_body(grid, middle, scan.size, body_rng, whole=True)
    trunk = slice(below, below + scan.grid.shape[0])
    body.suv[trunk] = scan.body.suv
    add_physiology(body, body_axes(grid, middle, scan.size), rng)
    return _Long(body, grid, trunk)


def _placed_lesion(scan: _Scan, factors: dict[str, float], rng: np.random.Generator) -> Lesion:
    """A lesion in one of the lungs, above heart and liver."""
    middle = scan.grid.centre_mm
    side = float(rng.choice((-1.0, 1.0)))
    offset = (side * rng.uniform(62.0, 88.0), rng.uniform(-25.0, 20.0), rng.uniform(-5.0, 40.0))
    x, y, z = (float(m + o) for m, o in zip(middle, offset, strict=True))
    return make_lesion((scan.grid, (x, y, z), scan.body.inside), factors, scan.sigma_mm, rng)
