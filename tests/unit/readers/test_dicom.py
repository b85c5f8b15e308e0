from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from pet_mtl.errors import GeometryError, PetMtlError, ReadError, StudyError
from pet_mtl.readers import find_one, read_study
from pet_mtl.readers.dicom import choose_series, read_values
from pet_mtl.readers.headers import scan_headers

Write = Callable[..., tuple[str, str, str]]


def _code(folder: Path, kind: type[StudyError] = StudyError) -> str:
    with pytest.raises(kind) as caught:
        read_study(find_one(folder))
    assert caught.value.problem.todo, "a refusal says what to do"
    return caught.value.code


def test_reads_values_slice_by_slice_sorted_by_position(tmp_path: Path, pet_series: Write) -> None:
    pet_series(tmp_path)
    series = choose_series(scan_headers(tmp_path))
    values = read_values(series)
    z, y, x = np.mgrid[:5, :6, :7]
    np.testing.assert_allclose(values, (1000 + 100 * z + 10 * y + x) * (1 + z / 4))
    assert series.grid.spacing_mm == (3, 4, 5)
    assert series.grid.origin_mm == (-20, -30, 100)
    np.testing.assert_allclose(series.grid.index_to_world((1, 2, 3)), (-20 + 15, -30 + 8, 103))


def test_study_in_suv(tmp_path: Path, pet_series: Write) -> None:
    pet_series(tmp_path / "Anna" / "any" / "where")
    study = read_study(find_one(tmp_path / "Anna"))
    factor = 70e3 / (370e6 * 0.5 ** (3600 / 6586.2))
    assert study.suv_factor == pytest.approx(factor, rel=1e-12)
    assert study.suv[0, 0, 0] == pytest.approx(1000 * factor, rel=1e-6)
    assert (study.name, study.patient_id, study.mask, study.warnings) == ("Anna", "P-001", None, ())
    assert study.suv.dtype == np.float32


def test_orientation_is_kept(tmp_path: Path, pet_series: Write) -> None:
    def sagittal(dataset: pydicom.Dataset, index: int) -> None:
        dataset.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
        dataset.ImagePositionPatient = [-5 + 2 * index, -40, 70]

    pet_series(tmp_path, change=sagittal)
    grid = choose_series(scan_headers(tmp_path)).grid
    first, step = grid.index_to_world((0, 0, 0)), grid.index_to_world((1, 1, 1))
    # The normal of these slices runs to the right: array axis 0 starts at the leftmost slice.
    np.testing.assert_allclose(first, (3, -40, 70))
    np.testing.assert_allclose(step - first, (-2, 5, -4))


def test_wobbling_slices_are_tolerated_and_told(tmp_path: Path, pet_series: Write) -> None:
    places = [0.0, 3.27, 6.56, 9.75, 13.02]

    def wobble(dataset: pydicom.Dataset, index: int) -> None:
        dataset.ImagePositionPatient = [0, 0, places[index]]

    pet_series(tmp_path, change=wobble)
    study = read_study(find_one(tmp_path))
    assert study.grid.spacing_mm[0] == pytest.approx(13.02 / 4)
    assert study.warnings[0].startswith("GEOMETRY_UNEVEN")


def _drop(index: int) -> Callable[[pydicom.Dataset, int], None]:
    def change(dataset: pydicom.Dataset, which: int) -> None:
        if which == index:
            dataset.PatientComments = "drop"

    return change


def _set(**values: Any) -> Callable[[pydicom.Dataset, int], None]:
    def change(dataset: pydicom.Dataset, index: int) -> None:
        for name, value in values.items():
            setattr(dataset, name, value)

    return change


def _set_first(**values: Any) -> Callable[[pydicom.Dataset, int], None]:
    def change(dataset: pydicom.Dataset, index: int) -> None:
        if index == 0:
            _set(**values)(dataset, index)

    return change


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_drop(2), "GEOMETRY_MISSING_SLICE"),
        (_set_first(ImagePositionPatient=[-20, -30, 103]), "GEOMETRY_DOUBLE_SLICE"),
        (_set_first(ImagePositionPatient=[-10, -30, 100]), "GEOMETRY_SHEARED"),
        (_set_first(ImageOrientationPatient=[1, 0, 0, 0, 0.8, 0.6]), "GEOMETRY_NOT_PARALLEL"),
        (_set_first(PixelSpacing=[4, 4]), "GEOMETRY_SLICE_SIZE"),
        (_set_first(ImagePositionPatient=None), "GEOMETRY_MISSING"),
        (_set(SeriesType=["DYNAMIC", "IMAGE"]), "DICOM_DYNAMIC"),
        (_set(SeriesType=["GATED", "IMAGE"]), "DICOM_GATED"),
        (_set(NumberOfFrames=2), "DICOM_MULTIFRAME"),
        (_set(Modality="CT"), "DICOM_NO_PET"),
        (_set(SeriesType=["STATIC", "REPROJECTION"]), "DICOM_NO_PET"),
        (_set_first(PixelData=b"\0\0"), "DICOM_PIXELS"),
        (_set(RescaleIntercept="-1024"), "SUV_INTERCEPT"),
        (_set_first(RescaleSlope="0"), "SUV_SLOPE"),
        (_set_first(PatientWeight=71), "SUV_INCONSISTENT"),
        (_set(PatientWeight=None), "SUV_WEIGHT"),
        (_set(Units="CNTS"), "SUV_UNITS"),
        (_set(CorrectedImage=["DECY"]), "SUV_ATTENUATION"),
        (_set(RadiopharmaceuticalInformationSequence=[]), "SUV_DOSE"),
        (_set(RadiopharmaceuticalInformationSequence=[pydicom.Dataset()] * 2), "SUV_DOSE"),
        (_set(RescaleSlope="10000"), "SUV_RANGE"),
        (_set(RescaleSlope="0.00001"), "SUV_RANGE"),  # such as SUV labelled as Bq/ml
    ],
)
def test_refusals(tmp_path: Path, pet_series: Write, change: Any, code: str) -> None:
    pet_series(tmp_path, change=change)
    assert _code(tmp_path) == code


