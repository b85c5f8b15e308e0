"""A tiny cohort, converted once for all tests of the whole way."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

COLUMNS = [
    *("--id-column", "patient_id", "--time", "time_days"),
    *("--event", "event", "--response", "response", "--covariates", "age[years]"),
]
# Small enough for seconds, large enough that every stage, head and output runs.
QUICK = [
    *("--set", "model.filters=[4,8]", "--set", "model.groups=2"),
    *("--set", "stage.mask_steps=12", "--set", "stage.joint_steps=4"),
    *("--set", "stage.validate_every=4", "--set", "stage.batch_size=4"),
    # Fast enough that something is outlined, or the stage is begun anew.
    *("--set", "stage.mask_rate=0.03"),
]
# Half the graph, for tests to which the network is of no matter.
PLAIN = [
    *("--set", "model.scales=fine", "--set", "model.radiomics=false"),
    *("--set", "model.learned=true"),
]

Run = Callable[..., subprocess.CompletedProcess[str]]
HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever goes the whole way is slow."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.slow)


def _command(*arguments: object) -> list[str]:
    return [sys.executable, "-P", "-m", "pet_mtl", *map(str, arguments)]


@pytest.fixture(scope="session")
def command() -> Callable[..., list[str]]:
    """The command line of a `pet-mtl` call, in the Python that runs the tests."""
    return _command


@pytest.fixture(scope="session")
def columns() -> list[str]:
    """The columns of a phantom's clinical table."""
    return COLUMNS


@pytest.fixture(scope="session")
def quick() -> list[str]:
    """Options of a training of seconds."""
    return QUICK


@pytest.fixture(scope="session")
def plain() -> list[str]:
    """Options of the simplest network with all outputs, trained in seconds."""
    return QUICK + PLAIN


@pytest.fixture(scope="session")
def pet_mtl() -> Run:
    """Runs `pet-mtl` as a user would, and checks the exit code."""

    def run(*arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            _command(*arguments), capture_output=True, text=True, timeout=1700, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return run


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory, pet_mtl: Run) -> Path:
    """24 phantoms as NIfTI, two thirds of them outlined."""
    folder = tmp_path_factory.mktemp("cohort") / "phantoms"
    options = ("--patients", 24, "--seed", 5, "--format", "nifti", "--mask-fraction", 0.7)
    pet_mtl("phantom", folder, *options)
    return folder


@pytest.fixture(scope="session")
def dataset(cohort: Path, pet_mtl: Run) -> Path:
    """The cohort as a dataset of small cubes."""
    folder = cohort.parent / "dataset"
    table = cohort / "clinical.csv"
    pet_mtl(
        *("convert", cohort / "studies", folder, "--clinical", table, *COLUMNS),
        *("--folds", 3, "--size", 16, "--fine-mm", 6, "--context-mm", 12),
    )
    return folder
