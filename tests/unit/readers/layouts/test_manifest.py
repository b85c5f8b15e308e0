import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.uid import generate_uid

from pet_mtl.errors import ReadError, UsageError
from pet_mtl.geometry import Grid
from pet_mtl.readers import find_one, find_studies, read_study
from pet_mtl.writers.images import write_image

Write = Callable[..., Any]
GRID = Grid((3, 4, 5), (3.0, 4.0, 5.0), (0.0, 0.0, 0.0))
SUV = np.ones(GRID.shape, np.float32)
SIDECAR = {
    "Units": "Bq/mL", "InjectedRadioactivity": 70, "InjectedRadioactivityUnits": "MBq",
    "TracerRadionuclide": "F18", "InjectionStart": 0, "ImageDecayCorrected": True,
    "ImageDecayCorrectionTime": 0, "PatientWeight": 70, "AttenuationCorrection": "CT",
}  # fmt: skip


def manifest(folder: Path, *lines: str) -> Path:
    path = folder / "studies.csv"
    path.write_text("\ufeff" + "\r\n".join(lines) + "\r\n", encoding="utf-8")
    return path


def test_rows_are_studies(tmp_path: Path, pet_series: Write, rt_struct: Write) -> None:
    data = tmp_path / "data"
    for name in ("a.nii.gz", "b.nii.gz", "ct.nii.gz", "m.nii.gz"):
        write_image(SUV * (1500 if name == "b.nii.gz" else 1), GRID, data / name)
    (data / "x.json").write_text(json.dumps(SIDECAR))
    box = np.asarray([(-12.5, -28, 106), (2.5, -28, 106), (2.5, -16, 106), (-12.5, -16, 106)])
    rt_struct(data / "rt.dcm", pet_series(data / "dicom"), {"GTV": [box]})
    path = manifest(
        data,
        "ID;Path;mask;CT;roi;units;sidecar;patient;comment",
        "s1;a.nii.gz;m.nii.gz;ct.nii.gz;1,2;SUV;;p1;free text",
        "s2;b.nii.gz;;;;Bq/ml;x.json;p1;",
        ";;;;;;;;",
        "s3;dicom;rt.dcm;ct.nii.gz;;;;;",
        f"s4;{data / 'a.nii.gz'};;;;;;;",
    )
    search = find_studies(path)
    assert [(s.name, s.patient, s.layout, s.roi) for s in search.sources] == [
        ("s1", "p1", "image", "1,2"), ("s2", "p1", "image", None),
        ("s3", "s3", "dicom", None), ("s4", "s4", "image", None),
    ]  # fmt: skip
    assert search.passed_over == ()
    first, second, third, _ = search.sources
    assert (first.mask_path, first.ct_path) == (data / "m.nii.gz", data / "ct.nii.gz")
    # 70 kg and 70 MBq, no time between: 1 Bq/ml is 1e-3 g/ml, by hand.
    np.testing.assert_allclose(read_study(second).suv, 1.5, rtol=1e-6)
    assert third.ct_path == data / "ct.nii.gz"
    assert read_study(third).mask is not None
    assert len(search.sources) == len(find_studies(path, "manifest").sources)


