"""Multi-frame PET: Legacy Converted (by highdicom) and Enhanced PET objects, whole and broken."""

from collections.abc import Callable

import numpy as np
import pydicom
from highdicom.legacy import LegacyConvertedEnhancedPETImage
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from mutations.expected import Mutation as M
from mutations.expected import refused, right
from mutations.study import Break, Study, put_drug, scan

ENHANCED_PET = "1.2.840.10008.5.1.4.1.1.130"


def _legacy() -> list[M]:
    return [
        M("legacy-enhanced", "converted to a Legacy Converted Enhanced PET object", legacy(),
          right()),
        M("legacy-no-frames", "the same, its groups of the frames removed",
          legacy("PerFrameFunctionalGroupsSequence"), refused("DICOM_MULTIFRAME")),
        M("legacy-no-shared", "the same, its shared groups removed",
          legacy("SharedFunctionalGroupsSequence"), refused("GEOMETRY_MISSING")),
        M("legacy-no-weight", "the same, PatientWeight removed", legacy("PatientWeight"),
          refused("SUV_WEIGHT")),
        M("legacy-cut", "the same, its pixels cut", _legacy_cut, refused("DICOM_PIXELS")),
        M("legacy-beside", "the same beside its single-frame source", legacy(keep=True),
          refused("DICOM_TWO_SERIES")),
    ]  # fmt: skip


def legacy(without: str = "", keep: bool = False) -> Break:
    """Puts one Legacy Converted Enhanced PET object in the place of the slices."""

    def change(study: Study) -> None:
        slices = [pydicom.dcmread(path) for path in study.slices]
        whole = LegacyConvertedEnhancedPETImage(
            list(np.roll(slices, 5)), generate_uid(), 3, generate_uid(), 1
        )
        if without:
            del whole[without]
        if not keep:
            for path in study.slices:
                path.unlink()
        whole.save_as(study.folder / "PET" / "enhanced.dcm")

    return change


def _legacy_cut(study: Study) -> None:
    legacy()(study)
    path = study.slices[0]
    path.write_bytes(path.read_bytes()[:-2000])


def _enhanced() -> list[M]:
    dose_mbq = f"{scan().dose_bq / 1e6:.6f}"
    in_mbq = put_drug(RadionuclideTotalDose=dose_mbq)
    return [
        M("enhanced", "stored as an Enhanced PET object, dose in Bq", enhanced(), right()),
        M("enhanced-mbq", "the same, dose in MBq as that object has it", enhanced(first=in_mbq),
          right()),
        M("enhanced-mapping", "the same, slope and unit in a Real World Value Mapping",
          enhanced(_mapping("Bq/ml")), right()),
        M("enhanced-two-mappings", "the same, mappings to Bq/ml and to SUV",
          enhanced(_mapping("Bq/ml", "g/ml{SUVbw}")), right()),
        M("enhanced-suv", "the same, the only mapping is to SUVbw",
          enhanced(_mapping("g/ml{SUVbw}")), right()),
        M("enhanced-no-unit", "the same, neither RescaleType nor mapping tells the unit",
          enhanced(_rescale_type("US")), refused("SUV_UNITS")),
        M("enhanced-not-attenuated", "the same, AttenuationCorrected NO",
          enhanced(_set(AttenuationCorrected="NO")), refused("SUV_ATTENUATION")),
        M("enhanced-no-decay-time", "the same, DecayCorrectionDateTime removed",
          enhanced(lambda d: d.pop("DecayCorrectionDateTime")), refused("SUV_DECAY")),
        M("enhanced-no-dose", "the same, RadionuclideTotalDose removed",
          enhanced(first=put_drug(RadionuclideTotalDose=None)), refused("SUV_DOSE")),
        M("enhanced-frames-lie", "the same, NumberOfFrames wrong",
          enhanced(_set(NumberOfFrames=9)), refused("DICOM_MULTIFRAME")),
        M("enhanced-slice-lost", "the same, a frame lost", enhanced(_without_frame),
          refused("GEOMETRY_MISSING_SLICE")),
        M("enhanced-dynamic", "the same, two volumes over time", enhanced(_twice),
          refused("DICOM_DYNAMIC")),
        M("enhanced-projection", "the same, a projection", enhanced(
          _set(ImageType=["DERIVED", "PRIMARY", "WHOLE BODY", "MAX_IP"])),
          refused("DICOM_NO_PET")),
    ]  # fmt: skip


def enhanced(
    change: Callable[[Dataset], object] | None = None, first: Break | None = None
) -> Break:
    """Puts one Enhanced PET object in the place of the slices.

    Source: DICOM PS3.3 A.56, C.8.22; written by hand, since no library writes it.
    """

    def apply(study: Study) -> None:
        if first is not None:
            first(study)
        slices = [pydicom.dcmread(path) for path in study.slices]
        whole = _object(list(np.roll(slices, 3)))
        if change is not None:
            change(whole)
        for path in study.slices:
            path.unlink()
        whole.save_as(study.folder / "PET" / "enhanced.dcm", enforce_file_format=True)

    return apply


