"""Studies of a layout whose file names say what each file is, as they are collected."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from pet_mtl.errors import Problem
from pet_mtl.readers.layouts.found import Named, Note, Search, tell
from pet_mtl.readers.layouts.naming import distinct
from pet_mtl.study import StudySource


@dataclass
class Collection:
    """What a layout has found so far.

    Attributes:
        root: The folder that is searched.
    """

    root: Path
    _sources: list[StudySource] = field(default_factory=list)
    _refused: list[Named] = field(default_factory=list)
    _cases: set[str] = field(default_factory=set)
    _notes: list[Note] = field(default_factory=list)
    _told: list[Named] = field(default_factory=list)
    _names: set[str] = field(default_factory=set)

    def add(self, source: StudySource) -> None:
        """Takes a study; a name that is taken already gets a number."""
        name = distinct(source.name, self._names)
        self._sources.append(replace(source, name=name))

    def refuse(self, name: str, problem: Problem, case: str = "") -> None:
        """Notes that a study was expected and cannot be used; its patient, if called otherwise."""
        self._refused.append((name, problem))
        self._cases |= {case} - {""}

    def ignore(self, paths: Iterable[Path], problem: Problem) -> None:
        """Notes files that belong to no study."""
        self._notes += [Note(path, problem) for path in paths]

    def take(self, search: Search) -> None:
        """Takes what another layout found in a part of the folder."""
        for source in search.sources:
            self.add(source)
        self._refused += search.passed_over
        self._cases |= set(search.refused_cases)
        self._told += search.ignored

    def search(self, notes: Iterable[Note] = ()) -> Search:
        """The answer.

        Args:
            notes: What was noted before.

        Returns:
            Everything, sorted.
        """
        return Search(
            tuple(sorted(self._sources, key=lambda source: source.name)),
            tuple(sorted(self._refused, key=lambda one: (one[0], one[1].code))),
            tuple(sorted((*tell((*notes, *self._notes), self.root), *self._told), key=_order)),
            tuple(sorted(self._cases)),
        )


def _order(one: Named) -> tuple[str, str]:
    return one[0], one[1].code
