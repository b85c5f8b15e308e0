"""The CT of a study: what is read, which series, and that it never spoils the PET."""

import dataclasses
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.uid import generate_uid

from pet_mtl.geometry import Grid
from pet_mtl.readers import find_one, read_study
from pet_mtl.readers.ct import PADDING_HU
from pet_mtl.study import StudySource
from pet_mtl.writers.images import write_image


@pytest.fixture
def study(tmp_path, pet_series):
    """A study's folder with a PET, and the UIDs of that PET."""
    return tmp_path / "A", pet_series(tmp_path / "A" / "PET")


def world_of(grid: Grid) -> np.ndarray:
    return grid.index_to_world(
        np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), -1)
    )


def read(folder, with_ct=True):
    return read_study(find_one(folder), with_ct=with_ct)


def codes(found):
    return [warning.partition(":")[0] for warning in found.warnings]


def same_pet(one, other):
    """Whatever the CT is, the PET stays."""
    np.testing.assert_array_equal(one.suv, other.suv)
    assert one.grid == other.grid


def test_hounsfield_units_at_their_place_in_the_world(study, ct_series, hu_of):
    folder, uids = study
    ct_series(folder / "CT", uids)
    found = read(folder)
    assert found.ct.dtype == np.float32 and found.ct.shape == found.ct_grid.shape == (8, 16, 20)
    np.testing.assert_array_equal(found.ct, hu_of(world_of(found.ct_grid)))
    assert found.warnings == ()
    same_pet(found, read(folder, with_ct=False))


def test_read_only_when_asked(study, ct_series):
    folder, uids = study
    ct_series(folder / "CT", uids, change=lambda d, i: setattr(d, "PixelData", b"\0\0"))
    found = read(folder, with_ct=False)
    assert found.ct is None and found.ct_grid is None and found.warnings == ()


def test_absent_is_a_normal_state(study):
    found = read(study[0])
    assert found.ct is None and found.warnings == ()


def turned(dataset, _):
    """The same slice stored with its rows and columns running the other way."""
    pixels = np.frombuffer(dataset.PixelData, "<u2").reshape(16, 20)[::-1, ::-1]
    x, y, z = dataset.ImagePositionPatient
    dataset.ImagePositionPatient = [x + 2 * 19, y + 2 * 15, z]
    dataset.ImageOrientationPatient = [-1, 0, 0, 0, -1, 0]
    dataset.PixelData = pixels.tobytes()


def test_orientation_changes_nothing_in_the_world(study, ct_series, hu_of):
    folder, uids = study
    ct_series(folder / "CT", uids, change=turned)
    found = read(folder)
    assert found.ct_grid.axes[0, 2] == -1
    np.testing.assert_array_equal(found.ct, hu_of(world_of(found.ct_grid)))


def set_(**given):
    """Changes every slice."""
    return lambda dataset, _: [setattr(dataset, name, value) for name, value in given.items()]


def at(place, **given):
    """Changes one slice."""
    return lambda d, i: [setattr(d, n, v) for n, v in given.items()] if i == place else None


