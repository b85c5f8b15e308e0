"""What a study's headers tell a physicist; nothing that names the patient.

Meant for the screen of whoever owns the study: the names of regions are free text.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pet_mtl.errors import StudyError
from pet_mtl.geometry import Grid
from pet_mtl.readers import values
from pet_mtl.readers.dicom import choose_series
from pet_mtl.readers.headers import Header, files_below, is_dicom, read_header, scan_headers
from pet_mtl.study import StudySource
from pet_mtl.suv.codes import shown
from pet_mtl.suv.oddities import uptake_min

_PET = "PT"


@dataclass(frozen=True)
class Scanner:
    """What made a PET; empty where nothing tells.

    Attributes:
        manufacturer: Manufacturer (0008,0070).
        model: ManufacturerModelName (0008,1090).
        units: Units (0054,1001) of the stored values.
    """

    manufacturer: str = ""
    model: str = ""
    units: str = ""


@dataclass(frozen=True)
class Protocol:
    """How a PET was taken, as numbers; None where the headers say nothing.

    Attributes:
        scanner: What made it.
        slices: Number of slices.
        grid: The scanner's own grid.
        kinds: SeriesType and ImageType.
        corrected: CorrectedImage.
        decay_correction: START, ADMIN or NONE.
        dose_bq: Injected activity as stored; Bq by the standard.
        half_life_s: Of the nuclide.
        uptake_min: Minutes from injection to the start of the scan.
        frame_s: Shortest and longest duration of a frame.
        weight_kg: Body weight.
        height_m: Body height.
        warnings: What is odd about the series.
    """

    scanner: Scanner
    slices: int
    grid: Grid
    kinds: tuple[str, ...] = ()
    corrected: tuple[str, ...] = ()
    decay_correction: str = ""
    dose_bq: float | None = None
    half_life_s: float | None = None
    uptake_min: float | None = None
    frame_s: tuple[float, float] | None = None
    weight_kg: float | None = None
    height_m: float | None = None
    warnings: tuple[str, ...] = ()


def scanner_of(source: StudySource) -> Scanner:
    """What made the PET of a study, by its first PET file; nothing is checked.

    Args:
        source: The study.

    Returns:
        Empty for image files and for what cannot be read.
    """
    if source.layout != "dicom":
        return Scanner()
    with values.lenient():
        for path in source.files or filter(is_dicom, files_below(source.path)):
            try:
                header = read_header(path)
            except StudyError:
                continue
            if header.modality == _PET:
                return _scanner(header)
    return Scanner()


def series_counts(headers: Sequence[Header]) -> dict[str, tuple[int, int]]:
    """What lies in a DICOM study.

    Args:
        headers: Of all its files.

    Returns:
        Modality to number of series and files.
    """
    files = Counter(header.modality or "?" for header in headers)
    series = Counter(modality for modality, _ in {(h.modality or "?", h.series) for h in headers})
    return {modality: (series[modality], files[modality]) for modality in sorted(files)}


def protocol_of(headers: tuple[Header, ...], number: int | None = None) -> Protocol:
    """How the PET of a DICOM study was taken.

    Args:
        headers: Of all its files.
        number: SeriesNumber of the PET; None lets the study decide.

    Returns:
        The numbers.

    Raises:
        StudyError: The study has no usable PET series.
    """
    series = choose_series(headers, number)
    first = series.slices[0]
    frames = [frame for h in series.slices if h.suv is not None for frame in h.suv.frames]
    durations = [frame.duration_s for frame in frames if frame.duration_s]
    told = first.suv
    return Protocol(
        scanner=_scanner(first),
        slices=len(series.slices),
        grid=series.grid,
        kinds=_terms(first.kinds),
        corrected=_terms(told.corrected) if told else (),
        decay_correction=" ".join(_terms([told.decay_correction])) if told else "",
        dose_bq=told.dose_bq if told else None,
        half_life_s=told.half_life_s if told else None,
        uptake_min=uptake_min(replace(told, frames=tuple(frames))) if told else None,
        frame_s=(min(durations), max(durations)) if durations else None,
        weight_kg=told.weight_kg if told else None,
        height_m=told.height_m if told else None,
        warnings=series.warnings,
    )


def headers_of(source: StudySource) -> tuple[Header, ...]:
    """The headers of all DICOM files of a study.

    Args:
        source: The study.

    Raises:
        ReadError: A file cannot be read.
    """
    return scan_headers(source.path, source.files)


def _scanner(header: Header) -> Scanner:
    """What a header says of its scanner."""
    units = " ".join(_terms([header.suv.units])) if header.suv else ""
    return Scanner(*header.maker, units)


def _terms(texts: Sequence[str]) -> tuple[str, ...]:
    """Coded values as they may be shown; without empty ones."""
    return tuple(shown(text) for text in texts if text)
