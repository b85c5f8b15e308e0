"""What the random changes work on: one decoded patient."""

from collections.abc import Callable, Container
from typing import Any

Patient = dict[str, Any]
Operation = Callable[[Patient, Any], Patient]


def cubes_of(scale: str, present: Container[str] = ()) -> tuple[str, ...]:
    """Names of all cubes of one scale, which move together.

    Args:
        scale: "fine" or "context".
        present: What the patient has; the CT is named only if it is there.
    """
    cubes = (scale, f"{scale}_valid", f"{scale}_mask")
    ct = f"{scale}_ct"
    return (*cubes, ct, f"{ct}_valid") if ct in present else cubes
