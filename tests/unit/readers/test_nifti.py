import struct
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from pet_mtl.readers.nifti import holds_non_finite


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int16])
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_finds_what_itk_hides(tmp_path: Path, kind: type, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    array = np.ones((3, 4, 5), kind)
    sitk.WriteImage(sitk.GetImageFromArray(array), str(path))
    assert not holds_non_finite(path)
    if kind is np.int16:
        return
    array[-1, -1, -1] = np.nan
    sitk.WriteImage(sitk.GetImageFromArray(array), str(path))
    assert holds_non_finite(path)
    assert np.isfinite(sitk.GetArrayFromImage(sitk.ReadImage(str(path)))).all(), "ITK hides it"


def test_big_endian_second_version(tmp_path: Path) -> None:
    for last, expected in ((1.0, False), (np.inf, True)):
        header = bytearray(544)
        struct.pack_into(">i", header, 0, 540)
        struct.pack_into(">h", header, 12, 16)
        struct.pack_into(">q", header, 168, 544)
        (tmp_path / "a.nii").write_bytes(bytes(header) + np.asarray([0, last], ">f4").tobytes())
        assert holds_non_finite(tmp_path / "a.nii") is expected


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b", b"text" * 200])
def test_damaged_files_are_left_to_the_reader(tmp_path: Path, content: bytes) -> None:
    for suffix in (".nii", ".nii.gz"):
        (tmp_path / f"a{suffix}").write_bytes(content)
        assert not holds_non_finite(tmp_path / f"a{suffix}")
