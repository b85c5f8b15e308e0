"""A DICOM SEG (by highdicom) in the place of the structure set, whole and broken."""

from collections.abc import Callable

import highdicom as hd
import numpy as np
import pydicom
from highdicom.seg import Segmentation, SegmentDescription
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import generate_uid

from mutations.expected import Mutation as M
from mutations.expected import refused, right, warned
from mutations.study import Break, Study, patient

Masks = NDArray[np.uint8]


def _truth() -> Masks:
    """(slices, rows, columns, 1), slices from the head down, as the files lie."""
    return patient().mask[::-1, :, :, None].astype(np.uint8)


def _two() -> Masks:
    mask = _truth()
    return np.concatenate([mask, np.roll(mask, 1, axis=1)], axis=-1)


def seg(
    make: Callable[[], Masks] = _truth, change: Callable[[Dataset], object] | None = None
) -> Break:
    """Writes a segmentation and removes the structure set."""

    def apply(study: Study) -> None:
        images = [pydicom.dcmread(path) for path in study.slices]
        study.struct.unlink()
        whole = _segmentation(images, make())
        if change is not None:
            change(whole)
        whole.save_as(study.folder / "seg.dcm")

    return apply


def _segmentation(images: list[Dataset], masks: Masks) -> Segmentation:
    for image in images:  # highdicom copies it and wants it there
        image.AccessionNumber = ""
    segments = [
        SegmentDescription(
            segment_number=number + 1,
            segment_label=f"Lesion {number + 1}",
            segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
            segmented_property_type=codes.SCT.Neoplasm,
            algorithm_type=hd.seg.SegmentAlgorithmTypeValues.MANUAL,
        )
        for number in range(masks.shape[-1])
    ]
    return Segmentation(
        source_images=images,
        pixel_array=masks,
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=segments,
        series_instance_uid=generate_uid(),
        series_number=9,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="Phantom Works",
        manufacturer_model_name="SEG",
        software_versions="1",
        device_serial_number="1",
        omit_empty_frames=False,
    )


def _moved(z_mm: float) -> Callable[[Dataset], None]:
    def change(whole: Dataset) -> None:
        for frame in whole.PerFrameFunctionalGroupsSequence:
            place = frame.PlanePositionSequence[0]
            x, y, z = (float(v) for v in place.ImagePositionPatient)
            place.ImagePositionPatient = [x, y, z + z_mm]

    return change


def _other_frame(whole: Dataset) -> None:
    whole.FrameOfReferenceUID = "2.25.9"
    whole.ReferencedSeriesSequence[0].SeriesInstanceUID = "2.25.10"


def _cut(study: Study) -> None:
    seg()(study)
    path = study.folder / "seg.dcm"
    path.write_bytes(path.read_bytes()[:-60])


def _cut_early(study: Study) -> None:
    seg()(study)
    path = study.folder / "seg.dcm"
    path.write_bytes(path.read_bytes()[:3000])


def mutations() -> list[M]:
    return [
        M("seg", "the lesion as a DICOM SEG", seg(), right()),
        M("seg-two-segments", "two segments, none chosen", seg(_two), refused("MASK_WHICH")),
        M("seg-empty", "a segment without a voxel", seg(lambda: _truth() * 0),
          refused("MASK_EMPTY")),
        M("seg-full", "a segment that covers the whole image", seg(lambda: _truth() * 0 + 1),
          refused("MASK_FULL")),
        M("seg-outside", "a segment outside the PET", seg(change=_moved(900.0)),
          refused("MASK_OUTSIDE")),
        M("seg-half-outside", "a segment that reaches beyond the PET",
          seg(change=_moved(7 * patient().grid.spacing_mm[0])), warned("MASK_BEYOND", "other")),
        M("seg-other-frame", "drawn in another frame of reference, on another series",
          seg(change=_other_frame), refused("MASK_FRAME")),
        M("seg-cut", "the segmentation cut in its pixels", _cut, refused("DICOM_PIXELS")),
        M("seg-cut-early", "the segmentation cut in its header", _cut_early, refused("MASK_SEG")),
        M("seg-no-positions", "the positions of its frames removed",
          seg(change=lambda d: [f.pop("PlanePositionSequence") for f in
                                d.PerFrameFunctionalGroupsSequence]), refused("MASK_SEG")),
    ]  # fmt: skip
