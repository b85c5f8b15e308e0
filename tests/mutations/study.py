"""The whole study that every mutation starts from, and tools to break it."""

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from pet_mtl.geometry import Grid
from pet_mtl.phantom.dicom import Scan, draw_scan, quantised, write_series
from pet_mtl.phantom.patient import PhantomPatient, make_patient, stream
from pet_mtl.phantom.rtstruct import write_rtstruct

SIZE = (12, 14, 16)
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"

Change = Callable[[Dataset], None]
Break = Callable[["Study"], None]


@functools.cache
def patient() -> PhantomPatient:
    """A phantom cut to a few voxels around its lesion, axes of different lengths."""
    whole = make_patient(1, 0)
    places = np.argwhere(whole.mask)
    low = (places.min(axis=0) + places.max(axis=0)) // 2 - np.asarray(SIZE) // 2
    part = tuple(slice(a, a + n) for a, n in zip(low, SIZE, strict=True))
    x, y, z = (round(float(value), 3) for value in whole.grid.index_to_world(low))
    grid = Grid(SIZE, whole.grid.spacing_mm, (x, y, z))
    mask = np.zeros(SIZE, dtype=bool)
    inner = (slice(2, -2),) * 3  # the lesion ends within the image
    mask[inner] = whole.mask[part][inner]
    return dataclasses.replace(whole, suv=whole.suv[part].copy(), mask=mask, grid=grid)


@functools.cache
def scan() -> Scan:
    """Times, dose and weight of the study."""
    return draw_scan("PH_0001", 1, stream(1, 0, "dicom"))


@functools.cache
def _whole_files() -> tuple[tuple[str, bytes], ...]:
    """The files of the whole study, written once."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_series(root / "PET", patient(), scan())
        write_rtstruct(root / "RTSTRUCT" / "RS.dcm", patient(), scan())
        paths = sorted(path for path in root.rglob("*") if path.is_file())
        return tuple((str(path.relative_to(root)), path.read_bytes()) for path in paths)


class Study:
    """The files of one study, to be broken."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, content in _whole_files():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    @property
    def slices(self) -> list[Path]:
        """The PET images, from the head down."""
        return sorted((self.folder / "PET").iterdir())

    @property
    def struct(self) -> Path:
        """The structure set."""
        return self.folder / "RTSTRUCT" / "RS.dcm"

    def each(self, change: Callable[[Dataset, int], None]) -> None:
        """Changes every PET image; its number counts from the head down."""
        for number, path in enumerate(self.slices):
            edit(path, functools.partial(_numbered, change, number))

    def second_series(self, change: Change, name: str = "PET2") -> None:
        """Writes the PET again as a series of its own, changed."""
        series = generate_uid()
        (self.folder / name).mkdir()
        for path in self.slices:
            dataset = pydicom.dcmread(path)
            dataset.SeriesInstanceUID, dataset.SeriesNumber = series, "7"
            dataset.SOPInstanceUID = generate_uid()
            change(dataset)
            save(dataset, self.folder / name / path.name)


def _numbered(change: Callable[[Dataset, int], None], number: int, dataset: Dataset) -> None:
    change(dataset, number)


def edit(path: Path, change: Change) -> None:
    """Changes one file; a value may break the standard."""
    dataset = pydicom.dcmread(path)
    with pydicom.config.disable_value_validation():
        change(dataset)
        save(dataset, path)


def save(dataset: Dataset, path: Path) -> None:
    """Writes a data set as it is, in the transfer syntax that it names."""
    dataset.save_as(path, enforce_file_format=True)


def put(**values: Any) -> Break:
    """Sets attributes of every PET image."""

    def change(dataset: Dataset, number: int) -> None:
        for name, value in values.items():
            setattr(dataset, name, value)

    return lambda study: study.each(change)


def put_one(**values: Any) -> Break:
    """Sets attributes of the fourth PET image alone."""

    def change(study: Study) -> None:
        edit(study.slices[3], lambda d: [setattr(d, n, v) for n, v in values.items()] and None)

    return change


def drop(*names: str) -> Break:
    """Removes attributes of every PET image."""

    def change(dataset: Dataset, number: int) -> None:
        for name in names:
            del dataset[name]

    return lambda study: study.each(change)


def put_drug(**values: Any) -> Break:
    """Sets attributes of the radiopharmaceutical; None removes one."""

    def change(dataset: Dataset, number: int) -> None:
        drug = dataset.RadiopharmaceuticalInformationSequence[0]
        for name, value in values.items():
            if value is None:
                del drug[name]
            else:
                setattr(drug, name, value)

    return lambda study: study.each(change)


def raw(tag: str, vr: str, content: bytes) -> Break:
    """Writes bytes as the value of an attribute of every PET image, right or not."""

    def change(study: Study) -> None:
        for path in study.slices:
            _replace_raw(path, tag, vr, content)

    return change


def _replace_raw(path: Path, tag: str, vr: str, content: bytes) -> None:
    """Puts bytes of the same length, padded, in place of a value (explicit little endian)."""
    data = path.read_bytes()
    number = int(tag, 16)
    head = (number >> 16).to_bytes(2, "little") + (number & 0xFFFF).to_bytes(2, "little")
    start = data.index(head + vr.encode()) + 8
    size = int.from_bytes(data[start - 2 : start], "little")
    path.write_bytes(data[:start] + content[:size].ljust(size) + data[start + size :])


def suv_of(dataset: Dataset) -> NDArray[np.float64]:
    """SUVbw of one untouched image, by the phantom's own arithmetic."""
    return dataset.pixel_array * float(dataset.RescaleSlope) * scan().suv_per_bqml


def rewrite(dataset: Dataset, values: NDArray[Any]) -> None:
    """Stores other values in an image, with the slope they need."""
    slope, pixels = quantised(np.asarray(values, dtype=np.float64))
    dataset.RescaleSlope, dataset.PixelData = slope, pixels.tobytes()


def both(*breaks: Break) -> Break:
    """One mutation after the other."""

    def change(study: Study) -> None:
        for one in breaks:
            one(study)

    return change