def _object(slices: list[Dataset]) -> Dataset:
    """The multi-frame object of some slices."""
    first = slices[0]
    whole = Dataset()
    whole.file_meta = first.file_meta
    whole.SOPClassUID = whole.file_meta.MediaStorageSOPClassUID = ENHANCED_PET
    whole.SOPInstanceUID = whole.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    whole.ImageType = ["ORIGINAL", "PRIMARY", "WHOLE BODY", "NONE"]
    for name in ("Modality", "PatientID", "PatientName", "PatientSex", "PatientWeight",
                 "PatientSize", "StudyInstanceUID", "SeriesInstanceUID", "SeriesNumber",
                 "FrameOfReferenceUID", "Rows", "Columns", "SamplesPerPixel", "BitsAllocated",
                 "BitsStored", "HighBit", "PixelRepresentation", "PhotometricInterpretation",
                 "RadiopharmaceuticalInformationSequence"):  # fmt: skip
        setattr(whole, name, first[name].value)
    for name in ("Attenuation", "Decay", "Scatter", "DeadTime"):
        setattr(whole, f"{name}Corrected", "YES")
    whole.DecayCorrectionDateTime = f"{scan().start:%Y%m%d%H%M%S}"
    # The series itself may begin whenever it likes: the object states its reference time.
    whole.SeriesDate, whole.SeriesTime = "20300101", "000000"
    whole.NumberOfFrames = len(slices)
    whole.SharedFunctionalGroupsSequence = [_shared(first)]
    whole.PerFrameFunctionalGroupsSequence = [_frame(one) for one in slices]
    whole.PixelData = b"".join(one.PixelData for one in slices)
    return whole


def _item(**values: object) -> list[Dataset]:
    item = Dataset()
    for name, value in values.items():
        setattr(item, name, value)
    return [item]


def _shared(first: Dataset) -> Dataset:
    shared = Dataset()
    shared.PixelMeasuresSequence = _item(
        PixelSpacing=first.PixelSpacing, SliceThickness=first.SliceThickness
    )
    shared.PlaneOrientationSequence = _item(ImageOrientationPatient=first.ImageOrientationPatient)
    shared.PETFrameTypeSequence = _item(FrameType=["ORIGINAL", "PRIMARY", "WHOLE BODY", "NONE"])
    return shared


def _frame(one: Dataset) -> Dataset:
    frame = Dataset()
    frame.PlanePositionSequence = _item(ImagePositionPatient=one.ImagePositionPatient)
    frame.FrameContentSequence = _item(
        FrameAcquisitionDateTime=f"{one.AcquisitionDate}{one.AcquisitionTime}",
        FrameAcquisitionDuration=float(one.ActualFrameDuration),
    )
    frame.PixelValueTransformationSequence = _item(
        RescaleSlope=one.RescaleSlope, RescaleIntercept="0", RescaleType="BQML"
    )
    return frame


def _set(**values: object) -> Callable[[Dataset], None]:
    def change(dataset: Dataset) -> None:
        for name, value in values.items():
            setattr(dataset, name, value)
        kind = values.get("ImageType")
        if kind:
            shared = dataset.SharedFunctionalGroupsSequence[0]
            shared.PETFrameTypeSequence[0].FrameType = kind

    return change


def _rescale_type(kind: str) -> Callable[[Dataset], None]:
    def change(dataset: Dataset) -> None:
        for frame in dataset.PerFrameFunctionalGroupsSequence:
            frame.PixelValueTransformationSequence[0].RescaleType = kind

    return change


def _mapping(*codes: str) -> Callable[[Dataset], None]:
    """Moves the slope to mappings; what is left of the transformation is without a unit."""

    def change(dataset: Dataset) -> None:
        for frame in dataset.PerFrameFunctionalGroupsSequence:
            slope = float(frame.PixelValueTransformationSequence[0].RescaleSlope)
            frame.PixelValueTransformationSequence = _item(
                RescaleSlope="1", RescaleIntercept="0", RescaleType="US"
            )
            items = []
            for code in codes:
                per = scan().suv_per_bqml if "SUV" in code else 1.0
                unit = _item(CodeValue=code, CodingSchemeDesignator="UCUM", CodeMeaning="unit")
                items += _item(
                    MeasurementUnitsCodeSequence=unit,
                    RealWorldValueSlope=slope * per,
                    RealWorldValueIntercept=0.0,
                )
            frame.RealWorldValueMappingSequence = items

    return change


def _without_frame(dataset: Dataset) -> None:
    size = dataset.Rows * dataset.Columns * 2
    dataset.PixelData = dataset.PixelData[: 5 * size] + dataset.PixelData[6 * size :]
    del dataset.PerFrameFunctionalGroupsSequence[5]
    dataset.NumberOfFrames = len(dataset.PerFrameFunctionalGroupsSequence)


def _twice(dataset: Dataset) -> None:
    """The same places again, two and a half minutes later."""
    for frame in list(dataset.PerFrameFunctionalGroupsSequence):
        later = Dataset.from_json(frame.to_json())
        moment = scan().start.replace(microsecond=0)
        later.FrameContentSequence[0].FrameAcquisitionDateTime = f"{moment:%Y%m%d}235959"
        dataset.PerFrameFunctionalGroupsSequence.append(later)
    dataset.PixelData *= 2
    dataset.NumberOfFrames *= 2


def mutations() -> list[M]:
    return [*_legacy(), *_enhanced()]
