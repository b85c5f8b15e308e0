"""What a dataset calls the kind of scanner that made a study."""

from pet_mtl.pseudonym import pseudonym

_DIGITS = 6


def scanner_name(key: bytes, mark: str) -> str:
    """Vendor and a pseudonym of the model, such as "GE-3fa20c".

    Args:
        key: The dataset's secret key; without it, nobody can try models.
        mark: From `pet_mtl.preprocess.scanner.scanner_mark`.

    Returns:
        The name; "" where nothing is known of the scanner.
    """
    return f"{mark.split()[0]}-{pseudonym(key, mark)[:_DIGITS]}" if mark else ""
