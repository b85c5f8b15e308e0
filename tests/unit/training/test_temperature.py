"""Temperature scaling finds by how much several classes were told too surely."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from pet_mtl.models.calibration import ResponseTemperature
from pet_mtl.training.calibration import fit_calibration
from pet_mtl.training.trust import fit_trust


def rows(patients: int, sureness: float, seed: int, classes: int = 3) -> list[dict[str, str]]:
    """Out-of-fold rows whose log probabilities are `sureness` times the true ones."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.2, (patients, classes))
    truth = [rng.choice(classes, p=one) for one in special.softmax(logits, axis=1)]
    told = special.softmax(sureness * logits, axis=1)
    return [
        {"response_true": str(label), "response": f"class {one.argmax()}"}
        | {f"response_{k}": repr(float(p)) for k, p in enumerate(one)}
        for label, one in zip(truth, told, strict=True)
    ]


@pytest.mark.parametrize(("sureness", "classes"), [(1.0, 3), (1.6, 3), (0.7, 5)])
def test_the_temperature_is_found(sureness: float, classes: int) -> None:
    found, lines = fit_calibration(rows(3000, sureness, 1, classes), ())
    assert isinstance(found.response, ResponseTemperature)
    assert found.response.slope == pytest.approx(1 / sureness, rel=0.08)
    assert f"temperature {1 / found.response.slope:.2f}" in lines[0]


def test_too_few_are_told() -> None:
    few, lines = fit_calibration(rows(30, 1.0, 1), ())
    assert few.response is None and "of 30 outside the commonest class" in lines[0]


@given(st.integers(0, 2**32 - 1), st.floats(0.2, 2.0))
def test_the_order_of_classes_stays(seed: int, slope: float) -> None:
    each = special.softmax(np.random.default_rng(seed).normal(size=(6, 4)), axis=1)
    moved = np.asarray(ResponseTemperature(slope)(each.astype(np.float32)))
    assert (moved.argsort(axis=1) == each.argsort(axis=1)).all()
    assert moved.sum(axis=1) == pytest.approx(np.ones(6), abs=1e-5)
    assert np.allclose(ResponseTemperature(1.0)(each), each, atol=1e-6)


def test_sets_are_of_the_recalibrated_classes() -> None:
    made = rows(600, 3.0, 2)
    calibration, _ = fit_calibration(made, ())
    trust = fit_trust(made, (), calibration, 0.9)
    assert trust.sets is not None and trust.sets.by_class and len(trust.sets.limits) == 3
    each = np.array([[float(row[f"response_{k}"]) for k in range(3)] for row in made], np.float32)
    assert calibration.response is not None
    moved = np.asarray(calibration.response(each), np.float64)
    held = [
        int(r["response_true"]) in trust.sets.of(tuple(p)) for r, p in zip(made, moved, strict=True)
    ]
    assert 0.9 <= np.mean(held) < 0.92
