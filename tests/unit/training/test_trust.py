"""What is fitted on out-of-fold predictions: sets of the recalibrated response, usual values."""

import numpy as np
import pytest
from scipy import special

from pet_mtl.models import Calibration
from pet_mtl.models.calibration import ResponseScale
from pet_mtl.training.trust import fit_trust


def oof(patients: int) -> list[dict[str, str]]:
    """Rows as a CSV holds them; every tenth patient has no outline and no response."""
    rng = np.random.default_rng(0)
    rows = []
    for i in range(patients):
        truth = int(rng.random() < 0.5)
        logit = 2.0 * truth - 1 + rng.normal()
        row = {"response_true": str(truth), "response": repr(float(special.expit(logit)))}
        row |= {"suv_max": repr(10 + i / 10), "volume_ml": "20.0", "novelty": repr(5 + i / 100)}
        if i % 10 == 0:
            row |= {"response_true": "", "suv_max": "", "volume_ml": "0.0"}
        rows.append(row | {"suv_body": "0.8"})
    return rows


STUDIES = [{"voxel_z_mm": "3", "voxel_y_mm": "4", "voxel_x_mm": "4", "extent_z_mm": "250"}] * 80


def test_sets_are_of_the_recalibrated_response() -> None:
    rows = oof(80)
    plain = fit_trust(rows, STUDIES, Calibration(), 0.9)
    scale = ResponseScale(0.5, 0.4)
    moved = fit_trust(rows, STUDIES, Calibration(response=scale), 0.9)
    assert plain.sets is not None and moved.sets is not None and plain.sets.by_class
    assert sum(plain.sets.patients) == 72
    limit = float(np.asarray(scale(np.float32(plain.sets.limits[0]))))
    assert moved.sets.limits[0] == pytest.approx(limit, abs=1e-5)
    for row in rows:
        probability = float(row["response"])
        recalibrated = float(np.asarray(scale(np.float32(probability))))
        near = min(
            abs(probability - plain.sets.limits[0]), abs(1 - probability - plain.sets.limits[1])
        )
        if near > 1e-4:  # at the limit itself float32 decides
            assert moved.sets.of(recalibrated) == plain.sets.of(probability)


def test_usual_values_are_of_what_was_outlined_and_of_all_studies() -> None:
    spans = fit_trust(oof(80), STUDIES, Calibration(), 0.9).reference.spans
    assert spans["volume_ml"].low == 20.0 and spans["volume_ml"].patients == 72
    assert spans["voxel_z_mm"].patients == 80 and spans["suv_body"].high == 0.8
    assert "suv_mean" not in spans


def test_few_patients_and_an_older_dataset_have_none_and_it_is_said() -> None:
    trust = fit_trust(oof(12), [{"sample_id": "a"}], Calibration(), 0.9)
    assert trust.sets is None and trust.reference is None
    assert "too few" in trust.said[0] and "none" in trust.said[1]
