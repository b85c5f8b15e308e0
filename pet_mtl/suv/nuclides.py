"""The radionuclides of PET: how they are named, and how long they live.

Codes are those of DICOM PS3.16, CID 4020 (PET Radionuclide), in SNOMED CT, in the older SNOMED RT
("C-..." values, stored under several designators) and of DCM. Half-lives are those of ENSDF as
tabulated by NNDC's NuDat 3; F-18 is the 109.77 min that scanners write.
"""

import re

from pet_mtl.errors import SuvError
from pet_mtl.suv.attributes import SuvAttributes

HALF_LIFE_S = (60.0, 1e8)
# Sources differ by up to 2 % (Sc-44, Ga-66); 5 % change an F-18 SUV after an hour by 2 %.
ROUNDING = 0.02
TOLERANCE = 0.05
# Decay beyond ten half-lives leaves nothing to image: then a date or a unit is wrong. Nuclides of
# an hour to six are imaged the same day, long before that: F-18 within nine hours, Ga-68 within
# five and a half.
_MOST_HALF_LIVES = 10.0
_SAME_DAY_HALF_LIVES = 5.0
SAME_DAY_S = (3600.0, 6 * 3600.0)

# Name, element, half-life in seconds, codes: of SNOMED RT, then scheme and value.
_TABLE = """
C-11   Carbon     1221.8  C-105A1 SCT:40565003
N-13   Nitrogen   597.9   C-107A1 SCT:21576001
O-14   Oxygen     70.6    C-1018C SCT:424875009
O-15   Oxygen     122.24  C-B1038 SCT:129504001
F-18   Fluorine   6586.2  C-111A1 SCT:77004003
Na-22  Sodium     8.2106e7 C-155A1 SCT:71633006
K-38   Potassium  458.2   C-135A4 SCT:423764008
Sc-43  Scandium   14008   DCM:126605
Sc-44  Scandium   14292   DCM:126600
Ti-45  Titanium   11088   C-166A2 SCT:75696008
Mn-51  Manganese  2772    DCM:126601
Fe-52  Iron       29790   C-130A1 SCT:69089000
Mn-52  Manganese  483062  C-149A1 SCT:37225000
Mn-52m Manganese  1266    DCM:126607
Co-55  Cobalt     63108
Cu-60  Copper     1422    C-127A4 SCT:425364008
Cu-61  Copper     12020   C-127A1 SCT:71425003
Cu-62  Copper     580.2   C-127A5 SCT:422934004
Zn-62  Zinc       33095   C-141A1 SCT:65054007
Cu-64  Copper     45724   C-127A2 SCT:3932008
Ga-66  Gallium    34164   C-131A1 SCT:79477007
Ga-68  Gallium    4062.6  C-131A3 SCT:35337001
Ge-68  Germanium  2.341e7 C-128A2 SCT:53315004
As-70  Arsenic    3156    DCM:126602
As-72  Arsenic    93600   C-115A2 SCT:2705002
Se-73  Selenium   25740   C-116A2 SCT:87437000
Br-75  Bromine    5802    C-113A1 SCT:17910003
Br-76  Bromine    58320   C-113A2 SCT:79523006
Br-77  Bromine    205330  C-113A3 SCT:86521004
Rb-82  Rubidium   75.5    C-159A2 SCT:79197006
Y-86   Yttrium    53064   C-162A3 SCT:10738001
Zr-89  Zirconium  282276  C-168A4 SCT:63360001
Nb-90  Niobium    52560   DCM:126603
Y-90   Yttrium    230400  C-162A7 SCT:14691008
Tc-94m Technetium 3120    C-163AA SCT:424079002
I-124  Iodine     360806  C-114A5 SCT:40937006
Tb-152 Terbium    63000   DCM:126606
"""


def _read_table() -> tuple[dict[str, float], dict[str, str], dict[str, str]]:
    """Half-lives by name; names by code; names by what is written for them."""
    half_lives, codes, spellings = {}, {}, {}
    for line in _TABLE.strip().splitlines():
        name, element, half_life, *values = line.split()
        half_lives[name] = float(half_life)
        codes.update(dict.fromkeys(values, name))
        symbol, mass = name.upper().split("-")
        element = element.upper()
        forms = (symbol + mass, mass + symbol, element + mass, mass + element)
        spellings.update(dict.fromkeys((*forms, element + symbol + mass), name))
    return half_lives, codes, spellings


