"""Several series, patients, scans and volumes in one folder; files lost, copied and renamed."""

import shutil

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from mutations.expected import Mutation as M
from mutations.expected import refused, right, warned
from mutations.study import CT_IMAGE, Study, edit, put, rewrite, save, suv_of


def _files() -> list[M]:
    return [
        M("renamed", "files renamed, without suffix, against the order", _renamed, right()),
        M("scattered", "every file in a folder of its own", _scattered, right()),
        M("other-files", "text, hidden and empty files beside", _other_files, right()),
        M("numbers-lie", "InstanceNumber, SliceLocation and PatientPosition are wrong",
          put(InstanceNumber="1", SliceLocation="0", PatientPosition="FFP"), right()),
        M("file-empty", "one file empty", lambda s: s.slices[4].write_bytes(b""),
          refused("DICOM_UNREADABLE")),
        M("file-garbage", "one file holds no DICOM",
          lambda s: s.slices[4].write_bytes(b"not DICOM " * 99), refused("DICOM_UNREADABLE")),
        M("file-cut-early", "one file cut within its header", _cut(300),
          refused("DICOM_UNREADABLE")),
        M("copied", "every file twice", _copied, warned("DICOM_COPIES")),
        M("copied-new-uid", "one slice again, with a UID of its own", _again(same=True),
          warned("DICOM_COPIES")),
        M("doubled-other", "one slice again, with other pixels", _again(same=False),
          refused("GEOMETRY_DOUBLE_SLICE")),
        M("doubled-weight", "one slice again, with another weight",
          _again(True, PatientWeight="50"), refused("GEOMETRY_DOUBLE_SLICE")),
    ]  # fmt: skip


def _renamed(study: Study) -> None:
    for number, path in enumerate(study.slices):
        path.rename(path.with_name(f"IM{99 - number}"))


def _scattered(study: Study) -> None:
    for number, path in enumerate(study.slices):
        folder = study.folder / "a" / str(number % 3) / f"{number}"
        folder.mkdir(parents=True)
        path.rename(folder / "slice")


def _other_files(study: Study) -> None:
    (study.folder / "notes.txt").write_text("not DICOM")
    (study.folder / ".DS_Store").write_bytes(b"\0")
    (study.folder / "PET" / "empty").write_bytes(b"")


def _cut(size: int):
    return lambda study: study.slices[4].write_bytes(study.slices[4].read_bytes()[:size])


def _copied(study: Study) -> None:
    shutil.copytree(study.folder / "PET", study.folder / "backup")


def _again(same: bool, **values: str):
    def change(study: Study) -> None:
        dataset = pydicom.dcmread(study.slices[6])
        dataset.SOPInstanceUID = generate_uid()
        for name, value in values.items():
            setattr(dataset, name, value)
        if not same:
            rewrite(dataset, suv_of(dataset) * 0.9 / 3e-4)
        save(dataset, study.folder / "PET" / "again.dcm")

    return change


def _second() -> list[M]:
    return [
        M("uncorrected-beside", "the series without attenuation correction beside",
          _beside(CorrectedImage=["DECY"], SeriesDescription="NAC"), warned("DICOM_SERIES")),
        M("derived-beside", "a derived series beside",
          _beside(ImageType=["DERIVED", "SECONDARY"]), warned("DICOM_SERIES")),
        M("umap-beside", "an attenuation map stored as PET beside", _beside(Units="1CM"),
          warned("DICOM_SERIES")),
        M("dynamic-beside", "a dynamic series beside",
          _beside(SeriesType=["DYNAMIC", "IMAGE"]), warned("DICOM_SERIES")),
        M("projection-beside", "a maximum intensity projection beside",
          _beside(SeriesType=["STATIC", "REPROJECTION"]), right()),
        M("screenshot-beside", "a series of one image beside", _screenshot,
          warned("DICOM_SERIES")),
        M("two-reconstructions", "two corrected reconstructions", _beside(ReconstructionMethod="X"),
          refused("DICOM_TWO_SERIES")),
        M("two-scans", "an early and a late scan", _beside(AcquisitionTime="235500"),
          refused("DICOM_TWO_SERIES")),
        M("two-frames", "half the series in another frame of reference",
          _every_second(FrameOfReferenceUID="2.25.77"), refused("DICOM_TWO_SERIES")),
        M("series-mixed", "every second slice has the UID of another series",
          _every_second(SeriesInstanceUID="2.25.78"), refused("DICOM_TWO_SERIES")),
        M("slice-of-other-series", "one slice has the UID of another series",
          _one(SeriesInstanceUID="2.25.79"), refused("GEOMETRY_MISSING_SLICE")),
        M("slice-of-other-patient", "one slice has another PatientID",
          _one(PatientID="SOMEONE"), refused("STUDY_SEVERAL")),
        M("other-patient-beside", "another patient's corrected series beside",
          _beside(PatientID="SOMEONE"), refused("STUDY_SEVERAL")),
        M("other-patient-uncorrected", "another patient's uncorrected series beside",
          _beside(PatientID="SOMEONE", CorrectedImage=["DECY"]), refused("STUDY_SEVERAL")),
        M("ct-beside", "a CT series beside", _beside(Modality="CT", SOPClassUID=CT_IMAGE), right()),
        M("ct-only", "a CT instead of the PET", put(Modality="CT", SOPClassUID=CT_IMAGE),
          refused("DICOM_NO_PET")),
        M("no-modality", "Modality removed", lambda s: s.each(lambda d, n: d.pop("Modality")),
          refused("DICOM_UNREADABLE")),
        M("screenshots-only", "stored as secondary captures",
          put(SOPClassUID="1.2.840.10008.5.1.4.1.1.7"), refused("DICOM_NO_PET")),
        M("no-frame-uid", "FrameOfReferenceUID empty", put(FrameOfReferenceUID=""), right()),
    ]  # fmt: skip


