"""JSON beside a PET image: BIDS, and what dcm2niix writes."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pet_mtl.errors import PetMtlError
from pet_mtl.geometry import Grid
from pet_mtl.readers import find_one, find_studies, read_study
from pet_mtl.readers.dicom import choose_series, read_values
from pet_mtl.readers.headers import scan_headers
from pet_mtl.readers.sidecar import inherited_sidecars, sidecar_factor, sidecar_files
from pet_mtl.writers.images import write_image

GRID = Grid((3, 4, 5), (3.0, 4.0, 5.0), (0.0, 0.0, 0.0))
BECQUEREL = np.linspace(0, 2e4, 60, dtype=np.float32).reshape(GRID.shape)
BIDS = {
    "Units": "Bq/mL", "TracerName": "FDG", "TracerRadionuclide": "F18",
    "InjectedRadioactivity": 370, "InjectedRadioactivityUnits": "MBq",
    "TimeZero": "10:00:00", "ScanStart": 0, "InjectionStart": -3600,
    "FrameTimesStart": [0], "FrameDuration": [120],
    "ImageDecayCorrected": True, "ImageDecayCorrectionTime": 0,
    "AttenuationCorrection": "measured", "PatientWeight": 70,
}  # fmt: skip
LAMBDA = math.log(2) / 6586.2


def factor(folder: Path, **changes: Any) -> float:
    """SUV per Bq/ml of BIDS with some fields changed; None removes one."""
    content = {k: v for k, v in (BIDS | changes).items() if v is not None}
    path = folder / "a.json"
    path.write_text(json.dumps(content))
    return sidecar_factor(folder / "a.nii.gz", path).factor


def test_hand_solved(tmp_path: Path) -> None:
    assert factor(tmp_path) == pytest.approx(70e3 / (370e6 * math.exp(-LAMBDA * 3600)), rel=1e-12)
    to_injection = factor(tmp_path, ImageDecayCorrectionTime=-3600)
    assert to_injection == pytest.approx(70e3 / 370e6, rel=1e-12)
    before = factor(tmp_path, InjectionStart=60)
    assert before == pytest.approx(70e3 / (370e6 * math.exp(LAMBDA * 60)), rel=1e-12)
    none = factor(tmp_path, ImageDecayCorrected=False, ImageDecayCorrectionTime=None)
    mean = LAMBDA * 120 / (1 - math.exp(-LAMBDA * 120))
    assert none == pytest.approx(70e3 / 370e6 * mean * math.exp(LAMBDA * 3600), rel=1e-12)


@pytest.mark.parametrize(
    ("scan", "first", "start"),
    [(3600, [3600], 3600), (3600, [3600.5], 3600.5), (3600, None, 3600), (0, [2400], 2400)],
)
def test_frames_count_from_time_zero(
    tmp_path: Path, scan: float, first: list[float] | None, start: float
) -> None:
    """BIDS: FrameTimesStart is relative to TimeZero, here the injection, and not to ScanStart."""
    found = factor(
        tmp_path, InjectionStart=0, ScanStart=scan, FrameTimesStart=first,
        ImageDecayCorrected=False,
    )  # fmt: skip
    mean = LAMBDA * 120 / (1 - math.exp(-LAMBDA * 120))
    assert found == pytest.approx(70e3 / 370e6 * mean * math.exp(LAMBDA * start), rel=1e-12)


@pytest.mark.parametrize(("scan", "first"), [(3600, 0), (3600, 60), (-60, 0)])
def test_frames_that_may_count_from_the_scan(tmp_path: Path, scan: float, first: float) -> None:
    changes = {"InjectionStart": scan - 3600, "ScanStart": scan, "FrameTimesStart": [first]}
    with pytest.raises(PetMtlError) as caught:
        factor(tmp_path, **changes, ImageDecayCorrected=False)
    assert caught.value.code == "SUV_TIME"
    content = BIDS | changes | {"ImageDecayCorrectionTime": scan}
    (tmp_path / "a.json").write_text(json.dumps(content))
    found = sidecar_factor(tmp_path / "a.nii.gz", tmp_path / "a.json")
    assert found.factor == pytest.approx(70e3 / (370e6 * math.exp(-LAMBDA * 3600)), rel=1e-12)
    assert found.warnings == (), "an uptake of an hour"


def test_equals_the_same_facts_in_dicom(tmp_path: Path, pet_series: Callable[..., Any]) -> None:
    pet_series(tmp_path / "dicom")
    known = read_study(find_one(tmp_path / "dicom"))
    series = choose_series(scan_headers(tmp_path / "dicom"))
    write_image(
        read_values(series).astype(np.float32), series.grid, tmp_path / "image" / "a.nii.gz"
    )
    (tmp_path / "image" / "a.json").write_text(json.dumps(BIDS))
    found = read_study(find_studies(tmp_path / "image").sources[0])
    assert found.suv_factor == pytest.approx(known.suv_factor, rel=1e-9)
    np.testing.assert_allclose(found.suv, known.suv, rtol=1e-6)
    assert found.grid.matches(known.grid, 1e-4)


@settings(deadline=None)
@given(st.floats(-1e5, 1e5), st.floats(3, 400), st.floats(20, 2000))
def test_times_are_relative_and_suv_linear(
    tmp_path_factory: pytest.TempPathFactory, shift: float, weight: float, dose: float
) -> None:
    folder = tmp_path_factory.getbasetemp()
    names = ("ScanStart", "InjectionStart", "ImageDecayCorrectionTime")
    moved: dict[str, Any] = {name: BIDS[name] + shift for name in names}  # type: ignore[operator]
    moved |= {"FrameTimesStart": [shift]}
    found = factor(folder, **moved, PatientWeight=weight, InjectedRadioactivity=dose)
    assert found == pytest.approx(factor(folder) * weight / 70 * 370 / dose, rel=1e-6)
    if shift:
        moved |= {"ImageDecayCorrected": False}
        still = factor(folder, ImageDecayCorrected=False)
        assert factor(folder, **moved) == pytest.approx(still, rel=1e-6)


@pytest.mark.parametrize(
    "same",
    [
        {"InjectedRadioactivity": 10, "InjectedRadioactivityUnits": "mCi"},
        {"InjectedRadioactivity": 0.37, "InjectedRadioactivityUnits": "GBq"},
        {"InjectedRadioactivity": None, "RadionuclideTotalDose": 3.7e8},
        {"TracerRadionuclide": "18F"},
        {"TracerRadionuclide": "F-18"},
        {"TracerRadionuclide": "[18F]"},
        {"TracerRadionuclide": None, "RadionuclideHalfLife": 6586.2},
        {"PatientWeight": None, "BodyWeight": "70", "BodyWeightUnit": "kg"},
        {"Units": "BQML"},
    ],
)
def test_the_same_in_other_words(tmp_path: Path, same: dict[str, Any]) -> None:
    assert factor(tmp_path, **same) == pytest.approx(factor(tmp_path), rel=1e-12)


def test_units_of_the_values(tmp_path: Path) -> None:
    assert factor(tmp_path, Units="kBq/mL") == pytest.approx(1000 * factor(tmp_path))
    assert factor(tmp_path, Units="g/ml") == 1.0
    assert factor(tmp_path, Units="g/ml", SUVType="BW") == 1.0
    only = {name: None for name in BIDS if name != "Units"}
    assert factor(tmp_path, **only, Units="SUV") == 1.0


def test_dcm2niix_with_values_corrected_to_the_injection(tmp_path: Path) -> None:
    content = {
        "Modality": "PT", "Units": "BQML", "DecayCorrection": "ADMIN", "PatientWeight": 70,
        "RadionuclideTotalDose": 3.7e8, "RadionuclideHalfLife": 6586.2,
        "AttenuationCorrectionMethod": "CTAC",
    }  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps(content))
    found = sidecar_factor(tmp_path / "a.nii.gz", tmp_path / "a.json")
    assert found.factor == pytest.approx(70e3 / 370e6)
    (tmp_path / "a.json").write_text(json.dumps(content | {"DecayCorrection": "START"}))
    with pytest.raises(PetMtlError) as caught:
        sidecar_factor(tmp_path / "a.nii.gz", tmp_path / "a.json")
    assert caught.value.code == "SUV_TIME", "dcm2niix tells no time of injection"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Units": None}, "SUV_UNITS"),
        ({"Units": "counts"}, "SUV_UNITS"),
        ({"Units": "SUVlbm"}, "SUV_UNITS"),
        ({"AttenuationCorrection": None}, "SUV_ATTENUATION"),
        ({"AttenuationCorrection": "none"}, "SUV_ATTENUATION"),
        ({"InjectedRadioactivity": None}, "SUV_DOSE"),
        ({"InjectedRadioactivityUnits": None}, "SUV_DOSE"),
        ({"InjectedRadioactivityUnits": "mg"}, "SUV_DOSE"),
        ({"InjectedRadioactivityUnits": "Bq"}, "SUV_DOSE"),
        ({"InjectedRadioactivity": "n/a"}, "SUV_DOSE"),
        ({"PatientWeight": None}, "SUV_WEIGHT"),
        ({"PatientWeight": 0}, "SUV_WEIGHT"),
        ({"PatientWeight": None, "BodyWeight": 154, "BodyWeightUnit": "lb"}, "SUV_WEIGHT"),
        ({"TracerRadionuclide": "C11", "RadionuclideHalfLife": 6586.2}, "SUV_HALF_LIFE"),
        ({"TracerRadionuclide": None, "TracerName": None}, "SUV_HALF_LIFE"),
        ({"TracerRadionuclide": None, "TracerName": "PSMA-11"}, "SUV_HALF_LIFE"),
        ({"TracerRadionuclide": "Xx1"}, "SUV_HALF_LIFE"),
        ({"RadionuclideHalfLife": 6586200}, "SUV_HALF_LIFE"),
        ({"TracerRadionuclide": None, "RadionuclideHalfLife": 6586200}, "SUV_HALF_LIFE"),
        ({"RadionuclideHalfLife": 1.83}, "SUV_HALF_LIFE"),
        ({"Units": "g/ml", "SUVType": "LBM"}, "SUV_TYPE"),
        ({"Units": "SUV", "SUVType": "BSA"}, "SUV_TYPE"),
        ({"InjectionStart": None}, "SUV_TIME"),
        ({"InjectionStart": 7200}, "SUV_TIME"),
        ({"InjectionStart": -1e6}, "SUV_TIME"),
        ({"ImageDecayCorrected": None}, "SUV_TIME"),
        ({"ImageDecayCorrected": "yes"}, "SUV_TIME"),
        ({"ImageDecayCorrectionTime": None}, "SUV_TIME"),
        ({"ImageDecayCorrectionTime": True}, "SUV_TIME"),
        ({"ImageDecayCorrected": False, "FrameDuration": None}, "SUV_TIME"),
    ],
)
def test_nothing_is_guessed(tmp_path: Path, change: dict[str, Any], code: str) -> None:
    with pytest.raises(PetMtlError) as caught:
        factor(tmp_path, **change)
    assert caught.value.code == code
    assert caught.value.problem.todo


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"RadionuclideHalfLife": 6400}, "SUV_HALF_LIFE_OFF"),
        ({"TracerRadionuclide": "", "TracerName": "", "RadionuclideHalfLife": 6586200},
         "SUV_HALF_LIFE_UNKNOWN"),
        ({"TracerName": "PSMA-1007"}, "SUV_TRACER"),
    ],
)  # fmt: skip
def test_odd_nuclides_are_told_as_of_dicom(
    tmp_path: Path, change: dict[str, Any], code: str
) -> None:
    (tmp_path / "a.json").write_text(json.dumps(BIDS | change))
    warnings = sidecar_factor(tmp_path / "a.nii.gz", tmp_path / "a.json").warnings
    assert code in [text.partition(":")[0] for text in warnings]
    assert not [text for text in warnings if warnings.count(text) > 1]


def test_a_json_that_says_nothing_of_units_leaves_suv(tmp_path: Path) -> None:
    write_image(BECQUEREL / 1e4, GRID, tmp_path / "a.nii.gz")
    (tmp_path / "a.json").write_text('{"Modality": "PT"}')
    source = find_one(tmp_path / "a.nii.gz")
    assert source.sidecar_path is None
    assert read_study(source).suv.max() == pytest.approx(2)
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(PetMtlError) as caught:
        read_study(find_one(tmp_path / "a.nii.gz"))
    assert caught.value.code == "JSON_UNREADABLE"


def test_becquerel_without_a_json_are_refused(tmp_path: Path) -> None:
    write_image(BECQUEREL, GRID, tmp_path / "a.nii.gz")
    with pytest.raises(PetMtlError) as caught:
        read_study(find_one(tmp_path / "a.nii.gz"))
    assert caught.value.code == "SUV_RANGE"


def _dataset(root: Path, **fields: Any) -> Path:
    """A BIDS image of subject 01, session b, whose JSON lacks the weight."""
    pet = root / "sub-01" / "ses-b" / "pet" / "sub-01_ses-b_pet.nii.gz"
    write_image(BECQUEREL, GRID, pet)
    content = {k: v for k, v in (BIDS | fields).items() if k != "PatientWeight"}
    (pet.parent / "sub-01_ses-b_pet.json").write_text(json.dumps(content))
    return pet


def test_weight_from_the_tables(tmp_path: Path) -> None:
    _dataset(tmp_path)
    (tmp_path / "participants.tsv").write_text(
        "participant_id\tage\tweight\nsub-02\t50\t80\nsub-01\t60\t60\n"
    )
    source = find_studies(tmp_path).sources[0]
    per_kg = 1e3 / 370e6 * math.exp(LAMBDA * 3600)
    assert read_study(source).suv_factor == pytest.approx(60 * per_kg)
    sessions = tmp_path / "sub-01" / "sub-01_sessions.tsv"
    sessions.write_text("session_id\tweight\nses-a\t61\nses-b\t62\n")
    assert read_study(source).suv_factor == pytest.approx(62 * per_kg)
    sessions.with_suffix(".json").write_text('{"weight": {"Units": "lb"}}')
    with pytest.raises(PetMtlError) as caught:
        read_study(source)
    assert caught.value.code == "SUV_WEIGHT"


def test_fields_are_inherited_and_the_nearest_wins(tmp_path: Path) -> None:
    _dataset(tmp_path, InjectedRadioactivity=185)
    (tmp_path / "pet.json").write_text('{"PatientWeight": 50, "InjectedRadioactivity": 1}')
    (tmp_path / "sub-01" / "sub-01_pet.json").write_text('{"PatientWeight": 70}')
    (tmp_path / "trc-X_pet.json").write_text('{"PatientWeight": 3}')
    study = read_study(find_studies(tmp_path).sources[0])
    assert study.suv_factor == pytest.approx(70e3 / 185e6 * math.exp(LAMBDA * 3600))


def test_every_file_that_is_read_is_listed(tmp_path: Path) -> None:
    pet = _dataset(tmp_path)
    own = pet.parent / "sub-01_ses-b_pet.json"
    assert sidecar_files(pet, own) == (own,)
    participants = tmp_path / "participants.tsv"
    participants.write_text("participant_id\tweight\nsub-01\t60\n")
    sessions = tmp_path / "sub-01" / "sub-01_sessions.tsv"
    sessions.write_text("session_id\tweight\nses-b\t62\n")
    sessions.with_suffix(".json").write_text("{}")
    (tmp_path / "pet.json").write_text("{}")
    (tmp_path / "trc-X_pet.json").write_text("{}")
    assert list(inherited_sidecars(pet)) == [tmp_path / "pet.json", own]
    found = sidecar_files(pet, own)
    assert found == (
        tmp_path / "pet.json", own, sessions, sessions.with_suffix(".json"), participants,
    )  # fmt: skip
    opened: list[Path] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "open", _noting(opened, Path.open))
        sidecar_factor(pet, own)
    assert {path for path in opened if path.is_file()} <= set(found)
    assert len(opened) >= 3


def _noting(opened: list[Path], real: Callable[..., Any]) -> Callable[..., Any]:
    """Opens a file and notes it."""

    def noted(path: Path, *arguments: Any, **more: Any) -> Any:
        opened.append(path)
        return real(path, *arguments, **more)

    return noted


def test_attenuation_is_asked_for_in_the_words_of_the_json(tmp_path: Path) -> None:
    with pytest.raises(PetMtlError, match="AttenuationCorrection") as caught:
        factor(tmp_path, AttenuationCorrection="none")
    assert caught.value.code == "SUV_ATTENUATION"
    assert "CorrectedImage" not in str(caught.value)


def test_the_rule_is_told(tmp_path: Path) -> None:
    factor(tmp_path)
    found = sidecar_factor(tmp_path / "a.nii.gz", tmp_path / "a.json")
    assert found.rule == "JSON: Bq/ml, decay from injection to the time of decay correction"
