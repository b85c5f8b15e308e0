from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from pet_mtl.errors import MaskError, PetMtlError, ReadError, SuvError
from pet_mtl.geometry import Grid
from pet_mtl.readers import find_one, read_study
from pet_mtl.readers.images import pick_images, read_image, read_suv_image, split_role
from pet_mtl.readers.labels import image_mask
from pet_mtl.writers.images import write_image

GRID = Grid((6, 8, 10), (3.0, 2.0, 2.5), (-10.0, 5.0, 70.0))
SUV = np.random.default_rng(1).gamma(2.0, 1.0, GRID.shape).astype(np.float32)
MASK = np.zeros(GRID.shape, bool)
MASK[2:4, 3:6, 4:7] = True


@pytest.mark.parametrize("suffix", [".nii.gz", ".nii", ".nrrd", ".mha"])
def test_round_trip_in_any_orientation(tmp_path: Path, suffix: str) -> None:
    tilted = Grid(
        GRID.shape,
        GRID.spacing_mm,
        GRID.origin_mm,
        (0.0, 0.6, -0.8, 0.0, 0.8, 0.6, 1.0, 0.0, 0.0),
    )
    write_image(SUV, tilted, tmp_path / f"a{suffix}")
    array, grid = read_image(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(array, SUV)
    assert grid.matches(tilted, 1e-4)


def test_pair_is_read(tmp_path: Path) -> None:
    write_image(SUV, GRID, tmp_path / "A" / "PET_image.nii.gz")
    write_image(MASK, GRID, tmp_path / "A" / "PET_mask.nii.gz")
    study = read_study(find_one(tmp_path / "A"))
    np.testing.assert_array_equal(study.suv, SUV)
    np.testing.assert_array_equal(study.mask, MASK)
    assert (study.suv_factor, study.reference_time, study.warnings) == (1.0, "", ())


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (SUV * 1e4, "perhaps Bq/ml"),
        (np.where(MASK, np.nan, SUV), "NaN"),
        (np.where(MASK, np.inf, SUV), "infinite"),
        (SUV - 10, "mean"),
        (SUV * 0, "maximum of 0"),
        (MASK, "as in a mask"),
    ],
)
def test_values_that_are_no_suv(tmp_path: Path, values: np.ndarray, found: str) -> None:
    write_image(values.astype(np.float32), GRID, tmp_path / "A.nii.gz")
    with pytest.raises(PetMtlError, match=found) as caught:
        read_study(find_one(tmp_path / "A.nii.gz"))
    assert caught.value.code == "SUV_RANGE"


def test_damaged_file(tmp_path: Path) -> None:
    (tmp_path / "A.nii.gz").write_bytes(b"\x1f\x8bno image")
    with pytest.raises(ReadError) as caught:
        read_image(tmp_path / "A.nii.gz")
    assert caught.value.code == "IMAGE_UNREADABLE"


def test_four_dimensions(tmp_path: Path) -> None:
    one, two = (
        sitk.JoinSeries([sitk.GetImageFromArray(SUV)] * count, 0.0, 1.0) for count in (1, 2)
    )
    sitk.WriteImage(one, str(tmp_path / "one.nii.gz"))
    sitk.WriteImage(two, str(tmp_path / "two.nii.gz"))
    assert read_image(tmp_path / "one.nii.gz")[0].shape == GRID.shape
    with pytest.raises(ReadError) as caught:
        read_image(tmp_path / "two.nii.gz")
    assert caught.value.code == "IMAGE_DIMENSIONS"


def test_mask_on_another_grid(tmp_path: Path) -> None:
    x0, y0, z0 = GRID.index_to_world((-0.25, -0.25, -0.25))
    double = Grid((12, 16, 20), (1.5, 1.0, 1.25), (float(x0), float(y0), float(z0)))
    fine = MASK.repeat(2, 0).repeat(2, 1).repeat(2, 2)
    write_image(fine, double, tmp_path / "mask.nrrd")
    mask, warnings = image_mask(tmp_path / "mask.nrrd", GRID)
    np.testing.assert_array_equal(mask, MASK)
    assert warnings[0].startswith("MASK_RESAMPLED")


@pytest.mark.parametrize(
    ("values", "origin", "code"),
    [
        (np.zeros(GRID.shape, np.uint8), GRID.origin_mm, "MASK_EMPTY"),
        (MASK.astype(np.uint8) * 2 + (SUV > 2), GRID.origin_mm, "MASK_LABELS"),
        (MASK.astype(np.uint8), (900.0, 0.0, 0.0), "MASK_OUTSIDE"),
    ],
)
def test_unusable_masks(
    tmp_path: Path, values: np.ndarray, origin: tuple[float, float, float], code: str
) -> None:
    moved = Grid(GRID.shape, GRID.spacing_mm, origin)
    write_image(values.astype(np.uint8), moved, tmp_path / "mask.nii.gz")
    with pytest.raises(MaskError) as caught:
        image_mask(tmp_path / "mask.nii.gz", GRID)
    assert caught.value.code == code


def test_mask_of_255_is_a_mask(tmp_path: Path) -> None:
    write_image(MASK.astype(np.uint8) * 255, GRID, tmp_path / "mask.nii.gz")
    np.testing.assert_array_equal(image_mask(tmp_path / "mask.nii.gz", GRID)[0], MASK)


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("PET_image", ("", "pet")),
        ("PET_mask", ("", "mask")),
        ("STS_001", ("STS_001", "")),
        ("STS_001_mask", ("STS_001", "mask")),
        ("case-7-seg", ("case-7", "mask")),
        ("a.b_suv", ("a.b", "pet")),
        ("CT", ("", "other")),
        ("id_CT_image", ("id", "other")),
        ("id_ct_label", ("id", "mask")),
    ],
)
def test_roles_by_name(stem: str, expected: tuple[str, str]) -> None:
    assert split_role(stem) == expected


def test_pairs_by_name() -> None:
    def pick(*names: str) -> tuple[str, str | None]:
        found = pick_images([Path(name) for name in names])
        return found.pet.name, found.mask.name if found.mask else None

    assert pick("ct.nii", "pet.nii.gz", "seg.nii.gz") == ("pet.nii.gz", "seg.nii.gz")
    assert pick("anything.mha") == ("anything.mha", None)
    for unclear in (("a.nii", "b.nii"), ("mask.nii",), ("pet.nii", "mask.nii", "seg.nii")):
        with pytest.raises(ReadError) as caught:
            pick(*unclear)
        assert caught.value.code == "IMAGE_WHICH"


@pytest.mark.parametrize(("low", "is_suv"), [(-0.29, True), (-0.31, False)])
def test_small_negatives_are_of_reconstruction_large_ones_of_overflow(
    tmp_path: Path, low: float, is_suv: bool
) -> None:
    values = SUV.copy()
    values[0, 0, 0] = low * values.max()
    write_image(values, GRID, tmp_path / "PET.nii.gz")
    if is_suv:
        np.testing.assert_array_equal(read_suv_image(tmp_path / "PET.nii.gz")[0], values)
        return
    with pytest.raises(SuvError, match="overflowed") as caught:
        read_suv_image(tmp_path / "PET.nii.gz")
    assert caught.value.code == "SUV_RANGE"
