"""Numbers of things in words."""


def counted(number: int, noun: str) -> str:
    """A number and its noun, which is plural unless the number is one.

    Args:
        number: How many.
        noun: In the singular, with a regular plural.

    Returns:
        For example "1 patient" or "2 patients".
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def have(number: int) -> str:
    """The verb that goes with that many."""
    return "has" if number == 1 else "have"


def are(number: int) -> str:
    """The verb that goes with that many."""
    return "is" if number == 1 else "are"
