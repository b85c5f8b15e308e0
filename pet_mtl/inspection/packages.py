"""What is installed, held against what the installed package itself asks for."""

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

_PACKAGE = "pet-mtl"
# For whoever develops pet-mtl; nobody misses them.
_OWN_EXTRAS = ("test", "docs")


@dataclass(frozen=True)
class Clash:
    """Two packages that do not work together, although each is fine.

    Attributes:
        name: The one package.
        beside: The other.
        works_with: Versions of the other it works with.
        why: What happens else.
        todo: What the user can do.
    """

    name: str
    beside: str
    works_with: str
    why: str
    todo: str


CLASHES = (
    Clash(
        "tensorflow-io", "tensorflow", "==2.16.*",
        "tensorflow-io 0.37.1, the last release, loads on TensorFlow 2.16 only",
        "Remove tensorflow-io, or use an environment of its own with TensorFlow 2.16",
    ),
    Clash(
        "tensorflow-cpu", "tensorflow", "<0",
        "both write into the same folder; which one is loaded is chance",
        "Remove both, then install pet-mtl again",
    ),
)  # fmt: skip


def version_of(name: str) -> str | None:
    """The installed version of a distribution, or None."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def requirements() -> tuple[Requirement, ...]:
    """What the installed pet-mtl asks for, extras included; empty if it is not installed."""
    try:
        return tuple(Requirement(line) for line in metadata.requires(_PACKAGE) or ())
    except metadata.PackageNotFoundError:
        return ()


def versions() -> dict[str, str | None]:
    """Python, pet-mtl and all it needs: name to version, None where it is absent."""
    needed = [r.name for r in requirements() if _applies(r, "")]
    return {"python": platform.python_version()} | {
        name: version_of(name) for name in (_PACKAGE, *dict.fromkeys(needed))
    }


def unmet(extra: str = "") -> list[str]:
    """What is missing or of another version than asked for.

    Args:
        extra: One of `extras()`, or "" for what pet-mtl always needs.

    Returns:
        A requirement each, with what is there instead.
    """
    wanted = [r for r in requirements() if _applies(r, extra)]
    if extra:
        wanted = [r for r in wanted if not _applies(r, "")]
    return list(dict.fromkeys(text for r in wanted for text in _unmet(r)))


def extras() -> tuple[str, ...]:
    """The extras of the installed pet-mtl that a user may want."""
    try:
        named = metadata.metadata(_PACKAGE).get_all("Provides-Extra") or []
    except metadata.PackageNotFoundError:
        named = []
    return tuple(sorted(name for name in named if name not in _OWN_EXTRAS))


def clashes() -> Iterator[Clash]:
    """Packages that are installed beside one they do not work with."""
    for clash in CLASHES:
        other = version_of(clash.beside)
        if version_of(clash.name) and other and not _holds(clash.works_with, other):
            yield clash


def _unmet(requirement: Requirement) -> Iterator[str]:
    """One requirement, and what its own extras (as in `tensorflow[and-cuda]`) ask for."""
    asked = f"{requirement.name}{requirement.specifier}"
    found = version_of(requirement.name)
    if found is None:
        yield asked
        return
    if not _holds(str(requirement.specifier), found):
        yield f"{asked} (found {found})"
    for extra in requirement.extras:
        lines = metadata.requires(requirement.name) or []
        inner = [Requirement(line) for line in lines]
        for one in (r for r in inner if _applies(r, extra) and not _applies(r, "")):
            if version_of(one.name) is None:
                yield f"{one.name}{one.specifier}"


def _applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _holds(specifier: str, version: str) -> bool:
    return SpecifierSet(specifier).contains(Version(version), prereleases=True)