@pytest.mark.parametrize(
    ("cells", "what"),
    [
        ("no.nii.gz,,,,", "column pet does not exist"),
        ("a.nii.gz,no.nii,,,", "column mask does not exist"),
        ("a.nii.gz,,no.nii,,", "column ct does not exist"),
        ("a.nii.gz,,,counts,", "neither SUV nor"),
        ("a.nii.gz,,,Bq/ml,", "need a sidecar"),
        ("a.nii.gz,studies.csv,,,", "must be an image file"),
        ("studies.csv,,,,", "neither an image file"),
        ("a.nii.gz,,,,,4", "column series"),
        ("dicom,,,SUV,", "states its own units"),
        ("dicom,,,,studies.csv", "states its own units"),
        ("dicom,,,,,four", "column series"),
        ("dicom,studies.csv,,,", "nor DICOM RTSTRUCT or SEG"),
        ("dicom,dicom,,,", "nor DICOM RTSTRUCT or SEG"),
        ("dicom,,dicom,,", "nor DICOM CT"),
        ("folder,,,Bq/ml,", "need a sidecar"),
    ],
)
def test_a_bad_row_is_refused_with_its_line(
    tmp_path: Path, pet_series: Write, cells: str, what: str
) -> None:
    write_image(SUV, GRID, tmp_path / "a.nii.gz")
    write_image(SUV, GRID, tmp_path / "folder" / "a.nii.gz")
    pet_series(tmp_path / "dicom")
    columns = "study,pet,mask,ct,units,sidecar,series"
    path = manifest(tmp_path, columns, "ok,a.nii.gz,,,,", f"bad,{cells}")
    search = find_studies(path)
    assert [s.name for s in search.sources] == ["ok"]
    ((name, problem),) = search.passed_over
    assert (name, problem.code) == ("bad", "MANIFEST_STUDY")
    assert "line 3" in problem.what
    assert what in problem.what


