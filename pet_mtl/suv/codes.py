"""Coded values in messages: DICOM's own, and nothing else."""

# Defined terms of Units, CorrectedImage, SUVType and DecayCorrection (DICOM PS3.3, C.8.9.1).
_CODES = frozenset(
    "CNTS NONE CM2 CM2ML PCNT CPS BQML MGMINML UMOLMINML MLMING MLG 1CM UMOLML PROPCNTS PROPCPS "
    "MLMINML MLML GML STDDEV DECY ATTN SCAT DTIM MOTN PMOT CLN RAN RADL DCAL NORM BSA BW LBM "
    "LBMJAMES128 LBMJANMA IBW START ADMIN".split()
)


def shown(value: str) -> str:
    """A coded value for a message; what is none of DICOM's codes may be anything, even a name.

    >>> shown("BQML"), shown("Smith"), shown("")
    ('BQML', 'another value', 'nothing')
    """
    return value if value in _CODES else ("another value" if value else "nothing")
