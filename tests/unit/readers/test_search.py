from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest

from pet_mtl.errors import ReadError
from pet_mtl.geometry import Grid
from pet_mtl.readers import find_one, find_studies, list_regions, read_study
from pet_mtl.readers.layouts import inventory
from pet_mtl.study import StudySource
from pet_mtl.writers.images import write_image

Write = Callable[..., tuple[str, str, str]]
GRID = Grid((3, 4, 5), (3.0, 4.0, 5.0), (0.0, 0.0, 0.0))
SUV = np.ones(GRID.shape, np.float32)
MASK = SUV > 0


def test_every_folder_is_a_study_or_passed_over(tmp_path: Path, pet_series: Write) -> None:
    pet_series(tmp_path / "B" / "PET" / "image")
    pet_series(tmp_path / "A")
    write_image(SUV, GRID, tmp_path / "C" / "PET_image.nii.gz")
    write_image(MASK, GRID, tmp_path / "C" / "PET_mask.nii.gz")
    write_image(SUV, GRID, tmp_path / "D.nii.gz")
    write_image(MASK, GRID, tmp_path / "D_mask.nii.gz")
    write_image(MASK, GRID, tmp_path / "E_mask.nii.gz")
    (tmp_path / "empty" / "deeper").mkdir(parents=True)
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "letter.txt").write_text("none")
    for name in ("1.nii", "2.nii"):
        write_image(SUV, GRID, tmp_path / "which" / name)
    (tmp_path / "clinical.csv").write_text("id\n")
    (tmp_path / ".hidden").mkdir()
    search = find_studies(tmp_path)
    assert [(s.name, s.layout, s.patient_id) for s in search.sources] == [
        ("A", "dicom", "P-001"),
        ("B", "dicom", "P-001"),
        ("C", "image", ""),
        ("D", "image", ""),
    ]
    assert [s.mask_path and s.mask_path.name for s in search.sources[2:]] == [
        "PET_mask.nii.gz",
        "D_mask.nii.gz",
    ]
    assert {name: problem.code for name, problem in search.passed_over} == {
        "E": "IMAGE_WHICH",
        "empty": "STUDY_EMPTY",
        "papers": "STUDY_NO_IMAGE",
        "which": "IMAGE_WHICH",
    }
    assert all(problem.todo for _, problem in search.passed_over)


def test_a_single_study_may_be_given(tmp_path: Path, pet_series: Write, rt_struct: Write) -> None:
    def as_ct(dataset: pydicom.Dataset, index: int) -> None:
        dataset.Modality, dataset.SOPClassUID = "CT", "1.2.840.10008.5.1.4.1.1.2"

    uids = pet_series(tmp_path / "Anna" / "PET")
    pet_series(tmp_path / "Anna" / "CT", change=as_ct, uids=(uids[0], "1.2.3", uids[2]))
    assert [s.name for s in find_studies(tmp_path / "Anna").sources] == ["Anna"]
    assert [s.name for s in find_studies(tmp_path / "Anna" / "PET").sources] == ["PET"]


@pytest.mark.parametrize(
    ("folders", "structures", "name"),
    [
        (("PET/image",), "PET/mask/RS.dcm", "Anna"),
        (("PET",), "RTSTRUCT/RS.dcm", "Anna"),
        (("PET_image",), "A.dcm", "Anna"),
        (("PT", "papers/"), "RS/RS.dcm", "Anna"),
        (("PT", "papers/"), "", "PT"),  # "papers" is no part: both may be patients
        (("PT/1", "mask/"), "", "Anna"),
        (("PET_001",), "", "PET_001"),
        (("Bert/PET",), "Bert/RTSTRUCT/RS.dcm", "Bert"),
    ],
)
def test_a_patient_is_named_by_its_own_folder(
    tmp_path: Path,
    pet_series: Write,
    rt_struct: Write,
    folders: tuple[str, ...],
    structures: str,
    name: str,
) -> None:
    patient = tmp_path / "Anna"
    for folder in folders:
        if folder.endswith("/"):
            (patient / folder).mkdir(parents=True)
        else:
            uids = pet_series(patient / folder)
    if structures:
        box = np.asarray([(-12.5, -28, 106), (2.5, -28, 106), (2.5, -16, 106)])
        rt_struct(patient / structures, uids, {"GTV": [box]})
    search = find_studies(patient)
    assert [source.name for source in search.sources][:1] == [name]
    if name == "Anna":
        assert (len(search.sources), search.passed_over) == (1, ())
        study = read_study(search.sources[0])
        assert (study.mask is not None) == bool(structures)


