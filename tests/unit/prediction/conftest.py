"""A synthetic patient known in world coordinates, and a model that thresholds SUV."""

import math
from dataclasses import dataclass, field

import numpy as np
import pytest

from pet_mtl.covariates import schema_from
from pet_mtl.geometry import Grid
from pet_mtl.sample import GridPlan
from pet_mtl.study import Study
from pet_mtl.trust import NO_TRUST, Trust

ORIENTATIONS = {
    "upright": (0, 0, 1, 0, 1, 0, 1, 0, 0),
    "head first prone": (0, 0, -1, 0, -1, 0, 1, 0, 0),
    "feet first": (0, 0, -1, 0, 1, 0, -1, 0, 0),
    "sagittal": (1, 0, 0, 0, 0, 1, 0, -1, 0),
    "coronal": (0, 0, -1, 1, 0, 0, 0, -1, 0),
}


def oblique() -> tuple[float, ...]:
    a, b = math.radians(20), math.radians(-12)
    about_x = np.array([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]])
    about_z = np.array([[math.cos(b), -math.sin(b), 0], [math.sin(b), math.cos(b), 0], [0, 0, 1]])
    upright = np.asarray(ORIENTATIONS["upright"], float).reshape(3, 3)
    return tuple((about_x @ about_z @ upright).ravel())


@dataclass
class ThresholdModel:
    """Says lesion where SUV is above 3; everything else is made up but depends on the input."""

    plan: GridPlan = field(default_factory=lambda: GridPlan(24, 3.0, 6.0))
    covariates: tuple[str, ...] = ()
    edges_days: tuple[float, ...] = (90.0, 365.0, 1000.5)
    versions: dict[str, str] = field(default_factory=lambda: {"made": "1"})
    fingerprint: str = "f1"
    cut: float = 3.0
    clinical: list = field(default_factory=list)
    calls: int = 0
    ct: bool = False
    seen_ct: list = field(default_factory=list)
    trust: Trust = NO_TRUST
    more: dict = field(default_factory=dict)

    @property
    def schema(self):
        return schema_from({"covariates": self.covariates})

    def context_mask(self, tiles, ct=None):
        self.seen_ct.append(ct)
        assert tiles.dtype == np.float32 and tiles.shape[1:] == (self.plan.size,) * 3 + (1,)
        return 1 / (1 + np.exp(-2 * (tiles - self.cut)))

    def predict(self, fine, context, clinical=None, clinical_known=None, ct=None):
        self.seen_ct.append(ct)
        assert fine.shape == context.shape == (1, *(self.plan.size,) * 3, 1)
        self.calls += 1
        self.clinical.append((clinical, clinical_known))
        cubes = np.concatenate([fine, context], axis=-1)
        return {
            "mask": self.context_mask_of(cubes),
            "survival": np.array([[0.9, 0.7, 0.4]], np.float32),
            "risk": fine.max(axis=(1, 2, 3, 4)),
            "response": np.array([0.25], np.float32),
            **self.more,
        }

    def context_mask_of(self, cubes):
        return (1 / (1 + np.exp(-2 * (cubes - self.cut)))).astype(np.float32)


@dataclass(frozen=True)
class Ball:
    """A hot ball in the patient."""

    centre_mm: tuple[float, float, float]
    radius_mm: float
    suv: float = 8.0

    def inside(self, world):
        return np.linalg.norm(world - np.asarray(self.centre_mm), axis=-1) <= self.radius_mm


def make_study(balls, direction=ORIENTATIONS["upright"], **changes) -> Study:
    """A warm box of 200 mm in air with hot balls in it, on a grid in any orientation."""
    spacing = changes.get("spacing_mm", (4.0, 3.5, 3.0))
    shape = changes.get("shape", (60, 64, 70))
    axes = np.asarray(direction, float).reshape(3, 3)
    middle = axes @ ((np.asarray(shape) - 1) / 2 * np.asarray(spacing))
    origin = np.asarray(changes.get("centre_mm", (10.0, -20.0, 300.0))) - middle
    grid = Grid(shape, spacing, tuple(origin), tuple(float(v) for v in direction))
    index = np.stack(np.meshgrid(*[np.arange(n) for n in shape], indexing="ij"), -1)
    world = grid.index_to_world(index)
    body = np.abs(world - np.asarray((10.0, -20.0, 300.0))).max(axis=-1) <= 100
    suv = np.where(body, 1.0, 0.0)
    mask = np.zeros(shape, bool)
    for number, ball in enumerate(balls):
        suv[ball.inside(world)] = ball.suv
        if number == 0:
            mask = ball.inside(world)
    return Study("case", "", suv.astype(np.float32), grid, mask=mask)


@pytest.fixture
def model():
    return ThresholdModel()


@pytest.fixture
def ball():
    return Ball


@pytest.fixture
def study_of():
    return make_study


@pytest.fixture
def direction_of():
    return lambda name: oblique() if name == "oblique" else ORIENTATIONS[name]


@pytest.fixture(params=[*ORIENTATIONS, "oblique"])
def direction(request, direction_of):
    return direction_of(request.param)