def _beside(**values):
    def change(dataset: Dataset) -> None:
        for name, value in values.items():
            setattr(dataset, name, value)

    return lambda study: study.second_series(change)


def _screenshot(study: Study) -> None:
    study.second_series(lambda dataset: None)
    for path in sorted((study.folder / "PET2").iterdir())[1:]:
        path.unlink()


def _every_second(**values):
    def change(dataset: Dataset, number: int) -> None:
        if number % 2:
            for name, value in values.items():
                setattr(dataset, name, value)

    return lambda study: study.each(change)


def _one(**values):
    def change(study: Study) -> None:
        edit(study.slices[5], lambda d: [setattr(d, n, v) for n, v in values.items()] and None)

    return change


def _volumes() -> list[M]:
    return [
        M("dynamic", "SeriesType DYNAMIC", put(SeriesType=["DYNAMIC", "IMAGE"]),
          refused("DICOM_DYNAMIC")),
        M("gated", "SeriesType GATED", put(SeriesType=["GATED", "IMAGE"]), refused("DICOM_GATED")),
        M("dynamic-unsaid", "three volumes over time, SeriesType STATIC", _frames("time"),
          refused("DICOM_DYNAMIC")),
        M("gated-unsaid", "three phases, SeriesType STATIC", _frames("gate"),
          refused("DICOM_GATED")),
        M("volumes-unsaid", "three volumes, and nothing tells them apart", _frames(""),
          refused("GEOMETRY_DOUBLE_SLICE")),
        M("dynamic-incomplete", "three volumes over time, a slice lost", _incomplete,
          refused("DICOM_DYNAMIC")),
        M("acquisitions-interleaved", "slices of two scans alternate", _interleaved,
          refused("DICOM_TWO_ACQUISITIONS")),
        M("acquisitions-apart", "two scans with a gap between them", _apart,
          refused("DICOM_TWO_ACQUISITIONS")),
        M("frames-claimed", "single-frame images say two frames", put(NumberOfFrames=2),
          refused("DICOM_MULTIFRAME")),
    ]  # fmt: skip


def _frames(what: str):
    def change(study: Study) -> None:
        for frame in range(3):
            for path in study.slices[:12]:
                dataset = pydicom.dcmread(path)
                dataset.SOPInstanceUID = generate_uid()
                rewrite(dataset, suv_of(dataset) * (frame + 2) / 3e-4)
                if what == "time":
                    dataset.FrameReferenceTime = f"{1000 * (75 + 150 * frame)}"
                if what == "gate":
                    dataset.TriggerTime = f"{100 * frame}"
                save(dataset, path.with_name(f"{path.stem}_{frame}.dcm"))
        for path in [p for p in study.slices if "_" not in p.stem]:
            path.unlink()

    return change


def _incomplete(study: Study) -> None:
    _frames("time")(study)
    study.slices[7].unlink()


def _interleaved(study: Study) -> None:
    """A second scan's slices midway between those of the first."""
    step = float(pydicom.dcmread(study.slices[0]).SliceThickness) / 2
    for path in study.slices:
        dataset = pydicom.dcmread(path)
        dataset.SOPInstanceUID, dataset.AcquisitionNumber = generate_uid(), "2"
        x, y, z = dataset.ImagePositionPatient
        dataset.ImagePositionPatient = [x, y, f"{float(z) - step:.4f}"]
        save(dataset, path.with_name(f"second_{path.name}"))
        edit(path, lambda d: setattr(d, "AcquisitionNumber", "1"))


def _apart(study: Study) -> None:
    def change(dataset: Dataset, number: int) -> None:
        dataset.AcquisitionNumber = "1" if number < 6 else "2"
        if number >= 6:
            x, y, z = dataset.ImagePositionPatient
            dataset.ImagePositionPatient = [x, y, f"{float(z) - 200:.4f}"]

    study.each(change)


def mutations() -> list[M]:
    return [*_files(), *_second(), *_volumes()]
