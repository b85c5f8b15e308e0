"""Studies before they have names, and how they get them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pet_mtl.errors import Problem
from pet_mtl.readers.layouts.found import Named, Note, Search, tell
from pet_mtl.readers.layouts.naming import Case, case_names, distinct
from pet_mtl.study import StudySource

_TWICE = Problem(
    "STUDY_TWICE",
    "a study from DICOM or a folder and one from image files have the same name",
    expected="one study a name",
    todo="Remove or rename one of them",
)


@dataclass(frozen=True)
class Draft:
    """A study, or the place where one was expected.

    Attributes:
        case: Whose study it is.
        source: Where it lies, still without name; None with a problem.
        order: Sorts the studies of a case: by time, then by UID.
        problem: Why it cannot be used, or None.
        rank: Of two studies of the same name but of different rank, the lower one is taken.
    """

    case: Case
    source: StudySource | None
    order: tuple[str, str] = ("", "")
    problem: Problem | None = None
    rank: int = 0

    @property
    def key(self) -> tuple[str, ...]:
        """The same for all studies of one case."""
        if self.case.is_loose:
            return ("loose", self.case.patient_id or str(self.case.folder), *self._alone())
        return ("own", str(self.case.folder))

    def _alone(self) -> tuple[str, ...]:
        return () if self.case.patient_id else self.order


def named(drafts: Sequence[Draft], root: Path, notes: Iterable[Note] = ()) -> Search:
    """Gives every draft its name.

    Args:
        drafts: All of a search.
        root: The folder that was searched.
        notes: Files that belong to no study.

    Returns:
        The studies, and those refused, each sorted by name.
    """
    results: list[tuple[str, str, Draft]] = []
    for rank in sorted({draft.rank for draft in drafts}):
        taken = {name for name, _, draft in results if draft.problem is None}
        for name, case, draft in _named([d for d in drafts if d.rank == rank], root):
            twice = name in taken and draft.problem is None
            results.append((name, case, replace(draft, problem=_TWICE) if twice else draft))
    sources: list[StudySource] = []
    refused: list[Named] = []
    cases: set[str] = set()
    for name, case, draft in results:
        known = "" if case == name else case
        if draft.problem is not None:
            refused.append((name, draft.problem))
            cases |= {known} - {""}
        elif draft.source is not None:
            sources.append(replace(draft.source, name=name, case=known))
    return Search(
        tuple(sorted(sources, key=lambda source: source.name)),
        tuple(sorted(refused, key=lambda one: (one[0], one[1].code))),
        tell(notes, root),
        tuple(sorted(cases)),
    )


def _named(drafts: Sequence[Draft], root: Path) -> Iterable[tuple[str, str, Draft]]:
    """Name, name of the case, and draft."""
    groups: dict[tuple[str, ...], list[Draft]] = defaultdict(list)
    for draft in sorted(drafts, key=lambda one: (one.order, one.case.folder)):
        groups[draft.key].append(draft)
    cases = list(groups.values())
    names = case_names([group[0].case for group in cases], root)
    taken = set(names)
    for name, group in zip(names, cases, strict=True):
        for number, draft in enumerate(group, 1):
            own = name if number == 1 else distinct(f"{name}_{number}", taken)
            yield own, name, draft