def test_values_out_of_range_are_no_matter_of_converting(tmp_path: Path, pet_series: Write) -> None:
    pet_series(tmp_path, change=_set(RescaleSlope="10000"))
    with pytest.raises(PetMtlError) as caught:
        read_study(find_one(tmp_path))
    assert "dose, weight and times" in caught.value.problem.todo


def test_no_pet_tells_pt_files_that_are_no_pet_images(tmp_path: Path, pet_series: Write) -> None:
    pet_series(tmp_path, change=_set(SOPClassUID="1.2.840.10008.5.1.4.1.1.7"))
    with pytest.raises(PetMtlError) as caught:
        read_study(find_one(tmp_path))
    assert "PT (of another SOP class) files" in caught.value.problem.found


def test_no_pet_counts_what_is_there(tmp_path: Path, pet_series: Write) -> None:
    modalities = ("CT", "CT", "SMITH", "SMITH", "SMITH")

    def change(dataset: pydicom.Dataset, index: int) -> None:
        dataset.Modality, dataset.SOPClassUID = modalities[index], "1.2.840.10008.5.1.4.1.1.2"

    pet_series(tmp_path, change=change)
    with pytest.raises(ReadError) as caught:
        read_study(find_one(tmp_path))
    assert caught.value.problem.found == "2 CT files, 3 other files", "no free text"


def test_of_suv_values_dose_and_times_do_not_matter(tmp_path: Path, pet_series: Write) -> None:
    def odd(dataset: pydicom.Dataset, index: int) -> None:
        dataset.Units, dataset.SUVType, dataset.RescaleSlope = "GML", "BW", "0.001"
        dataset.PatientWeight = index
        drug = dataset.RadiopharmaceuticalInformationSequence[0]
        drug.RadiopharmaceuticalStartDateTime = f"2024030{2 + index}090000"
        dataset.RadiopharmaceuticalInformationSequence = [drug] * (1 + index)

    pet_series(tmp_path, change=odd)
    study = read_study(find_one(tmp_path))
    assert (study.suv_factor, study.reference_time, study.warnings) == (1.0, "", ())


@pytest.mark.parametrize("named", [True, False])
def test_scan_time_of_ge_with_and_without_its_creator(
    tmp_path: Path, pet_series: Write, named: bool
) -> None:
    def processed(dataset: pydicom.Dataset, index: int) -> None:
        dataset.SeriesTime = "153000"
        block = dataset.private_block(0x0009, "GEMS_PETD_01", create=True)
        block.add_new(0x0D, "DT", "20240301095930.00")
        if not named:
            del dataset[0x0009, 0x0010]

    pet_series(tmp_path, change=processed)
    study = read_study(find_one(tmp_path))
    assert study.reference_time == "2024-03-01T09:59:30"
    assert study.warnings[0].startswith("SUV_REFERENCE_TIME")


def test_one_slice_is_no_volume(tmp_path: Path, pet_series: Write) -> None:
    pet_series(tmp_path, slices=1)
    assert _code(tmp_path, GeometryError) == "GEOMETRY_ONE_SLICE"


def test_two_series_are_refused_with_their_number(tmp_path: Path, pet_series: Write) -> None:
    pet_series(tmp_path)
    pet_series(tmp_path)
    with pytest.raises(ReadError, match="found 2 PET series") as caught:
        read_study(find_one(tmp_path))
    assert caught.value.code == "DICOM_TWO_SERIES"


def test_attenuation_correction_decides(tmp_path: Path, pet_series: Write) -> None:
    pet_series(tmp_path, change=_set(CorrectedImage=["DECY"]))
    wanted = pet_series(tmp_path)
    series = choose_series(scan_headers(tmp_path))
    assert series.slices[0].series == wanted
    assert series.warnings[0].startswith("DICOM_SERIES")


