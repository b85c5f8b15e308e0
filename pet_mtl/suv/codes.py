"""Coded values in messages: DICOM's own, and nothing else."""

# Defined terms of Units (DICOM PS3.3 C.8.9.1).
UNITS = frozenset(
    "CNTS NONE CM2 CM2ML PCNT CPS BQML MGMINML UMOLMINML MLMING MLG 1CM UMOLML PROPCNTS PROPCPS "
    "MLMINML MLML GML STDDEV".split()
)
# Of CorrectedImage, SUVType, DecayCorrection, SeriesType and ImageType (C.8.9.1, C.7.6.1.1.2).
_CODES = UNITS.union(
    "DECY ATTN SCAT DTIM MOTN PMOT CLN RAN RADL DCAL NORM BSA BW LBM LBMJAMES128 LBMJANMA IBW "
    "START ADMIN STATIC DYNAMIC GATED IMAGE REPROJECTION ORIGINAL DERIVED PRIMARY SECONDARY "
    "AXIAL".split(),
    ["WHOLE BODY"],
)


def shown(value: str) -> str:
    """A coded value for a message; what is none of DICOM's codes may be anything, even a name.

    >>> shown("BQML"), shown("Smith"), shown("")
    ('BQML', 'another value', 'nothing')
    """
    return value if value in _CODES else ("another value" if value else "nothing")
