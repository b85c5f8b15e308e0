"""Any tree of DICOM: whose file is whose, and what the studies are called."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.uid import generate_uid

from pet_mtl.errors import ReadError
from pet_mtl.geometry import Grid
from pet_mtl.readers import Search, find_one, find_studies, read_study
from pet_mtl.study import StudySource
from pet_mtl.writers.images import write_image

Write = Callable[..., tuple[str, str, str]]
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
GRID = Grid((3, 4, 5), (3.0, 4.0, 5.0), (0.0, 0.0, 0.0))
BOX = [
    np.asarray([(-12.5, -28, z), (2.5, -28, z), (2.5, -16, z), (-12.5, -16, z)])
    for z in (103, 106, 109)
]


def patient(name: str, day: str = "20240301", **more: Any) -> Callable[[Any, int], None]:
    """A change of `pet_series`: another patient, on another day."""

    def change(dataset: pydicom.Dataset, _index: int) -> None:
        dataset.PatientID, dataset.StudyDate = name, day
        for key, value in more.items():
            setattr(dataset, key, value)

    return change


def as_ct(name: str, day: str = "20240301") -> Callable[[Any, int], None]:
    return patient(name, day, Modality="CT", SOPClassUID=CT_IMAGE)


def set_patient(path: Path, name: str, study: str | None = None) -> None:
    """Gives a written structure set another patient, and perhaps another study."""
    dataset = pydicom.dcmread(path)
    dataset.PatientID = name
    dataset.StudyInstanceUID = study or dataset.StudyInstanceUID
    dataset.save_as(path)


def contents(search: Search) -> dict[str, list[str]]:
    """Name to the SOP instances of each study, whatever their files are called."""
    return {
        source.name: sorted(pydicom.dcmread(path).SOPInstanceUID for path in source.files)
        for source in search.sources
    }


def codes(search: Search) -> dict[str, str]:
    return {name: problem.code for name, problem in search.ignored}


def _days(source: StudySource) -> set[str]:
    """Days of the images of a study."""
    found = (pydicom.dcmread(path).get("StudyDate") for path in source.files)
    return {str(day) for day in found if day}


@pytest.fixture
def mixed(tmp_path: Path, pet_series: Write, rt_struct: Write) -> Path:
    """Three patients, one with two studies, one with a CT and an outline from another study."""
    source = tmp_path / "source"
    uids = pet_series(source / "a", change=patient("A 1"))
    rt_struct(source / "a.dcm", uids, {"GTV": BOX})
    set_patient(source / "a.dcm", "A 1", generate_uid())
    pet_series(source / "c", change=as_ct("A 1"), uids=(generate_uid(), generate_uid(), uids[2]))
    for name, day in (("B", "20240105"), ("B", "20231231"), ("C", "20240101")):
        uids = pet_series(source / f"{name}{day}", change=patient(name, day))
        rt_struct(source / f"{name}{day}.dcm", uids, {"GTV": BOX})
        set_patient(source / f"{name}{day}.dcm", name)
    return source


def test_a_flat_mix_comes_apart_in_any_order_and_under_any_names(
    tmp_path: Path, mixed: Path
) -> None:
    files = [path for path in mixed.rglob("*") if path.is_file()]
    found = []
    for seed in range(3):
        flat = tmp_path / f"flat{seed}"
        flat.mkdir()
        names = random.Random(seed).sample(range(10**6), len(files))
        for path, name in zip(files, names, strict=True):
            shutil.copy(path, flat / f"{name:06d}")
        search = find_studies(flat)
        assert (search.passed_over, search.ignored) == ((), ())
        found.append(contents(search))
    assert found[0] == found[1] == found[2]
    assert {name: len(files) for name, files in found[0].items()} == {
        "A_1": 11, "B": 6, "B_2": 6, "C": 6,
    }  # fmt: skip
    assert [(s.case, s.patient_id) for s in search.sources] == [
        ("", "A 1"), ("", "B"), ("B", "B"), ("", "C"),
    ]  # fmt: skip
    assert [_days(s) for s in search.sources[1:3]] == [{"20231231"}, {"20240105"}], "by time"
    for source in search.sources:
        study = read_study(source)
        assert study.mask is not None
        assert int(study.mask.sum()) == 27


def test_studies_of_one_patient_in_its_own_folder(tmp_path: Path, pet_series: Write) -> None:
    for name, day in (("a", "20240301"), ("b", "20230301"), ("c", "20250301")):
        pet_series(tmp_path / "Anna" / name, change=patient("P", day))
    pet_series(tmp_path / "Bert", change=patient("Q"))
    sources = find_studies(tmp_path).sources
    assert [(s.name, s.patient) for s in sources] == [
        ("Anna", "Anna"), ("Anna_2", "Anna"), ("Anna_3", "Anna"), ("Bert", "Bert"),
    ]  # fmt: skip
    assert [s.files[0].parent.name for s in sources] == ["b", "a", "c", "Bert"]


@pytest.mark.parametrize("name", ["", "Anonymous", "ANON"])
def test_files_without_patient_are_told_apart_by_study(
    tmp_path: Path, pet_series: Write, name: str
) -> None:
    for day in ("20240302", "20240301"):
        pet_series(tmp_path / "export", change=patient(name, day))
    sources = find_studies(tmp_path).sources
    assert [(s.name, s.patient, s.patient_id) for s in sources] == [
        ("export_1", "export_1", ""), ("export_2", "export_2", ""),
    ]  # fmt: skip
    assert _days(sources[0]) == {"20240301"}


def test_visits_of_a_patient_without_an_id_stay_together(tmp_path: Path, pet_series: Write) -> None:
    for name in ("Anna/2024-03-01", "Anna/20240601", "site/p1", "site/p2"):
        pet_series(tmp_path / name, change=patient("", "20240301" if "03" in name else "20240601"))
    assert [(s.name, s.patient) for s in find_studies(tmp_path).sources] == [
        ("Anna", "Anna"), ("Anna_2", "Anna"), ("p1", "p1"), ("p2", "p2"),
    ]  # fmt: skip


def test_folders_of_folders_of_patients(tmp_path: Path, pet_series: Write) -> None:
    for site, name in (("x", "1"), ("x", "2"), ("y", "1"), ("y", "3")):
        pet_series(tmp_path / site / name / "PET", change=patient(f"{site}{name}"))
    pet_series(tmp_path / "4", change=patient("4"))
    search = find_studies(tmp_path)
    assert [s.name for s in search.sources] == ["2", "3", "4", "x_1", "y_1"]


def test_parts_that_lie_in_trees_of_their_own(
    tmp_path: Path, pet_series: Write, rt_struct: Write
) -> None:
    for name in ("A", "B"):
        uids = pet_series(tmp_path / "PET" / name, change=patient(name))
        own = (generate_uid(), generate_uid(), uids[2])
        pet_series(tmp_path / "CT" / name, change=as_ct(name), uids=own)
        path = tmp_path / "RT" / name / "RS.dcm"
        rt_struct(path, uids, {"GTV": BOX})
        set_patient(path, name, generate_uid())
    pet_series(tmp_path / "CT" / "D", change=as_ct("D"))
    pet_series(tmp_path / "CT" / "older", change=as_ct("A", "20200101"))
    search = find_studies(tmp_path)
    assert [(s.name, len(s.files)) for s in search.sources] == [("A", 11), ("B", 11), ("D", 5)]
    with pytest.raises(ReadError) as caught:
        read_study(search.sources[2])
    assert caught.value.code == "DICOM_NO_PET", "a patient of whom there is only a CT"
    assert codes(search) == {"CT/older": "DICOM_OTHER_STUDY"}
    assert [read_study(s).mask is not None for s in search.sources[:2]] == [True, True]


@pytest.mark.parametrize("same", ["nothing", "frame", "study"])
def test_outlines_of_another_patient_are_not_used(
    tmp_path: Path, pet_series: Write, rt_struct: Write, same: str
) -> None:
    pet = pet_series(tmp_path / "A", change=patient("A"))
    study, series, frame = (generate_uid() for _ in range(3))
    uids = (pet[0] if same == "study" else study, series, pet[2] if same == "frame" else frame)
    rt_struct(tmp_path / "A" / "RS.dcm", uids, {"GTV": BOX}, names_series=False)
    set_patient(tmp_path / "A" / "RS.dcm", "B")
    pet_series(tmp_path / "C", change=patient("C"))
    search = find_studies(tmp_path)
    assert codes(search) == {"A/RS.dcm": "DICOM_STRAY"}
    assert read_study(search.sources[0]).mask is None
    assert read_study(find_one(tmp_path / "A")).mask is None


def test_an_outline_that_names_the_series_is_its_own_whatever_its_patient(
    tmp_path: Path, pet_series: Write, rt_struct: Write
) -> None:
    uids = pet_series(tmp_path / "pet" / "A", change=patient("A"))
    pet_series(tmp_path / "pet" / "B", change=patient("B"))
    rt_struct(tmp_path / "rt" / "RS.dcm", (generate_uid(), *uids[1:]), {"GTV": BOX})
    set_patient(tmp_path / "rt" / "RS.dcm", "new pseudonym")
    search = find_studies(tmp_path)
    assert [(s.name, read_study(s).mask is not None) for s in search.sources] == [
        ("A", True), ("B", False),
    ]  # fmt: skip
    (warning,) = read_study(search.sources[0]).warnings
    assert warning.startswith("MASK_PATIENT") and "pseudonym" not in warning


@pytest.mark.parametrize(("pet", "outline"), [("A", "A"), ("A", "ANONYMOUS"), ("unknown", "B")])
def test_an_outline_of_the_same_patient_or_of_nobody_is_not_told_of(
    tmp_path: Path, pet_series: Write, rt_struct: Write, pet: str, outline: str
) -> None:
    uids = pet_series(tmp_path / "A", change=patient(pet))
    rt_struct(tmp_path / "A" / "RS.dcm", uids, {"GTV": BOX})
    set_patient(tmp_path / "A" / "RS.dcm", outline)
    study = read_study(find_one(tmp_path / "A"))
    assert (study.mask is not None, study.warnings) == (True, ())


def test_a_series_spread_over_folders_is_one_and_its_copy_another(
    tmp_path: Path, pet_series: Write
) -> None:
    pet_series(tmp_path / "plain", change=patient("P"))
    spread = tmp_path / "archive"
    for number, path in enumerate(sorted((tmp_path / "plain").iterdir())):
        (spread / f"{number:02x}").mkdir(parents=True)
        shutil.copy(path, spread / f"{number:02x}" / "object")
    pet_series(spread / "zz", change=patient("Q"))
    assert [(s.name, len(s.files)) for s in find_studies(spread).sources] == [("P", 5), ("zz", 5)]
    shutil.rmtree(spread)
    shutil.copytree(tmp_path / "plain", tmp_path / "copy")
    assert [s.name for s in find_studies(tmp_path).sources] == ["copy", "plain"]


def test_one_series_of_two_patients_is_refused(tmp_path: Path, pet_series: Write) -> None:
    def change(dataset: pydicom.Dataset, index: int) -> None:
        dataset.PatientID = "Q" if index == 4 else "P"

    pet_series(tmp_path / "A", change=change)
    pet_series(tmp_path / "B", change=patient("B"))
    search = find_studies(tmp_path)
    assert [(name, p.code) for name, p in search.passed_over] == [("A", "DICOM_TWO_PATIENTS")]
    assert [s.name for s in search.sources] == ["B"]
    with pytest.raises(ReadError) as caught:
        find_one(tmp_path / "A")
    assert caught.value.code == "STUDY_SEVERAL"


def test_one_study_is_asked_for_and_two_patients_are_there(
    tmp_path: Path, pet_series: Write
) -> None:
    for name in ("A", "B"):
        pet_series(tmp_path, change=patient(name))
    with pytest.raises(ReadError, match="images of 2 patients") as caught:
        find_one(tmp_path)
    assert caught.value.code == "STUDY_SEVERAL"
    assert [s.name for s in find_studies(tmp_path).sources] == ["A", "B"]


def test_a_damaged_file_spoils_its_own_study_alone(tmp_path: Path, pet_series: Write) -> None:
    for name in ("A", "B"):
        pet_series(tmp_path / name, change=patient(name))
    (tmp_path / "A" / "x.dcm").write_bytes(b"cut")
    search = find_studies(tmp_path)
    with pytest.raises(ReadError) as caught:
        read_study(search.sources[0])
    assert caught.value.code == "DICOM_UNREADABLE"
    assert read_study(search.sources[1]).suv.shape == (5, 6, 7)
    for path in list((tmp_path / "B").iterdir()):
        path.rename(tmp_path / "A" / path.name)
    search = find_studies(tmp_path / "A")
    assert codes(search) == {"x.dcm": "DICOM_UNREADABLE"}, "nobody knows whose slice it is"
    assert [read_study(s).name for s in search.sources] == ["A", "B"]


def test_what_is_no_study_is_listed(tmp_path: Path, pet_series: Write) -> None:
    pet_series(tmp_path / "A", change=patient("A"))
    pet_series(tmp_path / "B", change=patient("B"))
    shutil.copy(next((tmp_path / "A").glob("*.dcm")), tmp_path / "A" / "DICOMDIR")
    for name in ("a.txt", "b.txt"):
        (tmp_path / "B" / name).write_text("notes")
    (tmp_path / "readme.md").write_text("notes")
    write_image(np.ones((3, 4, 5), np.float32), GRID, tmp_path / "A" / "PET.nii.gz")
    search = find_studies(tmp_path)
    assert codes(search) == {
        "A/DICOMDIR": "DICOM_DIRECTORY",
        "A/PET.nii.gz": "IMAGE_BESIDE_DICOM",
        "B": "SOURCE_OTHER",
        "readme.md": "SOURCE_OTHER",
    }
    assert dict(search.ignored)["B"].found == "2 files"
    assert [len(s.files) for s in search.sources] == [5, 5]


def test_image_masks_of_loose_dicom_go_by_name(tmp_path: Path, pet_series: Write) -> None:
    for name in ("A", "B"):
        pet_series(tmp_path, change=patient(name))
    grid = read_study(find_studies(tmp_path).sources[0]).grid
    write_image(np.indices(grid.shape)[0] > 2, grid, tmp_path / "B_mask.nii.gz")
    search = find_studies(tmp_path)
    assert [(s.name, s.mask_path is not None) for s in search.sources] == [
        ("A", False), ("B", True),
    ]  # fmt: skip
    assert search.passed_over == ()


@pytest.mark.parametrize("dicom", [True, False])
def test_a_mask_beside_the_folder_of_its_pet(
    tmp_path: Path, pet_series: Write, dicom: bool
) -> None:
    folder = tmp_path / "P1"
    if dicom:
        pet_series(folder / "PET")
    else:
        write_image(np.ones((3, 4, 5), np.float32), GRID, folder / "PET" / "PET.nii.gz")
    grid = read_study(find_one(folder)).grid
    write_image(np.indices(grid.shape)[0] > 1, grid, folder / "mask.nii.gz")
    for search in (find_studies(folder), find_studies(tmp_path)):
        assert (search.passed_over, search.ignored) == ((), ())
        assert [(s.name, s.mask_path) for s in search.sources] == [
            ("P1", folder / "mask.nii.gz"),
        ]  # fmt: skip
    one = find_one(folder)
    assert (one.name, one.mask_path) == ("P1", folder / "mask.nii.gz")


def test_images_beside_a_folder_of_dicom_are_patients_still(
    tmp_path: Path, pet_series: Write
) -> None:
    pet_series(tmp_path / "PET")
    for name in ("a.nii.gz", "a_mask.nii.gz"):
        write_image(np.ones((3, 4, 5), np.float32), GRID, tmp_path / name)
    search = find_studies(tmp_path)
    assert [(s.name, s.layout) for s in search.sources] == [("PET", "dicom"), ("a", "image")]


def test_a_refused_study_keeps_its_patient(tmp_path: Path, pet_series: Write) -> None:
    def change(dataset: pydicom.Dataset, index: int) -> None:
        patient("A" if index < 3 else "B", "20240402")(dataset, index)

    for folder in ("A/1", "A/2"):
        pet_series(tmp_path / folder, change=patient("A"))
    pet_series(tmp_path / "A" / "3", change=change)
    pet_series(tmp_path / "C", change=patient("C"))
    search = find_studies(tmp_path)
    assert [(name, p.code) for name, p in search.passed_over] == [("A_3", "DICOM_TWO_PATIENTS")]
    assert search.refused_names == ("A_3", "A")


def test_nested_image_files_are_searched_but_visits_not_guessed_apart(tmp_path: Path) -> None:
    for name in ("site/p1", "site/p2", "q/20240101", "q/20240202"):
        write_image(np.ones((3, 4, 5), np.float32), GRID, tmp_path / name / "PET.nii.gz")
        write_image(np.ones((3, 4, 5), np.float32), GRID, tmp_path / name / "CT.nii.gz")
    search = find_studies(tmp_path)
    assert [(s.name, s.ct_path and s.ct_path.name) for s in search.sources] == [
        ("p1", "CT.nii.gz"), ("p2", "CT.nii.gz"),
    ]  # fmt: skip
    assert [(name, p.code) for name, p in search.passed_over] == [("q", "IMAGE_WHICH")]


def test_layout_restricts_what_is_looked_at(tmp_path: Path, pet_series: Write) -> None:
    pet_series(tmp_path / "A", change=patient("A"))
    write_image(np.ones((3, 4, 5), np.float32), GRID, tmp_path / "B.nii.gz")
    names = {
        layout: [s.name for s in find_studies(tmp_path, layout).sources]
        for layout in ("auto", "dicom", "pairs")
    }
    assert names == {"auto": ["A", "B"], "dicom": ["A"], "pairs": ["B"]}
    assert codes(find_studies(tmp_path, "dicom")) == {"B.nii.gz": "SOURCE_LAYOUT"}


@pytest.mark.real_data
def test_real_patients_in_one_folder(shared_data: Path, tmp_path: Path) -> None:
    cohort = shared_data / "sts_cohort"
    names = ["STS_002", "STS_019", "STS_031"]
    files = [p for name in names for p in (cohort / "dicom" / name).rglob("*.dcm")]
    files += (cohort / "ct_dicom").rglob("*.dcm")
    random.Random(7).shuffle(files)
    for number, path in enumerate(files):
        (tmp_path / f"{number:05d}").symlink_to(path)
    sources = {s.name: s for s in find_studies(tmp_path).sources}
    assert [name for name in sources if name != "STS_025"] == names
    with_ct = {
        name: sum("ct_dicom" in p.resolve().parts for p in s.files) for name, s in sources.items()
    }
    assert with_ct["STS_002"] > 40 < with_ct["STS_019"]
    assert with_ct["STS_031"] == 0
    for name in names:
        found, known = read_study(sources[name]), read_study(find_one(cohort / "dicom" / name))
        np.testing.assert_array_equal(found.suv, known.suv)
        np.testing.assert_array_equal(found.mask, known.mask)


@pytest.mark.real_data
def test_ct_tree_beside_the_pet_tree(shared_data: Path, tmp_path: Path) -> None:
    cohort = shared_data / "sts_cohort"
    for tree in ("dicom", "ct_dicom"):
        (tmp_path / tree).symlink_to(cohort / tree)
    search = find_studies(tmp_path)
    assert [s.name for s in search.sources] == sorted(p.name for p in (cohort / "nifti").iterdir())
    assert (search.passed_over, search.ignored) == ((), ())
    with_ct = {s.name for s in search.sources if any("ct_dicom" in p.parts for p in s.files)}
    assert with_ct == {path.name for path in (cohort / "ct_dicom").iterdir()}
