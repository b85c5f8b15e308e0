"""Images whose voxels lie in a file of their own."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from pet_mtl.readers.companions import image_files


@pytest.mark.parametrize(
    ("header", "data"), [("a.mhd", "a.raw"), ("a.mhd", "a.zraw"), ("a.nhdr", "a.raw")]
)
def test_data_that_itk_writes_apart(tmp_path: Path, header: str, data: str) -> None:
    image = sitk.GetImageFromArray(np.ones((2, 3, 4), np.float32))
    sitk.WriteImage(image, str(tmp_path / header), data == "a.zraw")
    assert (tmp_path / data).is_file()
    assert image_files(tmp_path / header) == (tmp_path / header, tmp_path / data)


@pytest.mark.parametrize(
    ("name", "text", "data"),
    [
        ("a.mhd", "ElementDataFile = LIST\nx/1.raw\nx/2.raw\n", ["x/1.raw", "x/2.raw"]),
        ("a.mhd", "ElementDataFile = x/%d.raw 1 2 1\n", ["x/1.raw", "x/2.raw"]),
        ("a.nhdr", "NRRD0004\ndata file: LIST\nx/2.raw\nx/1.raw", ["x/2.raw", "x/1.raw"]),
        ("a.nhdr", "NRRD0004\r\ndatafile: x/%01d.raw 1 2 1 2\r\n", ["x/1.raw", "x/2.raw"]),
        ("a.nhdr", "NRRD0004\ndata file: x/name with blanks.raw\n", ["x/name with blanks.raw"]),
        ("a.mhd", "ElementDataFile = LOCAL\n", []),
        ("a.mhd", "ElementDataFile = gone.raw\n", []),
        ("a.mhd", "ElementDataFile = gone/%d.raw 1 2 1\n", []),
        ("a.mha", "ElementDataFile = x/1.raw\n", []),
    ],
)
def test_named_files(tmp_path: Path, name: str, text: str, data: list[str]) -> None:
    (tmp_path / "x").mkdir()
    for one in ("1.raw", "2.raw", "name with blanks.raw", "note.txt"):
        (tmp_path / "x" / one).write_bytes(b"0")
    (tmp_path / name).write_bytes(text.encode())
    assert image_files(tmp_path / name) == (tmp_path / name, *(tmp_path / one for one in data))


def test_a_header_that_is_not_there(tmp_path: Path) -> None:
    assert image_files(tmp_path / "a.mhd") == (tmp_path / "a.mhd",)
