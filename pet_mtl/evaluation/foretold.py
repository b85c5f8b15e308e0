"""More of what a table of predictions tells: survival curves, and numbers of the masks."""

import re

import numpy as np

from pet_mtl.errors import DatasetError
from pet_mtl.evaluation.cohort import Rows, column
from pet_mtl.evaluation.curves import Curves
from pet_mtl.evaluation.masks import MaskNumbers

_SURVIVAL = re.compile(r"survival_(\d+(?:\.\d+)?(?:e\+?\d+)?)")
_SURFACE = re.compile(r"surface_dice_(\d+(?:\.\d+)?)mm")
# Field of `MaskComparison` to column of out_of_fold.csv; that of the surfaces tells its tolerance.
MASK_COLUMNS = {
    "hd95_mm": "hd95_mm",
    "true_ml": "true_volume_ml",
    "predicted_ml": "volume_ml",
    "true_tlg": "true_tlg",
    "predicted_tlg": "tlg",
    "lesions_found": "lesions_found",
    "lesions_missed": "lesions_missed",
    "lesions_false": "lesions_false",
    "centre_found": "centre_found",
}
_OLD = (
    "the run was trained before its out-of-fold table told more of the masks than Dice; train it "
    "again"
)


def curves_in(rows: Rows, subject: str) -> Curves | None:
    """The columns `survival_<days>` of a table.

    Args:
        rows: The table.
        subject: The file, for messages.

    Returns:
        The curves; None where there is no such column, or all its cells are empty.

    Raises:
        DatasetError: A cell that is no probability.
    """
    found = {}
    for name in rows[0]:
        match = _SURVIVAL.fullmatch(name or "")
        if match and float(match[1]) > 0:
            found[float(match[1])] = column(rows, name, subject)
    if not found:
        return None
    days = sorted(found)
    table = np.stack([found[day] for day in days], axis=1)
    known = table[np.isfinite(table)]
    if known.size and (known.min() < 0 or known.max() > 1):
        raise DatasetError(
            "TABLE_PROBABILITY",
            "a predicted survival lies outside 0..1",
            expected="probabilities to live beyond the days that the column names",
            found=f"{known.min():g} to {known.max():g}",
            subject=subject,
        )
    return Curves(np.array(days), table) if known.size else None


def masks_in(rows: Rows, subject: str) -> tuple[MaskNumbers | None, str]:
    """The numbers of the masks in a run's out_of_fold.csv.

    Args:
        rows: The table.
        subject: The file, for messages.

    Returns:
        The numbers, or None and why.

    Raises:
        DatasetError: A cell that is no number.
    """
    surface = next((m for name in rows[0] if (m := _SURFACE.fullmatch(name or ""))), None)
    if surface is None or not set(MASK_COLUMNS.values()) <= set(rows[0]):
        has_masks = any(row.get("dice") for row in rows)
        return None, _OLD if has_masks else "no patient with a true mask"
    columns = MASK_COLUMNS | {"surface_dice": surface[0]}
    values = {field: column(rows, name, subject) for field, name in columns.items()}
    return MaskNumbers(values, float(surface[1])), ""
