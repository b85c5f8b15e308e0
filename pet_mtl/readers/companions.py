"""The files of an image whose header lies apart from its voxels: MetaImage and NRRD.

Sources: MetaIO documentation, ElementDataFile; Definition of NRRD File Format, "data file".
"""

import re
from collections.abc import Iterator
from pathlib import Path

_KEY = re.compile(r"(?:ElementDataFile|data ?file)\s*[=:]\s*(.*)", re.IGNORECASE)
_NUMBER = re.compile(r"%[-+ 0#]*\d*[a-z]")
# A header is a few lines; what is longer has the voxels in it.
_HEADER_BYTES = 1 << 20


def image_files(path: Path) -> tuple[Path, ...]:
    """The file of an image, and those its header says the voxels are in.

    Args:
        path: The image file.

    Returns:
        The image file first, then those that are there, each once.
    """
    if not path.name.lower().endswith((".mhd", ".nhdr")):
        return (path,)
    try:
        with path.open("rb") as file:
            lines = file.read(_HEADER_BYTES).decode("latin-1").splitlines()
    except OSError:
        return (path,)
    named = (file for name in _named(lines) for file in _found(path.parent, name))
    return tuple(dict.fromkeys((path, *named)))


def _named(lines: list[str]) -> Iterator[str]:
    """The names after the key; the lines that follow where it says LIST."""
    for number, line in enumerate(lines):
        told = _KEY.match(line.strip())
        if told is None:
            continue
        text = told[1].strip()
        if text.upper().split(" ")[0] == "LIST":
            yield from (name.strip() for name in lines[number + 1 :])
        elif _NUMBER.search(text):
            # A pattern, and the numbers that go into it.
            yield text.split(" ")[0]
        else:
            yield text


def _found(folder: Path, name: str) -> list[Path]:
    """The files that a name or a pattern stands for."""
    if not name or name.upper() == "LOCAL":
        return []
    place = folder / name
    if not _NUMBER.search(name):
        return [place] if place.is_file() else []
    if not place.parent.is_dir():
        return []
    pattern = re.compile(r" *\d+".join(map(re.escape, _NUMBER.split(place.name))))
    return sorted(file for file in place.parent.iterdir() if pattern.fullmatch(file.name))
