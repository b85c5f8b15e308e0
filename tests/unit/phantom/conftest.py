"""A few simulated patients, made once."""

import pytest

from pet_mtl.phantom import PhantomPatient, make_patient


@pytest.fixture(scope="session")
def patients() -> list[PhantomPatient]:
    return [make_patient(7, index) for index in range(24)]
