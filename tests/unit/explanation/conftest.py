"""A model that is linear in SUV, so that what each voxel adds is known, and studies for it."""

import math
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pytest

from pet_mtl.explanation.explainer import Explainer
from pet_mtl.explanation.settings import Settings
from pet_mtl.geometry import Grid
from pet_mtl.sample import SCALES, GridPlan
from pet_mtl.study import Study
from pet_mtl.trust import NO_TRUST, Trust

PLAN = GridPlan(24, 3.0, 6.0)
MIDDLE = (10.0, -20.0, 300.0)
ORIENTATIONS = {
    "upright": (0, 0, 1, 0, 1, 0, 1, 0, 0),
    "flipped": (0, 0, -1, 0, -1, 0, 1, 0, 0),
    "sagittal": (1, 0, 0, 0, 0, 1, 0, -1, 0),
}


def oblique():
    a, b = math.radians(20), math.radians(-12)
    about_x = np.array([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]])
    about_z = np.array([[math.cos(b), -math.sin(b), 0], [math.sin(b), math.cos(b), 0], [0, 0, 1]])
    return tuple((about_x @ about_z @ np.reshape(ORIENTATIONS["upright"], (3, 3))).ravel())


def make_study(balls, direction="upright"):
    """Hot balls (centre, radius, SUV) in a warm box in air; the first one is the lesion."""
    axes = oblique() if direction == "oblique" else ORIENTATIONS[direction]
    shape, spacing = (44, 50, 56), (4.0, 3.5, 3.0)
    turned = np.asarray(axes, float).reshape(3, 3)
    origin = np.asarray(MIDDLE) - turned @ ((np.asarray(shape) - 1) / 2 * np.asarray(spacing))
    grid = Grid(shape, spacing, tuple(origin), tuple(float(v) for v in axes))
    world = grid.index_to_world(np.stack(np.indices(shape), -1))
    suv = np.where(np.abs(world - MIDDLE).max(axis=-1) <= 80, 0.8, 0.0)
    for centre, radius, uptake in balls:
        suv[np.linalg.norm(world - np.asarray(centre), axis=-1) <= radius] = uptake
    return Study("case", "", suv.astype(np.float32), grid)


@dataclass
class Linear:
    """Outcome = sum over both cubes of weight times SUV. Stands for a fold's model."""

    weights: dict
    outcomes: tuple = ("survival", "response")
    learned: bool = True

    def unit(self, outcome):
        return "log odds"

    def fix(self, inputs):
        return {}

    def values(self, suv, fixed):
        total = sum((suv[s][..., 0] * self.weights[s]).sum(axis=(1, 2, 3)) for s in SCALES)
        return {name: total.astype(np.float64) for name in self.outcomes}

    def slopes(self, suv, fixed):
        cubes = {s: np.broadcast_to(self.weights[s], suv[s].shape[:4]) for s in SCALES}
        return dict.fromkeys(self.outcomes, cubes)

    def cam(self, suv, fixed):
        maps = {s: self.weights[s][::4, ::4, ::4] for s in SCALES}
        return dict.fromkeys(self.outcomes, maps)


@dataclass
class Threshold:
    """Says lesion where SUV is above 3, and the risk that the linear model says."""

    member: Linear
    plan: GridPlan = PLAN
    covariates: tuple = ()
    schema: tuple = ()
    edges_days: tuple = (90.0, 365.0)
    versions: dict = field(default_factory=lambda: {"made": "1"})
    fingerprint: str = "f1"
    ct: bool = False
    shift: float = 0.0
    trust: Trust = NO_TRUST

    def context_mask(self, tiles, ct=None):
        return (1 / (1 + np.exp(-2 * (tiles - 3)))).astype(np.float32)

    def predict(self, fine, context, clinical=None, clinical_known=None, ct=None):
        risk = self.member.values({"fine": fine, "context": context}, {})["survival"]
        return {
            "mask": self.context_mask(np.concatenate([fine, context], axis=-1)),
            "survival": np.array([[0.9, 0.7]], np.float32),
            "risk": risk + self.shift,
            "response": np.array([0.25], np.float32),
        }


@pytest.fixture
def toy():
    """Studies, and an explainer of a model that is linear with given weights."""

    def explainer(weights, settings=Settings(steps=3), shift=0.0):  # noqa: B008 - frozen
        member = Linear({s: np.asarray(weights[s], np.float64) for s in SCALES})
        return Explainer(Threshold(member, shift=shift), (member,), (0.0, 12.0), settings)

    return SimpleNamespace(explainer=explainer, study=make_study, plan=PLAN, middle=MIDDLE)
