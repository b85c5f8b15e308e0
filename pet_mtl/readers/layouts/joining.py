"""Which DICOM files are one study: the PET's own, and what was made for it elsewhere.

Files of a PET study share its StudyInstanceUID. Structure sets, segmentations and CT often bear
another one and lie in another folder; they go with the PET they name, or that shares their frame
of reference. What names nothing goes with the only study of its folder. PatientID alone joins
nothing, and a file of another patient is joined only if it names the PET series itself.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pet_mtl.readers.layouts.peek import Peek
from pet_mtl.readers.layouts.places import Place

_NAMES_SERIES, _SAME_STUDY, _SAME_FRAME = 3, 2, 1


@dataclass
class Group:
    """One PET study as it is put together.

    Attributes:
        place: Where its PET lies.
        identity: Its patient, as `Peek.identity`.
        study: StudyInstanceUID.
        pets: Its PET images.
        others: What goes with them.
    """

    place: Place
    identity: str
    study: str
    pets: list[Peek]
    others: list[Peek] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.series = {peek.series for peek in self.pets} - {""}
        self.frames = {peek.frame for peek in self.pets} - {""}
        self.folders = {peek.path.parent for peek in self.pets}
        self.patient_id = self.pets[0].patient_id

    @property
    def order(self) -> tuple[str, str]:
        """Sorts the studies of a patient by time, whatever their files are called."""
        return min(peek.moment for peek in self.pets), self.study

    @property
    def files(self) -> tuple[Path, ...]:
        """All its files, the PET's first, each kind sorted."""
        pets, others = (
            sorted((one.path for one in kind), key=lambda path: path.parts)
            for kind in (self.pets, self.others)
        )
        return (*pets, *others)

    def tie(self, peek: Peek) -> int:
        """How surely a file belongs to it; 0 is not at all."""
        same_patient = not peek.patient_id or peek.patient_id in (self.patient_id, "")
        same_patient = same_patient or not self.patient_id
        if self.series & peek.refers:
            return _NAMES_SERIES
        if not same_patient:
            return 0
        if self.study and (peek.study == self.study or self.study in peek.refers):
            return _SAME_STUDY
        return _SAME_FRAME if self.frames & ({peek.frame} | peek.refers) else 0


@dataclass(frozen=True)
class Joined:
    """All files of a search, sorted to studies.

    Attributes:
        groups: The PET studies.
        mixed: Series whose images bear several PatientIDs.
        strays: What belongs to no PET study though one lies in its folder.
        without_pet: Files in places without PET that belong to no study elsewhere.
    """

    groups: tuple[Group, ...]
    mixed: frozenset[str]
    strays: tuple[Peek, ...]
    without_pet: tuple[Place, ...]


def one_patient_a_series(peeks: Iterable[Peek]) -> tuple[list[Peek], frozenset[str]]:
    """Gives the images of one series in one folder one patient.

    Args:
        peeks: The files.

    Returns:
        The files, and the UIDs of series whose images named several patients.
    """
    names: dict[tuple[Path, str], set[str]] = defaultdict(set)
    peeks = list(peeks)
    for peek in peeks:
        if peek.is_pet and peek.series:
            names[peek.path.parent, peek.series].add(peek.patient_id)
    first = {key: min(ids - {""}) for key, ids in names.items() if len(ids) > 1}
    same = []
    for peek in peeks:
        name = first.get((peek.path.parent, peek.series)) if peek.is_pet else None
        same.append(peek if name is None else replace(peek, patient_id=name))
    several = {series for (_, series), ids in names.items() if len(ids - {""}) > 1}
    return same, frozenset(several)


def join(places: Sequence[Place], mixed: frozenset[str]) -> Joined:
    """Sorts files to studies.

    Args:
        places: All DICOM files by place.
        mixed: As `one_patient_a_series` gives.

    Returns:
        Every file in a study, or among those without one.
    """
    groups = [group for place in places for group in _groups(place)]
    index = _Index(groups)
    strays: list[Peek] = []
    without_pet = []
    for place in places:
        home = index.home(place)
        left = [p for p in place.peeks if not p.is_pet and not index.assign(p, place, home)]
        if home:
            strays += left
        elif left:
            without_pet.append(replace(place, peeks=tuple(left)))
    return Joined(tuple(groups), mixed, tuple(strays), tuple(without_pet))


def _groups(place: Place) -> list[Group]:
    """The PET studies of a place."""
    found: dict[tuple[str, str], list[Peek]] = defaultdict(list)
    for peek in place.peeks:
        if peek.is_pet:
            found[peek.identity, peek.study].append(peek)
    return [Group(place, identity, study, pets) for (identity, study), pets in found.items()]


class _Index:
    """Finds the studies that a file may belong to without trying them all."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self._by_uid: dict[str, list[Group]] = defaultdict(list)
        self._by_folder: dict[Path, list[Group]] = defaultdict(list)
        self._by_place: dict[Path, list[Group]] = defaultdict(list)
        for group in groups:
            for uid in {group.study, *group.series, *group.frames} - {""}:
                self._by_uid[uid].append(group)
            for folder in group.folders:
                self._by_folder[folder].append(group)
            self._by_place[group.place.folder].append(group)

    def home(self, place: Place) -> list[Group]:
        """The studies of a place."""
        return [g for g in self._by_place.get(place.folder, ()) if g.place is place]

    def assign(self, peek: Peek, place: Place, home: Sequence[Group]) -> bool:
        """Puts a file into the studies it belongs to; False if there are none."""
        if peek.is_broken:
            chosen = self._of_broken(peek, place, home)
        else:
            named = self._named(peek)
            here = [group for group in named if group.place is place]
            chosen = self._best(peek, here) or self._best(peek, named)
            chosen = chosen or self._only(peek, place, home)
        for group in chosen:
            group.others.append(peek)
        return bool(chosen)

    def _named(self, peek: Peek) -> list[Group]:
        """The studies, wherever they lie, that share a UID with a file, each once."""
        uids = sorted({peek.study, peek.frame, *peek.refers} & self._by_uid.keys())
        found = {id(group): group for uid in uids for group in self._by_uid[uid]}
        return list(found.values())

    def _best(self, peek: Peek, groups: Sequence[Group]) -> list[Group]:
        """Those a file is most surely tied to."""
        ties = [group.tie(peek) for group in groups]
        best = max(ties, default=0)
        return [g for g, tie in zip(groups, ties, strict=True) if tie == best > 0]

    def _only(self, peek: Peek, place: Place, home: Sequence[Group]) -> list[Group]:
        """The only study of a patient's own folder, unless the file is of another patient."""
        if not place.is_own or len(home) != 1:
            return []
        ids = {peek.patient_id, home[0].patient_id} - {""}
        return list(home) if len(ids) < 2 else []

    def _of_broken(self, peek: Peek, place: Place, home: Sequence[Group]) -> list[Group]:
        """The study a damaged file may be a slice of; of several nobody can tell."""
        beside = self._by_folder.get(peek.path.parent, [])
        if len(beside) == 1:
            return beside
        return list(home) if place.is_own and len(home) == 1 else []