def without(*names):
    return lambda dataset, _: [delattr(dataset, name) for name in names]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (set_(FrameOfReferenceUID="1.2.3"), "CT_FRAME"),
        (set_(FrameOfReferenceUID=""), "CT_FRAME"),
        (set_(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]), "CT_DERIVED"),
        (set_(ImageType=["DERIVED", "SECONDARY", "REFORMATTED"]), "CT_DERIVED"),
        (set_(SOPClassUID="1.2.840.10008.5.1.4.1.1.2.1"), "CT_MULTIFRAME"),
        (set_(NumberOfFrames=3), "CT_MULTIFRAME"),
        (at(3, PatientComments="drop"), "CT_GEOMETRY"),
        (at(3, ImagePositionPatient=[-24, -34, 98]), "CT_GEOMETRY"),
        (lambda d, i: setattr(d, "ImagePositionPatient", [-24, -34 + i, 98 + 2.5 * i]),
         "CT_GEOMETRY"),
        (without("ImageOrientationPatient"), "CT_GEOMETRY"),
        (lambda d, i: setattr(d, "ImagePositionPatient", [-24, -34, 900 + 2.5 * i]), "CT_OUTSIDE"),
        (at(2, PixelData=b"\0\0"), "CT_PIXELS"),
        (without("RescaleSlope"), "CT_RESCALE"),
        (without("RescaleIntercept"), "CT_RESCALE"),
        (set_(RescaleSlope="0"), "CT_RESCALE"),
        (set_(RescaleType="US"), "CT_UNITS"),
        (set_(RescaleType="HU_MOD"), "CT_UNITS"),
        (set_(RescaleSlope="1", RescaleIntercept="0"), "CT_RANGE"),
        (set_(RescaleSlope="1e-4", RescaleIntercept="-0.1"), "CT_RANGE"),
        (set_(RescaleSlope="1000"), "CT_RANGE"),
        (set_(RescaleIntercept="-4000"), "CT_RANGE"),
    ],
)  # fmt: skip
def test_a_bad_ct_is_a_warning_and_the_pet_stays(study, ct_series, change, code):
    folder, uids = study
    ct_series(folder / "CT", uids, change=change)
    found = read(folder)
    assert found.ct is None and found.ct_grid is None
    assert codes(found) == [code]
    same_pet(found, read(folder, with_ct=False))


def test_truncated_files_are_a_warning(study, ct_series):
    folder, uids = study
    ct_series(folder / "CT", uids)
    broken = sorted((folder / "CT").iterdir())[2]
    broken.write_bytes(broken.read_bytes()[:-200])
    assert codes(read(folder)) == ["CT_PIXELS"]


def test_padding_is_unknown_not_air(study, ct_series):
    folder, uids = study

    def padded(dataset, _):
        pixels = np.frombuffer(dataset.PixelData, "<u2").reshape(16, 20).copy()
        pixels[:, 0] = 0
        dataset.PixelData = pixels.tobytes()
        dataset.PixelPaddingValue = 0

    ct_series(folder / "CT", uids, change=padded)
    found = read(folder)
    assert np.isnan(found.ct[:, :, 0]).all() and np.isfinite(found.ct[:, :, 1:]).all()
    assert found.warnings == ()


def test_padding_range(study, ct_series, hu_of):
    folder, uids = study

    def ranged(dataset, _):
        dataset.RescaleSlope, dataset.RescaleIntercept = "1", "-1024"
        world = world_of(Grid((1, 16, 20), (2.5, 2, 2), tuple(dataset.ImagePositionPatient)))
        dataset.PixelData = (hu_of(world)[0] + 1024).astype("<u2").tobytes()
        dataset.PixelPaddingValue, dataset.PixelPaddingRangeLimit = 1030, 1020

    ct_series(folder / "CT", uids, change=ranged)
    found = read(folder)
    truth = hu_of(world_of(found.ct_grid))
    unknown = (truth >= -4) & (truth <= 6)
    assert unknown.any()
    np.testing.assert_array_equal(np.isnan(found.ct), unknown)


def test_lossless_jpeg(study, ct_series, hu_of, tmp_path):
    """pydicom has no decoder for it."""
    folder, uids = study

    def packed(dataset, _):
        pixels = np.frombuffer(dataset.PixelData, "<u2").reshape(1, 16, 20)
        image = sitk.GetImageFromArray(pixels)
        image.SetMetaData("0008|0060", "CT")
        path = str(tmp_path / "jpeg.dcm")
        writer = sitk.ImageFileWriter()
        writer.SetFileName(path)
        writer.SetImageIO("GDCMImageIO")
        writer.UseCompressionOn()
        writer.SetCompressor("JPEG")
        writer.Execute(image)
        stored = pydicom.dcmread(path)
        dataset.PixelData = stored.PixelData
        dataset["PixelData"].is_undefined_length = True
        dataset.file_meta.TransferSyntaxUID = stored.file_meta.TransferSyntaxUID

    ct_series(folder / "CT", uids, change=packed)
    found = read(folder)
    assert found.warnings == ()
    np.testing.assert_array_equal(found.ct, hu_of(world_of(found.ct_grid)))


