"""Slices lost, moved, turned, or without a place."""

import numpy as np
import pydicom
from pydicom.dataset import Dataset

from mutations.expected import Mutation as M
from mutations.expected import refused, right, warned
from mutations.study import Break, Study, drop, edit, put, put_one, raw


def _lost() -> list[M]:
    return [
        M("slice-lost", "one slice lost in the middle", _unlink(5),
          refused("GEOMETRY_MISSING_SLICE")),
        M("slices-lost", "four slices lost in the middle", _unlink(4, 5, 6, 7),
          refused("GEOMETRY_MISSING_SLICE")),
        M("end-lost", "the last slices lost", _unlink(10, 11), warned("GEOMETRY_SLICE_COUNT")),
        M("every-second-lost", "every second slice lost", _unlink(*range(1, 12, 2)),
          warned("GEOMETRY_SLICE_COUNT")),
        M("all-but-one-lost", "a single slice left", _unlink(*range(1, 12)),
          refused("GEOMETRY_ONE_SLICE")),
        M("all-lost", "all slices lost, the structure set left", _unlink(*range(12)),
          refused("DICOM_NO_PET")),
    ]  # fmt: skip


def _unlink(*numbers: int) -> Break:
    def change(study: Study) -> None:
        for path in [study.slices[number] for number in numbers]:
            path.unlink()

    return change


def _moved() -> list[M]:
    return [
        M("slice-aside", "one slice shifted sideways", _shift_one(4.0, 0, 0),
          refused("GEOMETRY_SHEARED")),
        M("slice-along", "one slice shifted along the body", _shift_one(0, 0, 1.5),
          refused("GEOMETRY_MISSING_SLICE")),
        M("slice-onto", "one slice given its neighbour's position", _onto,
          refused("GEOMETRY_DOUBLE_SLICE")),
        M("gantry-tilt", "positions sheared as by a tilted gantry", _tilt,
          refused("GEOMETRY_SHEARED")),
        M("wobble", "slice distances wobble by 2 %", _wobble, warned("GEOMETRY_UNEVEN", "same")),
        M("slice-turned", "one slice turned by 10 degrees",
          put_one(ImageOrientationPatient=[1, 0, 0, 0, 0.9848, 0.1736]),
          refused("GEOMETRY_NOT_PARALLEL")),
        M("feet-first", "stored feet first, rows and columns turned, files reversed", _turned,
          right()),
        M("coronal", "stored as coronal slices", _coronal, right("none")),
    ]  # fmt: skip


def _shift_one(x: float, y: float, z: float) -> Break:
    def change(dataset: Dataset) -> None:
        old = np.asarray(dataset.ImagePositionPatient, float)
        dataset.ImagePositionPatient = [f"{v:.4f}" for v in old + np.asarray((x, y, z))]

    return lambda study: edit(study.slices[5], change)


def _onto(study: Study) -> None:
    place = pydicom.dcmread(study.slices[4]).ImagePositionPatient
    edit(study.slices[5], lambda d: setattr(d, "ImagePositionPatient", place))


def _tilt(study: Study) -> None:
    def change(dataset: Dataset, number: int) -> None:
        x, y, z = (float(v) for v in dataset.ImagePositionPatient)
        dataset.ImagePositionPatient = [x, f"{y + 0.5 * number:.4f}", z]

    study.each(change)


def _wobble(study: Study) -> None:
    def change(dataset: Dataset, number: int) -> None:
        x, y, z = (float(v) for v in dataset.ImagePositionPatient)
        off = (0.0, 0.04, -0.02, 0.03)[number % 4] if 0 < number < 11 else 0.0
        dataset.ImagePositionPatient = [x, y, f"{z + off:.4f}"]

    study.each(change)