def test_a_folder_without_study_is_refused_by_its_own_code(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    path = manifest(tmp_path, "study,pet", "a,empty")
    assert [(n, p.code) for n, p in find_studies(path).passed_over] == [("a", "STUDY_EMPTY")]


@pytest.mark.parametrize(
    ("lines", "code", "what"),
    [
        (("pet,mask", "a.nii,"), "MANIFEST_COLUMNS", "found 2 of these"),
        (("study,pet,id", "a,b,c"), "MANIFEST_COLUMNS", "each once"),
        (("study,pet", "a,b,c"), "MANIFEST_LINE", "line 2"),
        (("study,pet", "a,x.nii", "a,y.nii"), "MANIFEST_LINE", "line 3 .* line 2"),
        (("study,pet", "a,x.nii", ",y.nii"), "MANIFEST_LINE", "line 3 .* empty"),
        (("study,pet", "../a,x.nii"), "MANIFEST_LINE", "line 2 .* folder"),
        (("",), "MANIFEST_COLUMNS", "found 0"),
    ],
)
def test_a_manifest_that_is_none_is_refused(
    tmp_path: Path, lines: tuple[str, ...], code: str, what: str
) -> None:
    with pytest.raises(UsageError, match=what) as caught:
        find_studies(manifest(tmp_path, *lines))
    assert caught.value.code == code


def test_one_study_of_a_manifest(tmp_path: Path) -> None:
    write_image(SUV, GRID, tmp_path / "a.nii.gz")
    assert find_one(manifest(tmp_path, "study,pet", "x,a.nii.gz")).name == "x"


def _box(x: float, planes: Sequence[float]) -> list[np.ndarray]:
    """Contours of a box 3 voxels wide."""
    corners = [(x, -28), (x + 15, -28), (x + 15, -16), (x, -16)]
    return [np.asarray([(a, b, z) for a, b in corners]) for z in planes]


@pytest.fixture
def outlined(tmp_path: Path, pet_series: Write, rt_struct: Write, ct_series: Write) -> Path:
    """A study of DICOM with an outline of 9 voxels and a CT, and others of both beside it."""
    study = tmp_path / "study"
    uids = pet_series(study / "PET")
    rt_struct(study / "rt.dcm", uids, {"GTV": _box(-12.5, [103])})
    rt_struct(tmp_path / "better.dcm", uids, {"GTV": _box(-12.5, [103, 106])})
    ct_series(study / "CT", uids)
    ct_series(tmp_path / "CT", uids, change=_brighter)
    grid = read_study(find_one(study)).grid
    mask = np.zeros(grid.shape, np.float32)
    mask[1, 1, 1] = 1
    write_image(mask, grid, tmp_path / "mask.nii.gz")
    write_image(np.linspace(-900, 90, mask.size, dtype=np.float32).reshape(mask.shape), grid,
                tmp_path / "ct.nii.gz")  # fmt: skip
    return study


def _brighter(dataset: Any, _index: int) -> None:
    dataset.RescaleIntercept = float(dataset.RescaleIntercept) + 7


@pytest.mark.parametrize(
    ("mask", "voxels"), [("", 9), ("mask.nii.gz", 1), ("better.dcm", 18), ("study/rt.dcm", 9)]
)
@pytest.mark.usefixtures("outlined")
def test_the_mask_of_a_row_counts(tmp_path: Path, mask: str, voxels: int) -> None:
    path = manifest(tmp_path, "study,pet,mask", f"s,study,{mask}")
    found = read_study(find_one(path)).mask
    assert found is not None
    assert int(found.sum()) == voxels


@pytest.mark.usefixtures("outlined")
def test_the_ct_of_a_row_counts(tmp_path: Path) -> None:
    rows = ("own,study,", "image,study,ct.nii.gz", "other,study,CT")
    path = manifest(tmp_path, "study,pet,ct", *rows)
    found = {s.name: read_study(s, with_ct=True) for s in find_studies(path).sources}
    own, image, other = (found[name].ct for name in ("own", "image", "other"))
    assert own is not None and image is not None and other is not None
    np.testing.assert_allclose(other, own + 7)
    np.testing.assert_allclose(image.ravel(), np.linspace(-900, 90, image.size), atol=1e-3)
    assert [study.warnings for study in found.values()] == [found["own"].warnings] * 3


def test_an_absent_ct_image_is_not_replaced_by_another(tmp_path: Path, outlined: Path) -> None:
    (tmp_path / "ct.nii.gz").write_bytes(b"no image")
    study = find_one(manifest(tmp_path, "study,pet,ct", "s,study,ct.nii.gz"))
    assert read_study(study, with_ct=True).ct is None
    assert read_study(find_one(outlined), with_ct=True).ct is not None


def test_units_and_sidecar_of_a_folder_of_images(tmp_path: Path) -> None:
    write_image(SUV * 1500, GRID, tmp_path / "p" / "PET.nii.gz")
    (tmp_path / "x.json").write_text(json.dumps(SIDECAR))
    path = manifest(tmp_path, "study,pet,units,sidecar", "a,p,Bq/ml,x.json", "b,p,,x.json")
    for source in find_studies(path).sources:
        np.testing.assert_allclose(read_study(source).suv, 1.5, rtol=1e-6)
    (tmp_path / "p" / "PET.json").write_text('{"Units": "counts"}')
    path = manifest(tmp_path, "study,pet,units", "a,p,SUV", "b,p,")
    assert [source.sidecar_path for source in find_studies(path).sources] == [
        None, tmp_path / "p" / "PET.json",
    ]  # fmt: skip


def test_the_series_of_a_row(tmp_path: Path, pet_series: Write) -> None:
    def change(dataset: Any, _index: int) -> None:
        dataset.SeriesNumber = 7
        dataset.PixelData = (dataset.pixel_array // 2).tobytes()

    uids = pet_series(tmp_path / "d" / "one")
    pet_series(tmp_path / "d" / "two", uids=(uids[0], generate_uid(), uids[2]), change=change)
    path = manifest(tmp_path, "study,pet,series,patient", "a,d,7,p", "b,d,,p")
    first, second = find_studies(path).sources
    assert (first.series, second.series) == (7, None)
    assert read_study(first).suv.max() > 0
    with pytest.raises(ReadError, match="column series of a manifest") as caught:
        read_study(second)
    assert caught.value.code == "DICOM_TWO_SERIES"


def test_a_refused_row_keeps_its_patient(tmp_path: Path) -> None:
    search = find_studies(manifest(tmp_path, "study,pet,patient", "a,no,p", "b,no,", "c,no,c"))
    assert search.refused_names == ("a", "b", "c", "p")
