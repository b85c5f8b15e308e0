"""Which tracer was given: code and name are matched, never passed on.

Codes are those of DICOM PS3.16, CID 4020 (nuclides) and CID 4021 (radiopharmaceuticals).
"""

import re

import pydicom

from pet_mtl.readers import values
from pet_mtl.suv.nuclides import by_code, by_meaning

# Fluorodeoxyglucose F-18 in SNOMED CT and SNOMED RT, and the private code of GE.
_FDG_CODES = ("35321007", "C-B1031", "Y-X1743")
_FDG_NAME = re.compile(r"FDG(?![A-Z])|DEOXYGLUCOSE|DEOXY-D-GLUCOSE")


def nuclides(drug: pydicom.Dataset) -> tuple[str, ...]:
    """The radionuclides that RadionuclideCodeSequence (0054,0300) names.

    Args:
        drug: An item of RadiopharmaceuticalInformationSequence.

    Returns:
        Names such as "F-18"; several where code and meaning, or the items, contradict each other.
    """
    found: list[str] = []
    for item in _items(drug, "RadionuclideCodeSequence"):
        scheme = values.text(item, "CodingSchemeDesignator")
        found += [
            by_code(scheme, values.text(item, "CodeValue")),
            by_meaning(values.text(item, "CodeMeaning")),
        ]
    return tuple(dict.fromkeys(name for name in found if name))


def tracer(drug: pydicom.Dataset) -> str:
    """Whether the radiopharmaceutical is FDG.

    Args:
        drug: An item of RadiopharmaceuticalInformationSequence.

    Returns:
        "FDG", "other", or "" where none is named.
    """
    items = _items(drug, "RadiopharmaceuticalCodeSequence")
    codes = [values.text(item, "CodeValue") for item in items]
    names = [values.text(item, "CodeMeaning") for item in items]
    names.append(values.text(drug, "Radiopharmaceutical"))
    if any(code in _FDG_CODES for code in codes):
        return "FDG"
    return tracer_named(*names) or ("other" if any(codes) else "")


def tracer_named(*names: str) -> str:
    """Whether a name is that of FDG.

    Args:
        names: Texts that may name it.

    Returns:
        "FDG", "other", or "" where all are empty.

    >>> tracer_named("", "18F-FDG"), tracer_named("PSMA-11"), tracer_named("")
    ('FDG', 'other', '')
    """
    if any(_FDG_NAME.search(name.upper()) for name in names):
        return "FDG"
    return "other" if any(names) else ""


def _items(drug: pydicom.Dataset, keyword: str) -> list[pydicom.Dataset]:
    return list(values.raw(drug, keyword) or [])