def test_the_patient_id_tells_a_patient_from_a_cohort(tmp_path: Path, pet_series: Write) -> None:
    pet_series(tmp_path / "P-001" / "20240301")
    pet_series(tmp_path / "cohort" / "20240301")
    names = [find_studies(tmp_path / name).sources[0].name for name in ("P-001", "cohort")]
    assert names == ["P-001", "20240301"]


def test_parts_of_two_patients_stay_apart(tmp_path: Path, pet_series: Write) -> None:
    for name in ("PET", "SUV"):
        pet_series(tmp_path / name)
    assert [source.name for source in find_studies(tmp_path).sources] == ["PET", "SUV"]


def test_image_files_of_one_patient_in_folders(tmp_path: Path) -> None:
    write_image(SUV, GRID, tmp_path / "Anna" / "image" / "suv.nii.gz")
    write_image(MASK, GRID, tmp_path / "Anna" / "mask" / "mask.nii.gz")
    search = find_studies(tmp_path / "Anna")
    assert [(s.name, s.mask_path is not None) for s in search.sources] == [("Anna", True)]
    assert search.passed_over == ()


def test_dicom_goes_before_image_files(tmp_path: Path, pet_series: Write) -> None:
    pet_series(tmp_path / "A" / "PT")
    write_image(SUV, GRID, tmp_path / "A" / "PET_image.nii.gz")
    grid = read_study(find_one(tmp_path / "A")).grid
    write_image(np.indices(grid.shape)[0] > 2, grid, tmp_path / "A" / "mask.nii.gz")
    study = read_study(find_one(tmp_path / "A"))
    assert study.suv.shape == (5, 6, 7)
    assert study.mask is not None
    assert int(study.mask.sum()) == 2 * 6 * 7
    assert list_regions(find_one(tmp_path / "A")) == ("1",)
    pet_series(tmp_path / "B", change=lambda image, _index: setattr(image, "Modality", "CT"))
    with pytest.raises(ReadError) as caught:
        list_regions(StudySource("B", "dicom", tmp_path / "B"))
    assert caught.value.subject == "B"


def test_a_single_image_finds_its_mask(tmp_path: Path) -> None:
    for name, array in (("P1_suv", SUV), ("P1_seg", MASK), ("P2_seg", MASK)):
        write_image(array, GRID, tmp_path / f"{name}.nii.gz")
    source = find_one(tmp_path / "P1_suv.nii.gz")
    assert (source.name, source.mask_path) == ("P1", tmp_path / "P1_seg.nii.gz")


def test_same_name_twice(tmp_path: Path) -> None:
    write_image(SUV, GRID, tmp_path / "A" / "pet.nii.gz")
    write_image(SUV, GRID, tmp_path / "A.nii.gz")
    search = find_studies(tmp_path)
    assert [source.name for source in search.sources] == ["A"]
    assert [problem.code for _, problem in search.passed_over] == ["STUDY_TWICE"]


@pytest.mark.parametrize("name", ["a.nii.gz", "p__PT.nii.gz"])
def test_one_study_is_looked_for_in_one_walk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    write_image(SUV, GRID, tmp_path / "p" / name)
    walks: list[Path] = []
    real = inventory._enter
    monkeypatch.setattr(
        inventory, "_enter", lambda path, walk: walks.append(path) or real(path, walk)
    )
    assert find_one(tmp_path / "p").path.name == name
    assert walks == [tmp_path / "p"]


def test_nothing_there(tmp_path: Path) -> None:
    for path, code in ((tmp_path, "SOURCE_EMPTY"), (tmp_path / "no", "SOURCE_MISSING")):
        with pytest.raises(ReadError) as caught:
            find_studies(path)
        assert caught.value.code == code
        assert caught.value.problem.todo
    (tmp_path / "a.txt").write_text("x")
    for path, code in (
        (tmp_path / "a.txt", "SOURCE_FILE"),
        (tmp_path / "no", "SOURCE_MISSING"),
        (tmp_path, "STUDY_NO_IMAGE"),
    ):
        with pytest.raises(ReadError) as caught:
            find_one(path)
        assert caught.value.code == code
