"""The classes of a response: their names, and the columns that tables have of several.

Two classes are a probability of class 1, in one column `response`. Of three or more each has a
column of its own, `response_0`, `response_1`, ..., and `response` holds the name of the most
probable one.
"""

from collections.abc import Iterable, Sequence
from itertools import count

BINARY = 2
MOST_CLASSES = 8


def class_count(names: Sequence[str]) -> int:
    """Number of classes of a response whose classes bear names; 2 where none is named."""
    return len(names) or BINARY


def class_columns(classes: int) -> tuple[str, ...]:
    """Columns of the probabilities of several classes; none for two, which need but one number.

    >>> class_columns(3)
    ('response_0', 'response_1', 'response_2')
    """
    return tuple(f"response_{k}" for k in range(classes)) if classes > BINARY else ()


def columns_in(header: Iterable[str]) -> tuple[str, ...]:
    """The columns of `class_columns` that a table has; none where its response has two classes."""
    names = set(header)
    found = next(k for k in count() if f"response_{k}" not in names)
    return class_columns(found)


def names_or_numbers(names: Sequence[str], classes: int) -> tuple[str, ...]:
    """What the classes are called: by their names if there are as many, else by their numbers."""
    return tuple(names) if len(names) == classes else tuple(map(str, range(classes)))
