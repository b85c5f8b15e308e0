"""What a search answers with."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from pet_mtl.errors import Problem
from pet_mtl.study import StudySource

Named = tuple[str, Problem]
# (total, label) -> a context that gives a function to call once a finished file.
Progress = Callable[[int, str], AbstractContextManager[Callable[[], None]]]


def no_progress(_total: int, _label: str) -> AbstractContextManager[Callable[[], None]]:
    """Shows nothing."""
    return nullcontext(lambda: None)


OTHER = Problem("SOURCE_OTHER", "neither DICOM nor an image file", todo="Nothing, if it is no scan")
FOREIGN = Problem(
    "SOURCE_LAYOUT",
    "a file that the layout has no place for",
    todo="Nothing; or give another --layout",
)
UNUSED = Problem(
    "IMAGE_UNUSED",
    "image files are neither PET, CT nor mask of a study",
    todo="Nothing; or name them as the documentation of layouts says",
)


@dataclass(frozen=True)
class Search:
    """What a folder holds.

    Attributes:
        sources: The studies, sorted by name.
        passed_over: Where a study was expected and none can be used, by name, and why: a refusal.
        ignored: Files and folders that belong to no study, by their path below the folder, and
            why. No error: the user may want to know.
        refused_cases: What the source calls the patients of whom a further study is passed over,
            where that is not the study's name; a clinical table has their row under it.
    """

    sources: tuple[StudySource, ...]
    passed_over: tuple[Named, ...]
    ignored: tuple[Named, ...] = ()
    refused_cases: tuple[str, ...] = ()

    @property
    def refused_names(self) -> tuple[str, ...]:
        """Names of all that is passed over, and of its patients: rows of a table may be theirs."""
        names = (*(name for name, _ in self.passed_over), *self.refused_cases)
        return tuple(dict.fromkeys(names))


@dataclass(frozen=True)
class Note:
    """One file or folder that belongs to no study.

    Attributes:
        path: The file or folder.
        problem: Why.
    """

    path: Path
    problem: Problem


def tell(notes: Iterable[Note], root: Path) -> tuple[Named, ...]:
    """The notes in words, those of one kind in one folder joined.

    Args:
        notes: The notes.
        root: The folder that was searched.

    Returns:
        Path below the root and problem, sorted; `found` counts the files of a joined note.
    """
    groups: dict[tuple[Path, str], list[Note]] = defaultdict(list)
    for note in notes:
        groups[note.path.parent, note.problem.code].append(note)
    told = [_joined(group, folder, root) for (folder, _), group in groups.items()]
    return tuple(sorted(told, key=lambda one: (one[0], one[1].code)))


def _joined(notes: list[Note], folder: Path, root: Path) -> Named:
    """One line for all notes of one kind in one folder."""
    first = min(notes, key=lambda note: note.path).problem
    if len(notes) == 1:
        return _below(notes[0].path, root), first
    count = f"{len(notes)} files"
    return _below(folder, root), Problem(first.code, first.what, first.expected, count, first.todo)


def _below(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
