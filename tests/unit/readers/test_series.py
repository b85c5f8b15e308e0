"""Which series is taken, what is said of the others, and that nothing of it identifies."""

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset

from pet_mtl.errors import ReadError
from pet_mtl.readers import find_one, list_regions, list_series, read_study
from pet_mtl.readers.dicom import choose_series
from pet_mtl.readers.headers import scan_headers
from pet_mtl.study import StudySource

Write = Callable[..., tuple[str, str, str]]


def _set(**values: Any) -> Callable[[Dataset, int], None]:
    def change(dataset: Dataset, index: int) -> None:
        for name, value in values.items():
            setattr(dataset, name, value)

    return change


def _chosen(folder: Path, number: int) -> StudySource:
    return dataclasses.replace(find_one(folder), series=number)


def _refusal(folder: Path) -> ReadError:
    with pytest.raises(ReadError) as caught:
        read_study(find_one(folder))
    return caught.value


def test_says_what_it_took_and_what_it_passed_over(tmp_path: Path, pet_series: Write) -> None:
    pet_series(tmp_path, change=_set(CorrectedImage=["DECY"], SeriesDescription="Jane Doe"))
    pet_series(tmp_path, change=_set(ImageType=["DERIVED", "SECONDARY"], SeriesNumber="4"))
    wanted = pet_series(tmp_path, slices=6, change=_set(SeriesNumber="12"))
    pet_series(tmp_path, change=_set(SeriesType=["STATIC", "REPROJECTION"]))
    study = read_study(find_one(tmp_path))
    assert study.suv.shape[0] == 6
    assert study.warnings == (
        "DICOM_SERIES: 3 PET series; took the attenuation-corrected, original one of 6 slices, "
        "series 12",
    )
    codes = [problem.code for problem in study.passed_over]
    assert codes == ["DICOM_PROJECTION", "DICOM_UNCORRECTED", "DICOM_DERIVED"]
    assert [p.found for p in study.passed_over] == ["5 images", "", "series 4"]
    told = " ".join(problem.sentence() for problem in study.passed_over) + study.warnings[0]
    assert "Doe" not in told and not any(uid in told for uid in wanted)


def test_a_rule_that_leaves_nothing_does_not_count(tmp_path: Path, pet_series: Write) -> None:
    pet_series(tmp_path, change=_set(ImageType=["DERIVED", "PRIMARY"]))
    study = read_study(find_one(tmp_path))
    assert (study.warnings, study.passed_over) == ((), ())


def test_two_corrected_series_need_a_choice(tmp_path: Path, pet_series: Write) -> None:
    pet_series(tmp_path, change=_set(SeriesNumber="3"))
    pet_series(tmp_path, slices=7, change=_set(SeriesNumber="12", SeriesTime="103000"))
    problem = _refusal(tmp_path).problem
    assert "--series" in problem.todo
    assert problem.found == "2 PET series, 2 of them all that: series 3, series 12"
    study = read_study(_chosen(tmp_path, 12))
    assert study.suv.shape[0] == 7
    assert study.warnings[0] == "DICOM_SERIES: 2 PET series; took the series 12 one of 7 slices"
    with pytest.raises(ReadError) as caught:
        read_study(_chosen(tmp_path, 4))
    assert caught.value.code == "DICOM_SERIES_NUMBER"
    assert caught.value.problem.expected == "one of 3, 12"


def test_list_tells_series_apart(tmp_path: Path, pet_series: Write) -> None:
    pet_series(tmp_path, change=_set(SeriesNumber="3", CorrectedImage=["DECY"], Units="DOE"))
    pet_series(tmp_path, slices=7, change=_set(SeriesNumber="12"))
    first, second = list_series(find_one(tmp_path))
    assert (first.number, first.images, first.corrected, first.units) == (3, 5, False, "")
    assert (second.number, second.images, second.corrected, second.units) == (12, 7, True, "BQML")
    assert (second.kind, second.original, second.start) == ("static", True, "10:00")


