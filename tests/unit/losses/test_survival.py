"""The logistic hazard against its definition, written out in loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pet_mtl.errors import ConfigError
from pet_mtl.losses import LogisticHazard, survival_curve

EDGES = (100.0, 200.0, 400.0)


def by_hand(time: float, event: float, logits: np.ndarray) -> float:
    """One patient's negative log likelihood, interval by interval."""
    hazard = 1 / (1 + np.exp(-logits.astype(np.float64)))
    loss, start = 0.0, -1.0
    for end, h in zip(EDGES, hazard, strict=True):
        if event and start < time <= end:
            return loss - np.log(h)
        if (event and time > end) or (not event and time >= end):
            loss -= np.log(1 - h)
        start = end
    return loss


@settings(deadline=None, max_examples=60)
@given(
    time=st.one_of(st.floats(0, 600), st.sampled_from([0.0, *EDGES])),
    event=st.sampled_from([0.0, 1.0]),
    logits=hnp.arrays(np.float32, 3, elements=st.floats(-6, 6, width=32)),
)
def test_equals_the_definition(time: float, event: float, logits: np.ndarray) -> None:
    time = float(np.float32(time))
    loss = LogisticHazard(EDGES, reduction="none")(
        np.array([[time, event]], np.float32), logits[None]
    )
    assert float(loss[0]) == pytest.approx(by_hand(time, event, logits), rel=1e-4, abs=1e-5)


def test_event_after_the_last_edge_is_a_survival_up_to_it() -> None:
    logits = np.zeros((2, 3), np.float32)
    labels = np.array([[900.0, 1.0], [900.0, 0.0]], np.float32)
    loss = np.asarray(LogisticHazard(EDGES, reduction="none")(labels, logits))
    assert loss == pytest.approx([3 * np.log(2)] * 2, rel=1e-6)


def test_curve_is_the_product_of_survived_hazards() -> None:
    logits = np.array([[-1.0, 0.5, 2.0]], np.float32)
    expected = np.cumprod(1 - 1 / (1 + np.exp(-logits)), axis=1)
    assert np.asarray(survival_curve(logits)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("edges", [(), (0.0, 1.0), (2.0, 1.0), (1.0, 1.0)])
def test_edges_must_increase(edges: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError, match="SURVIVAL_EDGES"):
        LogisticHazard(edges)
