"""Whether outcomes have the classes that were predicted."""

from typing import Any

from pet_mtl.classes import BINARY, class_count, columns_in
from pet_mtl.errors import UsageError
from pet_mtl.evaluation.cohort import Rows
from pet_mtl.readers.clinical import ClinicalColumns


def check_classes(rows: Rows, record: dict[str, Any], columns: ClinicalColumns | None) -> int:
    """Refuses outcomes that are numbered in another way than the predictions.

    Args:
        rows: The predictions.
        record: One prediction.json of them, which names the classes; empty if there is none.
        columns: Of the clinical table; None without one.

    Returns:
        Number of classes of the predictions; of predictions without a response that of the table.

    Raises:
        UsageError: EVALUATE_CLASSES.
    """
    named = columns.response_classes if columns else ()
    predicted = len(columns_in(rows[0])) or BINARY
    if not any(row.get("response") for row in rows):
        return class_count(named) if predicted == BINARY else predicted
    if columns is None or not columns.response:
        return predicted
    names = tuple(map(str, record.get("response_classes", ())))
    same = class_count(named) == predicted
    if names and predicted > BINARY:
        same = tuple(map(str.casefold, named)) == tuple(map(str.casefold, names))
    if not same:
        raise _other(names if predicted > BINARY else (), predicted, named)
    return predicted


def check_training(training: int, evaluated: int) -> None:
    """Refuses to fit baselines on a dataset whose response has other classes.

    Raises:
        UsageError: EVALUATE_CLASSES.
    """
    if training != evaluated:
        raise UsageError(
            "EVALUATE_CLASSES",
            "the dataset of --baselines-from has other classes of the response",
            expected=f"{evaluated} classes",
            found=str(training),
            todo="Give the dataset that the model was trained on",
        )


def _other(names: tuple[str, ...], predicted: int, found: tuple[str, ...]) -> UsageError:
    """The refusal, with the option that is right if it is known."""
    option = f"`--response-classes {','.join(names)}`" if names else "the classes of the dataset"
    return UsageError(
        "EVALUATE_CLASSES",
        "the outcomes have other classes than the predictions",
        expected=", ".join(names) or f"{predicted} classes",
        found=", ".join(found) or f"{BINARY} classes without names",
        todo=f"Give {option}, in the order that the model was trained with",
    )
