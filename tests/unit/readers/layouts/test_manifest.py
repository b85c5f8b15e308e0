import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pet_mtl.errors import UsageError
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
    ],
)
def test_a_bad_row_is_refused_with_its_line(tmp_path: Path, cells: str, what: str) -> None:
    write_image(SUV, GRID, tmp_path / "a.nii.gz")
    path = manifest(tmp_path, "study,pet,mask,ct,units,sidecar", "ok,a.nii.gz,,,,", f"bad,{cells}")
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
