"""What the out-of-fold table says of one patient's masks."""

from types import SimpleNamespace

import numpy as np
import pytest

from pet_mtl.metrics import compare_masks
from pet_mtl.training.oof import COLUMNS, SURFACE_DICE, _row, _without_unknown

SIZE, FINE_MM = 12, 3.0
INFO = SimpleNamespace(plan=SimpleNamespace(fine_mm=FINE_MM))


def patient(shift=1, valid=True):
    rng = np.random.default_rng(0)
    truth = np.zeros((SIZE,) * 3, bool)
    truth[3:8, 3:8, 3:8] = True
    mask = np.roll(truth, shift, axis=0)
    suv = rng.random((*truth.shape, 2)).astype(np.float32) + 5 * truth[..., None]
    inside = np.ones_like(truth)
    inside[:, :, 7:] = valid
    labels = {
        "survival": np.array([100.0, 1.0]),
        "response": np.array([1.0]),
        "mask": np.stack([truth, truth, inside], axis=-1).astype(np.float32),
    }
    outputs = {"mask": mask[..., None].astype(np.float32), "risk": 0.1, "response": 0.7}
    return suv, outputs, labels, mask & inside, truth


@pytest.mark.parametrize("valid", [True, False])
def test_masks_are_compared_in_the_fine_cube(valid):
    suv, outputs, labels, mask, truth = patient(valid=valid)
    row = _row(INFO, suv, outputs, labels)
    told = compare_masks(mask, truth, suv[..., 0], (FINE_MM,) * 3)
    assert row["hd95_mm"] == told.hd95_mm and row[SURFACE_DICE] == told.surface_dice
    assert row["volume_ml"] == pytest.approx(told.predicted_ml)
    assert row["tlg"] == pytest.approx(row["volume_ml"] * row["suv_mean"], rel=1e-6)
    assert row["true_volume_ml"] == pytest.approx(125 * 0.027)
    assert (row["lesions_found"], row["lesions_missed"], row["lesions_false"]) == (1, 0, 0)
    assert row["centre_found"] == 1.0
    assert set(row) <= set(COLUMNS)


def test_what_is_undefined_or_unknown_is_empty():
    suv, outputs, labels, _, _ = patient()
    outputs["mask"][:] = 0.0
    row = _row(INFO, suv, outputs, labels)
    assert row["hd95_mm"] == row[SURFACE_DICE] == ""
    assert row["tlg"] == 0.0 and row["lesions_missed"] == 1.0 and row["centre_found"] == 0.0
    unknown = _without_unknown(row, {"survival": 1, "response": 1, "mask": 0})
    of_truth = ("dice", "true_volume_ml", "true_tlg", "hd95_mm", SURFACE_DICE, "lesions_found",
                "lesions_missed", "lesions_false", "centre_found")  # fmt: skip
    assert all(unknown[name] == "" for name in of_truth)
    assert unknown["tlg"] == 0.0 and unknown["time_days"] == 100.0
