"""Compares models on the same patients: paired differences, intervals, adjusted p-values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pet_mtl.comparison.judging import judge
from pet_mtl.comparison.patients import together
from pet_mtl.comparison.results import Comparison, Model
from pet_mtl.comparison.tables import summary_lines, write_comparison
from pet_mtl.errors import UsageError
from pet_mtl.evaluation import Known, RadiomicsPlan, Request, Settings, load_cohort
from pet_mtl.evaluation.cohort import Cohort
from pet_mtl.evaluation.run import OUT_OF_FOLD

__all__ = [
    "CompareRequest",
    "Comparison",
    "compare",
    "named_targets",
    "summary_lines",
    "write_comparison",
]


@dataclass(frozen=True)
class CompareRequest:
    """What to compare.

    Attributes:
        targets: Name to a run directory, a folder of predictions, or a table of them.
        known: Outcomes and true masks of predicted patients.
        reference: The model that the others are compared with; None takes the first.
        all_pairs: Whether all pairs are compared instead.
        common: Whether patients that only some of the models have may be left out.
        settings: The bootstrap, and horizons.
    """

    targets: Mapping[str, Path]
    known: Known = field(default_factory=Known)
    reference: str | None = None
    all_pairs: bool = False
    common: bool = False
    settings: Settings = field(default_factory=Settings)


def compare(request: CompareRequest) -> Comparison:
    """Compares models on the patients that all of them predicted.

    Args:
        request: What to compare.

    Returns:
        All numbers; one that cannot be computed says why.

    Raises:
        UsageError: Fewer than two models, an unknown reference, models of different patients or
            with different outcomes, or a target that is neither run nor predictions.
        PetMtlError: A table is damaged.
    """
    names = tuple(request.targets)
    if len(names) < len(("one", "another")):
        raise UsageError(
            "COMPARE_FEW", "there is nothing to compare", expected="two or more runs or tables"
        )
    reference = names[0] if request.reference is None else request.reference
    if reference not in names:
        raise UsageError(
            "COMPARE_REFERENCE",
            f"no model is called {reference!r}",
            expected=f"one of {', '.join(names)}",
        )
    cohorts = {name: _cohort(path, request) for name, path in request.targets.items()}
    all_ = together(cohorts, request.common)
    reference = "" if request.all_pairs else reference
    return Comparison(
        tuple(Model(n, c.kind, len(c.patients), c.provenance) for n, c in cohorts.items()),
        len(all_.ids),
        judge(all_, reference, request.settings),
        reference,
        request.settings,
        all_.notes,
    )


def named_targets(arguments: tuple[str, ...]) -> dict[str, Path]:
    """`NAME=PATH`, or `PATH`, whose own name counts.

    Raises:
        UsageError: COMPARE_NAMES, two of one name; COMPARE_TARGET, a path that is not there.
    """
    found: dict[str, Path] = {}
    for argument in arguments:
        name, sign, rest = argument.partition("=")
        named = bool(sign and name) and not Path(argument).exists()
        path = Path(rest if named else argument)
        if not path.exists():
            raise UsageError(
                "COMPARE_TARGET", "there is no such run or table", subject=path.name or argument
            )
        label = name if named else _own_name(path)
        if label in found:
            raise UsageError(
                "COMPARE_NAMES",
                f"two models are called {label!r}",
                todo="Give them names of their own: NAME=PATH",
            )
        found[label] = path
    return found


def _own_name(path: Path) -> str:
    """What a run or table is called without a name: a table by its folder."""
    resolved = path.resolve()
    return resolved.name if resolved.is_dir() else resolved.parent.name


def _cohort(path: Path, request: CompareRequest) -> Cohort:
    """Patients and predictions of one target; a run knows its own outcomes."""
    plan = RadiomicsPlan(wanted=False)
    known = Known() if (path / OUT_OF_FOLD).is_file() else request.known
    return load_cohort(Request(path, known, settings=request.settings, radiomics=plan))