HALF_LIVES_S, _CODES, _SPELLINGS = _read_table()


def by_code(scheme: str, value: str) -> str:
    """The nuclide that a code names.

    Args:
        scheme: CodingSchemeDesignator; of the SNOMED RT values it does not matter.
        value: CodeValue.

    Returns:
        Its name such as "F-18", or "".

    >>> by_code("99SDM", "C-111A1"), by_code("SCT", "77004003"), by_code("L", "77004003")
    ('F-18', 'F-18', '')
    """
    return _CODES.get(value) or _CODES.get(f"{scheme}:{value}", "")


def by_meaning(text: str) -> str:
    """The nuclide that a CodeMeaning names, out of a closed list of spellings.

    >>> by_meaning("^68^Gallium"), by_meaning("18F"), by_meaning("Smith")
    ('Ga-68', 'F-18', '')
    """
    return _SPELLINGS.get(re.sub(r"[^0-9A-Z]", "", text.upper()), "")


def longest_wait_s(half_life: float) -> float:
    """The longest time from injection to scan that is believed, in seconds.

    Args:
        half_life: Of the nuclide, in seconds.

    Returns:
        Ten half-lives; five of a nuclide that is imaged the same day.
    """
    same_day = SAME_DAY_S[0] <= half_life <= SAME_DAY_S[1]
    return half_life * (_SAME_DAY_HALF_LIVES if same_day else _MOST_HALF_LIVES)


def half_life_s(attributes: SuvAttributes) -> tuple[float, tuple[str, ...]]:
    """The half-life of the nuclide that was given.

    RadionuclideHalfLife counts; the named nuclide is its witness, and stands in for it where it
    is missing ([M] "Radiopharmaceutical half-life").

    Args:
        attributes: What the series says.

    Returns:
        Seconds, and warnings.

    Raises:
        SuvError: SUV_HALF_LIFE; missing with no nuclide or several named, impossible, or more
            than 5 % off every nuclide named.
    """
    told = attributes.half_life_s
    named = attributes.nuclides or (("F-18",) if attributes.tracer == "FDG" else ())
    if not told:
        return _of_nuclide(named)
    if not HALF_LIFE_S[0] <= told <= HALF_LIFE_S[1]:
        raise _refused(f"{told:g}")
    nearest = min(named or HALF_LIVES_S, key=lambda name: abs(told / HALF_LIVES_S[name] - 1))
    off = abs(told / HALF_LIVES_S[nearest] - 1)
    if named and off > TOLERANCE:
        raise _refused(f"{told:g} s, but {' and '.join(named)} named ({HALF_LIVES_S[nearest]:g} s)")
    return told, _oddities(named, off)


def _of_nuclide(named: tuple[str, ...]) -> tuple[float, tuple[str, ...]]:
    """The half-life where only the nuclide is named."""
    if len(named) != 1:
        raise _refused(f"nothing, and {len(named)} nuclides named")
    warning = f"SUV_HALF_LIFE_MISSING: taken from the nuclide, {named[0]}"
    return HALF_LIVES_S[named[0]], (warning,)


def _oddities(named: tuple[str, ...], off: float) -> tuple[str, ...]:
    """What is odd about a half-life that is accepted."""
    found: tuple[str, ...] = ()
    if len(named) > 1:
        found += (
            f"SUV_NUCLIDE: code and meaning name different nuclides ({' and '.join(named)}); the "
            "half-life decides",
        )
    if named and off > ROUNDING:
        found += (f"SUV_HALF_LIFE_OFF: the half-life is {100 * off:.0f} % off that of the nuclide",)
    if not named and off > TOLERANCE:
        found += ("SUV_HALF_LIFE_UNKNOWN: the half-life is that of no nuclide used in PET",)
    return found


def _refused(found: str) -> SuvError:
    return SuvError(
        "SUV_HALF_LIFE",
        "the half-life of the radionuclide is missing, not in seconds or not that of the nuclide",
        expected=f"RadionuclideHalfLife (0018,1075) in s, within {TOLERANCE:.0%} of the nuclide's",
        found=found,
        todo="Write the half-life in seconds into the series (F-18: 6586.2)",
    )
