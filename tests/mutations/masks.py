"""Structure sets damaged, moved, empty, doubled, or of another study."""

import shutil
from collections.abc import Callable

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from mutations.expected import Mutation as M
from mutations.expected import refused, right, warned
from mutations.study import Break, Study, edit, patient, save

Points = NDArray[np.float64]


def _moved() -> list[M]:
    step = patient().grid.spacing_mm[0]
    return [
        M("mask-outside", "the region lies outside the PET", _shifted(0, 0, 900),
          refused("MASK_OUTSIDE")),
        M("mask-aside", "the region lies beside the PET", _shifted(900, 0, 0),
          refused("MASK_OUTSIDE")),
        M("mask-half-outside", "the region reaches beyond the last slice",
          _shifted(0, 0, 7 * step), warned("MASK_BEYOND", "other")),
        M("mask-between", "contours lie midway between the slices",
          _shifted(0, 0, 0.5 * step), warned("MASK_PLANES", "other")),
        M("mask-tilted", "contours not parallel to the slices",
          _points(lambda p: p + np.outer(p[:, 1] - p[:, 1].mean(), (0, 0, 0.5))),
          refused("MASK_OBLIQUE")),
        M("mask-tiny", "no voxel centre in the region",
          _points(lambda p: p.mean(axis=0) + (p - p.mean(axis=0)) * 1e-3 + (0.7, 0.7, 0)),
          refused("MASK_EMPTY")),
        M("mask-nan", "contours hold NaN", _points(lambda p: np.full_like(p, np.nan)),
          refused("MASK_CONTOUR")),
        M("mask-other-frame", "drawn in another frame of reference, on another series",
          _frames("2.25.5", "2.25.6"), refused("MASK_FRAME")),
        M("mask-frame-changed", "drawn on this series, the frame of reference renamed",
          _frames("2.25.5", None), warned("MASK_FRAME")),
        M("mask-other-slices", "names SOP instances that are not there", _unknown_slices, right()),
    ]  # fmt: skip


def _points(change: Callable[[Points], Points]) -> Break:
    """Changes the points of every contour."""

    def change_all(dataset: Dataset) -> None:
        for contour in dataset.ROIContourSequence[0].ContourSequence:
            points = change(np.asarray(contour.ContourData, float).reshape(-1, 3))
            contour.ContourData = [f"{value:.4f}" for value in points.ravel()]

    return lambda study: edit(study.struct, change_all)


def _shifted(x: float, y: float, z: float) -> Break:
    return _points(lambda points: points + np.asarray((x, y, z)))


def _frames(frame: str, series: str | None) -> Break:
    def change(dataset: Dataset) -> None:
        dataset.FrameOfReferenceUID = frame
        dataset.StructureSetROISequence[0].ReferencedFrameOfReferenceUID = frame
        for item in dataset.ReferencedFrameOfReferenceSequence:
            item.FrameOfReferenceUID = frame
            for study in item.RTReferencedStudySequence:
                for one in study.RTReferencedSeriesSequence:
                    one.SeriesInstanceUID = series or one.SeriesInstanceUID

    return lambda study: edit(study.struct, change)


def _unknown_slices(study: Study) -> None:
    def change(dataset: Dataset) -> None:
        for contour in dataset.ROIContourSequence[0].ContourSequence:
            contour.ContourImageSequence[0].ReferencedSOPInstanceUID = generate_uid()

    edit(study.struct, change)


def _missing() -> list[M]:
    return [
        M("mask-removed", "no structure set", lambda s: s.struct.unlink(), right("none")),
        M("mask-no-regions", "a structure set without regions",
          _set(StructureSetROISequence=[], ROIContourSequence=[]),
          warned("MASK_NO_CONTOUR", "none")),
        M("mask-points-only", "the region is a single point", _kind("POINT"),
          warned("MASK_NO_CONTOUR", "none")),
        M("mask-two-points", "contours of two points",
          _points(lambda p: p[:2]), warned("MASK_NO_CONTOUR", "none")),
        M("mask-cut", "the structure set cut in its header", _cut(0.05),
          refused("DICOM_UNREADABLE")),
        M("mask-cut-late", "the structure set cut in its contours", _cut(0.7),
          refused("DICOM_UNREADABLE")),
        M("mask-two-regions", "two regions, none chosen", _two_regions, refused("MASK_WHICH")),
        M("mask-two-sets", "the structure set twice", _two_sets, refused("MASK_WHICH")),
        M("mask-whole-image", "the region covers the whole image", _whole,
          refused("MASK_FULL")),
    ]  # fmt: skip


def _set(**values: object) -> Break:
    return lambda study: edit(
        study.struct, lambda d: [setattr(d, n, v) for n, v in values.items()] and None
    )


def _kind(name: str) -> Break:
    def change(dataset: Dataset) -> None:
        for contour in dataset.ROIContourSequence[0].ContourSequence:
            contour.ContourGeometricType = name

    return lambda study: edit(study.struct, change)


def _cut(part: float) -> Break:
    def change(study: Study) -> None:
        content = study.struct.read_bytes()
        study.struct.write_bytes(content[: int(part * len(content))])

    return change


def _two_regions(study: Study) -> None:
    def change(dataset: Dataset) -> None:
        region, drawn = Dataset(), Dataset()
        region.update(dataset.StructureSetROISequence[0])
        drawn.update(dataset.ROIContourSequence[0])
        region.ROINumber = drawn.ReferencedROINumber = "2"
        region.ROIName = "Liver"
        dataset.StructureSetROISequence.append(region)
        dataset.ROIContourSequence.append(drawn)

    edit(study.struct, change)


def _two_sets(study: Study) -> None:
    shutil.copy(study.struct, study.struct.with_name("RS2.dcm"))
    dataset = pydicom.dcmread(study.struct.with_name("RS2.dcm"))
    dataset.SOPInstanceUID = generate_uid()
    save(dataset, study.struct.with_name("RS2.dcm"))


def _whole(study: Study) -> None:
    """A box around every voxel of every slice."""
    grid = patient().grid
    nz, ny, nx = grid.shape

    def change(dataset: Dataset) -> None:
        items = []
        for index in range(nz):
            rows, columns = (-0.5, -0.5, ny - 0.5, ny - 0.5), (-0.5, nx - 0.5, nx - 0.5, -0.5)
            corners = [(index, r, c) for r, c in zip(rows, columns, strict=True)]
            item = Dataset()
            item.ContourGeometricType, item.NumberOfContourPoints = "CLOSED_PLANAR", "4"
            item.ContourData = [f"{v:.4f}" for v in grid.index_to_world(corners).ravel()]
            items.append(item)
        dataset.ROIContourSequence[0].ContourSequence = items

    edit(study.struct, change)


def mutations() -> list[M]:
    return [*_moved(), *_missing()]
