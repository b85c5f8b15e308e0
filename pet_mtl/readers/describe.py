"""What a study's headers tell a physicist; nothing that names the patient.

Meant for the screen of whoever owns the study: the names of regions are free text.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pydicom

from pet_mtl.errors import StudyError, SuvError
from pet_mtl.geometry import Grid
from pet_mtl.readers import values
from pet_mtl.readers.dicom import choose_series
from pet_mtl.readers.headers import Header, files_below, is_dicom, read_header, scan_headers
from pet_mtl.study import StudySource
from pet_mtl.suv.times import injection_before

_PET = "PT"
# Defined terms of SeriesType, ImageType, CorrectedImage, Units and DecayCorrection (DICOM PS3.3
# C.8.9.1, C.8.9.2, C.7.6.1.1.2). What is none of them may be anything, even a name.
_TERMS = frozenset(
    "STATIC DYNAMIC GATED IMAGE REPROJECTION ORIGINAL DERIVED PRIMARY SECONDARY AXIAL DECY ATTN "
    "SCAT DTIM MOTN PMOT CLN RAN RADL DCAL NORM CNTS NONE CM2 CM2ML PCNT CPS BQML MGMINML UMOLMINML"
    " MLMING MLG 1CM UMOLML PROPCNTS PROPCPS MLMINML MLML GML STDDEV START ADMIN".split()
) | {"WHOLE BODY"}


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
        for path in _files(source):
            try:
                header = read_header(path)
            except StudyError:
                continue
            if header.modality == _PET:
                return _scanner(header)
    return Scanner()


def series_counts(source: StudySource) -> dict[str, tuple[int, int]]:
    """What lies in a DICOM study.

    Args:
        source: The study.

    Returns:
        Modality to number of series and files.

    Raises:
        ReadError: A file cannot be read.
    """
    headers = headers_of(source)
    files = Counter(header.modality or "?" for header in headers)
    series = Counter(modality for modality, _ in {(h.modality or "?", h.series) for h in headers})
    return {modality: (series[modality], files[modality]) for modality in sorted(files)}


def protocol_of(source: StudySource) -> Protocol:
    """How the PET of a DICOM study was taken.

    Args:
        source: The study.

    Returns:
        The numbers.

    Raises:
        StudyError: The study has no usable PET series.
    """
    series = choose_series(headers_of(source), source.series)
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
        uptake_min=_uptake_min(series.slices),
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


def _files(source: StudySource) -> Iterator[Path]:
    """The DICOM files of a study, one by one."""
    yield from source.files or (path for path in files_below(source.path) if is_dicom(path))


def _scanner(header: Header) -> Scanner:
    """Two tags that `Header` has no use for."""
    tags = ["Manufacturer", "ManufacturerModelName", "SpecificCharacterSet"]
    with values.lenient():
        try:
            dataset = pydicom.dcmread(
                header.path, stop_before_pixels=True, specific_tags=tags, force=True
            )
            names = [values.text(dataset, tag) for tag in tags[:2]]
        except values.BROKEN:
            names = ["", ""]
    units = " ".join(_terms([header.suv.units])) if header.suv else ""
    return Scanner(names[0], names[1], units)


def _terms(texts: Sequence[str]) -> tuple[str, ...]:
    """The defined terms among coded values, and "other" for what is none."""
    return tuple(text if text in _TERMS else "other" for text in texts if text)


def _uptake_min(slices: Sequence[Header]) -> float | None:
    """Minutes from injection to the earliest acquisition; None where that cannot be told."""
    told = slices[0].suv
    starts = [f.acquired for h in slices if h.suv for f in h.suv.frames if f.acquired]
    if told is None or not starts:
        return None
    try:
        return (min(starts) - injection_before(told, min(starts))).total_seconds() / 60
    except SuvError:
        return None