def test_values_far_below_air_are_unknown(study, ct_series, hu_of):
    folder, uids = study
    ct_series(folder / "CT", uids)
    found = read(folder)
    image = found.ct.copy()
    image[0] = -3024
    write_image(image, found.ct_grid, folder / "ct.nii.gz")
    for path in (folder / "CT").iterdir():
        path.unlink()
    source = dataclasses.replace(find_one(folder), ct_path=folder / "ct.nii.gz")
    again = read_study(source, with_ct=True)
    assert np.isnan(again.ct[0]).all() and np.isfinite(again.ct[1:]).all()
    assert PADDING_HU < -1024


def other(number, place=0.0, **given):
    """Another series: its number, slices moved along z, other values."""

    def change(dataset, _):
        x, y, z = dataset.ImagePositionPatient
        dataset.ImagePositionPatient = [x, y, z + place]
        dataset.SeriesNumber = number
        for name, value in given.items():
            setattr(dataset, name, value)

    return change


def test_the_series_that_covers_the_pet_best_is_taken(study, ct_series):
    folder, uids = study
    ct_series(folder / "far", uids, slices=20, change=other(1, place=10))
    ct_series(folder / "good", uids, change=other(5))
    ct_series(folder / "scout", uids, 2, other(0, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]))
    found = read(folder)
    assert found.ct_grid.origin_mm[2] == 98 and found.ct_grid.shape[0] == 8
    assert found.warnings == ()


def test_of_those_that_cover_it_alike_the_one_with_more_slices(study, ct_series):
    folder, uids = study
    ct_series(folder / "one", uids, change=other(1))
    ct_series(folder / "two", uids, slices=9, change=other(2))
    found = read(folder)
    assert found.ct_grid.shape[0] == 9 and found.warnings == ()


@pytest.mark.parametrize("numbers", [(2, 7), (7, 2)])
def test_series_alike_lowest_number_and_a_warning(study, ct_series, numbers):
    folder, uids = study

    def numbered(dataset, _):
        pixels = np.where(np.arange(320) < 160, -900, 40 + number).astype("<i2")
        dataset.PixelData, dataset.PixelRepresentation = pixels.tobytes(), 1
        dataset.RescaleSlope, dataset.RescaleIntercept = "1", "0"
        dataset.SeriesNumber = number

    for number in numbers:
        ct_series(folder / str(number), uids, change=numbered)
    found = read(folder)
    assert codes(found) == ["CT_SERIES"]
    assert found.ct.max() == 42


def test_if_the_best_is_broken_the_next_is_taken_and_that_is_told(study, ct_series):
    folder, uids = study
    ct_series(folder / "long", uids, slices=9, change=at(1, PixelData=b"\0\0"))
    ct_series(folder / "short", uids)
    found = read(folder)
    assert found.ct_grid.shape[0] == 8
    assert codes(found) == ["CT_PIXELS"]


def test_a_side_series_that_makes_no_volume_is_not_told(study, ct_series):
    folder, uids = study
    ct_series(folder / "CT", uids)
    ct_series(folder / "bolus", uids, change=set_(ImagePositionPatient=[-24, -34, 105]))
    found = read(folder)
    assert found.ct is not None and found.warnings == ()


def test_a_short_ct_is_taken_and_told(study, ct_series):
    folder, uids = study
    ct_series(folder / "CT", uids, slices=3)
    found = read(folder)
    assert found.ct is not None
    assert codes(found) == ["CT_PARTIAL"]


def test_no_name_and_no_uid_in_any_warning(study, ct_series):
    folder, uids = study
    for change in (
        set_(FrameOfReferenceUID="1.2.3"),
        at(1, PixelData=b""),
        without("RescaleSlope"),
    ):
        ct_series(folder / generate_uid()[-5:], uids, change=change)
    text = " ".join(read(folder).warnings)
    assert text and not any(part in text for part in (*uids, "1.2.3", "P-001", str(folder)))


GRID = Grid((6, 8, 10), (3.0, 2.0, 2.5), (-10.0, 5.0, 70.0))


