"""The phantom's CT: the same body in Hounsfield units, on a grid of its own, as DICOM.

Source: DICOM PS3.3 A.3 (CT IOD), C.8.2.1 (CT Image module).
"""

import datetime
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from scipy import ndimage

from pet_mtl.geometry import Grid
from pet_mtl.phantom.anatomy import SOFT_TISSUE_HU, make_hu
from pet_mtl.phantom.dicom import Scan, add_pixels, common_attributes, encoded
from pet_mtl.phantom.patient import PhantomPatient, draw_frame, stream
from pet_mtl.preprocess.resample import resample_separable

PIXEL_MM = 2.0
_SLICE_MM = 2.5
_NOISE_HU = 12.0
_BLUR_PIXELS = 0.6
# Narrower than the PET, as a real CT is: less air around the body.
_BORDER_MM = 6.0
_INTERCEPT = -1024
_LOWEST_HU = -1024


@dataclass(frozen=True)
class PhantomCt:
    """A simulated CT.

    Attributes:
        hu: (z, y, x) int16 Hounsfield units.
        grid: Its grid, axial and head-first supine, in the world of the PET.
    """

    hu: NDArray[np.int16]
    grid: Grid


def make_ct(seed: int, index: int, patient: PhantomPatient) -> PhantomCt:
    """The CT of one patient; the same for the same arguments.

    Args:
        seed: Seed of the cohort.
        index: Patient, from 0.
        patient: That patient's PET, whose lesion is soft tissue in the CT.
    """
    body = stream(seed, index, "body")
    _, _, size, z_mm = draw_frame(body)
    grid = _ct_grid(patient.grid)
    hu = make_hu(grid, (0.0, 0.0, z_mm), size, body, whole=patient.field == "body")
    lesion, _ = resample_separable(patient.mask.astype(np.float32), patient.grid, grid)
    hu = np.where(lesion >= 0.5, np.float32(SOFT_TISSUE_HU), hu)
    hu = ndimage.gaussian_filter(hu, _BLUR_PIXELS, mode="nearest", truncate=3.0)
    rng = stream(seed, index, "ct")
    hu += _NOISE_HU * rng.standard_normal(grid.shape, dtype=np.float32)
    return PhantomCt(np.maximum(np.rint(hu), _LOWEST_HU).astype(np.int16), grid)


def _ct_grid(pet: Grid) -> Grid:
    """Covers the PET's slices, and in plane a little less than its matrix."""
    inset = np.asarray((_BORDER_MM, _BORDER_MM, 0.0))
    first = pet.index_to_world((-0.5, -0.5, -0.5)) + inset
    extent = np.asarray(pet.extent_mm) - 2 * inset[::-1]
    spacing = (_SLICE_MM, PIXEL_MM, PIXEL_MM)
    nz, ny, nx = (int(e // s) for e, s in zip(extent, spacing, strict=True))
    x, y, z = (round(float(c + s / 2), 3) for c, s in zip(first, spacing[::-1], strict=True))
    return Grid((nz, ny, nx), spacing, (x, y, z))


def write_ct_series(folder: Path, ct: PhantomCt, patient: PhantomPatient, scan: Scan) -> None:
    """Writes one file a slice, head to feet, in the PET's study and frame of reference.

    Args:
        folder: Where the files go; made if absent.
        ct: The CT.
        patient: Its patient.
        scan: What the headers of the study share.
    """
    folder.mkdir(parents=True, exist_ok=True)
    template = encoded(_series_attributes(ct, patient, scan))
    count = ct.grid.shape[0]
    for number in range(1, count + 1):
        _set_slice(template, ct, scan, number)
        pydicom.dcmwrite(folder / f"{number:04d}.dcm", template, enforce_file_format=True)


def _series_attributes(ct: PhantomCt, patient: PhantomPatient, scan: Scan) -> Dataset:
    """Everything that all slices share."""
    # The CT is taken first.
    start = scan.start - datetime.timedelta(minutes=2)
    dataset = common_attributes(scan, patient)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = CTImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = scan.uid("ct/1")
    dataset.SOPInstanceUID = scan.uid("ct/1")
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = f"{start:%Y%m%d}"
    dataset.SeriesTime = dataset.AcquisitionTime = dataset.ContentTime = f"{start:%H%M%S}"
    dataset.Modality = "CT"
    dataset.SeriesDescription = "CT phantom"
    dataset.SeriesInstanceUID = scan.uid("ct/series")
    dataset.SeriesNumber = "3"
    dataset.AcquisitionNumber = "1"
    dataset.KVP = "120"
    dataset.PatientPosition = "HFS"
    add_pixels(dataset, ct.grid, signed=False)
    _add_ct_image(dataset)
    return dataset


def _add_ct_image(dataset: Dataset) -> None:
    """CT Image and VOI LUT modules (C.8.2.1, C.11.2), as far as all slices share them."""
    dataset.RescaleIntercept = str(_INTERCEPT)
    dataset.RescaleSlope = "1"
    dataset.RescaleType = "HU"
    dataset.WindowCenter, dataset.WindowWidth = "40", "400"


def _set_slice(dataset: Dataset, ct: PhantomCt, scan: Scan, number: int) -> None:
    """What belongs to one slice alone."""
    row = ct.grid.shape[0] - number
    uid = scan.uid(f"ct/{number}")
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = uid
    dataset.InstanceNumber = str(number)
    position = ct.grid.index_to_world((row, 0, 0))
    dataset.ImagePositionPatient = [f"{value:.4f}" for value in position]
    dataset.SliceLocation = f"{position[2]:.4f}"
    pixels = (ct.hu[row].astype(np.int32) - _INTERCEPT).astype("<u2")
    dataset.add_new("PixelData", "OW", pixels.tobytes())
