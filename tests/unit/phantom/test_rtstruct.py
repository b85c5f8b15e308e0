"""The outlines rasterise to exactly the mask, judged by other rasterisers."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.path import Path as Polygon

from pet_mtl.phantom import PhantomPatient
from pet_mtl.phantom.dicom import draw_scan
from pet_mtl.phantom.patient import stream
from pet_mtl.phantom.rtstruct import outlines, write_rtstruct


def crossings(loop: list[tuple[int, int]], shape: tuple[int, int]) -> np.ndarray:
    """Even-odd rule at pixel centres: vertical edges to the left of each centre."""
    inside = np.zeros(shape, bool)
    for (r0, c0), (r1, c1) in zip(loop, (*loop[1:], loop[0]), strict=True):
        if c0 == c1:
            inside[min(r0, r1) : max(r0, r1), c0:] ^= True
    return inside


@given(arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_outlines_of_any_mask(mask):
    found = np.zeros_like(mask)
    for loop in outlines(mask):
        assert len(loop) >= 4 and len(loop) % 2 == 0
        found ^= crossings(loop, mask.shape)
    np.testing.assert_array_equal(found, mask)


def test_a_hole_is_an_outline_of_its_own():
    mask = np.ones((5, 5), bool)
    mask[2, 2] = False
    assert sorted(len(loop) for loop in outlines(mask)) == [4, 4]


@pytest.mark.parametrize("index", [0, 1, 2, 3])
def test_contours_rasterise_to_the_mask(tmp_path: Path, patients: list[PhantomPatient], index: int):
    patient = patients[index]
    scan = draw_scan("PH_0001", 7, stream(7, index, "dicom"))
    write_rtstruct(tmp_path / "RTSTRUCT" / "RS.dcm", patient, scan)
    item = pydicom.dcmread(tmp_path / "RTSTRUCT" / "RS.dcm")
    assert [roi.ROIName for roi in item.StructureSetROISequence] == ["GTV"]
    grid = patient.grid
    found = np.zeros(grid.shape, bool)
    rows, columns = np.mgrid[: grid.shape[1], : grid.shape[2]]
    centres = np.column_stack(
        [
            columns.ravel() * grid.spacing_mm[2] + grid.origin_mm[0],
            rows.ravel() * grid.spacing_mm[1] + grid.origin_mm[1],
        ]
    )
    for contour in item.ROIContourSequence[0].ContourSequence:
        points = np.array(contour.ContourData, float).reshape(-1, 3)
        assert contour.NumberOfContourPoints == len(points)
        z = (points[0, 2] - grid.origin_mm[2]) / grid.spacing_mm[0]
        assert z == pytest.approx(round(z), abs=1e-4)
        inside = Polygon(points[:, :2]).contains_points(centres)
        found[round(z)] ^= inside.reshape(grid.shape[1:])
    np.testing.assert_array_equal(found, patient.mask)


def test_structure_set_refers_to_the_series(tmp_path, patients):
    scan = draw_scan("PH_0001", 7, stream(7, 0, "dicom"))
    write_rtstruct(tmp_path / "RS.dcm", patients[0], scan)
    item = pydicom.dcmread(tmp_path / "RS.dcm")
    frame = item.ReferencedFrameOfReferenceSequence[0]
    series = frame.RTReferencedStudySequence[0].RTReferencedSeriesSequence[0]
    assert series.SeriesInstanceUID == scan.uid("series")
    known = {image.ReferencedSOPInstanceUID for image in series.ContourImageSequence}
    used = {
        contour.ContourImageSequence[0].ReferencedSOPInstanceUID
        for contour in item.ROIContourSequence[0].ContourSequence
    }
    assert len(known) == patients[0].grid.shape[0] and used <= known
