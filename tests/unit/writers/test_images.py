from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from pet_mtl.errors import GeometryError, UsageError
from pet_mtl.geometry import Grid
from pet_mtl.writers.images import write_image

GRID = Grid((3, 4, 5), (3.0, 4.0, 5.0), (1.0, 2.0, 3.0))


def test_mask_becomes_bytes_and_nothing_else_is_left(tmp_path: Path) -> None:
    write_image(np.ones(GRID.shape, bool), GRID, tmp_path / "new" / "mask.nii.gz")
    image = sitk.ReadImage(str(tmp_path / "new" / "mask.nii.gz"))
    assert image.GetPixelID() == sitk.sitkUInt8
    assert image.GetSpacing() == (5.0, 4.0, 3.0)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["mask.nii.gz"]


def test_refuses_other_suffixes_and_shapes(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="IMAGE_SUFFIX"):
        write_image(np.ones(GRID.shape), GRID, tmp_path / "mask.png")
    with pytest.raises(GeometryError, match="GEOMETRY_SHAPE"):
        write_image(np.ones((1, 2, 3)), GRID, tmp_path / "mask.nii")
    assert list(tmp_path.iterdir()) == []
