"""Random samples."""

import numpy as np
import pytest

from pet_mtl.sample import Patch, Sample


def _patch(random, size, masked):
    valid = random.random((size,) * 3) < 0.9
    suv = np.where(valid, random.gamma(2.0, 1.0, (size,) * 3), 0).astype(np.float32)
    return Patch(suv, valid, random.random((size,) * 3) < 0.2 if masked else None)


@pytest.fixture(scope="session")
def make_sample():
    """A random sample; labels as given, absent where not."""

    def make(name="0123456789abcdef", size=8, seed=0, masked=True, covariates=2, **labels):
        random = np.random.default_rng(seed)
        known = random.random(covariates) < 0.5
        return Sample(
            sample_id=name,
            fine=_patch(random, size, masked),
            context=_patch(random, size, masked),
            centre_mm=(1.5, -20.25, 300.0),
            time_days=labels.get("time_days"),
            event=labels.get("event"),
            response=labels.get("response"),
            clinical=np.where(known, random.normal(size=covariates), 0).astype(np.float32),
            clinical_known=known,
        )

    return make


@pytest.fixture(scope="session")
def assert_same():
    """Two samples are equal in every value and in what is absent."""

    def same(a, b):
        for field in ("sample_id", "centre_mm", "time_days", "event", "response"):
            left, right = getattr(a, field), getattr(b, field)
            assert left == right and type(left) is type(right), field
        np.testing.assert_array_equal(a.clinical, b.clinical)
        np.testing.assert_array_equal(a.clinical_known, b.clinical_known)
        for left, right in ((a.fine, b.fine), (a.context, b.context)):
            assert left.suv.dtype == right.suv.dtype == np.float32
            np.testing.assert_array_equal(left.suv, right.suv)
            np.testing.assert_array_equal(left.valid, right.valid)
            assert (left.mask is None) == (right.mask is None)
            if left.mask is not None:
                np.testing.assert_array_equal(left.mask, right.mask)

    return same
