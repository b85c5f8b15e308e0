"""Which studies one kind of scanner made, without a word of what their headers say.

Manufacturer and model are free text, so that only a name on a list leaves the header: the vendor.
The rest is a hash, by which studies of one model are known to belong together.
"""

import hashlib

# What a manufacturer's name holds, in small letters, to the vendor as it is shown.
_VENDORS = {
    "siemens": "Siemens", "cps": "Siemens", "cti": "Siemens", "ge ": "GE", "ge-": "GE",
    "general electric": "GE", "gems": "GE", "philips": "Philips", "adac": "Philips",
    "canon": "Canon", "toshiba": "Canon", "united imaging": "UIH", "uih": "UIH",
    "hitachi": "Hitachi", "mediso": "Mediso", "shimadzu": "Shimadzu", "neusoft": "Neusoft",
}  # fmt: skip
_OTHER = "other"
_DIGITS = 16


def scanner_mark(maker: tuple[str, str]) -> str:
    """The mark of a kind of scanner.

    Args:
        maker: Manufacturer and model, free text.

    Returns:
        Vendor, a blank and a hash; "" where nothing is told.

    >>> scanner_mark(("GE MEDICAL SYSTEMS", "Discovery ST"))
    'GE 14c444d8e4a8b551'
    """
    texts = [" ".join(text.casefold().split()) for text in maker]
    if not any(texts):
        return ""
    digest = hashlib.sha256("\n".join(texts).encode()).hexdigest()[:_DIGITS]
    return f"{_vendor(texts[0])} {digest}"


def _vendor(manufacturer: str) -> str:
    """The vendor, if it is on the list."""
    padded = f"{manufacturer} "
    return next((name for part, name in _VENDORS.items() if part in padded), _OTHER)