def test_list_tells_reconstructions_apart(tmp_path: Path, pet_series: Write) -> None:
    pet_series(tmp_path, change=_set(ReconstructionMethod="OSEM 3i24s", ConvolutionKernel="XYZ G4"))
    pet_series(tmp_path, change=_set(ReconstructionMethod="PSF\x07[2J" + 57 * "x"))
    pet_series(tmp_path)
    told = sorted(one.reconstruction for one in list_series(find_one(tmp_path)))
    assert told == ["", "OSEM 3i24s, XYZ G4", "PSF[2J" + 54 * "x"]


def test_regions_of_the_chosen_series(
    tmp_path: Path, pet_series: Write, rt_struct: Callable[..., None]
) -> None:
    square = [(-20, -30, 100), (0, -30, 100), (0, -10, 100), (-20, -10, 100)]
    for number, name in (("3", "Early"), ("12", "Late")):
        uids = pet_series(tmp_path, change=_set(SeriesNumber=number))
        rt_struct(tmp_path / f"{number}.dcm", uids, {name: [square]})
    assert list_regions(_chosen(tmp_path, 12)) == ("Late",)


def test_only_the_files_of_the_source_are_read(tmp_path: Path, pet_series: Write) -> None:
    pet_series(tmp_path / "A")
    pet_series(tmp_path / "B")
    files = tuple(sorted((tmp_path / "A").iterdir()))
    source = StudySource("one", "dicom", tmp_path, files=files)
    assert read_study(source).suv.shape[0] == 5
    assert len(list_series(source)) == 1


def test_two_patients(tmp_path: Path, pet_series: Write) -> None:
    pet_series(tmp_path)
    pet_series(tmp_path, change=_set(PatientID="P-002", CorrectedImage=["DECY"]))
    with pytest.raises(ReadError) as caught:
        read_study(StudySource("one", "dicom", tmp_path))
    assert caught.value.code == "DICOM_TWO_PATIENTS"
    assert "P-00" not in caught.value.problem.sentence()


def test_copies_are_dropped_wherever_they_lie(tmp_path: Path, pet_series: Write) -> None:
    pet_series(tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    series = choose_series(scan_headers(tmp_path))
    assert series.grid.shape[0] == 5
    assert series.warnings == ("DICOM_COPIES: 5 of 10 images are copies of others",)


def test_several_beds_are_one_acquisition(tmp_path: Path, pet_series: Write) -> None:
    """Each bed later than the last, and continuous motion with a moment a slice."""

    def beds(dataset: Dataset, index: int) -> None:
        dataset.AcquisitionTime = f"10{index // 3:02d}00"

    def motion(dataset: Dataset, index: int) -> None:
        dataset.AcquisitionTime = f"1000{index:02d}"

    for name, change in (("beds", beds), ("motion", motion)):
        pet_series(tmp_path / name, slices=12, change=change)
        assert choose_series(scan_headers(tmp_path / name)).grid.shape[0] == 12


def test_the_last_slices_lost_are_told(tmp_path: Path, pet_series: Write) -> None:
    pet_series(tmp_path, slices=5, change=_set(NumberOfSlices=8))
    (warning,) = choose_series(scan_headers(tmp_path)).warnings
    assert warning.startswith(
        "GEOMETRY_SLICE_COUNT: 5 slices are here, but the series says it has 8"
    )


def test_odd_voxels_are_told(tmp_path: Path, pet_series: Write) -> None:
    pet_series(tmp_path, change=_set(PixelSpacing=["40", "40"]))
    assert choose_series(scan_headers(tmp_path)).warnings[0].startswith("GEOMETRY_VOXEL")


@pytest.mark.real_data
def test_real_series_are_one_volume_without_a_word(shared_data: Path) -> None:
    """No rule above is too strict for scanners: three dozen real series, none warned of."""
    cohort = shared_data / "sts_cohort"
    folders = sorted({path.parent for path in cohort.rglob("*.dcm")})
    counts = []
    for folder in folders:
        first = pydicom.dcmread(next(folder.glob("*.dcm")), stop_before_pixels=True)
        if first.Modality == "PT":
            series = choose_series(scan_headers(folder))
            counts.append(len(series.slices))
            odd = [text for text in series.warnings if not text.startswith("GEOMETRY_UNEVEN")]
            assert (odd, series.passed_over) == ([], ()), folder.name
    assert len(counts) >= 30
