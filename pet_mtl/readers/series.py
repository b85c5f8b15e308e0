"""Which PET series of a study is meant: what is passed over, and why.

A series is told apart by the UIDs of its study, series and frame of reference; folders and file
names say nothing. A rule passes over what it does not want only if something wanted remains, and
where the rules leave several, the study is refused: nothing else decides between an early and a
late scan or between two reconstructions.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pet_mtl.errors import Problem, ReadError
from pet_mtl.readers.headers import ENHANCED_PET, PET_CLASSES, Header
from pet_mtl.readers.volumes import time_series

_MODALITIES = {
    "CT", "MR", "NM", "PT", "US", "CR", "DX", "SC", "OT", "PR", "KO", "SR", "SEG", "REG", "DOC",
    "RTSTRUCT", "RTPLAN", "RTDOSE", "RTIMAGE", "RWV",
}  # fmt: skip
_PROJECTIONS = {
    "REPROJECTION", "MIP", "PROJECTION IMAGE", "MAXIMUM INTENSITY PROJECTION", "MAX_IP", "MIN_IP",
}  # fmt: skip
# Other units are no uptake (1CM is a map of attenuation) or cannot become SUV.
_QUANTITATIVE = {"BQML", "GML", "CM2ML", "CNTS"}

Group = tuple[Header, ...]


@dataclass(frozen=True)
class Choice:
    """The images of the chosen series, and what was left aside.

    Attributes:
        slices: Its images, in no order.
        warnings: DICOM_SERIES, where there was a choice.
        passed_over: What was not taken and why, a problem a series or kind of image.
    """

    slices: Group
    warnings: tuple[str, ...] = ()
    passed_over: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class _Rule:
    """A reason to pass over a series while another one remains.

    Attributes:
        unwanted: Whether it holds for a series.
        wanted: What the remaining ones are, in one word.
        problem: What is said of the series passed over.
    """

    unwanted: Callable[[Group], bool]
    wanted: str
    problem: Problem


_RULES = (
    _Rule(
        lambda group: len(group) == 1,
        "whole",
        Problem("DICOM_SINGLE_IMAGE", "a PET series of a single image is no volume"),
    ),
    _Rule(
        lambda group: not all(h.suv and "ATTN" in h.suv.corrected for h in group),
        "attenuation-corrected",
        Problem("DICOM_UNCORRECTED", "a PET series is not corrected for attenuation"),
    ),
    _Rule(
        lambda group: not all(h.suv and h.suv.units in _QUANTITATIVE for h in group),
        "quantitative",
        Problem("DICOM_UNQUANTIFIED", "a PET series is in a unit that gives no SUV"),
    ),
    _Rule(
        lambda group: bool(time_series(group)),
        "static",
        Problem("DICOM_TIME_SERIES", "a PET series is dynamic or gated"),
    ),
    _Rule(
        lambda group: not all("ORIGINAL" in h.kinds for h in group),
        "original",
        Problem("DICOM_DERIVED", "a PET series was derived from another one"),
    ),
)


def pick(headers: Sequence[Header], number: int | None = None) -> Choice:
    """The PET series of a study that is meant.

    Args:
        headers: All DICOM images of the study.
        number: SeriesNumber that the user chose, or None.

    Returns:
        Its images. Of several series, the only attenuation-corrected, quantitative, static and
        original one.

    Raises:
        ReadError: DICOM_NO_PET, DICOM_MULTIFRAME, DICOM_TWO_PATIENTS, DICOM_TWO_SERIES,
            DICOM_SERIES_NUMBER.
    """
    groups, passed_over = volumes(headers)
    count = len(groups)
    if number is not None:
        groups = _numbered(groups, number)
    _require_one_patient(groups)
    reasons = [] if number is None else [f"series {number}"]
    for rule in _RULES:
        wanted = [group for group in groups if not rule.unwanted(group)]
        if wanted and len(wanted) < len(groups):
            left = [group for group in groups if rule.unwanted(group)]
            passed_over += tuple(replace(rule.problem, found=_name(group)) for group in left)
            reasons.append(rule.wanted)
            groups = wanted
    if len(groups) > 1:
        raise _two_series(count, groups)
    chosen = groups[0]
    if count == 1:
        return Choice(chosen, (), passed_over)
    what = f"took the {', '.join(reasons)} one of {len(chosen)} slices"
    if number is None and _name(chosen):
        what += f", {_name(chosen)}"
    return Choice(chosen, (f"DICOM_SERIES: {count} PET series; {what}",), passed_over)


def volumes(headers: Sequence[Header]) -> tuple[list[Group], tuple[Problem, ...]]:
    """The PET images by series, projections left out.

    Args:
        headers: All DICOM images of the study.

    Returns:
        The series, in the order of their numbers, and what was left out.

    Raises:
        ReadError: DICOM_NO_PET, DICOM_MULTIFRAME.
    """
    pet = [h for h in headers if h.modality == "PT" and h.sop_class in PET_CLASSES]
    if any(header.frames > 1 and header.sop_class not in ENHANCED_PET for header in pet):
        raise ReadError(
            "DICOM_MULTIFRAME",
            "a file of single-frame PET images says it has several frames",
            expected="one file a slice, or an Enhanced or Legacy Converted Enhanced PET object",
            todo="Convert it to single-frame PET images first (e.g. with dcuncat or emf2sf)",
        )
    groups: dict[tuple[str, str, str], list[Header]] = defaultdict(list)
    for header in pet:
        if not _PROJECTIONS & set(header.kinds):
            groups[header.series].append(header)
    if not groups:
        raise _no_pet(headers)
    ordered = sorted(groups.values(), key=lambda group: group[0].series_number or 0)
    left = len(pet) - sum(map(len, ordered))
    projections = Problem("DICOM_PROJECTION", "projections are no volume", found=f"{left} images")
    return [tuple(group) for group in ordered], (projections,) if left else ()


def _name(group: Group) -> str:
    """ "series 12", or "" where it has no number."""
    number = group[0].series_number
    return "" if number is None else f"series {number}"


def _numbered(groups: list[Group], number: int) -> list[Group]:
    """The series of a SeriesNumber."""
    found = [group for group in groups if group[0].series_number == number]
    if found:
        return found
    known = [str(n) for group in groups if (n := group[0].series_number) is not None]
    raise ReadError(
        "DICOM_SERIES_NUMBER",
        "no PET series of the study has the SeriesNumber that was chosen",
        expected=f"one of {', '.join(known)}" if known else "series that have a number",
        found=str(number),
        todo="Run `pet-mtl suv STUDY --list-series` to see them",
    )


def _require_one_patient(groups: list[Group]) -> None:
    patients = {header.patient_id for group in groups for header in group}
    if len(patients) > 1:
        raise ReadError(
            "DICOM_TWO_PATIENTS",
            "the PET images of one study belong to several patients",
            expected="one PatientID (0010,0020)",
            found=f"{len(patients)} different ones",
            todo="Give every patient a folder of its own",
        )


def _no_pet(headers: Sequence[Header]) -> ReadError:
    counts = Counter(_kind(header) for header in headers)
    found = ", ".join(f"{count} {modality} files" for modality, count in sorted(counts.items()))
    return ReadError(
        "DICOM_NO_PET",
        "the folder holds no PET series",
        expected="PET images (Modality PT and the SOP class of PET), not projections",
        found=found or "no DICOM file",
        todo="Put the PET series into the patient's folder; CT alone gives no SUV",
    )


def _kind(header: Header) -> str:
    """What is none of DICOM's codes may be anything, even a name."""
    if header.modality == "PT" and header.sop_class not in PET_CLASSES:
        return "PT (of another SOP class)"
    return header.modality if header.modality in _MODALITIES else "other"


def _two_series(count: int, left: Sequence[Group]) -> ReadError:
    names = ", ".join(filter(None, map(_name, left)))
    return ReadError(
        "DICOM_TWO_SERIES",
        "the study holds several PET series and nothing decides between them",
        expected="one PET series, or one that is attenuation-corrected, static and original",
        found=f"{count} PET series, {len(left)} of them all that{names and ': '}{names}",
        todo="Choose one by `pet-mtl suv --series`, or for several studies by column series of a "
        "manifest (`pet-mtl suv STUDY --list-series` shows them); or leave only the one you want",
    )
