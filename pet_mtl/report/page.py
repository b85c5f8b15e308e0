"""What a report shows, free of where the numbers come from."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pet_mtl.metrics import Interval

Floats = NDArray[np.float64]

_BESIDE = {"oracle": "oracle", "baseline": "baselines"}


@dataclass(frozen=True)
class Headline:
    """One number that a reader should take away.

    Attributes:
        title: What it is.
        interval: The number, or None.
        reason: Why there is none.
        lines: A few short facts beside it.
        too_few: Whether its ends say nothing and are not shown.
    """

    title: str
    interval: Interval | None
    reason: str = ""
    lines: tuple[str, ...] = ()
    too_few: bool = False


@dataclass(frozen=True)
class Dot:
    """One row of a dot-and-whisker figure.

    Attributes:
        label: Whose number.
        role: "model", "oracle" or "baseline".
        interval: The number.
        too_few: Whether its ends say nothing and are not shown.
    """

    label: str
    role: str
    interval: Interval
    too_few: bool = False


@dataclass(frozen=True)
class Comparison:
    """One dot-and-whisker figure.

    Attributes:
        title: Above it.
        axis: Name and unit of its axis.
        chance: Where chance is.
        dots: Rows, the model first.
        note: One line below the title.
    """

    title: str
    axis: str
    chance: float
    dots: tuple[Dot, ...]
    note: str = ""


@dataclass(frozen=True)
class Survival:
    """Patients of the Kaplan-Meier curves.

    Attributes:
        time_days: (patients,) days.
        event: (patients,) 0 or 1.
        risk: (patients,) predicted risk; the median splits them.
    """

    time_days: Floats
    event: Floats
    risk: Floats


@dataclass(frozen=True)
class Response:
    """Patients of the ROC curves.

    Attributes:
        label: (patients,) 0 or 1.
        scores: Label and role to (patients,) scores, NaN where unknown; the model first.
    """

    label: Floats
    scores: dict[tuple[str, str], Floats]


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        title: Above it.
        header: Names of the columns, may be empty.
        rows: Cells.
        note: Below it.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Page:
    """The one page.

    Attributes:
        title: The title.
        subtitle: One sentence: which patients, judged how.
        headlines: The numbers to take away.
        comparisons: Dot-and-whisker figures.
        survival: Patients for Kaplan-Meier curves, or None.
        response: Patients for ROC curves, or None.
        dice: (patients,) Dice, maybe empty.
        dice_where: In which geometry.
        warnings: What the reader must know.
        tables: All numbers, counts, provenance.
    """

    title: str
    subtitle: str
    headlines: tuple[Headline, ...]
    comparisons: tuple[Comparison, ...] = ()
    survival: Survival | None = None
    response: Response | None = None
    dice: Floats = field(default_factory=lambda: np.zeros(0))
    dice_where: str = ""
    warnings: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()

    @property
    def beside(self) -> str:
        """What the figures show beside the model."""
        roles = {dot.role for one in self.comparisons for dot in one.dots}
        names = [f"the {name}" for role, name in _BESIDE.items() if role in roles]
        return f"Beside {' and '.join(names)}" if names else "With 95 % intervals"
