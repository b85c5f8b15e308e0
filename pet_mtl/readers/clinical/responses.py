"""The column of the response: 0 and 1, texts of which some are class 1, or several classes."""

from collections import Counter
from collections.abc import Sequence

from pet_mtl.errors import ClinicalError
from pet_mtl.readers.clinical.columns import ClinicalColumns, class_word
from pet_mtl.readers.clinical.sheet import Column
from pet_mtl.readers.clinical.values import RESPONSE, flags_of

Classes = tuple[list[int | None], tuple[str, ...]]

_NOT_ASSESSED = frozenset(
    ("ne", "not evaluable", "not evaluated", "not assessed", "inevaluable", "pending")
)


def responses_of(column: Column, columns: ClinicalColumns) -> Classes:
    """Classes of the response; texts and more than two classes only as the user orders them.

    Args:
        column: The column.
        columns: What the user says of it.

    Returns:
        One class a row, None where nothing is known; and what was odd, each starting with a
        stable code.

    Raises:
        ClinicalError: A cell that is none of the values expected, or a column that holds none of
            the values that the user names.
    """
    if columns.response_classes:
        return _by_classes(column, columns.response_classes)
    if columns.response_positive:
        return _by_positive(column, columns.response_positive)
    texts = len({cell for _, cell in column.told()})
    hint = (
        f"or say which of the column's {texts} different values are class 1, such as "
        "--response-positive CR,PR, or name all of its classes in order, such as "
        "--response-classes CR,PR,SD,PD"
    )
    flags = flags_of(column.hinting(hint), RESPONSE)
    return [None if flag is None else int(flag) for flag in flags], ()


def _by_positive(column: Column, positive: Sequence[str]) -> Classes:
    """1 for the positive values, 0 for every other one that says something."""
    asked = {class_word(value): value for value in positive}
    ones = set(asked)
    words = [None if cell is None else class_word(cell) for cell in column.cells]
    counts = Counter(word for word in words if word and word not in _NOT_ASSESSED - ones)
    absent = [value for word, value in asked.items() if word not in counts]
    if len(absent) == len(asked):
        raise ClinicalError(
            "CLINICAL_POSITIVE",
            f"column {column.header!r} never holds {' or '.join(map(repr, absent))}",
            expected="at least one value that the column holds",
            found=f"{len(counts)} different values",
            todo="Correct --response-positive",
        )
    zeros = {word: n for word, n in counts.items() if word not in ones}
    warnings = tuple(
        f"CLINICAL_POSITIVE_ABSENT: column {column.header!r} never holds {value!r}, which "
        "--response-positive names"
        for value in absent
    )
    warnings += (
        f"CLINICAL_RESPONSE_CLASSES: column {column.header!r}: {sum(counts[w] for w in ones)} rows "
        f"are class 1; {sum(zeros.values())} rows with {len(zeros)} other values are class 0",
    )
    return [int(word in ones) if word in counts else None for word in words], warnings


def _by_classes(column: Column, names: Sequence[str]) -> Classes:
    """The place of each value among the names; a value that is not named is refused."""
    number = {class_word(name): k for k, name in enumerate(names)}
    column = column.hinting("--response-classes names every value that is a class")
    found: list[int | None] = []
    for line, cell in zip(column.lines, column.cells, strict=True):
        word = None if cell is None else class_word(cell)
        if word is not None and word not in number and word not in _NOT_ASSESSED:
            raise column.bad(line, f"one of {', '.join(names)}")
        found.append(None if word is None else number.get(word))
    counts = Counter(k for k in found if k is not None)
    if not counts:
        raise ClinicalError(
            "CLINICAL_CLASSES",
            f"column {column.header!r} holds none of the classes",
            expected=f"values among {', '.join(names)}",
            todo="Correct --response-classes, or name another column with --response",
        )
    warnings = tuple(
        f"CLINICAL_CLASS_ABSENT: column {column.header!r} never holds {name!r}, which "
        "--response-classes names"
        for k, name in enumerate(names)
        if k not in counts
    )
    told = ", ".join(f"{k} is {name} ({counts[k]} rows)" for k, name in enumerate(names))
    said = f"CLINICAL_RESPONSE_CLASSES: column {column.header!r}: class {told}"
    return found, (*warnings, said)