@pytest.fixture
def pair(tmp_path) -> StudySource:
    """A PET image and a CT image of another grid beside it."""
    random = np.random.default_rng(1)
    write_image(
        random.gamma(2.0, 1.0, GRID.shape).astype(np.float32), GRID, tmp_path / "PET.nii.gz"
    )
    return StudySource("A", "image", tmp_path / "PET.nii.gz", ct_path=tmp_path / "CT.nii.gz")


CT_GRID = Grid((9, 30, 34), (2.0, 0.8, 0.9), (-12.0, 3.0, 69.0))
HU = np.random.default_rng(2).normal(0, 60, CT_GRID.shape).astype(np.float32)
HU[:, :5] = -1000


@pytest.mark.parametrize("direction", [CT_GRID.direction, (0, 0.6, -0.8, 0, 0.8, 0.6, 1, 0, 0)])
def test_image_file(pair, direction):
    grid = dataclasses.replace(CT_GRID, direction=tuple(map(float, direction)))
    write_image(HU, grid, pair.ct_path)
    found = read_study(pair, with_ct=True)
    np.testing.assert_array_equal(found.ct, HU)
    assert found.ct_grid.matches(grid, 1e-3)
    assert read_study(pair).ct is None


@pytest.mark.parametrize(
    ("values", "code"),
    [
        (HU + 1024, "CT_RANGE"),
        (np.clip((HU + 160) / 400, 0, 1), "CT_RANGE"),
        (np.clip(HU / 1000, -1, 1), "CT_RANGE"),
        (HU * 1e4, "CT_RANGE"),
        (HU - 1000, "CT_RANGE"),
        (np.where(HU > 100, np.nan, HU), "CT_RANGE"),
        (np.full_like(HU, -3000), "CT_RANGE"),
    ],
)
def test_image_values_that_are_no_hounsfield_units(pair, values, code):
    write_image(values.astype(np.float32), CT_GRID, pair.ct_path)
    found = read_study(pair, with_ct=True)
    assert found.ct is None and codes(found) == [code]


def test_broken_absent_or_distant_images(pair):
    assert codes(read_study(pair, with_ct=True)) == ["CT_UNREADABLE"]
    pair.ct_path.write_bytes(b"no image")
    assert codes(read_study(pair, with_ct=True)) == ["CT_UNREADABLE"]
    write_image(HU, dataclasses.replace(CT_GRID, origin_mm=(900.0, 0.0, 0.0)), pair.ct_path)
    assert codes(read_study(pair, with_ct=True)) == ["CT_OUTSIDE"]
    sitk.WriteImage(sitk.Image([4, 4], sitk.sitkInt16), str(Path(pair.ct_path)))
    assert codes(read_study(pair, with_ct=True)) == ["CT_UNREADABLE"]


def test_a_series_comes_before_an_image(study, ct_series, tmp_path):
    folder, uids = study
    ct_series(folder / "CT", uids)
    source = dataclasses.replace(find_one(folder), ct_path=tmp_path / "absent.nii.gz")
    found = read_study(source, with_ct=True)
    assert found.ct is not None and found.warnings == ()


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["STS_002", "STS_019", "STS_025"])
def test_real_ct_equals_what_itk_reads(shared_data, tmp_path, name):
    cohort = shared_data / "sts_cohort"
    for part in ("dicom", "ct_dicom"):
        for path in sorted((cohort / part / name).rglob("image/*.dcm")):
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / f"{part}_{path.name}").symlink_to(path)
    found = read_study(find_one(tmp_path / name), with_ct=True)
    reader = sitk.ImageSeriesReader()
    folder = str(cohort / "ct_dicom" / name / "CT" / "image")
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(folder))
    image = reader.Execute()
    np.testing.assert_array_equal(found.ct, sitk.GetArrayFromImage(image))
    assert found.ct_grid.origin_mm == pytest.approx(image.GetOrigin(), abs=1e-3)
    assert found.ct_grid.spacing_mm[::-1] == pytest.approx(image.GetSpacing(), abs=1e-3)
    assert not [code for code in codes(found) if code.startswith("CT_")]
