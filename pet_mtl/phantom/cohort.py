"""A whole cohort on disk: images, clinical tables and the truth behind them."""

import multiprocessing
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import SimpleITK as sitk
from numpy.typing import NDArray

from pet_mtl.errors import ConfigError
from pet_mtl.files import write_csv
from pet_mtl.geometry import Grid, to_sitk
from pet_mtl.phantom.ct import make_ct, write_ct_series
from pet_mtl.phantom.dicom import draw_scan, write_series
from pet_mtl.phantom.law import FACTORS, age_years, log_hazard, logit
from pet_mtl.phantom.patient import FIELDS, factors_of, make_patient, outcome_of, stream
from pet_mtl.phantom.rtstruct import write_rtstruct
from pet_mtl.processes import cores, end_with_parent

CLINICAL_COLUMNS = ("patient_id", "age", "time_days", "event", "response")
TRUTH_COLUMNS = ("patient_id", "log_hazard", "log_hazard_image", "logit", *FACTORS)
FORMATS = ("dicom", "nifti")


@dataclass(frozen=True)
class PhantomConfig:
    """What cohort to simulate.

    Attributes:
        patients: Number of patients, >= 1.
        seed: Seed, >= 0; the same seed gives the same patients, whatever their number.
        format: "dicom" (PET series with RTSTRUCT) or "nifti".
        mask_fraction: Share of the patients whose lesion is outlined, 0 to 1.
        outcome_draws: Number of further clinical tables drawn from the same law.
        workers: Processes; None takes every core.
        ct_fraction: Share of the patients with a CT, 0 to 1.
        field: "trunk"; "body" for studies from the thighs up to neck or head, with brain, heart
            and urinary tract; or "mixed", half of each.

    Raises:
        ConfigError: A value is out of its range.
    """

    patients: int
    seed: int
    format: str = "dicom"
    mask_fraction: float = 1.0
    outcome_draws: int = 0
    workers: int | None = None
    ct_fraction: float = 0.0
    field: str = "trunk"

    def __post_init__(self) -> None:
        checks = (
            ("patients", self.patients >= 1, "at least 1"),
            ("seed", self.seed >= 0, "0 or more"),
            ("format", self.format in FORMATS, " or ".join(FORMATS)),
            ("mask_fraction", 0.0 <= self.mask_fraction <= 1.0, "0 to 1"),
            ("ct_fraction", 0.0 <= self.ct_fraction <= 1.0, "0 to 1"),
            ("outcome_draws", self.outcome_draws >= 0, "0 or more"),
            ("field", self.field in FIELDS, " or ".join(FIELDS)),
            ("workers", self.workers is None or self.workers >= 1, "at least 1"),
        )
        for name, good, expected in checks:
            if not good:
                raise ConfigError(
                    "PHANTOM_CONFIG",
                    f"phantom: {name} is out of range",
                    expected=expected,
                    found=str(getattr(self, name)),
                )


def patient_name(index: int) -> str:
    """The id of a patient: PH_0001 for index 0."""
    return f"PH_{index + 1:04d}"


def has_mask(config: PhantomConfig, index: int) -> bool:
    """Whether a patient's lesion is outlined: a coin of the patient, not of the cohort's size."""
    return bool(stream(config.seed, index, "mask").random() < config.mask_fraction)


def has_ct(config: PhantomConfig, index: int) -> bool:
    """Whether a patient has a CT; the PET is the same with and without."""
    return bool(stream(config.seed, index, "has_ct").random() < config.ct_fraction)


def write_cohort(
    out: Path, config: PhantomConfig, progress: Callable[[], None] | None = None
) -> None:
    """Writes `OUT/studies/ID/...`, `OUT/clinical.csv`, `OUT/truth.csv` and `OUT/draws/`.

    Every study folder appears whole or not at all; the tables come last, so a cohort that has
    its truth.csv is complete.

    Args:
        out: Folder of the cohort; made if absent.
        config: The cohort.
        progress: Called once a finished study.
    """
    studies = out / "studies"
    studies.mkdir(parents=True, exist_ok=True)
    for _ in _each_study(studies, config):
        if progress is not None:
            progress()
    for draw in range(1, config.outcome_draws + 1):
        _write_clinical(out / "draws" / f"clinical_{draw:02d}.csv", config, draw)
    _write_clinical(out / "clinical.csv", config, 0)
    _write_truth(out / "truth.csv", config)


def _each_study(studies: Path, config: PhantomConfig) -> Iterator[None]:
    """Writes every study, in as many processes as asked for."""
    workers = min(config.workers or cores(), config.patients)
    if workers == 1:
        for index in range(config.patients):
            write_patient(studies, config, index)
            yield
        return
    # Forking a process with threads can hang; spawn works everywhere and its second is paid once.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, end_with_parent) as pool:
        jobs = [
            pool.submit(write_patient, studies, config, index) for index in range(config.patients)
        ]
        for job in jobs:
            job.result()
            yield


def write_patient(studies: Path, config: PhantomConfig, index: int) -> None:
    """Simulates one patient and writes the study's folder, whole or not at all."""
    patient = make_patient(config.seed, index, config.field)
    name = patient_name(index)
    folder, temporary = studies / name, studies / f".tmp-{name}"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    masked = has_mask(config, index)
    ct = make_ct(config.seed, index, patient) if has_ct(config, index) else None
    if config.format == "dicom":
        scan = draw_scan(name, config.seed, stream(config.seed, index, "dicom"))
        write_series(temporary / "PET", patient, scan)
        if masked:
            write_rtstruct(temporary / "RTSTRUCT" / "RS.dcm", patient, scan)
        if ct is not None:
            write_ct_series(temporary / "CT", ct, patient, scan)
    else:
        _write_nifti(patient.suv, patient.grid, temporary / "PET_image.nii.gz")
        if masked:
            _write_nifti(patient.mask, patient.grid, temporary / "PET_mask.nii.gz")
        if ct is not None:
            _write_nifti(ct.hu, ct.grid, temporary / "CT_image.nii.gz")
    shutil.rmtree(folder, ignore_errors=True)
    temporary.replace(folder)


def _write_nifti(array: NDArray[Any], grid: Grid, path: Path) -> None:
    """Writes one image; fast compression, as noise hardly compresses anyway."""
    sitk.WriteImage(to_sitk(array, grid), str(path), True, 1)


def _write_clinical(path: Path, config: PhantomConfig, draw: int) -> None:
    """Writes one draw of everybody's outcome."""
    rows = []
    for index in range(config.patients):
        outcome = outcome_of(config.seed, index, draw)
        rows.append(
            {
                "patient_id": patient_name(index),
                "age": f"{age_years(factors_of(config.seed, index)):.1f}",
                "time_days": f"{outcome.time_days:.1f}",
                "event": int(outcome.event),
                "response": outcome.response,
            }
        )
    write_csv(path, CLINICAL_COLUMNS, rows)


def _write_truth(path: Path, config: PhantomConfig) -> None:
    """Writes what a perfect observer would know."""
    rows = []
    for index in range(config.patients):
        factors = factors_of(config.seed, index)
        numbers = {
            "log_hazard": log_hazard(factors),
            "log_hazard_image": log_hazard(factors, with_age=False),
            "logit": logit(factors),
            **factors,
        }
        cells = {name: f"{value:.6f}" for name, value in numbers.items()}
        rows.append({"patient_id": patient_name(index), **cells})
    write_csv(path, TRUTH_COLUMNS, rows)
