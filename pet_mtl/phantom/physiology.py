"""What takes up tracer without being ill: brain, heart, kidneys, urinary tract, gut and more.

Places are those of `pet_mtl.phantom.anatomy`. Uptake is drawn between two ends, evenly in its
logarithm; brain, bladder, renal pelvis and some hearts are as hot as a lesion or hotter.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pet_mtl.phantom.anatomy import Body
from pet_mtl.phantom.outline import Axes

Floats = NDArray[np.float64]

Triple = tuple[float, float, float]

# Where a study ends above: at the vertex, through the brain, or below the skull.
_TOPS_MM = (440.0, 340.0, 262.0)
_TOP_SHARES = (0.5, 0.25, 0.25)
_BOTTOM_MM = (-640.0, -500.0)
_SHIFT_MM = 7.0
_SCALE = (0.88, 1.14)
_SIDES = (-1.0, 1.0)


@dataclass(frozen=True)
class Uptake:
    """An ellipsoid of physiological uptake.

    Attributes:
        centre_mm: Middle (x, y, z).
        half_mm: Half axes (x, y, z).
        suv: Lowest and highest uptake.
        hollow: Part of the half axes that stays untouched inside.
        share: How many patients have it, 0 to 1.
    """

    centre_mm: Triple
    half_mm: Triple
    suv: tuple[float, float]
    hollow: float = 0.0
    share: float = 1.0


# Later ones lie over earlier ones.
_SINGLE = (
    Uptake((0.0, -5.0, 352.0), (60.0, 76.0, 56.0), (4.0, 7.5)),
    Uptake((0.0, -5.0, 352.0), (68.0, 86.0, 64.0), (7.0, 16.0), 0.74),
    Uptake((0.0, -48.0, 274.0), (20.0, 14.0, 12.0), (2.0, 7.0)),
    Uptake((0.0, -38.0, 236.0), (12.0, 9.0, 9.0), (3.0, 8.0), share=0.2),
    Uptake((72.0, -48.0, -135.0), (46.0, 36.0, 38.0), (1.6, 5.0), 0.8),
    Uptake((0.0, -30.0, -412.0), (40.0, 34.0, 32.0), (4.0, 60.0)),
)
_PAIRED = (
    Uptake((54.0, 12.0, 268.0), (12.0, 16.0, 20.0), (1.5, 5.0)),
    Uptake((72.0, 12.0, 190.0), (24.0, 13.0, 15.0), (3.0, 10.0), share=0.12),
    Uptake((62.0, 56.0, -208.0), (28.0, 26.0, 54.0), (2.5, 5.0)),
    Uptake((50.0, 50.0, -208.0), (9.0, 11.0, 19.0), (5.0, 40.0), share=0.75),
)
_HEART = Uptake((34.0, -38.0, -58.0), (44.0, 38.0, 40.0), (2.5, 16.0), 0.72, 0.6)
_URETER_MM = ((40.0, 42.0, -258.0), (20.0, 8.0, -388.0))
_URETER_FOCUS = ((5.0, 5.0, 9.0), (4.0, 18.0))
_MOST_URETER_FOCI = 3
_BOWEL_MM = ((-95.0, 95.0), (-75.0, 15.0), (-385.0, -195.0))
_BOWEL_LOOPS = (4, 11)
_BOWEL_HALF_MM = (10.0, 32.0)
_BOWEL_SUV, _HOT_BOWEL_SUV, _HOT_BOWEL_SHARE = (1.4, 5.0), (4.0, 12.0), 0.15


def draw_ends(rng: np.random.Generator) -> tuple[float, float]:
    """Lower and upper end of a long study, mm from the middle of a trunk of typical size."""
    top = float(rng.choice(_TOPS_MM, p=_TOP_SHARES)) + rng.uniform(-10.0, 10.0)
    return float(rng.uniform(*_BOTTOM_MM)), top


def add_physiology(body: Body, axes: Axes, rng: np.random.Generator) -> None:
    """Draws one patient's physiological uptake into a body, in place.

    Args:
        body: The body; nothing is taken up outside `body.inside`.
        axes: Coordinates (x, y, z) of its voxels in a body of typical size.
        rng: Source of randomness; what is drawn does not depend on the grid.
    """
    paired = [_mirrored(kind, side) for kind in _PAIRED for side in _SIDES]
    for kind in (*_SINGLE, *paired):
        _draw(body, axes, kind, rng)
    _draw(body, axes, _HEART, rng, _lit_walls(rng))
    for kind in (*_ureters(rng), *_bowel(rng)):
        _draw(body, axes, kind, rng)


def _mirrored(kind: Uptake, side: float) -> Uptake:
    """The same organ on one side of the body."""
    x, y, z = kind.centre_mm
    return replace(kind, centre_mm=(side * x, y, z))


def _lit_walls(rng: np.random.Generator) -> tuple[Floats, float]:
    """Which walls of the heart take up: those along a direction, or all."""
    direction = rng.standard_normal(3)
    cosine = float(rng.choice((-1.0, rng.uniform(-0.6, 0.4))))
    return direction / np.linalg.norm(direction), cosine


def _ureters(rng: np.random.Generator) -> list[Uptake]:
    """Foci of urine between kidneys and bladder."""
    half_mm, suv = _URETER_FOCUS
    upper, lower = (np.asarray(end) for end in _URETER_MM)
    foci = []
    for side in _SIDES:
        for _ in range(int(rng.integers(_MOST_URETER_FOCI + 1))):
            x, y, z = upper + rng.random() * (lower - upper)
            foci.append(Uptake((side * float(x), float(y), float(z)), half_mm, suv))
    return foci


def _bowel(rng: np.random.Generator) -> list[Uptake]:
    """Loops of bowel, in some patients hot throughout."""
    suv = _HOT_BOWEL_SUV if rng.random() < _HOT_BOWEL_SHARE else _BOWEL_SUV
    loops = []
    for _ in range(int(rng.integers(*_BOWEL_LOOPS))):
        x, y, z = (float(rng.uniform(*span)) for span in _BOWEL_MM)
        a, b, c = (float(half) for half in rng.uniform(*_BOWEL_HALF_MM, 3))
        loops.append(Uptake((x, y, z), (a, b, c), suv))
    return loops


def _draw(
    body: Body,
    axes: Axes,
    kind: Uptake,
    rng: np.random.Generator,
    walls: tuple[Floats, float] | None = None,
) -> None:
    """One organ, its size, place and uptake varied; only the voxels near it are computed."""
    present = rng.random() < kind.share
    half = np.asarray(kind.half_mm) * rng.uniform(*_SCALE, 3)
    centre = np.asarray(kind.centre_mm) + rng.uniform(-_SHIFT_MM, _SHIFT_MM, 3)
    suv = float(np.exp(rng.uniform(*np.log(kind.suv))))
    reached = [
        np.flatnonzero(np.abs(a.ravel() - c) <= h)
        for a, c, h in zip(axes, centre, half, strict=True)
    ]
    if not present or not all(len(places) for places in reached):
        return
    x, y, z = (
        ((a.ravel()[r] - c) / h).astype(np.float32)
        for a, r, c, h in zip(axes, reached, centre, half, strict=True)
    )
    x, y, z = x[None, None, :], y[None, :, None], z[:, None, None]
    square = x**2 + y**2 + z**2  # (z, y, x)
    chosen = (square <= 1.0) & (square >= kind.hollow**2)
    if walls is not None:
        (dx, dy, dz), cosine = walls
        chosen &= (dx * x + dy * y + dz * z) >= cosine * np.sqrt(square)
    box = tuple(slice(int(places[0]), int(places[-1]) + 1) for places in reversed(reached))
    body.suv[box][chosen & body.inside[box]] = suv
