"""Numbers as people read them."""

from pet_mtl.comparison.results import Difference
from pet_mtl.metrics import Interval

_SMALL = 0.001


def number(value: float, signed: bool = False) -> str:
    """Three digits; a difference with its sign."""
    return f"{value:+.3f}" if signed else f"{value:.3f}"


def span(interval: Interval, signed: bool = False) -> str:
    """Both ends."""
    return f"{number(interval.low, signed)} to {number(interval.high, signed)}"


def p_of(value: float) -> str:
    """A p-value; a very small one by its limit."""
    return f"< {_SMALL:g}" if value < _SMALL else f"= {value:.3f}"


def difference_words(pair: Difference) -> str:
    """Who less whom, by how much."""
    value = number(pair.interval.value, signed=True)
    return f"{pair.first} - {pair.second}: {value} ({span(pair.interval, signed=True)})"


def p_words(pair: Difference, several: bool) -> str:
    """p; of several comparisons also adjusted."""
    adjusted = f", Holm p {p_of(pair.p_holm)}" if several else ""
    return f"p {p_of(pair.p_value)}{adjusted} ({pair.test})"