def test_ct_beside_the_pet_is_ignored(tmp_path: Path, pet_series: Write) -> None:
    pet_series(tmp_path / "CT", change=_set(Modality="CT", SOPClassUID="1.2.840.10008.5.1.4.1.1.2"))
    pet_series(tmp_path / "PT")
    (tmp_path / "notes.txt").write_text("not DICOM")
    (tmp_path / ".DS_Store").write_bytes(b"\0")
    assert read_study(find_one(tmp_path)).suv.shape == (5, 6, 7)


@pytest.mark.parametrize("content", [b"", b"no DICOM at all" * 20, b"\0" * 128 + b"DICM"])
def test_an_unreadable_slice_is_refused(tmp_path: Path, pet_series: Write, content: bytes) -> None:
    pet_series(tmp_path / "A")
    (tmp_path / "A" / "slice.dcm").write_bytes(content)
    with pytest.raises(ReadError, match=r"slice\.dcm") as caught:
        read_study(find_one(tmp_path / "A"))
    assert caught.value.code == "DICOM_UNREADABLE"
    assert "slice" not in caught.value.problem.sentence(), "no file name in the problem"


def test_a_file_cut_in_its_pixels_is_refused(tmp_path: Path, pet_series: Write) -> None:
    pet_series(tmp_path)
    path = next(iter(sorted(tmp_path.iterdir())))
    path.write_bytes(path.read_bytes()[:-20])
    assert _code(tmp_path, ReadError) == "DICOM_PIXELS"


def test_files_without_suffix_and_with_odd_values(tmp_path: Path, pet_series: Write) -> None:
    pet_series(tmp_path)
    for number, path in enumerate(sorted(tmp_path.iterdir())):
        path.rename(tmp_path / f"IM{number}")
    assert read_study(find_one(tmp_path)).suv.shape == (5, 6, 7)


def test_slices_that_are_not_decay_corrected(tmp_path: Path, pet_series: Write) -> None:
    def beds(dataset: pydicom.Dataset, index: int) -> None:
        dataset.DecayCorrection, dataset.CorrectedImage = "NONE", ["ATTN"]
        dataset.AcquisitionTime = f"10{3 * (index // 3):02d}00"

    pet_series(tmp_path, change=beds)
    study = read_study(find_one(tmp_path))
    values = read_values(choose_series(scan_headers(tmp_path)))
    per_slice = (study.suv / values).mean(axis=(1, 2)) / study.suv_factor
    later = 2 ** (180 / 6586.2)
    np.testing.assert_allclose(per_slice, [1, 1, 1, later, later], rtol=1e-6)


def test_acquisition_after_midnight_without_date(tmp_path: Path, pet_series: Write) -> None:
    def night(dataset: pydicom.Dataset, index: int) -> None:
        dataset.SeriesTime = "235900"
        dataset.AcquisitionDate, dataset.AcquisitionTime = None, "000100"
        drug = dataset.RadiopharmaceuticalInformationSequence[0]
        drug.RadiopharmaceuticalStartTime = "225900.5"
        del drug.RadiopharmaceuticalStartDateTime, dataset.DecayFactor

    pet_series(tmp_path, change=night)
    study = read_study(find_one(tmp_path))
    assert study.reference_time == "2024-03-01T23:59:00"
    assert study.suv_factor == pytest.approx(70e3 / (370e6 * 2 ** (-3599.5 / 6586.2)), rel=1e-9)


@pytest.mark.real_data
def test_raw_ge_series(shared_data: Path) -> None:
    study = read_study(find_one(shared_data / "sts_001_raw_ge"), roi="gtv_mass")
    assert study.suv_factor == pytest.approx(0.000242902976615, rel=1e-6)
    assert study.reference_time == "2000-09-07T11:20:11"
    assert study.mask is not None
    inside = study.suv[study.mask].astype(float)
    assert inside.size == 5095
    assert inside.mean() == pytest.approx(2.555134, abs=1e-4)
    assert inside.max() == pytest.approx(7.910674, abs=1e-4)
    # The published minimum is that of a copy with 16-bit SUV steps of up to 8e-4.
    assert inside.min() == pytest.approx(0.168604, abs=4e-4)
    assert study.suv.max() == pytest.approx(66.521, abs=1e-3)


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["0_0", "1_0", "2_0", "2_4", "3_1", "4_0", "4_1", "5_0"])
def test_digital_reference_objects(shared_data: Path, name: str) -> None:
    study = read_study(find_one(shared_data / "suv_dro" / f"DRO_{name}"))
    assert study.mask is not None
    inside = study.suv[study.mask]
    found = [round(float(v), 2) for v in (inside.min(), np.median(inside), inside.max())]
    assert found == [0.20, 1.00, 4.00]
