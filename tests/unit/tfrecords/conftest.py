"""Random samples."""

import dataclasses

import numpy as np
import pytest

from pet_mtl.sample import Patch, Sample


def _patch(random, size, masked, ct):
    valid = random.random((size,) * 3) < 0.9
    suv = np.where(valid, random.gamma(2.0, 1.0, (size,) * 3), 0).astype(np.float32)
    patch = Patch(suv, valid, random.random((size,) * 3) < 0.2 if masked else None)
    if not ct:
        return patch
    known = random.random((size,) * 3) < 0.8
    hu = np.where(known, random.normal(0, 300, known.shape), 0).astype(np.float32)
    return dataclasses.replace(patch, ct=hu, ct_valid=known)


@pytest.fixture(scope="session")
def make_sample():
    """A random sample; labels as given, absent where not."""

    def make(name="0123456789abcdef", size=8, seed=0, masked=True, covariates=2, **labels):
        random = np.random.default_rng(seed)
        known = random.random(covariates) < 0.5
        return Sample(
            sample_id=name,
            fine=_patch(random, size, masked, labels.get("ct")),
            context=_patch(random, size, masked, labels.get("ct")),
            centre_mm=(1.5, -20.25, 300.0),
            time_days=labels.get("time_days"),
            event=labels.get("event"),
            response=labels.get("response"),
            clinical=np.where(known, random.normal(size=covariates), 0).astype(np.float32),
            clinical_known=known,
            elsewhere=tuple(
                _patch(random, size, masked, labels.get("ct"))
                for _ in range(labels.get("elsewhere", 0))
            ),
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
        assert len(a.elsewhere) == len(b.elsewhere)
        cubes = ((s.fine, s.context, *s.elsewhere) for s in (a, b))
        for left, right in zip(*cubes, strict=True):
            assert left.suv.dtype == right.suv.dtype == np.float32
            np.testing.assert_array_equal(left.suv, right.suv)
            np.testing.assert_array_equal(left.valid, right.valid)
            for name in ("mask", "ct", "ct_valid"):
                one, other = getattr(left, name), getattr(right, name)
                assert (one is None) == (other is None), name
                if one is not None:
                    assert one.dtype == other.dtype
                    np.testing.assert_array_equal(one, other)

    return same