def _turned(study: Study) -> None:
    """Rows run to the right, columns to the front: every image turned by 180 degrees."""

    def change(dataset: Dataset, number: int) -> None:
        pixels = dataset.pixel_array
        rows, columns = pixels.shape
        step = np.asarray(dataset.PixelSpacing, float)
        x, y, z = (float(v) for v in dataset.ImagePositionPatient)
        dataset.ImageOrientationPatient = ["-1", "0", "0", "0", "-1", "0"]
        dataset.ImagePositionPatient = [
            f"{x + step[1] * (columns - 1):.4f}", f"{y + step[0] * (rows - 1):.4f}", z,
        ]  # fmt: skip
        dataset.PatientPosition = "FFP"
        dataset.PixelData = np.ascontiguousarray(pixels[::-1, ::-1]).tobytes()

    study.each(change)
    for number, path in enumerate(study.slices):
        path.rename(path.with_name(f"r{99 - number}.dcm"))


def _coronal(study: Study) -> None:
    """The same volume in slices from front to back; contours of the axial slices do not fit."""
    slices = [pydicom.dcmread(path) for path in study.slices]  # from the head down
    volume = np.stack([s.pixel_array * float(s.RescaleSlope) for s in slices])
    first, paths = slices[0], study.slices
    x, y, z = (float(v) for v in first.ImagePositionPatient)
    sy, sx = (float(v) for v in first.PixelSpacing)
    for path in paths:
        path.unlink()
    study.struct.unlink()
    for row in range(volume.shape[1]):
        plane = volume[:, row]
        slope = float(f"{plane.max() / 32767:.9g}")
        first.PixelData = np.rint(plane / slope).astype("<i2").tobytes()
        first.RescaleSlope, first.SOPInstanceUID = f"{slope:.9g}", f"2.25.{row + 1}"
        first.Rows, first.Columns = plane.shape
        first.NumberOfSlices = volume.shape[1]
        first.PixelSpacing = [first.SliceThickness, sx]
        first.ImageOrientationPatient = ["1", "0", "0", "0", "0", "-1"]
        first.ImagePositionPatient = [x, f"{y + sy * row:.4f}", z]
        first.save_as(paths[0].with_name(f"c{row}.dcm"), enforce_file_format=True)


def _missing() -> list[M]:
    return [
        M("position-removed", "ImagePositionPatient removed", drop("ImagePositionPatient"),
          refused("GEOMETRY_MISSING")),
        M("position-one-removed", "ImagePositionPatient of one slice empty",
          put_one(ImagePositionPatient=None), refused("GEOMETRY_MISSING")),
        M("position-nan", "ImagePositionPatient of one slice holds NaN",
          put_one(ImagePositionPatient=["nan", "0", "0"]), refused("GEOMETRY_MISSING")),
        M("position-garbage", "ImagePositionPatient holds letters",
          raw("00200032", "DS", rb"left\up\in"), refused("GEOMETRY_MISSING")),
        M("orientation-removed", "ImageOrientationPatient removed",
          drop("ImageOrientationPatient"), refused("GEOMETRY_MISSING")),
        M("orientation-garbage", "ImageOrientationPatient of two equal vectors",
          put(ImageOrientationPatient=[1, 0, 0, 1, 0, 0]), refused("GEOMETRY_NOT_ORTHOGONAL")),
        M("orientation-zero", "ImageOrientationPatient all 0",
          put(ImageOrientationPatient=[0] * 6), refused("GEOMETRY_NOT_ORTHOGONAL")),
        M("orientation-long", "ImageOrientationPatient of vectors of length 2",
          put(ImageOrientationPatient=[2, 0, 0, 0, 2, 0]), refused("GEOMETRY_NOT_ORTHOGONAL")),
        M("spacing-removed", "PixelSpacing removed", drop("PixelSpacing"),
          refused("GEOMETRY_MISSING")),
        M("spacing-zero", "PixelSpacing 0", put(PixelSpacing=["0", "0"]),
          refused("GEOMETRY_MISSING")),
        M("spacing-differs", "one slice has another PixelSpacing", put_one(PixelSpacing=["4", "4"]),
          refused("GEOMETRY_SLICE_SIZE")),
        M("thickness-wrong", "SliceThickness wrong, SpacingBetweenSlices wrong",
          put(SliceThickness="9", SpacingBetweenSlices="1"), right()),
    ]  # fmt: skip


def mutations() -> list[M]:
    return [*_lost(), *_moved(), *_missing()]
