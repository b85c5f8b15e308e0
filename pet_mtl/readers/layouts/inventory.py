"""Every file below a folder, each once, whatever links, archives and leftovers lie among them."""

import os
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pet_mtl.errors import Problem
from pet_mtl.readers.layouts.found import Note

_ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar", ".zst")
_COMPRESSED_IMAGE = (".nii.gz", ".img.gz")
# What operating systems and viewers leave beside images.
_LEFTOVERS = frozenset({"__macosx", "thumbs.db", "desktop.ini", "$recycle.bin"})

_LOOP = Problem(
    "SOURCE_LINK",
    "a link leads to a folder that is searched already, or in a circle",
    todo="Nothing, if its target is meant once",
)
_BROKEN = Problem(
    "SOURCE_NO_FILE",
    "no file and no folder: a link that leads nowhere, or a device",
    todo="Correct or remove it",
)
FORBIDDEN = Problem(
    "SOURCE_FORBIDDEN",
    "a folder may not be read",
    expected="permission to read it",
    todo="Change its permissions, or give another copy",
)
_ARCHIVE = Problem(
    "SOURCE_ARCHIVE", "an archive is not opened", todo="Unpack it if it holds a study"
)
_LEFTOVER = Problem("SOURCE_LEFTOVER", "left by the operating system", todo="Nothing")


@dataclass(frozen=True)
class Inventory:
    """What lies below a folder.

    Attributes:
        root: The folder.
        files: The files that lie directly in each folder, sorted; hidden ones and archives are
            left out.
        folders: The folders that lie directly in each folder, sorted.
        notes: What was left out, hidden entries excepted.
    """

    root: Path
    files: dict[Path, list[Path]]
    folders: dict[Path, list[Path]]
    notes: tuple[Note, ...] = ()

    def below(self, folder: Path | None = None) -> Iterator[Path]:
        """The files of a folder and of all folders below it, in a stable order."""
        place = folder or self.root
        yield from self.files.get(place, ())
        for child in self.folders.get(place, ()):
            yield from self.below(child)

    def of(self, children: Sequence[Path]) -> "Inventory":
        """The same with some of the folders in the root alone, and no notes."""
        folders = self.folders | {self.root: list(children)}
        files = {folder: files for folder, files in self.files.items() if folder != self.root}
        return Inventory(self.root, files, folders)


@dataclass
class _Walk:
    """A walk in progress; links to folders wait until all real folders are seen."""

    files: dict[Path, list[Path]] = field(default_factory=lambda: defaultdict(list))
    folders: dict[Path, list[Path]] = field(default_factory=lambda: defaultdict(list))
    notes: list[Note] = field(default_factory=list)
    links: deque[Path] = field(default_factory=deque)
    seen: set[tuple[int, int]] = field(default_factory=set)


def take_inventory(root: Path) -> Inventory:
    """Lists all files below a folder without opening one.

    Links are followed, but no folder is entered twice, so circles end and nothing doubles.

    Args:
        root: An existing folder.

    Returns:
        Its files and folders.
    """
    walk = _Walk()
    _enter(root, walk)
    while walk.links:
        link = walk.links.popleft()
        if _enter(link, walk):
            walk.folders[link.parent].append(link)
        else:
            walk.notes.append(Note(link, _LOOP))
    for entries in (*walk.files.values(), *walk.folders.values()):
        entries.sort()
    return Inventory(root, dict(walk.files), dict(walk.folders), tuple(walk.notes))


def _enter(folder: Path, walk: _Walk) -> bool:
    """Walks one folder and all real ones below; False if it was walked before."""
    stack = [folder]
    while stack:
        place = stack.pop()
        try:
            status = place.stat()
            if (status.st_dev, status.st_ino) in walk.seen:
                if place == folder:
                    return False
                continue
            walk.seen.add((status.st_dev, status.st_ino))
            with os.scandir(place) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError:
            walk.notes.append(Note(place, FORBIDDEN))
            continue
        for entry in entries:
            _sort_in(entry, stack, walk)
    return True


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Whether an entry leads to a file; a link to itself does not."""
    try:
        return entry.is_file()
    except OSError:
        return False


def _sort_in(entry: os.DirEntry[str], stack: list[Path], walk: _Walk) -> None:
    """Puts one entry where it belongs."""
    path, name = Path(entry.path), entry.name.lower()
    if name.startswith("."):
        return
    if name in _LEFTOVERS:
        walk.notes.append(Note(path, _LEFTOVER))
    elif entry.is_dir(follow_symlinks=False):
        walk.folders[path.parent].append(path)
        stack.append(path)
    elif entry.is_symlink() and path.is_dir():
        walk.links.append(path)
    elif not _is_file(entry):
        walk.notes.append(Note(path, _BROKEN))
    elif name.endswith(_ARCHIVES) and not name.endswith(_COMPRESSED_IMAGE):
        walk.notes.append(Note(path, _ARCHIVE))
    else:
        walk.files[path.parent].append(path)
